"""What people read of a subscription type, in their language where there is a translation."""

from collections.abc import Collection
from typing import NamedTuple

from preferences.bulk_sql import fetch_all, ids_match, ids_parameter
from preferences.models import SubscriptionType, SubscriptionTypeTranslation

_TEXTS = f"""
    SELECT kind.id, kind.name, kind.description, kind.language,
        other.name, other.description, other.language
    FROM {SubscriptionType._meta.db_table} kind
    LEFT JOIN {SubscriptionTypeTranslation._meta.db_table} other
        ON other.subscription_type_id = kind.id AND other.language = %s
            AND other.language <> kind.language
    WHERE """


class TypeText(NamedTuple):
    """``language`` is that of the words, which may not be the one that was asked for."""

    name: str
    description: str
    language: str


def texts_for(type_ids: Collection[int], language: str) -> dict[int, TypeText]:
    """Return name and description of types by id: one query, none for none."""
    if not type_ids:
        return {}
    found = fetch_all(_TEXTS + ids_match("kind.id"), [language, ids_parameter(type_ids)])
    return {row[0]: TypeText(*(row[4:7] if row[4] else row[1:4])) for row in found}
