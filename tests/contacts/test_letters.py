"""A search is led by letters that few have, and finds whoever has the whole word."""

import re
from dataclasses import replace

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from contacts import counting, letters
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
from contacts.units import change_counts
from contacts.walking import places_of, visible_to
from tests.factories import make_contact
from tests.preferences.kernel import IS_POSTGRESQL

pytestmark = pytest.mark.django_db
on_postgresql = pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite has no index of letters")
PEOPLE = 145


@pytest.fixture
def alike():
    """People whose addresses differ in a number only, and what is kept of other tests forgotten."""
    cache.clear()
    template = make_contact("person0@mail.example")
    Contact.objects.bulk_create(
        Contact(
            unit_set=template.unit_set,
            created_at=template.created_at,
            updated_at=template.updated_at,
            last_name=f"Person{number}",
            search_text=f" person{number} person{number}@mail.example",
        )
        for number in range(1, PEOPLE)
    )
    change_counts({template.unit_set_id: PEOPLE - 1})
    yield
    cache.clear()


def _asked_of_the_index(contacts) -> list[str]:
    """Return the patterns of a plan that an index of ``search_text`` can be asked for."""
    with connection.cursor() as cursor:
        sql, parameters = contacts.values("pk").query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", parameters)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    return re.findall(r"\(search_text ~~ '([^']*)'", plan)


@on_postgresql
def test_the_index_is_not_asked_for_letters_that_everybody_has(editor, alike):
    found = find_contacts(editor, ContactQuery(search="person123@mail"))
    assert _asked_of_the_index(found) == ["%on123@ma%"]


@on_postgresql
def test_a_filter_by_address_is_led_the_same_way(editor, alike):
    catalogue = catalogue_for(editor, now=timezone.now())
    query = ContactQuery(filters=read_filter("address.email:has:person123", catalogue))
    assert _asked_of_the_index(find_contacts(editor, query)) == ["%on123%"]
    assert query.is_led


@on_postgresql
def test_a_word_that_everybody_has_is_looked_for_beside_the_one_that_leads(editor, alike):
    found = find_contacts(editor, ContactQuery(search="person 123"))
    assert _asked_of_the_index(found) == ["%123%"]


@on_postgresql
def test_a_part_without_three_letters_in_a_row_leads_nobody(editor, alike):
    found = find_contacts(editor, ContactQuery(search="son@---.mailzof"))
    assert _asked_of_the_index(found) == ["%ilzof%"]


@on_postgresql
def test_who_leads(alike):
    assert letters.leads("person123")
    assert letters.leads("zofia")
    assert not letters.leads("person")
    assert not letters.leads("mail.example")
    assert not letters.leads("@")


WORDS = (
    "person12",
    "person123@mail",
    "person 12",
    "son@mai",
    "12@",
    "123",
    " p",
    "zofia",
    "1",
    "%",
)


@pytest.mark.parametrize("words", WORDS)
def test_whatever_leads_whoever_has_the_words_is_found(editor, alike, words):
    make_contact(first_name="Zofia", last_name="Nowak 100%")
    query = ContactQuery(search=words)
    parts = [word if len(word) > 2 else f" {word}" for word in words.split()]
    expected = {
        pk
        for pk, text in Contact.objects.values_list("pk", "search_text")
        if all(part in text for part in parts)
    }
    assert set(find_contacts(editor, query).values_list("pk", flat=True)) == expected
    everybody = sorted(Contact.objects.values_list("pk", flat=True))
    places = places_of(visible_to(editor, walking_of(query)), everybody, len(everybody))
    assert {everybody[place - 1] for place in places} == expected


@pytest.mark.parametrize("sort", ["-updated", "name"])
def test_some_are_read_once_for_their_number_and_for_every_page(editor, alike, monkeypatch, sort):
    monkeypatch.setattr(counting, "EXACT_UP_TO", 5)
    query, sets = ContactQuery(search="person14", size=2, sort=sort), get_unit_sets()
    found = replace(count_matches(editor, query, sets), is_rare=False)
    assert found == Total(6)  # 14, and 140 to 144
    seen, place = [], {}
    for size in (2, 2, 2):
        page = get_contact_page(editor, query, place, among=found.ids)
        assert len(page.rows) == size
        seen += [row.pk for row in page.rows]
        place = {"after": page.after}
    assert tuple(seen) == found.ids
    back = get_contact_page(editor, query, {"before": page.before}, among=found.ids)
    assert [row.pk for row in back.rows] == seen[2:4]


def test_what_too_many_have_is_not_read(editor, alike, monkeypatch):
    monkeypatch.setattr(counting, "EXACT_UP_TO", 5)
    for name in ("FEW", "COUNT_LIMIT"):
        monkeypatch.setattr(counting, name, 10)
    found = count_matches(editor, ContactQuery(search="person12"), get_unit_sets())
    assert (found.count, found.is_more, found.ids) == (10, True, None) or found.is_about
    assert not found.is_rare
    found = count_matches(editor, ContactQuery(search="person"), get_unit_sets())
    assert found.is_about
    assert found.count == pytest.approx(PEOPLE, rel=0.1)


def test_contacts_are_asked_in_their_order_and_no_more_of_them_than_needed(editor, alike):
    everybody = sorted(Contact.objects.values_list("pk", flat=True), reverse=True)
    where = visible_to(editor, walking_of(ContactQuery(search="9@mail")))
    texts = dict(Contact.objects.values_list("pk", "search_text"))
    expected = [n for n, pk in enumerate(everybody, 1) if "9@mail" in texts[pk]]
    assert places_of(where, everybody, PEOPLE) == expected
    assert places_of(where, everybody, 3) == expected[:3]
