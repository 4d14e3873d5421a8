"""Requests that no page of ours sends: none of them may end in an error of ours."""

import pytest
from django.urls import reverse

from tests.contacts.panel_scene import Scene

pytestmark = pytest.mark.django_db

NUMBERS = ("9999999999999999999", "9" * 18, "-1", "0", "x", "１２", "9" * 5000, "\x00", "")


@pytest.mark.parametrize("number", NUMBERS)
def test_no_number_breaks_a_page(as_user, number):
    scene = Scene()
    client = as_user(scene.editor)
    panel = f"/contacts/{scene.contact.pk}/subscriptions/"
    queries = {
        "/contacts/": ("unit", "owner", "size", "after", "before", "sort", "stage", "q"),
        panel: ("unit", "channel"),
        f"{panel}history/": ("before", "unit", "period", "month", "what"),
        f"{panel}history/export.csv": ("unit", "period"),
        f"{panel}subscribe/": ("address", "type"),
        f"{panel}resubscribe/": ("address", "type"),
        f"{panel}unsubscribe-all/": ("unit",),
        f"{panel}lift/": ("standing",),
        f"/contacts/{scene.contact.pk}/properties/": ("q", "group"),
    }
    for path, names in queries.items():
        answer = client.get(path, dict.fromkeys(names, number))
        assert answer.status_code in (200, 404), path
    for path, names in {
        f"{panel}unsubscribe/": ("address", "type"),
        f"{panel}unsubscribe-all/": ("addresses", "unit"),
        f"{panel}subscribe/": ("address", "types"),
        f"{panel}lift/": ("standing",),
        f"{panel}undo/": ("event",),
        "/contacts/new/": ("units", "owner", "address-TOTAL_FORMS"),
        f"/contacts/{scene.contact.pk}/edit/": ("units", "owner", "address-TOTAL_FORMS", "seen_at"),
    }.items():
        for name in names:
            answer = client.post(path, {name: number, "add_address": ""})
            assert answer.status_code in (200, 302, 404, 409, 422), (path, name)
            answer = client.post(path, {name: number})
            assert answer.status_code in (200, 302, 404, 409, 422), (path, name)


@pytest.mark.parametrize("number", [n for n in NUMBERS if n])
def test_no_number_breaks_a_settings_page(as_user, administrator, number):
    client = as_user(administrator)
    for path, name in (
        ("/settings/subscription-types/preview/", "subscription_type"),
        ("/settings/subscription-types/new/", "business_unit"),
    ):
        answer = client.post(path, {name: number})
        assert answer.status_code in (200, 404, 422), path
    user = {"name": "Ann", "email": "ann@fernmoor.example", "role": "viewer", "units": number}
    assert client.post("/settings/users/new/", user).status_code == 422
    assert client.get("/settings/subscription-types/new/", {"unit": number}).status_code == 200
    assert client.get("/settings/subscription-types/", {"unit": number}).status_code == 200


def test_a_page_that_is_none_does_not_break_an_act(as_user):
    scene = Scene()
    client = as_user(scene.editor, **{"HX-Request": "true", "HX-Current-URL": "http://[x"})
    answer = client.post(
        f"/contacts/{scene.contact.pk}/subscriptions/unsubscribe/",
        {"address": scene.email.pk, "type": scene.guide.pk},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["contacts", "users", "custom_properties", "account"])
def test_long_and_odd_queries_are_answered(as_user, administrator, name):
    client = as_user(administrator)
    for value in ("x" * 20_000, "%", "_", "'", "\ud83d", "\u202e", "<script>"):
        answer = client.get(reverse(name), {"q": value.encode("utf-8", "replace").decode()})
        assert answer.status_code == 200
