"""What people read of a subscription type, in their language where there is a translation."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from preferences.bulk_sql import fetch_all, ids_match, ids_parameter, run_prepared
from preferences.models import BusinessUnit, SubscriptionType, SubscriptionTypeTranslation

_IN_ORDER = f"""
    JOIN {BusinessUnit._meta.db_table} unit ON unit.id = kind.business_unit_id
    ORDER BY unit.position, unit.name, unit.id, kind.position, kind.name, kind.id"""
_TEXTS = f"""
    SELECT kind.id, kind.name, kind.description, kind.language,
        other.name, other.description, other.language
    FROM {SubscriptionType._meta.db_table} kind
    LEFT JOIN {SubscriptionTypeTranslation._meta.db_table} other
        ON other.subscription_type_id = kind.id AND other.language = %s
            AND other.language <> kind.language """


class TypeText(NamedTuple):
    """``language`` is that of the words, which may not be the one that was asked for."""

    name: str
    description: str
    language: str


def texts_for(type_ids: Collection[int], language: str) -> dict[int, TypeText]:
    """Return name and description of types by id: one query, none for none."""
    if not type_ids:
        return {}
    where = f"WHERE {ids_match('kind.id')}"
    return _texts(fetch_all(_TEXTS + where, [language, ids_parameter(type_ids)]))


def texts_in_order(language: str) -> dict[int, TypeText]:
    """Return the texts of every type there is, in the order of the catalogue: one query."""
    return _texts(run_prepared(_TEXTS + _IN_ORDER, [language]))


def _texts(rows: Iterable[Sequence[Any]]) -> dict[int, TypeText]:
    return {row[0]: TypeText(*(row[4:7] if row[4] else row[1:4])) for row in rows}
