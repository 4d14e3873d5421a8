"""Send me my link: the same answer, cost and trace for everybody; the mail comes from the worker."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mails.models import OutgoingMail
from preferences.link_requests import MAX_PER_ADDRESS, MAX_PER_NETWORK, answer_requests
from preferences.models import Address, LinkRequest
from preferences.values import Act
from tests.preferences.kernel import DAY, IN, MINUTE, act, erasure, fact, of, ours
from tests.public.scene import EMAIL, Person, text_of

pytestmark = pytest.mark.django_db
PATH = "/p/request"
STRANGER = "nobody@fernmoor.example"


@pytest.fixture
def person(db) -> Person:
    return Person()


def ask(person, email: str, **headers):
    return person.client.post(PATH, {"email": email}, **headers)


def test_the_form_is_shown_and_changes_nothing(person):
    assert reverse("send_link") == PATH
    with CaptureQueriesContext(connection) as queries:
        response = person.client.get(PATH)
    assert response.status_code == 200
    assert len(queries) == 0
    assert not response.cookies


def test_known_and_unknown_get_the_same_answer_by_the_same_queries(person):
    answers = []
    for email in (EMAIL, STRANGER):
        with CaptureQueriesContext(connection) as queries:
            response = ask(person, email)
        kinds = [query["sql"].split(None, 1)[0] for query in queries]
        tables = [query["sql"].split('"')[1] for query in queries if '"' in query["sql"]]
        headers = {name: value for name, value in response.items() if name != "X-Request-ID"}
        answers.append((response.status_code, response.content, headers, kinds, tables))
    assert answers[0] == answers[1]
    assert not OutgoingMail.objects.exists()


def test_it_works_with_and_without_the_slash_at_its_end(person):
    shown = person.client.get("/p/request/?lang=pl")
    assert (shown.status_code, shown.content) == (200, person.client.get(f"{PATH}?lang=pl").content)
    asked = person.client.post("/p/request/", {"email": EMAIL})
    assert asked.status_code == 200
    assert LinkRequest.objects.count() == 1
    assert person.client.post("/p/request/", {"email": "ada"}).status_code == 422
    assert person.client.put("/p/request/").status_code == 405


def test_the_request_holds_no_address(person):
    ask(person, EMAIL)
    (row,) = LinkRequest.objects.values_list()
    assert "ada" not in str(row)


def test_the_worker_mails_those_who_live_here_and_nobody_else(person):
    act(person.address_id, ours(of(person.breaks), IN))
    ask(person, f"  {EMAIL.upper()}  ")
    ask(person, STRANGER)
    assert answer_requests(timezone.now()) == 1
    assert answer_requests(timezone.now()) == 0
    (mail,) = OutgoingMail.objects.all()
    assert (mail.kind, mail.recipient, mail.language) == ("asked_link", EMAIL, "en")
    assert "You asked for a link" in mail.text
    link = next(line for line in mail.text.splitlines() if "/p/" in line)
    assert person.client.get("/p/" + link.split("/p/")[1]).status_code == 200
    assert not Address.objects.filter(canonical=STRANGER).exists()


def test_the_mail_is_in_the_language_of_the_page(person):
    person.client.post(f"{PATH}?lang=de", {"email": EMAIL})
    answer_requests(timezone.now())
    assert OutgoingMail.objects.get().language == "de"


def test_asked_too_often_for_one_address_the_answer_is_the_same_and_no_mail_more(person):
    answers = {ask(person, EMAIL).content for _ in range(MAX_PER_ADDRESS + 2)}
    assert len(answers) == 1
    assert answer_requests(timezone.now()) == MAX_PER_ADDRESS


def test_asked_too_often_from_one_network_says_so(person):
    for number in range(MAX_PER_NETWORK):
        assert ask(person, f"person{number}@fernmoor.example").status_code == 200
    response = ask(person, EMAIL)
    assert response.status_code == 429
    assert "Too many requests" in text_of(response)
    assert ask(person, EMAIL, REMOTE_ADDR="198.51.100.9").status_code == 200


@pytest.mark.parametrize(
    "typed",
    ["", "ada", "a@b", "<script>@x.example", "ada@fernmoor.example\r\nBcc: x@y.example", "x" * 400],
)
def test_what_is_no_address_is_said_in_place_and_kept(person, typed):
    response = ask(person, typed)
    assert response.status_code == 422
    assert "not an email address" in text_of(response)
    assert "<script>@" not in response.content.decode()
    assert not LinkRequest.objects.exists()


def test_nobody_is_mailed_who_cannot_be_reached(person):
    ask(person, EMAIL)
    act(person.address_id, fact(Act.BOUNCE))
    assert answer_requests(timezone.now()) == 0
    ask(person, EMAIL)
    act(person.address_id, erasure())
    assert answer_requests(timezone.now()) == 0


def test_requests_are_forgotten_after_a_day(person):
    ask(person, EMAIL)
    answer_requests(timezone.now() + DAY + MINUTE)
    assert not LinkRequest.objects.exists()
