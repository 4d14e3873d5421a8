"""Links from the record: mailed, copied, asked for again; what the record then shows."""

import re

import pytest
from django.urls import reverse

from mails.models import OutgoingMail
from preferences.confirming import queue_confirm_mails
from preferences.models import Address, ConsentEvent, LinkHandout
from preferences.values import ACCOUNT, Act, LegalBasis, Source, Status, unit_scope
from tests.contacts.panel_scene import Scene, set_policy
from tests.contacts.test_subscriptions import htmx, text
from tests.preferences.kernel import DAY

pytestmark = pytest.mark.django_db
IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
KEY = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


def url(name: str, scene: Scene) -> str:
    return reverse(f"contact_{name}", args=[scene.contact.pk])


def send(client, scene: Scene, **fields):
    data = {"key": KEY, "legal_basis": "", "explanation": "", **fields}
    data.setdefault("address", 0)
    data["address"] = data["address"] or scene.email.pk
    return client.post(url("send_link", scene), data)


def test_the_link_is_mailed_in_the_contact_s_language_and_changes_nothing(scene, as_user):
    scene.contact.language = "pl"
    scene.contact.save()
    response = send(as_user(scene.editor), scene)
    assert response.status_code == 302
    (mail,) = OutgoingMail.objects.all()
    assert (mail.kind, mail.recipient, mail.language) == (
        "preference_link",
        "amara@okafor.example",
        "pl",
    )
    assert mail.created_by == scene.editor
    link = re.search(r"https://prefs\S+(/p/\S+)", mail.text).group(1)
    assert as_user(scene.editor).get(link).status_code == 200
    assert not ConsentEvent.objects.exists()


def test_a_form_sent_twice_is_one_mail(scene, as_user):
    client = as_user(scene.editor)
    send(client, scene)
    send(client, scene)
    assert OutgoingMail.objects.count() == LinkHandout.objects.count() == 1


def test_the_record_shows_the_mail_with_its_state_and_who_sent_it(scene, as_user):
    client = as_user(scene.editor)
    send(client, scene)
    page = text(client.get(reverse("contact", args=[scene.contact.pk])))
    assert "Link to the preference page" in page
    assert "Waiting to be sent" in page
    assert "Tom Birch" in page
    OutgoingMail.objects.update(state="failed", ended_at=scene.now)
    assert "Not sent" in text(client.get(reverse("contact", args=[scene.contact.pk])))


@pytest.mark.parametrize("act", [Act.BOUNCE, Act.ERASE])
def test_who_cannot_be_reached_is_sent_nothing_and_it_says_why(scene, as_user, act):
    where = scene.email.pk
    scene.person_says(ACCOUNT, act=act, source=Source.PROVIDER_FEEDBACK)
    response = send(as_user(scene.editor), scene, address=where)
    assert response.status_code == 422
    assert not OutgoingMail.objects.exists()


def test_r4_one_who_unsubscribed_from_all_gets_it_only_with_grounds_of_its_own(scene, as_user):
    scene.person_says(unit_scope(scene.garden.pk), OUT)
    client = as_user(scene.editor)
    refused = send(client, scene, explanation="  ")
    assert refused.status_code == 422
    assert "Choose a legal basis." in text(refused)
    assert "Explain how they agreed" in text(refused)
    assert not OutgoingMail.objects.exists()
    basis = LegalBasis.LEGITIMATE_INTEREST_OTHER
    assert (
        send(client, scene, legal_basis=basis.value, explanation="Asked on the phone").status_code
        == 302
    )
    handout = LinkHandout.objects.get()
    assert (handout.legal_basis, handout.explanation, handout.by) == (
        basis.code,
        "Asked on the phone",
        scene.editor,
    )
    assert OutgoingMail.objects.get().pk == handout.mail_id
    assert ConsentEvent.objects.count() == 1


def grounded(client, scene, key=KEY, **fields):
    basis = LegalBasis.LEGITIMATE_INTEREST_OTHER.value
    return send(client, scene, key=key, legal_basis=basis, explanation="Asked by phone", **fields)


def test_r4_one_who_unsubscribed_from_all_gets_a_single_link(scene, as_user):
    other_key = KEY.replace("1", "2", 8)
    scene.person_says(unit_scope(scene.garden.pk), OUT)
    client = as_user(scene.editor)
    assert grounded(client, scene).status_code == 302
    assert grounded(client, scene).status_code == 302  # the same form again
    refused = grounded(client, scene, other_key)
    assert refused.status_code == 422
    assert "one link was mailed since. They get no second one (R4)." in text(refused)
    assert OutgoingMail.objects.count() == LinkHandout.objects.count() == 1


def test_r4_a_link_that_never_left_or_came_before_the_opt_out_does_not_count(scene, as_user):
    client = as_user(scene.editor)
    assert send(client, scene).status_code == 302
    LinkHandout.objects.update(at=scene.now - DAY)
    scene.person_says(unit_scope(scene.garden.pk), OUT)
    assert grounded(client, scene, KEY.replace("1", "2", 8)).status_code == 302
    mail = OutgoingMail.objects.latest("id")
    OutgoingMail.objects.filter(pk=mail.pk).update(state="failed", ended_at=scene.now)
    assert grounded(client, scene, KEY.replace("1", "3", 8)).status_code == 302
    assert grounded(client, scene, KEY.replace("1", "4", 8)).status_code == 422


def test_r4_one_who_left_a_type_gets_a_single_link_to_win_them_back_to_it(scene, as_user):
    scene.person_says(scene.guide, OUT)
    client, keys = as_user(scene.editor), [KEY.replace("1", str(n), 8) for n in range(2, 9)]
    dialog = client.get(f"{url('send_link', scene)}?type={scene.guide.pk}").text
    assert f'name="type" value="{scene.guide.pk}"' in dialog
    assert send(client, scene, type=scene.guide.pk).status_code == 302
    assert send(client, scene, type=scene.guide.pk).status_code == 302  # the same form again
    refused = send(client, scene, type=scene.guide.pk, key=keys[0])
    assert refused.status_code == 422
    assert "They opted out of this, and one link was mailed since." in text(refused)
    assert OutgoingMail.objects.count() == LinkHandout.objects.count() == 1
    # What is asked for without winning them back, and types they did not leave, are as before.
    assert send(client, scene, key=keys[1]).status_code == 302
    assert send(client, scene, type=scene.offers.pk, key=keys[2]).status_code == 302
    scene.person_says(scene.guide, IN)
    assert send(client, scene, type=scene.guide.pk, key=keys[3]).status_code == 302


@pytest.mark.parametrize("wrong", ["x", "-1", "9" * 30, "1.5", "\x00"])
def test_a_type_that_is_none_changes_nothing_about_a_link(scene, as_user, wrong):
    client = as_user(scene.editor)
    assert client.get(f"{url('send_link', scene)}?type={wrong}").status_code == 200
    assert send(client, scene, type=wrong).status_code in (302, 422)


def test_r4_whoever_opted_out_themself_is_best_sent_a_link(scene, as_user):
    scene.person_says(scene.guide, OUT)
    scene.say(scene.offers, OUT)
    client = as_user(scene.editor)
    scene.editor.may_resubscribe = True
    scene.editor.save()
    page = client.get(url("resubscribe", scene) + f"?type={scene.guide.pk}")
    assert "Send a link to resubscribe" in text(page)
    assert 'name="explanation"' in page.text
    ours = client.get(url("resubscribe", scene) + f"?type={scene.offers.pk}")
    assert "Send a link to resubscribe" not in text(ours)
    Address.objects.filter(pk=scene.email.pk).update(undeliverable_at=scene.now)
    bounced = client.get(url("resubscribe", scene) + f"?type={scene.guide.pk}")
    assert "Send a link to resubscribe" not in text(bounced)


def test_r18_erasing_takes_the_explanation_and_the_mail(scene, as_user):
    scene.person_says(ACCOUNT, OUT)
    send(as_user(scene.editor), scene, legal_basis="NON_GDPR", explanation="Asked on the phone")
    scene.say(ACCOUNT, Status.NOT_SPECIFIED, act=Act.ERASE)
    assert LinkHandout.objects.get().explanation == ""
    assert OutgoingMail.objects.get().state == "cancelled"
    assert OutgoingMail.objects.get().text == ""


def test_the_link_can_be_copied_without_script_and_that_is_kept(scene, as_user):
    client = as_user(scene.editor)
    response = client.post(url("copy_link", scene), {"address": scene.email.pk})
    link = re.search(r'readonly value="https://[^/]+(/p/[^"]+)"', text(response)).group(1)
    assert client.get(link).status_code == 200
    assert LinkHandout.objects.get().way == "copy"
    page = text(client.get(reverse("contact", args=[scene.contact.pk])))
    assert "Link to the preference page copied" in page


def test_somebody_of_one_unit_may_send_it_but_not_hold_it(scene, as_user):
    client = as_user(scene.garden_editor())
    assert "Copy link" not in text(client.get(url("send_link", scene)))
    assert client.post(url("copy_link", scene), {"address": scene.email.pk}).status_code == 403
    assert send(client, scene).status_code == 302
    assert "Garden" in OutgoingMail.objects.get().subject


def test_an_address_of_somebody_else_is_not_to_be_had(scene, as_user):
    client = as_user(scene.editor)
    assert send(client, scene, address=12345).status_code == 422
    assert client.post(url("copy_link", scene), {"address": 12345}).status_code == 404
    assert send(client, scene, address=scene.phone.pk).status_code == 422


def test_with_htmx_the_dialog_closes_and_says_so(scene, as_user):
    client = as_user(scene.editor, **htmx("dialog", scene))
    response = send(client, scene)
    assert response.status_code == 200
    assert "on its way" in response["HX-Trigger"]


def test_a_request_to_confirm_can_be_sent_again_from_its_row(scene, as_user):
    set_policy(double_opt_in=True)
    scene.say(scene.guide, IN)
    client = as_user(scene.editor)
    assert "Send again: Garden guide" in text(client.get(url("subscriptions", scene)))
    data = {"address": scene.email.pk, "type": scene.guide.pk}
    client.post(url("confirm_again", scene), data)
    assert OutgoingMail.objects.get().kind == "confirm"
    again = client.post(url("confirm_again", scene), data, follow=True)
    assert "Not sent again" in text(again)
    assert OutgoingMail.objects.count() == 1
    assert queue_confirm_mails(scene.now) == 0
