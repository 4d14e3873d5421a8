"""The SQL of a filter for who asks one contact after the other, compiled once and kept for the next page.

Compiling what a status depends on takes longer than asking for it. What is kept is a function of the
tree, of the catalogue it was read with and of the policy, so nothing has to be thrown away when one
changes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection
from django.db.models import Q

from accounts.access import Reach
from contacts.filters.catalogue import Catalogue
from contacts.filters.querying import asked_of_each, where
from contacts.filters.tree import Group, conditions_of
from contacts.models import Contact
from preferences.bulk_sql import parameter
from preferences.outline import Outline, TypeLine
from preferences.values import Policy

KEPT = 500
# What hangs on the contact's primary address: asked of each contact by index, whatever its values are.
_OF_ADDRESSES = frozenset(
    {"status", "own", "anywhere", "left", "sendable", "undeliverable", "basis", "source"}
)
OF_STATUSES = _OF_ADDRESSES | {"changed"}  # dear to ask of each
_KEPT_FIELDS = _OF_ADDRESSES | {"country", "stage", "owner", "language"}
_NOW = datetime(2000, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)  # stands for the time of the request


class Sql(NamedTuple):
    """A condition on rows of the table of contacts.

    ``is_steady``: whatever the values are, one plan is right, so PostgreSQL may keep it.
    """

    text: str
    parameters: tuple[Any, ...] = ()
    is_steady: bool = False


EVERYBODY, NOBODY = Sql("1 = 1", (), True), Sql("1 = 0", (), True)


def walked(tree: Group, catalogue: Catalogue) -> Sql:
    """Return what a contact must satisfy, for queries from the table of contacts alone."""
    fields = {one.field for _path, one in conditions_of(tree)}
    if not fields <= _KEPT_FIELDS:
        return compiled(asked_of_each(where(tree, catalogue)))
    units, types = tuple(catalogue.units.items()), tuple(catalogue.outline.types)
    policy = catalogue.policy if "sendable" in fields else None
    found = _kept(tree, catalogue.reach, units, types, policy)
    return found._replace(
        parameters=tuple(_timed(found.parameters, catalogue.now)),
        is_steady=fields <= _OF_ADDRESSES,
    )


@lru_cache(maxsize=KEPT)
def _kept(
    tree: Group,
    reach: Reach,
    units: tuple[tuple[int, str], ...],
    types: tuple[TypeLine, ...],
    policy: Policy | None,
) -> Sql:
    outline = Outline(dict(units), list(types))
    catalogue = Catalogue(reach, now=_NOW, outline=outline, policy=policy)
    return compiled(asked_of_each(where(tree, catalogue)))


def _timed(parameters: tuple[Any, ...], now: datetime) -> Iterator[Any]:
    """Yield the parameters with the time of the request."""
    mark, moment = parameter(_NOW), parameter(now)
    return (moment if value == mark else value for value in parameters)


def compiled(found: Q) -> Sql:
    """Return the condition as SQL."""
    query = Contact.objects.filter(found).query
    compiler = query.get_compiler(connection=connection)
    try:
        compiler.pre_sql_setup()
        sql, parameters = compiler.compile(query.where)
    except EmptyResultSet:
        return NOBODY
    except FullResultSet:
        return EVERYBODY
    return Sql(f"({sql})", tuple(parameters))
