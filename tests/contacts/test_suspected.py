"""Suspected automatic (R24): what the screen lists, for whom, and giving back."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role, User
from contacts.suspected import give_back
from preferences.models import ConsentEvent
from preferences.values import ACCOUNT, Act, Source, Status
from tests.conftest import make_user
from tests.contacts.suspected_scene import BURST, WHY, machine, post, steward
from tests.factories import TypeFactory, UnitFactory, UserFactory, make_contact
from tests.preferences.kernel import (
    DAY,
    HOUR,
    IN,
    NOW,
    OUT,
    act,
    address,
    addresses,
    erasure,
    of,
    own,
    status_of,
    unit_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return steward()


@pytest.fixture
def browser(user, as_user) -> Client:
    return as_user(user)


def rows(response) -> list[str]:
    """Return the rows of the table as text."""
    body = response.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    found = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def notices(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


# --- the list ---


def test_a_row_says_whose_what_why_when_and_how(browser):
    kind = TypeFactory(name="Garden guide", business_unit__name="Fernmoor Garden")
    make_contact("ada@fernmoor.example", first_name="Ada", last_name="Byron", now=NOW)
    machine(address(), of(kind), why="prefetch, scanner")
    [row] = rows(browser.get("/suspected/"))
    assert "Ada Byron ada@fernmoor.example" in row
    assert "Garden guide Fernmoor Garden" in row
    assert "Fetched ahead, without a click" in row
    assert "Sent by a mail scanner or another program" in row
    assert "One-click header" in row
    assert "22 Nov 2026, 12:00" in row
    assert "Opted out" in row


def test_opt_outs_of_people_are_not_in_it(browser):
    kind = TypeFactory()
    act(address(), own(of(kind), OUT))
    assert "No opt-out looks automatic" in browser.get("/suspected/").content.decode()


def test_the_newest_come_first_page_by_page(browser, monkeypatch):
    monkeypatch.setattr("contacts.views.suspected.PAGE", 2)
    kind = TypeFactory()
    for one in addresses(5):
        machine(one, of(kind))
    seen, page = [], browser.get("/suspected/")
    while True:
        seen += rows(page)
        older = re.search(r'rel="next" href="([^"]*)"', page.content.decode())
        if older is None:
            break
        page = browser.get(older[1].replace("&amp;", "&"))
    order = [int(re.search(r"person(\d)", row)[1]) for row in seen]
    assert order == [4, 3, 2, 1, 0]


def test_filters_by_unit_time_burst_and_state(browser):
    garden, stays = TypeFactory(name="Guide"), TypeFactory(name="Breaks")
    one, two, three = addresses(3)
    machine(one, of(garden), at=NOW - 40 * DAY)
    machine(two, unit_of(stays), why="burst", burst=BURST)
    back = machine(three, of(garden), why="burst", burst=BURST)
    give_back(event_ids=[back], explanation=WHY, user=steward(email="b@x.example"), now=NOW + HOUR)

    def found(query):
        response = browser.get(f"/suspected/?{query}")
        return {re.search(r"person(\d)", row)[1] for row in rows(response)}

    assert found("") == {"0", "1"}
    assert found("state=all") == {"0", "1", "2"}
    assert found(f"unit={garden.business_unit_id}") == {"0"}
    assert found(f"burst={BURST}") == {"1"}
    assert found(f"burst={BURST}&state=all") == {"1", "2"}
    assert found("burst=nonsense") == set()
    assert found("unit=999&period=x&state=x") == {"0", "1"}


def test_a_period_counts_from_now(browser):
    kind = TypeFactory()
    one, two = addresses(2)
    machine(one, of(kind), at=timezone.now() - timedelta(days=8))
    machine(two, of(kind), at=timezone.now() - timedelta(hours=1))
    assert len(rows(browser.get("/suspected/?period=30"))) == 2
    [row] = rows(browser.get("/suspected/?period=7"))
    assert "person1" in row


def test_business_units_are_a_boundary(as_user):
    mine, theirs = TypeFactory(name="Mine"), TypeFactory(name="Theirs")
    one, two = addresses(2)
    make_contact("person1@fernmoor.example", units=[theirs.business_unit], last_name="Hidden")
    machine(one, of(mine))
    event_id = machine(two, of(theirs))
    shared = machine(two, of(mine))
    limited = UserFactory(units=[mine.business_unit], may_resubscribe=True)
    page = as_user(limited).get("/suspected/")
    assert len(rows(page)) == 2
    assert "Theirs" not in page.content.decode()
    assert "Hidden" not in page.content.decode()
    assert "No contact you can see" in rows(page)[0]
    post(as_user(limited), [event_id, shared])
    assert status_of(two, theirs) is OUT
    assert status_of(two, mine) is Status.NOT_SPECIFIED


def test_ten_rows_and_fifty_cost_the_same(browser):
    kind = TypeFactory()

    def cost(count):
        for one in addresses(count):
            machine(one, of(kind), why="burst", burst=BURST)
        for number in range(0, count, 2):
            email = f"person{number}@fernmoor.example"
            if number >= 8:
                make_contact(email, now=NOW)
        with CaptureQueriesContext(connection) as queries:
            response = browser.get("/suspected/?state=all")
        assert len(rows(response)) == count
        return len(queries)

    browser.get("/suspected/")  # the number in the navigation is kept from now on
    assert cost(10) == cost(50)


def test_the_list_and_its_count_read_the_index_of_labelled_events(browser):
    kind = TypeFactory()
    machine(address(), of(kind))
    with CaptureQueriesContext(connection) as queries:
        browser.get("/suspected/")
    asked = [q["sql"] for q in queries if "& 2) <> 0" in q["sql"]]
    assert len(asked) == 2
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_indexscan = on")
        for sql in asked:
            explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
            cursor.execute(explain + sql)
            assert "event_suspected" in str(cursor.fetchall())


# --- giving back ---


def test_giving_back_ticked_ones_restores_what_the_person_said(browser, user):
    kind = TypeFactory()
    one, two, three = addresses(3)
    act(one, own(of(kind), IN), at=NOW - DAY)
    events = [machine(each, of(kind)) for each in (one, two, three)]
    response = post(browser, events[:2])
    assert "2 opt-outs were given back" in notices(response)
    assert (status_of(one, kind), status_of(three, kind)) == (IN, OUT)
    [row] = rows(response)
    assert "person2" in row
    correction = ConsentEvent.objects.select_related("evidence").get(undoes_event_id=events[0])
    assert (correction.act, correction.rule) == (Act.CORRECT.code, 24)
    assert correction.evidence.explanation == WHY
    assert correction.actor_id == user.pk
    assert ConsentEvent.objects.filter(pk=events[0]).exists()


def test_a_whole_burst_at_once_but_not_what_came_since(browser):
    kind = TypeFactory()
    people = addresses(6)
    for one in people[:4]:
        machine(one, of(kind), why="burst", burst=BURST)
    alone = machine(people[4], of(kind))
    page = browser.get(f"/suspected/?burst={BURST}")
    newest = re.search(r'name="newest" value="(\d+)"', page.content.decode())[1]
    machine(people[5], of(kind), why="burst", burst=BURST)
    response = post(browser, scope="all", newest=newest, query=f"?burst={BURST}")
    assert "4 opt-outs were given back" in notices(response)
    assert response.redirect_chain == [(f"/suspected/?burst={BURST}", 302)]
    assert [status_of(one, kind) for one in people].count(OUT) == 2
    assert alone not in ConsentEvent.objects.values_list("undoes_event_id", flat=True)


def test_giving_back_twice_does_nothing_and_says_so(browser):
    kind = TypeFactory()
    event_id = machine(address(), of(kind))
    post(browser, [event_id])
    before = ConsentEvent.objects.count()
    response = post(browser, [event_id])
    assert ConsentEvent.objects.count() == before
    assert "1 was left as it is" in notices(response)
    assert "(R24)" in notices(response)
    assert "given back" not in notices(response)


def test_whoever_said_something_newer_is_left(browser):
    kind = TypeFactory()
    one, two = addresses(2)
    events = [machine(each, of(kind)) for each in (one, two)]
    act(two, own(of(kind), OUT, Source.ONE_CLICK), at=NOW + HOUR)
    response = post(browser, events)
    assert "1 opt-out was given back" in notices(response)
    assert "1 was left as it is: This was changed again since" in notices(response)
    assert status_of(two, kind) is OUT
    page = browser.get("/suspected/?state=all")
    words = {re.search(r"person(\d)", row)[1]: row for row in rows(page)}
    assert "Given back" in words["0"]
    assert "Something newer counts" in words["1"]


def test_a_type_and_all_of_its_unit_are_given_back_together(browser):
    kind = TypeFactory()
    one = address()
    act(one, own(of(kind), IN), at=NOW - DAY)
    events = [machine(one, of(kind)), machine(one, unit_of(kind), at=NOW + HOUR)]
    response = post(browser, events)
    assert "2 opt-outs were given back" in notices(response)
    assert status_of(one, kind) is IN


@pytest.mark.parametrize(
    ("explanation", "words"),
    [
        ("", "Explain why these opt-outs were not made by people."),
        ("   ", "Explain why these opt-outs were not made by people."),
        ("x" * 2001, "Use at most 2,000 characters. There are 2001 now."),
    ],
)
def test_without_a_good_explanation_nothing_changes_and_the_ticks_stay(browser, explanation, words):
    kind = TypeFactory()
    one, two = addresses(2)
    event_id = machine(one, of(kind))
    machine(two, of(kind))
    response = post(browser, [event_id], explanation=explanation)
    assert response.status_code == 422
    html = response.content.decode()
    assert words in html
    assert re.findall(r'value="(\d+)" checked', html) == [str(event_id)]
    assert explanation.strip() in html
    assert status_of(one, kind) is OUT


def test_nothing_ticked_is_said(browser):
    machine(address(), of(TypeFactory()))
    response = post(browser)
    assert response.status_code == 422
    assert "Tick the opt-outs to give back." in response.content.decode()
    assert WHY in response.content.decode()


@pytest.mark.parametrize("ids", [["nonsense"], ["-1"], ["9" * 30], ["٣"], ["1 OR 1=1"]])
def test_ids_that_are_none_are_nothing_ticked(browser, ids):
    machine(address(), of(TypeFactory()))
    assert post(browser, ids).status_code == 422


def test_an_opt_out_that_is_not_labelled_is_not_given_back(browser):
    kind = TypeFactory()
    done = act(address(), own(of(kind), OUT))
    response = post(browser, [done.event_id])
    assert status_of(address(), kind) is OUT
    assert "0 opt-outs were given back" in notices(response)


def test_two_suspected_words_on_one_scope_are_given_back_one_after_the_other(browser):
    """R24: what a machine said and staff gave back is nothing newer that the person said."""
    kind = TypeFactory()
    one = address()
    act(one, own(of(kind), IN), at=NOW - DAY)
    first = machine(one, of(kind), source=Source.ONE_CLICK)
    second = machine(one, of(kind), source=Source.PREFERENCE_PAGE, at=NOW + HOUR)
    assert first != second
    assert "1 was left as it is" in notices(post(browser, [first]))
    response = post(browser, [second])
    assert status_of(one, kind) is OUT
    assert f'name="ids" value="{first}"' in response.text
    post(browser, [first])
    assert status_of(one, kind) is IN


def test_both_suspected_words_on_one_scope_are_given_back_in_one_step(user):
    kind, other = TypeFactory(), TypeFactory()
    one, two = addresses(2)
    events = []
    for at, source in ((NOW, Source.ONE_CLICK), (NOW + HOUR, Source.PREFERENCE_PAGE)):
        events += [
            machine(who, of(t), source=source, at=at) for who in (one, two) for t in (kind, other)
        ]
    act(one, own(of(kind), IN), at=NOW - DAY)
    done = give_back(event_ids=events, explanation=WHY, user=user, now=NOW + 2 * HOUR)
    assert (done.given_back, done.left) == (8, {})
    assert {status_of(who, t) for who in (one, two) for t in (kind, other)} == {
        Status.NOT_SPECIFIED
    }


def test_what_the_person_said_between_two_machines_is_not_given_back(browser):
    kind = TypeFactory()
    one = address()
    act(one, own(of(kind), IN), at=NOW - DAY)
    first = machine(one, of(kind), source=Source.ONE_CLICK)
    act(one, own(of(kind), OUT, Source.PREFERENCE_PAGE), at=NOW + HOUR)
    last = machine(one, of(kind), source=Source.ONE_CLICK, at=NOW + 2 * DAY)
    post(browser, [last])
    assert "left as it is" in notices(post(browser, [first]))
    assert status_of(one, kind) is OUT


def test_without_the_right_the_list_is_there_and_the_form_is_not(as_user):
    event_id = machine(address(), of(TypeFactory()))
    browser = as_user(make_user(Role.ADMINISTRATOR))
    html = browser.get("/suspected/").content.decode()
    assert "Giving back needs the right to resubscribe people." in html
    assert "<textarea" not in html
    assert 'name="ids"' not in html
    assert post(browser, [event_id]).status_code == 403


def test_the_navigation_has_it_for_those_who_may_use_it(as_user, user, viewer, compliance):
    assert 'href="/suspected/"' in as_user(user).get("/contacts/").content.decode()
    assert 'href="/suspected/"' in as_user(compliance).get("/contacts/").content.decode()
    assert 'href="/suspected/"' not in as_user(viewer).get("/contacts/").content.decode()


def test_the_history_shows_the_label_with_why_and_the_correction(browser):
    kind = TypeFactory(name="Garden guide")
    contact = make_contact("ada@fernmoor.example", now=NOW)
    event_id = machine(address(), of(kind), why="too_fast, burst", burst=BURST)
    post(browser, [event_id])
    html = browser.get(f"/contacts/{contact.pk}/subscriptions/history/").content.decode()
    label = "Suspected automatic: sent faster than a person reads, one of several from one network"
    assert label in html
    assert "Automatic opt-out given back: Garden guide" in html
    assert WHY in html


def test_evidence_that_was_erased_is_said(browser):
    kind = TypeFactory()
    machine(address(), of(kind))
    act(address(), erasure(), at=NOW + HOUR)
    [row] = rows(browser.get("/suspected/?state=all"))
    assert "The evidence was erased" in row
    assert "ada@" not in row


def test_an_account_wide_opt_out_needs_all_units(as_user):
    unit = UnitFactory()
    event_id = machine(address(), ACCOUNT)
    limited = UserFactory(units=[unit], may_resubscribe=True)
    response = post(as_user(limited), [event_id])
    assert "needs the right to resubscribe people. (R24)" in notices(response)
    assert "given back" not in notices(response)
