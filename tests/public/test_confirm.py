"""The page behind the link in a request to confirm: GET shows, POST confirms, nothing else does."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from mails.models import OutgoingMail
from preferences import links
from preferences.confirming import queue_confirm_mails
from preferences.models import ConsentEvent, PendingConfirmation, Wording
from preferences.values import Source
from tests.preferences.kernel import IN, NONE, OUT, act, of, ours, own, set_policy, status_of
from tests.public.scene import Person, hidden, path_of, text_of

pytestmark = pytest.mark.django_db


class Asked(Person):
    """Somebody who was asked to confirm two types, and has the mail."""

    def __init__(self) -> None:
        super().__init__()
        set_policy(double_opt_in=True)
        self.now = timezone.now()
        for kind in (self.breaks, self.places):
            act(self.address_id, ours(of(kind), IN), at=self.now)
        queue_confirm_mails(self.now)
        mail = OutgoingMail.objects.get()
        self.path = path_of(re.search(r"https://\S+/c/\S+", mail.text).group())
        self.requested = ConsentEvent.objects.count()

    def press(self, **fields):
        page = self.client.get(self.path).content.decode()
        return self.client.post(self.path, {"type": hidden(page, "type"), **fields})


@pytest.fixture
def person(db) -> Asked:
    return Asked()


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_changes_nothing(person, method):
    response = getattr(person.client, method)(person.path)
    assert response.status_code in (200, 204)
    assert ConsentEvent.objects.count() == person.requested
    assert PendingConfirmation.objects.count() == 2
    assert not response.cookies


def test_the_page_says_what_would_come_and_has_one_button(person):
    response = person.client.get(person.path)
    text = text_of(response)
    assert "Last-minute breaks" in text
    assert "Free nights this week" in text
    assert response.content.decode().count("<button") == 1
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex, nofollow"


def test_r14_pressing_it_confirms_in_the_person_s_own_word(person):
    response = person.press()
    assert response.status_code == 200
    assert "it is confirmed" in text_of(response)
    assert status_of(person.address_id, person.breaks) is IN
    events = [event for event in person.events() if event.source == Source.CONFIRMATION.code]
    wording = Wording.objects.get(pk=events[0].wording_id)
    assert (wording.kind, wording.language) == ("confirm_page", "en")
    assert "Last-minute breaks" in wording.text
    assert "By pressing the button you agree" in wording.text


def test_pressing_twice_is_confirming_once(person):
    person.press()
    count = ConsentEvent.objects.count()
    for response in (person.client.get(person.path), person.client.post(person.path)):
        assert response.status_code == 200
        assert "already confirmed" in text_of(response)
    assert ConsentEvent.objects.count() == count


def test_a_type_asked_for_since_the_page_was_drawn_is_not_confirmed_unseen(person):
    page = person.client.get(person.path).content.decode()
    added = person.add_type("Surprise")
    act(person.address_id, ours(of(added), IN), at=timezone.now())
    person.client.post(person.path, {"type": hidden(page, "type")})
    assert status_of(person.address_id, added) is NONE
    assert status_of(person.address_id, person.places) is IN


def test_types_of_somebody_else_in_the_form_do_nothing(person):
    other = person.add_type("Never asked")
    person.client.post(person.path, {"type": [str(other.pk), "x", "-1"]})
    assert status_of(person.address_id, other) is NONE
    assert ConsentEvent.objects.count() == person.requested


def test_r14_after_an_opt_out_the_link_confirms_nothing(person):
    for kind in (person.breaks, person.places):
        act(person.address_id, own(of(kind), OUT), at=timezone.now())
    assert person.client.get(person.path).status_code == 410
    assert person.client.post(person.path, {"type": [str(person.breaks.pk)]}).status_code == 410
    assert status_of(person.address_id, person.breaks) is OUT


def test_r14_an_expired_link_offers_nothing_and_confirms_nothing(person):
    old = links.confirm_link(
        address_id=person.address_id, event_id=1, now=person.now - timedelta(days=8)
    )
    for response in (person.client.get(path_of(old)), person.client.post(path_of(old))):
        assert response.status_code == 410
    assert status_of(person.address_id, person.breaks) is NONE


def test_a_token_we_did_not_sign_is_404(person):
    altered = person.path.rstrip("/") + "x/"
    other_purpose = person.unsubscribe_path().replace("/u/", "/c/")
    for path in (altered, other_purpose, "/c/" + "A" * 66 + "/"):
        assert person.client.post(path).status_code == 404
    assert ConsentEvent.objects.count() == person.requested


def test_other_methods_are_refused(person):
    assert person.client.put(person.path).status_code == 405


@pytest.mark.parametrize(
    ("language", "words"), [("pl", "Potwierdź wybór"), ("de", "Bestätigen Sie")]
)
def test_it_speaks_polish_and_german(person, language, words):
    response = person.client.get(person.path, {"lang": language})
    assert words in text_of(response)
    assert f'<html lang="{language}"' in response.content.decode()
