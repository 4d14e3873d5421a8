"""The statements of the index: those that ask one contact after the other, a page in its order and a
sample, and the one that collects few.

They are put together as text, since Python took longer to compile a queryset than the database takes
for its page; and PostgreSQL keeps the plan of those whose plan does not depend on their values, since
planning what a status depends on takes as long as asking it of a page (docs/benchmarks.md).
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connection

from accounts.access import reach_of
from accounts.models import User
from contacts.access import unit_set_ids
from contacts.filters.compiling import Sql
from contacts.models import Contact
from preferences.bulk_sql import (
    fetch_all,
    ids_match,
    ids_parameter,
    numbered_ids,
    parameter,
    run_prepared,
)
from subscriptions_site.web.paging import Direction, Page, Place, page_at

_TABLE = Contact._meta.db_table
_FIELDS = [field for field in Contact._meta.concrete_fields if field.attname != "search_text"]
_PROPERTIES = "properties"  # read only where they are shown
# What a page is sorted by -> its SQL; the indexes of the table are over the same.
_ORDERS = {"company_key": "LOWER(company)"}
_MOMENTS = frozenset({"updated_at", "created_at"})


def visible_to(user: User, condition: Sql) -> Sql:
    """Return the condition, of the contacts this user sees."""
    reach = reach_of(user)
    words = [f"{_TABLE}.deleted_at IS NULL"]
    if not reach.all_units:
        # Named one by one: the planner then knows how common they are, so no plan is kept.
        sets = ",".join(map(str, unit_set_ids(reach.unit_ids))) or "NULL"
        words.append(f"{_TABLE}.unit_set_id IN ({sets})")
    return condition._replace(
        text=" AND ".join([*words, condition.text]),
        is_steady=condition.is_steady and reach.all_units,
    )


def both(one: Sql, other: Sql) -> Sql:
    """Return what satisfies two conditions."""
    return Sql(
        f"{one.text} AND {other.text}",
        (*one.parameters, *other.parameters),
        one.is_steady and other.is_steady,
    )


def one_of(contact_ids: Iterable[int]) -> Sql:
    """Return the condition that only these few satisfy."""
    return Sql(ids_match(f"{_TABLE}.id"), (ids_parameter(contact_ids),), True)


def walk_page(where: Sql, place: Place, size: int, *, with_properties: bool) -> Page[Contact]:
    """Return the page at a place; walks through the contacts in their order until it is full."""
    key = _ORDERS.get(place.order[0], place.order[0])
    fields = [field for field in _FIELDS if with_properties or field.attname != _PROPERTIES]
    compare, way = ("<", "DESC") if place.is_descending else (">", "ASC")
    text, values = where.text, list(where.parameters)
    if place.position is not None:
        text = f"{text} AND ({key}, id) {compare} (%s, %s)"
        value, pk = place.position
        values += [parameter(value) if place.order[0] in _MOMENTS else value, pk]
    names = ", ".join([field.attname for field in fields])
    rows = _ask(
        f"SELECT {names}, {key} FROM {_TABLE} WHERE {text} ORDER BY {key} {way}, id {way} LIMIT {size + 1}",
        values,
        is_steady=where.is_steady,
    )
    return page_at(place, _contacts(rows, fields, place.order[0]), size)


def places_of(where: Sql, contact_ids: Iterable[int], most: int) -> list[int]:
    """Return which of these contacts satisfy the condition, as places in their order, from 1 on.

    They are asked one after the other until ``most`` did.
    """
    asked = f"SELECT 1 FROM {_TABLE} WHERE {_TABLE}.id = chosen.id AND {where.text}"
    rows = _ask(
        f"SELECT place FROM {numbered_ids('chosen')} "
        f"WHERE CASE WHEN EXISTS ({asked}) THEN 1 ELSE 0 END = 1 LIMIT %s",
        [ids_parameter(contact_ids), *where.parameters, most],
        is_steady=where.is_steady,
    )
    return [place for (place,) in rows]


def ids_in_order(where: Sql, order: tuple[str, Direction], most: int) -> list[int]:
    """Return who satisfies the condition, in the order of a page; if they are more than that, only some."""
    key, way = _ORDERS.get(order[0], order[0]), order[1].upper()
    rows = fetch_all(
        f"SELECT id FROM (SELECT id, {key} AS place FROM {_TABLE} WHERE {where.text} LIMIT {most:d}) found "
        f"ORDER BY place {way}, id {way}",
        where.parameters,
    )
    return [pk for (pk,) in rows]


def _ask(sql: str, values: Sequence[Any], *, is_steady: bool) -> list[tuple[Any, ...]]:
    return (run_prepared if is_steady else fetch_all)(sql, values)


def _contacts(rows: Sequence[Sequence[Any]], fields: Sequence[Any], key: str) -> list[Contact]:
    """Return the rows as contacts; the last column is what they are sorted by."""
    names = [field.attname for field in fields]
    converters = [(place, *_converters_of(field)) for place, field in enumerate(fields)]
    converters = [found for found in converters if found[2]]
    contacts = []
    for row in rows:
        values = list(row[:-1])
        for place, column, found in converters:
            for convert in found:
                values[place] = convert(values[place], column, connection)
        contact = Contact.from_db(connection.alias, names, values)
        if key in _ORDERS:
            setattr(contact, key, row[-1])
        contacts.append(contact)
    return contacts


@cache
def _converters_of(field: Any) -> tuple[Any, list[Any]]:
    """Return the column and what makes its values ones of Python, as a queryset would."""
    column = field.cached_col
    of_database = connection.ops.get_db_converters(column)
    return column, [*of_database, *field.get_db_converters(connection)]
