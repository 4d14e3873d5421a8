"""How many match: exactly among few, about among many, never by looking at everybody."""

from dataclasses import replace

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
from contacts.selectors import ContactQuery, get_contact_page, get_unit_sets
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
