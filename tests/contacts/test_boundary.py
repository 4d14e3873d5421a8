"""Business units are a boundary: every page of a contact of two units, read and acted on from one."""

import pytest
from django.utils import timezone

from contacts.subscriptions import get_subscriptions
from preferences.models import ConsentEvent
from preferences.values import ACCOUNT, unit_scope
from tests.contacts.panel_scene import IN, OUT, Scene, status_of
from tests.factories import make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    scene = Scene()
    scene.stays.name, scene.breaks.name = "Zephyrunit", "Zephyrtype"
    scene.stays.save()
    scene.breaks.save()
    scene.say(scene.breaks, IN, explanation="Zephyrtold")
    scene.say(scene.guide, IN, explanation="Garden told")
    scene.say(unit_scope(scene.stays.pk), OUT, explanation="Zephyrleft")
    return scene


@pytest.mark.parametrize(
    "path",
    [
        "contacts/",
        "contacts/?unit={stays}",
        "contacts/?q=zephyr",
        "contacts/{contact}/",
        "contacts/{contact}/edit/",
        "contacts/{contact}/properties/",
        "contacts/{contact}/subscriptions/",
        "contacts/{contact}/subscriptions/?unit={stays}",
        "contacts/{contact}/subscriptions/subscribe/",
        "contacts/{contact}/subscriptions/subscribe/?type={breaks}",
        "contacts/{contact}/subscriptions/resubscribe/?type={breaks}",
        "contacts/{contact}/subscriptions/unsubscribe-all/?unit={stays}",
        "contacts/{contact}/subscriptions/history/",
        "contacts/{contact}/subscriptions/history/?unit={stays}",
        "contacts/{contact}/subscriptions/history/export.csv",
        "contacts/{contact}/subscriptions/history/export.csv?unit={stays}",
        "contacts/new/",
    ],
)
def test_no_page_names_what_is_of_another_unit(scene, as_user, path):
    client = as_user(scene.garden_editor())
    ids = {"contact": scene.contact.pk, "stays": scene.stays.pk, "breaks": scene.breaks.pk}
    answer = client.get("/" + path.format(**ids))
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert b"Zephyr" not in body


def test_no_act_reaches_another_unit(scene, as_user):
    user = scene.garden_editor()
    client, panel = as_user(user), f"/contacts/{scene.contact.pk}/subscriptions/"
    count = ConsentEvent.objects.count()
    theirs = ConsentEvent.objects.exclude(subscription_type=scene.guide)
    key = f"{scene.email.pk}-{scene.stays.pk}"
    address, kind = {"address": scene.email.pk}, {"type": scene.breaks.pk}
    acts = [("unsubscribe/", address | kind), ("lift/", {"standing": key})]
    acts += [("undo/", {"event": event.pk}) for event in theirs]
    acts += [("subscribe/", address | {"types": [scene.breaks.pk], "explanation": "x"})]
    acts += [("unsubscribe-all/", {"unit": scene.stays.pk, "addresses": [scene.email.pk]})]
    for path, data in acts:
        assert client.post(panel + path, data).status_code in (404, 422), path
    assert ConsentEvent.objects.count() == count
    assert status_of(scene.email, scene.breaks) is OUT


def test_addresses_of_others_are_not_acted_on(scene, as_user):
    user = scene.garden_editor()
    other = make_contact("theirs@x.example", units=[scene.stays]).contact_addresses.get()
    client, panel = as_user(user), f"/contacts/{scene.contact.pk}/subscriptions/"
    count = ConsentEvent.objects.count()
    for path, data in (
        ("unsubscribe/", {"address": other.address_id, "type": scene.guide.pk}),
        ("subscribe/", {"address": other.address_id, "types": [scene.guide.pk]}),
        ("unsubscribe-all/", {"unit": "", "addresses": [other.address_id]}),
        ("lift/", {"standing": f"{other.address_id}-all"}),
    ):
        assert client.post(panel + path, data).status_code in (404, 422), path
    assert ConsentEvent.objects.count() == count


def test_what_all_units_left_is_seen_by_everyone_set_by_editors_lifted_by_few(scene, as_user):
    user = scene.garden_editor()
    client, panel = as_user(user), f"/contacts/{scene.contact.pk}/subscriptions/"
    client.post(f"{panel}unsubscribe-all/", {"unit": "", "addresses": [scene.email.pk]})
    assert status_of(scene.email, scene.guide) is OUT
    for reader in (user, scene.editor):
        shown = get_subscriptions(scene.contact, user=reader, now=timezone.now())
        assert [one.scope for one in shown.account] == [ACCOUNT]
    event = ConsentEvent.objects.latest("pk")
    assert client.post(f"{panel}lift/", {"standing": f"{scene.email.pk}-all"}).status_code == 422
    client.post(f"{panel}undo/", {"event": event.pk})
    assert status_of(scene.email, scene.guide) is OUT
    as_user(scene.editor).post(f"{panel}lift/", {"standing": f"{scene.email.pk}-all"})
    assert status_of(scene.email, scene.guide) is IN
