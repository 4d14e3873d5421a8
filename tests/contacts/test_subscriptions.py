"""The side panel "View subscriptions": what it shows, and its acts, with and without htmx."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from contacts.services import AddressWish
from preferences.models import ConsentEvent
from preferences.values import (
    ACCOUNT,
    Channel,
    Source,
    Status,
    unit_scope,
)
from tests.conftest import make_user
from tests.contacts.panel_scene import Scene, make_type, make_unit, status_of

pytestmark = pytest.mark.django_db
IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


def url(name: str, scene: Scene, **query: object) -> str:
    path = reverse(f"contact_{name}", args=[scene.contact.pk])
    return path + (
        "?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else ""
    )


def htmx(target: str, scene: Scene, page: str = "subscriptions") -> dict[str, str]:
    return {
        "HX-Request": "true",
        "HX-Target": target,
        "HX-Current-URL": "http://testserver" + url(page, scene),
    }


def text(response) -> str:
    return " ".join(response.content.decode().split())


def row_of(response, scene: Scene, address, kind) -> str:
    page = text(response)
    start = page.index(f'id="row-{address.pk}-{kind.pk}"')
    return page[start : page.index("</li>", start)]


def posted(scene, kind, address=None):
    return {"address": (address or scene.email).pk, "type": kind.pk}


# --- what it shows ---


def test_every_type_of_every_channel_is_listed_with_its_status(scene, as_user):
    scene.say(scene.guide, IN)
    response = as_user(scene.editor).get(url("subscriptions", scene))
    assert "By you" in row_of(response, scene, scene.email, scene.guide)
    assert "Record panel" in row_of(response, scene, scene.email, scene.guide)
    assert "Opted in" in row_of(response, scene, scene.email, scene.guide)
    assert "Not opted" in row_of(response, scene, scene.email, scene.offers)
    assert "Not opted" in row_of(response, scene, scene.phone, scene.offers)
    assert "Always sent" in row_of(response, scene, scene.email, scene.orders)
    assert f'id="row-{scene.phone.pk}-{scene.guide.pk}"' not in text(response)


def test_a_row_says_whose_choice_it_was(scene, as_user):
    scene.person_says(scene.guide, OUT, source=Source.ONE_CLICK)
    row = row_of(
        as_user(scene.editor).get(url("subscriptions", scene)), scene, scene.email, scene.guide
    )
    assert "Own choice" in row
    assert "One-click header" in row
    assert "Resubscribe: Garden guide" in row


def test_actions_follow_the_status(scene, as_user):
    scene.say(scene.guide, IN, ago=timedelta(days=2))
    scene.say(scene.breaks, OUT, ago=timedelta(days=2))
    response = as_user(scene.editor).get(url("subscriptions", scene))
    opted_in = row_of(response, scene, scene.email, scene.guide)
    assert "Unsubscribe: Garden guide" in opted_in
    assert "Subscribe: Garden guide" not in opted_in
    assert "Subscribe: Offers" in row_of(response, scene, scene.email, scene.offers)
    assert "Resubscribe: Last-minute breaks" in row_of(response, scene, scene.email, scene.breaks)
    assert "<button" not in row_of(response, scene, scene.email, scene.orders)


def test_a_viewer_sees_statuses_and_no_actions(scene, as_user, viewer):
    scene.say(scene.guide, IN)
    page = text(as_user(viewer).get(url("subscriptions", scene)))
    assert "Opted in" in page
    assert "Unsubscribe" not in page
    assert (
        as_user(viewer).post(url("unsubscribe", scene), posted(scene, scene.guide)).status_code
        == 403
    )


def test_units_out_of_reach_are_invisible_and_unreachable(scene, as_user):
    scene.say(scene.breaks, IN)
    client = as_user(scene.garden_editor())
    page = text(client.get(url("subscriptions", scene)))
    assert "Garden guide" in page
    assert "Last-minute breaks" not in page
    assert "Stays" not in page
    assert client.post(url("unsubscribe", scene), posted(scene, scene.breaks)).status_code == 404
    assert status_of(scene.email, scene.breaks) is IN
    event = ConsentEvent.objects.get(subscription_type=scene.breaks)
    assert client.post(url("undo", scene), {"event": event.pk}).status_code == 404


def test_a_contact_of_other_units_does_not_exist(scene, as_user):
    user = make_user(Role.EDITOR, email="other@fernmoor.example", all_units=False)
    user.units.add(make_unit("Kitchens"))
    for name in ("subscriptions", "history", "subscribe", "resubscribe", "unsubscribe_all"):
        assert as_user(user).get(url(name, scene)).status_code == 404, name


def test_an_address_of_another_contact_is_not_found(scene, as_user):
    other = scene.add_contact("Ben", [AddressWish(Channel.EMAIL, "ben@okafor.example")])
    address = other.contact_addresses.get().address
    response = as_user(scene.editor).post(
        url("unsubscribe", scene), posted(scene, scene.guide, address)
    )
    assert response.status_code == 404


def test_units_and_channels_narrow_the_list(scene, as_user):
    client = as_user(scene.editor)
    page = text(client.get(url("subscriptions", scene, unit=scene.stays.pk)))
    assert f'id="row-{scene.email.pk}-{scene.breaks.pk}"' in page
    assert f'id="row-{scene.email.pk}-{scene.guide.pk}"' not in page
    headers = htmx("subscription-list", scene)
    fragment = text(client.get(url("subscriptions", scene, channel="SMS"), headers=headers))
    assert fragment.startswith('<div class="stack stack--6" id="subscription-list"')
    assert f'id="row-{scene.phone.pk}-{scene.offers.pk}"' in fragment
    assert f'id="row-{scene.email.pk}-{scene.offers.pk}"' not in fragment


@pytest.mark.parametrize(
    "query", ["unit=999", "unit=abc", "channel=FAX", "unit=9999999999999999999999"]
)
def test_a_wrong_filter_breaks_nothing(scene, as_user, query):
    assert as_user(scene.editor).get(url("subscriptions", scene) + "?" + query).status_code == 200


def test_archived_types_show_only_while_they_hold_a_status(scene, as_user):
    scene.say(scene.guide, IN)
    for kind in (scene.guide, scene.offers):
        kind.archived_at = timezone.now()
        kind.save()
    response = as_user(scene.editor).get(url("subscriptions", scene))
    row = row_of(response, scene, scene.email, scene.guide)
    assert "Archived" in row
    assert "Unsubscribe: Garden guide" in row
    assert "Offers" not in text(response)


def test_two_addresses_of_a_channel_are_two_groups_and_a_row_acts_on_its_own_r21(db, as_user):
    scene = Scene(
        [
            AddressWish(Channel.EMAIL, "amara@okafor.example", is_primary=True),
            AddressWish(Channel.EMAIL, "work@okafor.example"),
        ]
    )
    work = scene.contact.contact_addresses.get(address__canonical="work@okafor.example").address
    scene.say(scene.guide, IN)
    scene.say(scene.guide, IN, address=work)
    client = as_user(scene.editor)
    page = text(client.get(url("subscriptions", scene)))
    assert "work@okafor.example" in page
    client.post(url("unsubscribe", scene), posted(scene, scene.guide, work))
    assert status_of(work, scene.guide) is OUT
    assert status_of(scene.email, scene.guide) is IN


def test_a_contact_without_addresses_says_so(scene, as_user):
    scene.contact.contact_addresses.all().delete()
    page = text(as_user(scene.editor).get(url("subscriptions", scene)))
    assert "No address yet" in page
    assert as_user(scene.editor).get(url("subscribe", scene)).status_code == 404


def test_hostile_names_are_shown_as_text(scene, as_user):
    scene.guide.name = "<script>alert(1)</script>"
    scene.guide.save()
    scene.contact.first_name = '"><img src=x onerror=alert(1)>'
    scene.contact.save()
    scene.say(scene.guide, IN, explanation="<script>alert(2)</script>")
    for name in ("subscriptions", "history", "subscribe", "unsubscribe_all"):
        page = text(as_user(scene.editor).get(url(name, scene)))
        assert "<script>alert" not in page
        assert "<img src=x" not in page


# --- unsubscribe and undo ---


def test_unsubscribing_answers_htmx_with_the_row_the_card_and_the_count(scene, as_user):
    scene.say(scene.guide, IN)
    headers = htmx(f"row-{scene.email.pk}-{scene.guide.pk}", scene)
    response = as_user(scene.editor).post(
        url("unsubscribe", scene), posted(scene, scene.guide), headers=headers
    )
    assert response.status_code == 200
    page = text(response)
    row = row_of(response, scene, scene.email, scene.guide)
    assert "Opted out" in row
    assert f'id="act-{scene.email.pk}-{scene.guide.pk}"' in row
    assert "Undo: Garden guide" in row
    assert '<section class="card" id="subscriptions-card"' in page
    assert 'id="history-count" hx-swap-oob="true">2</span>' in page
    assert f'id="row-{scene.email.pk}-{scene.offers.pk}"' not in page
    assert "Unsubscribed from Garden guide" in response["HX-Trigger"]
    assert status_of(scene.email, scene.guide) is OUT


def test_from_elsewhere_only_the_card_comes_back(scene, as_user):
    headers = {
        **htmx("main", scene),
        "HX-Current-URL": f"http://testserver/contacts/{scene.contact.pk}/",
    }
    response = as_user(scene.editor).post(
        url("unsubscribe", scene), posted(scene, scene.guide), headers=headers
    )
    assert "subscriptions-card" in text(response)
    assert "<li" not in text(response)


def test_unsubscribing_without_script_leads_back_to_the_row(scene, as_user):
    scene.say(scene.guide, IN)
    client = as_user(scene.editor)
    page = client.get(url("unsubscribe", scene, **posted(scene, scene.guide)))
    assert "Unsubscribe Amara Okafor" in text(page)
    assert status_of(scene.email, scene.guide) is IN
    response = client.post(url("unsubscribe", scene), posted(scene, scene.guide))
    assert response.status_code == 302
    assert response.url.endswith(f"#row-{scene.email.pk}-{scene.guide.pk}")
    assert "Unsubscribed from Garden guide" in text(client.get(url("subscriptions", scene)))


def test_unsubscribing_twice_writes_once(scene, as_user):
    client = as_user(scene.editor)
    for _ in range(2):
        assert client.post(url("unsubscribe", scene), posted(scene, scene.guide)).status_code == 302
    assert ConsentEvent.objects.count() == 1
    assert "Garden guide: already opted out." in text(client.get(url("subscriptions", scene)))


def test_always_sent_types_cannot_be_left_and_say_so_r15(scene, as_user):
    response = as_user(scene.editor).post(
        url("unsubscribe", scene), posted(scene, scene.orders), headers=htmx("row", scene)
    )
    assert response.status_code == 409
    assert "Messages of this type are always sent." in row_of(
        response, scene, scene.email, scene.orders
    )


def test_undo_brings_back_what_was_there_r23(scene, as_user):
    scene.say(scene.guide, IN)
    client = as_user(scene.editor)
    client.post(url("unsubscribe", scene), posted(scene, scene.guide))
    event = ConsentEvent.objects.latest("id")
    response = client.post(url("undo", scene), {"event": event.pk}, headers=htmx("main", scene))
    assert response.status_code == 200
    assert "Opted in" in row_of(response, scene, scene.email, scene.guide)
    assert status_of(scene.email, scene.guide) is IN


def test_undo_is_over_after_a_day_and_says_so_r23(scene, as_user):
    scene.say(scene.guide, IN, ago=timedelta(hours=30))
    scene.say(scene.guide, OUT, ago=timedelta(hours=25))
    event = ConsentEvent.objects.latest("id")
    client = as_user(scene.editor)
    assert "Undo: Garden guide" not in text(client.get(url("subscriptions", scene)))
    response = client.post(url("undo", scene), {"event": event.pk}, headers=htmx("main", scene))
    assert response.status_code == 409
    assert "The time to undo this is over." in text(response)
    assert status_of(scene.email, scene.guide) is OUT


def test_undo_gives_way_to_the_person_r23(scene, as_user):
    scene.say(scene.guide, IN)
    scene.say(scene.guide, OUT)
    event = ConsentEvent.objects.latest("id")
    scene.person_says(scene.guide, IN)
    response = as_user(scene.editor).post(url("undo", scene), {"event": event.pk}, follow=True)
    assert "They have chosen for themselves since." in text(response)


@pytest.mark.parametrize("event", ["", "0", "x", "99999999999999999999"])
def test_undo_of_nothing_is_not_found(scene, as_user, event):
    assert as_user(scene.editor).post(url("undo", scene), {"event": event}).status_code == 404


# --- unsubscribe from all and lift ---


def test_everything_of_one_unit_can_be_left(scene, as_user):
    client = as_user(scene.editor)
    assert "Unsubscribe Amara Okafor from all?" in text(client.get(url("unsubscribe_all", scene)))
    data = {"unit": scene.garden.pk, "addresses": [scene.email.pk]}
    response = client.post(url("unsubscribe_all", scene), data, headers=htmx("dialog", scene))
    assert response.status_code == 200
    assert "layer:close" in response["HX-Trigger"]
    page = text(response)
    assert '<div class="stack stack--6" id="subscription-list" hx-swap-oob="true">' in page
    assert "Unsubscribed from all: Garden, Email" in page
    assert page.count('hx-swap-oob="true"') == 3  # the card, the count, the list
    assert status_of(scene.email, scene.guide) is OUT
    assert status_of(scene.email, scene.breaks) is NONE
    assert status_of(scene.phone, scene.offers) is NONE


def test_everything_of_the_account_can_be_left_on_every_address(scene, as_user):
    client = as_user(scene.garden_editor())
    data = {"unit": "", "addresses": [scene.email.pk, scene.phone.pk], "explanation": "By letter"}
    assert client.post(url("unsubscribe_all", scene), data).status_code == 302
    assert status_of(scene.email, scene.breaks) is OUT
    assert status_of(scene.phone, scene.offers) is OUT
    page = text(client.get(url("subscriptions", scene)))
    assert "Every business unit, Email" in page


def test_leaving_all_needs_an_address(scene, as_user):
    response = as_user(scene.editor).post(
        url("unsubscribe_all", scene), {"unit": "", "explanation": "kept"}
    )
    assert response.status_code == 422
    assert "Choose at least one address." in text(response)
    assert ">kept</textarea>" in response.content.decode().replace("\n", "")
    assert not ConsentEvent.objects.exists()


def test_a_unit_out_of_reach_cannot_be_left(scene, as_user):
    data = {"unit": scene.stays.pk, "addresses": [scene.email.pk]}
    response = as_user(scene.garden_editor()).post(url("unsubscribe_all", scene), data)
    assert response.status_code == 422
    assert not ConsentEvent.objects.exists()


def test_staff_lift_what_staff_set_r10(scene, as_user):
    scene.say(unit_scope(scene.garden.pk), OUT)
    client = as_user(scene.editor)
    key = f"{scene.email.pk}-{scene.garden.pk}"
    assert "Lift “Unsubscribed from all”" in text(client.get(url("lift", scene, standing=key)))
    response = client.post(url("lift", scene), {"standing": key}, headers=htmx("dialog", scene))
    assert response.status_code == 200
    assert status_of(scene.email, scene.guide) is NONE
    assert client.get(url("lift", scene, standing=key)).status_code == 404


def test_an_own_opt_out_of_all_is_not_lifted_and_says_why_r10(scene, as_user):
    scene.person_says(unit_scope(scene.garden.pk), OUT)
    client = as_user(scene.editor)
    key = f"{scene.email.pk}-{scene.garden.pk}"
    page = text(client.get(url("lift", scene, standing=key)))
    assert "Only they can lift that." in page
    assert "through their preference page" in page
    response = client.post(url("lift", scene), {"standing": key})
    assert response.status_code == 422
    assert status_of(scene.email, scene.guide) is OUT


def test_the_account_is_lifted_only_by_users_of_all_units(scene, as_user):
    scene.say(ACCOUNT, OUT)
    response = as_user(scene.garden_editor()).post(
        url("lift", scene), {"standing": f"{scene.email.pk}-all"}
    )
    assert response.status_code == 422
    assert "It needs someone who sees them all." in text(response)


def test_exceptions_are_named_on_the_banner_and_the_row_r11(scene, as_user):
    scene.person_says(unit_scope(scene.garden.pk), OUT)
    scene.person_says(scene.guide, IN)
    response = as_user(scene.editor).get(url("subscriptions", scene))
    assert "Unsubscribed from all but Garden guide: Garden, Email" in text(response)
    row = row_of(response, scene, scene.email, scene.guide)
    assert "Exception to unsubscribed from all" in row
    assert "Opted out" in row_of(response, scene, scene.email, scene.offers)


def test_an_opt_out_of_all_can_be_undone(scene, as_user):
    client = as_user(scene.editor)
    data = {"unit": scene.garden.pk, "addresses": [scene.email.pk]}
    client.post(url("unsubscribe_all", scene), data)
    event = ConsentEvent.objects.latest("id")
    assert f'value="{event.pk}"' in text(client.get(url("subscriptions", scene)))
    client.post(url("undo", scene), {"event": event.pk})
    assert status_of(scene.email, scene.guide) is NONE


# --- cost ---


def queries_of(client, path: str, **headers: str) -> int:
    client.get(path)  # sessions, content types
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, headers=headers).status_code == 200
    return len(captured)


@pytest.mark.parametrize("name", ["subscriptions", "history", "subscribe", "resubscribe"])
def test_the_cost_does_not_grow_with_types_and_events(scene, as_user, name):
    client = as_user(scene.editor)
    for _ in range(2):
        scene.say(scene.guide, IN)
        scene.say(scene.guide, OUT)
    few = queries_of(client, url(name, scene))
    for number in range(27):
        unit = make_unit(f"Unit {number}")
        kind = make_type(unit, f"Type {number}")
        for _ in range(3):
            scene.say(kind, IN)
            scene.say(kind, OUT)
        scene.say(unit_scope(unit.pk), OUT)
    assert queries_of(client, url(name, scene)) == few


def test_acting_costs_the_same_whatever_the_number_of_types(scene, as_user):
    client = as_user(scene.editor)
    client.post(url("unsubscribe", scene), posted(scene, scene.breaks))

    def cost(kind) -> int:
        headers = htmx("row", scene)
        with CaptureQueriesContext(connection) as captured:
            client.post(url("unsubscribe", scene), posted(scene, kind), headers=headers)
        return len(captured)

    few = cost(scene.guide)
    for number in range(30):
        scene.say(make_type(scene.garden, f"Type {number}"), IN)
    assert cost(scene.offers) == few
