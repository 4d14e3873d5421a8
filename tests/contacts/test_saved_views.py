"""Saved views: tabs, what a changed view offers, saving, sharing, order, and who may do what."""

import re
from html import unescape

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlencode

from accounts.models import Role
from contacts.models import SavedView
from contacts.open_view import DEFAULT_VIEWS, view_url
from contacts.saved_views import (
    VIEWS_EACH,
    NameTaken,
    TooManyViews,
    ViewState,
    create_view,
    describe_view,
    keep_state,
    move_view,
    own_views,
)
from tests.conftest import make_user
from tests.factories import NOW, TypeFactory, UnitFactory, UserFactory, make_contact

pytestmark = pytest.mark.django_db
LIST = {"HX-Request": "true", "HX-Target": "contact-list"}
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}
STATE = ViewState("q=okafor", "-updated", ("owner", "company"))


def make_view(owner, name="Okafors", *, is_shared=False, state=STATE) -> SavedView:
    return create_view(owner=owner, name=name, is_shared=is_shared, state=state, now=NOW)


def tabs(text: str) -> list[str]:
    bar = re.search(r'<nav class="tabs tabs--page".*?</nav>', text, re.DOTALL)[0]
    return re.findall(r'<span class="tabs__name">([^<]*)', bar)


def current(text: str) -> list[str]:
    return re.findall(r'aria-current="page"><span class="tabs__name">([^<]*)', text)


def names_in(text: str) -> list[str]:
    return re.findall(r'/contacts/\d+/"><span[^>]*><bdi>(.*?)</bdi>', text)


@pytest.fixture
def people(db):
    make_contact("amara@x.example", first_name="Amara", last_name="Okafor")
    make_contact("jonas@x.example", first_name="Jonas", last_name="Lindqvist")


@pytest.fixture
def read(as_user, editor, people):
    client = as_user(editor)
    return lambda address, **headers: client.get(address, headers=headers).content.decode()


# --- keeping ---


def test_a_name_is_there_once_for_each_owner(editor, viewer):
    view = make_view(editor, "Żółte")
    make_view(viewer, "Żółte")
    with pytest.raises(NameTaken):
        make_view(editor, "ZOLTE")
    other = make_view(editor, "Other")
    with pytest.raises(NameTaken):
        describe_view(view=other, name="żółte", is_shared=True)
    assert describe_view(view=view, name="ŻÓŁTE", is_shared=True).is_shared
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(owner=editor, name="oTHER", sort="name", changed_at=NOW)


def test_one_keeps_a_limited_number_of_views(editor):
    SavedView.objects.bulk_create(
        SavedView(owner=editor, name=f"View {n}", sort="name", position=n, changed_at=NOW)
        for n in range(VIEWS_EACH)
    )
    with pytest.raises(TooManyViews):
        make_view(editor)
    assert SavedView.objects.count() == VIEWS_EACH


def test_views_move_among_their_owners(editor, viewer):
    first, second, third = (make_view(editor, name) for name in ("One", "Two", "Three"))
    make_view(viewer, "Theirs")
    move_view(view=third, step="up")
    move_view(view=first, step="up")
    assert own_views(editor) == [first, third, second]
    move_view(view=first, step="down")
    assert own_views(editor) == [third, first, second]


def test_what_is_kept_is_replaced_as_a_whole(editor):
    view = make_view(editor)
    keep_state(view=view, state=ViewState("", "name"), now=NOW)
    view.refresh_from_db()
    assert (view.query_text, view.sort, view.columns) == ("", "name", [])


# --- opening ---


def test_the_tabs_are_the_usual_views_then_own_then_shared(read, editor, administrator):
    make_view(administrator, "Shared one", is_shared=True)
    make_view(administrator, "Private one")
    make_view(editor, "Mine")
    text = read("/contacts/")
    names = tabs(text)
    assert names[0] == "All contacts"
    assert names[-2:] == ["Mine", "Shared one"]
    assert "Private one" not in text
    assert current(text) == ["All contacts"]


def test_views_without_room_are_in_the_menu_but_the_open_one_is_a_tab(read, editor):
    views = [make_view(editor, f"View {n}") for n in range(6)]
    text = read(f"/contacts/?view={views[5].pk}")
    assert tabs(text)[-3:] == ["View 0", "View 1", "View 5"]
    assert current(text) == ["View 5"]
    menu = text.split('id="view-menu"')[1]
    assert re.findall(r">(View \d|New in 30 days)<", menu) == [
        "New in 30 days",
        "View 2",
        "View 3",
        "View 4",
    ]


def test_a_view_opens_with_what_it_keeps(read, editor):
    view = make_view(editor)
    text = read(f"/contacts/?view={view.pk}")
    assert names_in(text) == ["Amara Okafor"]
    assert text.index(">Owner<") < text.index("sort-company")
    assert 'value="okafor"' in text
    assert current(text) == ["Okafors"]
    assert "<title>Okafors | Contacts" in text
    assert "Save changes" not in text
    assert ">Reset<" not in text


def test_the_url_outranks_the_view_and_what_it_does_not_say_stays(read, editor):
    view = make_view(editor, state=ViewState("q=o", "name", ("owner",)))
    assert names_in(read(f"/contacts/?view={view.pk}")) == ["Amara Okafor", "Jonas Lindqvist"][:1]
    text = read(f"/contacts/?view={view.pk}&sort=-name")
    assert 'value="o"' in text  # sorting does not widen
    assert names_in(read(f"/contacts/?view={view.pk}&q=")) == ["Jonas Lindqvist", "Amara Okafor"]
    text = read(f"/contacts/?view={view.pk}&q=")
    assert "Save changes" in text
    assert f'href="/contacts/?view={view.pk}">Reset' in text
    text = read(f"/contacts/?view={view.pk}&q=o&sort=name&cols=owner&size=50")
    assert "Save changes" not in text


def test_a_list_that_is_swapped_brings_the_bar_with_it(read, editor):
    view = make_view(editor)
    text = read(f"/contacts/?view={view.pk}&q=jonas", **LIST)
    assert "<html" not in text
    assert 'id="view-bar" hx-swap-oob="true"' in text
    assert "Save changes" in text
    assert (
        "hx-swap-oob" not in read(f"/contacts/?view={view.pk}").split("<main")[1].split("<table")[0]
    )


@pytest.mark.parametrize("key", ["0", "999999", "nothing", "-1", "１", "9" * 40])
def test_a_view_that_is_not_there_shows_nobody_and_says_so(as_user, editor, people, key):
    response = as_user(editor).get(f"/contacts/?view={key}")
    assert response.status_code == 404
    assert "This view is not there" in response.content.decode()
    assert "Okafor" not in response.content.decode()


def test_nobody_opens_or_changes_what_others_keep_for_themselves(as_user, editor, viewer):
    view = make_view(editor)
    client = as_user(viewer)
    assert client.get(f"/contacts/?view={view.pk}").status_code == 404
    for path in ("", "delete/"):
        assert client.get(f"/contacts/views/{view.pk}/{path}").status_code == 404
    for path in ("", "save/", "move/", "delete/"):
        assert client.post(f"/contacts/views/{view.pk}/{path}").status_code == 404
    assert SavedView.objects.get().name == "Okafors"


def test_shared_views_are_changed_by_their_owner_and_administrators_alone(as_user, editor, viewer):
    view = make_view(editor, is_shared=True)
    garden = UnitFactory()
    unit_admin = UserFactory(role=Role.ADMINISTRATOR, units=[garden])
    for user in (viewer, unit_admin, make_user(Role.COMPLIANCE)):
        client = as_user(user)
        text = client.get(f"/contacts/?view={view.pk}&q=x").content.decode()
        assert "Save changes" not in text
        assert ">Reset<" in text
        for path in ("", "save/", "delete/"):
            assert client.post(f"/contacts/views/{view.pk}/{path}").status_code == 403
        assert client.post(f"/contacts/views/{view.pk}/move/").status_code == 404
    client = as_user(make_user(Role.ADMINISTRATOR))
    assert "Save changes" in client.get(f"/contacts/?view={view.pk}&q=x").content.decode()
    data = {"name": "Renamed", "readers": "shared"}
    assert client.post(f"/contacts/views/{view.pk}/", data).status_code == 302
    view.refresh_from_db()
    assert (view.name, view.owner) == ("Renamed", editor)
    assert client.post(f"/contacts/views/{view.pk}/delete/").status_code == 302
    assert not SavedView.objects.exists()


# --- filters of views ---


@pytest.mark.parametrize("view", DEFAULT_VIEWS.values(), ids=lambda view: view.key)
def test_the_usual_views_open_as_they_are_meant(as_user, editor, people, view):
    response = as_user(editor).get(view_url(view.key))
    assert response.status_code == 200
    assert response.context["query"].filters.is_valid
    assert response.context["look"].is_changed is False
    assert current(response.content.decode()) == [view.name]


def test_my_contacts_are_those_i_own(as_user, editor, viewer, people):
    make_contact("mine@x.example", first_name="Mine", owner_id=editor.pk)
    assert names_in(as_user(editor).get("/contacts/?view=mine").content.decode()) == ["Mine"]
    assert names_in(as_user(viewer).get("/contacts/?view=mine").content.decode()) == []


@pytest.fixture
def broken(editor, people):
    """Return a shared view that asks for a type which was archived, and for Amara."""
    kind = TypeFactory(name="Zephyrtype", archived_at=NOW)
    text = urlencode({"q": "amara", "f": f"status.{kind.pk}.email:is:none"})
    return make_view(editor, is_shared=True, state=ViewState(text, "-updated"))


def test_a_filter_that_lost_its_sense_shows_nobody_and_can_be_mended(as_user, editor, broken):
    client = as_user(editor)
    text = client.get(f"/contacts/?view={broken.pk}").content.decode()
    assert names_in(text) == []
    assert "This subscription type is archived." in text
    clear = re.search(r'href="(/contacts/[^"]*)">Clear filters', text)[1]
    assert unescape(clear) == f"/contacts/?view={broken.pk}&f="
    assert names_in(client.get(f"/contacts/?view={broken.pk}&sort=name").content.decode()) == []
    mended = client.get(f"/contacts/?view={broken.pk}&f=").content.decode()
    assert names_in(mended) == ["Amara Okafor"]
    form = mended.split(f'action="/contacts/views/{broken.pk}/save/"')[1].split("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    client.post(f"/contacts/views/{broken.pk}/save/", hidden)
    assert names_in(client.get(f"/contacts/?view={broken.pk}").content.decode()) == ["Amara Okafor"]


def test_a_shared_view_tells_nothing_of_units_out_of_reach(as_user, editor):
    theirs, ours = UnitFactory(name="Zephyrunit"), UnitFactory(name="Garden")
    kind = TypeFactory(name="Zephyrtype", business_unit=theirs)
    make_contact("a@x.example", units=[theirs, ours], first_name="Amara")
    for f in (
        f"status.{kind.pk}.email:is:none",
        f"left.{theirs.pk}.email:is:no",
        f"unit:is:{theirs.pk}",
    ):
        columns = (f"type-{kind.pk}-EMAIL", "units")
        state = ViewState(urlencode({"f": f}), "-updated", columns)
        view = make_view(editor, f, is_shared=True, state=state)
        assert names_in(as_user(editor).get(f"/contacts/?view={view.pk}").content.decode()) == [
            "Amara"
        ]
        client = as_user(UserFactory(units=[ours]))
        for address in ("contacts/", "contacts/columns/", "contacts/views/", "contacts/views/new/"):
            text = client.get(f"/{address}?view={view.pk}").content.decode()
            assert "Zephyr" not in text
            assert names_in(text) == []


def test_a_view_says_how_to_look_and_never_who_may_be_seen(as_user, editor):
    theirs, ours = UnitFactory(), UnitFactory()
    make_contact("a@x.example", units=[theirs], first_name="Theirs")
    make_contact("b@x.example", units=[ours], first_name="Ours")
    view = make_view(editor, is_shared=True, state=ViewState("", "name"))
    client = as_user(UserFactory(units=[ours]))
    assert names_in(client.get(f"/contacts/?view={view.pk}").content.decode()) == ["Ours"]


# --- the forms ---


def test_saving_keeps_search_order_and_columns(as_user, editor, people):
    client = as_user(editor)
    form = client.get("/contacts/views/new/?q=okafor&sort=name&cols=owner&size=50", headers=DIALOG)
    assert "<html" not in form.content.decode()
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.content.decode()))
    assert (hidden["q"], hidden["sort"], hidden["cols"]) == ("okafor", "name", "owner")
    response = client.post(
        "/contacts/views/new/", hidden | {"name": " My  view ", "readers": "own"}
    )
    view = SavedView.objects.get()
    assert response["Location"] == f"/contacts/?view={view.pk}"
    assert (view.name, view.owner, view.is_shared) == ("My  view", editor, False)
    assert (view.query_text, view.sort, view.columns) == ("q=okafor", "name", ["owner"])
    text = client.get(response["Location"]).content.decode()
    assert "Save changes" not in text
    assert names_in(text) == ["Amara Okafor"]


def test_a_name_that_is_taken_is_said_in_place_and_nothing_is_lost(as_user, editor):
    make_view(editor)
    data = {"name": "okafors", "readers": "shared", "q": "anna", "view": "all"}
    response = as_user(editor).post("/contacts/views/new/", data, headers=DIALOG)
    text = response.content.decode()
    assert response.status_code == 422
    assert "Another view has this name." in text
    assert 'value="okafors"' in text
    assert re.search(r'value="shared"[^>]*checked', text)
    assert 'name="q" value="anna"' in text


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u202eb"])
def test_names_that_are_none_are_refused(as_user, editor, name):
    data = {"name": name, "readers": "own"}
    response = as_user(editor).post("/contacts/views/new/", data)
    assert response.status_code == 422
    assert not SavedView.objects.exists()


def test_too_many_views_are_said_in_place(as_user, editor):
    SavedView.objects.bulk_create(
        SavedView(owner=editor, name=f"View {n}", sort="name", position=n, changed_at=NOW)
        for n in range(VIEWS_EACH)
    )
    data = {"name": "One more", "readers": "own"}
    response = as_user(editor).post("/contacts/views/new/", data)
    assert response.status_code == 422
    assert "You have 50 views" in response.content.decode()


def test_what_is_too_long_to_be_kept_is_said_and_not_cut_off(as_user, editor):
    view = make_view(editor)
    client = as_user(editor)
    data = {"view": view.pk, "f": "ż" * 5_000, "name": "Long", "readers": "own"}
    response = client.post("/contacts/views/new/", data)
    assert response.status_code == 422
    assert "too long to be kept" in response.content.decode()
    response = client.post(f"/contacts/views/{view.pk}/save/", data)
    assert "too long to be kept" in client.get(response["Location"]).content.decode()
    view.refresh_from_db()
    assert view.query_text == STATE.query_text
    assert SavedView.objects.count() == 1


def test_changes_are_saved_into_the_view(as_user, editor, people):
    view = make_view(editor)
    client = as_user(editor)
    text = client.get(f"/contacts/?view={view.pk}&q=jonas&sort=name&cols=").content.decode()
    form = text.split(f'action="/contacts/views/{view.pk}/save/"')[1].split("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    response = client.post(f"/contacts/views/{view.pk}/save/", hidden)
    assert response["Location"] == f"/contacts/?view={view.pk}"
    view.refresh_from_db()
    assert (view.query_text, view.sort, view.columns) == ("q=jonas", "name", [])
    assert "was saved" in client.get(response["Location"]).content.decode()


def test_deleting_asks_first_and_says_whom_it_concerns(as_user, editor):
    view = make_view(editor, is_shared=True)
    client = as_user(editor)
    text = client.get(f"/contacts/views/{view.pk}/delete/").content.decode()
    assert "goes away for everybody" in text
    assert SavedView.objects.exists()
    response = client.post(f"/contacts/views/{view.pk}/delete/", headers=DIALOG)
    assert response["HX-Redirect"] == "/contacts/"
    assert "was deleted" in client.get("/contacts/").content.decode()


def test_the_page_of_views_lists_own_and_shared_with_their_owners(as_user, editor, viewer):
    make_view(editor, "One")
    second = make_view(editor, "Two")
    make_view(viewer, "Theirs", is_shared=True)
    client = as_user(editor)
    text = client.get("/contacts/views/").content.decode()
    assert re.findall(r'class="cell-link"[^>]*>([^<]*)', text) == ["One", "Two", "Theirs"]
    assert viewer.name in text
    assert f"/contacts/views/{SavedView.objects.get(name='Theirs').pk}/delete/" not in text
    swap = {"HX-Request": "true", "HX-Target": "own-views"}
    path = f"/contacts/views/{second.pk}/move/"
    text = client.post(path, {"step": "up"}, headers=swap).content.decode()
    assert "<html" not in text
    assert re.findall(r'class="cell-link"[^>]*>([^<]*)', text) == ["Two", "One"]
    assert client.post(path, {"step": "down"})["Location"] == "/contacts/views/"


def test_more_views_cost_no_more_queries(as_user, editor, viewer):
    client = as_user(editor)

    def queries_for(count: int, path: str) -> int:
        for number in range(SavedView.objects.count(), count):
            make_view((editor, viewer)[number % 2], f"View {number}", is_shared=True)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        return len(captured)

    for path in ("/contacts/", "/contacts/views/"):
        SavedView.objects.all().delete()
        assert queries_for(10, path) == queries_for(50, path)
