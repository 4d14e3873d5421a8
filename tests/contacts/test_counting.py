"""How many match: exactly among few, about among many, never by looking at everybody."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from contacts import bounding, counting
from contacts.bounding import TooSlow, bounded, walk_or_gather
from contacts.counting import Total, count_matches
from contacts.filters.catalogue import catalogue_for
from contacts.filters.reading import read_filter
from contacts.models import Contact
from contacts.selectors import (
    ContactQuery,
    find_contacts,
    get_contact_page,
    get_unit_sets,
    walking_of,
)
from contacts.walking import places_of, visible_to
from preferences.models import Address
from preferences.pauses import pause
from preferences.values import unit_scope
from tests.factories import TypeFactory, UnitFactory, UserFactory, make_contact
from tests.preferences.kernel import IS_POSTGRESQL, OUT, act, of, own

pytestmark = pytest.mark.django_db


def asked(user, text: str) -> ContactQuery:
    return ContactQuery(filters=read_filter(text, catalogue_for(user, now=timezone.now())))


@pytest.fixture
def sampled(monkeypatch):
    """Estimate among few as among many, and remember no other test."""
    cache.clear()
    monkeypatch.setattr(counting, "EXACT_UP_TO", 5)


def test_among_few_the_number_is_exact(editor):
    unit = UnitFactory()
    for number in range(7):
        make_contact(f"{number}@x.example", units=[unit], country="PL" if number < 3 else "")
    sets = get_unit_sets()
    assert count_matches(editor, ContactQuery(), sets) == Total(7)
    assert count_matches(editor, asked(editor, f"unit:is:{unit.pk}"), sets) == Total(7)
    assert count_matches(editor, asked(editor, "country:is:PL"), sets) == Total(3)
    assert count_matches(editor, asked(editor, "country:is:Atlantis"), sets) == Total(0)


def test_what_is_common_is_estimated_and_stays_the_same(editor, sampled):
    kind = TypeFactory()
    for number in range(60):
        contact = make_contact(f"{number}@x.example")
        if number % 2:
            act(contact.contact_addresses.get().address_id, own(of(kind), OUT))
    query = asked(editor, f"status.{kind.pk}.email:is:out")
    sets = get_unit_sets()
    found = count_matches(editor, query, sets)
    assert found.is_about
    assert 20 <= found.count <= 40
    assert count_matches(editor, query, sets) == found


def test_an_estimate_is_kept_for_whoever_asked_and_for_nobody_else(
    editor, sampled, django_assert_num_queries
):
    ours, theirs = UnitFactory(), UnitFactory()
    colleague = UserFactory(units=[ours])
    for number in range(60):
        make_contact(f"{number}@x.example", country="PL", units=[theirs if number % 3 else ours])
    sets, query = get_unit_sets(), asked(editor, "country:is:PL")
    found = count_matches(editor, query, sets)
    with django_assert_num_queries(0):
        assert count_matches(editor, query, sets) == found
    assert count_matches(colleague, asked(colleague, "country:is:PL"), sets).count <= 20
    Contact.objects.update(country="")
    cache.clear()  # as half a minute does
    assert count_matches(editor, query, sets).count == 0


def test_what_is_rare_is_counted_up_to_a_limit(editor, sampled, monkeypatch):
    for number in range(30):
        make_contact(f"{number}@x.example", country="PL" if number < 4 else "")
    query, sets = asked(editor, "country:is:PL"), get_unit_sets()
    assert replace(count_matches(editor, query, sets), is_rare=False) == Total(4)
    monkeypatch.setattr(counting, "COUNT_LIMIT", 2)
    assert replace(count_matches(editor, query, sets), is_rare=False) == Total(2, is_more=True)


def test_an_estimate_sees_what_the_user_sees(sampled):
    ours, theirs = UnitFactory(), UnitFactory()
    user = UserFactory(units=[ours])
    for number in range(60):
        make_contact(f"{number}@x.example", country="PL", units=[theirs if number % 3 else ours])
    found = count_matches(user, asked(user, "country:is:PL"), get_unit_sets())
    assert found.count <= 20


def test_walking_and_gathering_find_the_same_page(editor):
    kind = TypeFactory()
    people = [make_contact(f"{number}@x.example") for number in range(9)]
    for contact in people[:3]:
        act(contact.contact_addresses.get().address_id, own(of(kind), OUT))
    query = asked(editor, f"status.{kind.pk}.email:is:out")
    pages = [get_contact_page(editor, query, {}, is_rare=is_rare) for is_rare in (False, True)]
    assert {row.pk for row in pages[0].rows} == {contact.pk for contact in people[:3]}
    assert list(pages[0].rows) == list(pages[1].rows)


@pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite has no limit to the time of a statement")
def test_a_query_that_takes_too_long_is_stopped(monkeypatch):
    def sleep():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    with pytest.raises(TooSlow), bounded(0.05):
        sleep()
    monkeypatch.setattr(bounding, "WALK_SECONDS", 0.05)
    assert walk_or_gather(sleep, lambda: "gathered") == "gathered"


def test_a_page_that_takes_too_long_says_what_to_do(client, editor, monkeypatch):
    def too_slow(*_args, **_fields):
        raise TooSlow

    client.force_login(editor)
    make_contact("a@x.example")
    monkeypatch.setattr("contacts.views.contact.get_contact_page", too_slow)
    page = client.get("/contacts/", {"f": "country:is:PL"})
    assert page.status_code == 200
    assert "This takes too long" in page.content.decode()


FILTERS = (
    "status.{type}.email:is:out",
    "status.{type}.email:is:in,none",
    "own.{type}.email:is:yes",
    "own.{type}.email:is:no",
    "sendable.{type}.email:is:yes",
    "left.{unit}.email:is:yes",
    "left.all.email:is:yes",
    "undeliverable.email:is:no",
    "source.{type}.email:is:PREFERENCE_PAGE,ONE_CLICK",
    "changed.{type}.email:newer:3",
    "country:is:PL|unit:is:{unit}",
    "first_name:has:a%",
    "address.email:has:3@x;country:not:PL",
)


@pytest.mark.parametrize("text", FILTERS)
@pytest.mark.parametrize("is_limited", [False, True])
def test_whoever_is_asked_one_by_one_is_who_the_set_holds(editor, sampled, text, is_limited):
    """A page and a sample are read by statements of their own; jobs take the set."""
    kind, now = TypeFactory(), timezone.now()
    user = UserFactory(units=[kind.business_unit]) if is_limited else editor
    for number in range(8):
        units = [UnitFactory()] if number == 7 else [kind.business_unit]
        country = "PL" if number % 3 else "DE"
        name = "ba%r" if number == 3 else "bar"
        contact = make_contact(f"{number}@x.example", units=units, country=country, first_name=name)
        address_id = contact.contact_addresses.get().address_id
        if number % 2:
            act(address_id, own(of(kind), OUT))
        if number in (2, 5):
            Address.objects.filter(pk=address_id).update(undeliverable_at=now)
        if number > 5:
            act(address_id, own(unit_scope(kind.business_unit_id), OUT))
    text = text.format(type=kind.pk, unit=kind.business_unit_id)
    for search in ("", "x.example"):
        query = replace(asked(user, text), search=search)
        assert query.filters.is_valid, query.filters.first_problem
        expected = set(find_contacts(user, query).values_list("pk", flat=True))
        for _ in range(7):  # from the sixth time on PostgreSQL keeps a plan
            page = get_contact_page(user, query, {})
        assert {row.pk for row in page.rows} == expected
        everybody = list(Contact.objects.values_list("pk", flat=True))
        places = places_of(visible_to(user, walking_of(query)), everybody, len(everybody))
        assert {everybody[place - 1] for place in places} == expected
        assert places == sorted(places)


def test_the_time_that_a_kept_filter_looks_at_is_that_of_the_request(editor):
    kind = TypeFactory()
    address_id = make_contact("a@x.example").contact_addresses.get().address_id
    now = timezone.now()
    pause(address_id=address_id, until=now + timedelta(days=2), now=now)
    for days, count in ((0, 0), (3, 1), (1, 0)):
        catalogue = catalogue_for(editor, now=now + timedelta(days=days))
        query = ContactQuery(filters=read_filter(f"sendable.{kind.pk}.email:is:yes", catalogue))
        assert len(get_contact_page(editor, query, {}).rows) == count


def test_few_are_read_once_for_their_number_and_their_page(editor, sampled):
    for number in range(12):
        make_contact(f"{number}@x.example", first_name="Zoe" if number % 4 == 0 else "Bo")
    query = ContactQuery(search="zoe", size=25)
    found = count_matches(editor, query, get_unit_sets())
    assert found == Total(3)
    page = get_contact_page(editor, query, {}, among=found.ids)
    assert [row.first_name for row in page.rows] == ["Zoe"] * 3
    assert {row.pk for row in page.rows} == set(found.ids)


def test_fewer_hits_than_enough_still_say_at_least_and_at_most(editor, sampled, monkeypatch):
    """9 of 30 may be 4 of 30: so with a limit of 3 nobody is counted to say that they are more."""
    for number in range(30):
        make_contact(f"{number}@x.example", country="PL" if number < 9 else "")
    monkeypatch.setattr(counting, "_estimated", lambda *_asked: (30, 9))
    monkeypatch.setattr(counting, "COUNT_LIMIT", 3)
    query, sets = asked(editor, "country:is:PL"), get_unit_sets()
    assert count_matches(editor, query, sets) == Total(3, is_more=True)
    monkeypatch.setattr(counting, "COUNT_LIMIT", 100)
    assert count_matches(editor, query, sets) == Total(9)
    monkeypatch.setattr(counting, "_count_some", lambda *_asked: Total(0, is_fewer=True))
    assert count_matches(editor, query, sets) == Total(17, is_fewer=True)
