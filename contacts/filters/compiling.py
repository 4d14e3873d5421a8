"""The SQL of a filter, compiled once for the queries of a page, and kept for the next page.

Compiling what a status depends on takes longer than asking for it. What is kept is a function of the
tree and of the catalogue it was read with, so nothing has to be thrown away when either changes.
"""

from datetime import UTC, datetime
from functools import lru_cache

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from accounts.access import Reach
from contacts.filters.catalogue import Catalogue
from contacts.filters.querying import asked_of_each, where
from contacts.filters.tree import Group, conditions_of
from contacts.models import Contact
from preferences.outline import Outline, TypeLine

KEPT = 500
# What depends on the tree, the types and the units alone: on no clock, policy or table besides.
_KEPT_FIELDS = frozenset({"status", "own", "anywhere", "left", "undeliverable", "country", "stage"})
_DAYBREAK = datetime(2000, 1, 1, tzinfo=UTC)


def walked(tree: Group, catalogue: Catalogue) -> Q:
    """Return what a contact must satisfy, for queries from the table of contacts alone."""
    if all(one.field in _KEPT_FIELDS for _path, one in conditions_of(tree)):
        units, types = tuple(catalogue.units.items()), tuple(catalogue.outline.types)
        return _kept(tree, catalogue.reach, units, types)
    return compiled(asked_of_each(where(tree, catalogue)))


@lru_cache(maxsize=KEPT)
def _kept(
    tree: Group, reach: Reach, units: tuple[tuple[int, str], ...], types: tuple[TypeLine, ...]
) -> Q:
    outline = Outline(dict(units), list(types))
    return compiled(asked_of_each(where(tree, Catalogue(reach, now=_DAYBREAK, outline=outline))))


def compiled(found: Q) -> Q:
    """Return the same as SQL; as it is when it means everybody or nobody."""
    query = Contact.objects.filter(found).query
    compiler = query.get_compiler(connection=connection)
    try:
        compiler.pre_sql_setup()
        sql, parameters = compiler.compile(query.where)
    except (EmptyResultSet, FullResultSet):
        return found
    return Q(RawSQL(f"({sql})", tuple(parameters), BooleanField()))  # noqa: S611 - our own SQL
