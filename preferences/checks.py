"""What must be true of this installation before it answers anybody."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connection

from preferences.address_book import is_key_of
from preferences.models import Address

LOOKED_AT = 100  # addresses; their ids are hashes, so these are drawn at random


def check_address_key(
    *, databases: Sequence[str] | None = None, **_: Any
) -> Iterable[CheckMessage]:
    """Tell when addresses were stored with another key: with this one no opt-out would be found."""
    if not databases or Address._meta.db_table not in connection.introspection.table_names():
        return []
    some = Address.objects.exclude(canonical="").order_by("pk")[:LOOKED_AT]
    if all(is_key_of(address) for address in some):
        return []
    return [
        Error(
            "The first key of ADDRESS_KEYS is not the one that the stored addresses were made with.",
            hint="Put the key back that was used so far; without it every opt-out is lost.",
            id="preferences.E001",
        )
    ]
