"""Two tabs, or two people, change saved views at the same moment: each is answered with words."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from accounts.models import Role, User
from contacts.models import SavedView
from contacts.saved_views import ViewState, create_view
from tests.concurrency.crowd import all_at_once
from tests.conftest import make_user
from tests.factories import NOW

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]
ROUNDS = 15
SHARED = {"readers": "shared"}


@pytest.fixture
def lead() -> User:
    return make_user(Role.ADMINISTRATOR, email="lead@fernmoor.example")


@pytest.fixture
def colleague() -> User:
    return make_user(Role.ADMINISTRATOR, email="two@fernmoor.example")


@pytest.fixture
def tab(as_user) -> Callable[[User], Client]:
    """Return a function that opens a tab, one that answers a 500 instead of raising."""

    def tab(user: User) -> Client:
        client = as_user(user)
        client.raise_request_exception = False
        return client

    return tab


def keep(owner: User, name: str) -> SavedView:
    state = ViewState("q=okafor", "-updated")
    return create_view(owner=owner, name=name, is_shared=True, state=state, now=NOW)


def post(client: Client, url: str, **data: str) -> HttpResponse:
    return client.post(url, data)


def at_once(*requests: Callable[[], object]) -> list[HttpResponse]:
    return sorted(all_at_once(requests), key=lambda response: response.status_code)


def says_name_taken(response: HttpResponse) -> bool:
    return "Another view has this name." in response.content.decode()


def test_two_tabs_save_a_new_view_of_one_name(lead, tab):
    for number in range(ROUNDS):
        new = {"name": f"Okafors {number}", "q": "okafor", **SHARED}
        told = at_once(*[partial(post, tab(lead), "/contacts/views/new/", **new) for _ in range(3)])
        assert [response.status_code for response in told] == [302, 422, 422]
        assert says_name_taken(told[1])
    assert SavedView.objects.count() == ROUNDS
    assert sorted(SavedView.objects.values_list("position", flat=True)) == list(range(ROUNDS))


def test_two_people_share_views_of_one_name(lead, colleague, tab):
    new = {"name": "Okafors", **SHARED}
    told = at_once(
        *[partial(post, tab(user), "/contacts/views/new/", **new) for user in (lead, colleague)]
    )
    assert [response.status_code for response in told] == [302, 302]
    assert SavedView.objects.filter(name="Okafors", is_shared=True).count() == 2


def test_two_people_give_two_views_of_one_owner_the_same_name(lead, colleague, tab):
    for number in range(ROUNDS):
        views = [keep(lead, f"{place} {number}") for place in ("first", "second")]
        named = {"name": f"Okafors {number}", **SHARED}
        told = at_once(
            *[
                partial(post, tab(user), f"/contacts/views/{view.pk}/", **named)
                for user, view in zip((lead, colleague), views, strict=True)
            ]
        )
        assert [response.status_code for response in told] == [302, 422]
        assert says_name_taken(told[1])


def test_a_view_that_a_colleague_deletes_meanwhile_is_said_to_be_gone(lead, colleague, tab):
    for number in range(ROUNDS):
        view = keep(lead, f"Okafors {number}")
        url = f"/contacts/views/{view.pk}/"
        told = at_once(
            partial(post, tab(lead), url, name=f"Renamed {number}", **SHARED),
            partial(post, tab(lead), f"{url}save/", view=str(view.pk), q="amara"),
            partial(post, tab(colleague), f"{url}delete/"),
        )
        assert {response.status_code for response in told} <= {302, 404}
        assert not SavedView.objects.filter(pk=view.pk).exists()
