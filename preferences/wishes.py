"""What people wish beside consent and is in force now: pauses and how often, in one query."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from preferences.bulk_sql import match, moment, parameter
from preferences.gathering import Read, read_together
from preferences.models import FrequencyWish, Pause
from preferences.values import Frequency

_PAUSE = (("address_id", "bigint"), ("until", "timestamptz"))
_FREQUENCY = (
    ("address_id", "bigint"),
    ("subscription_type_id", "bigint"),
    ("frequency", "varchar"),
)


class Wishes(NamedTuple):
    """``paused``: until when, by address. ``frequencies``: by address and type, as they were asked
    for; whether the type still offers that is the reader's to see.
    """

    paused: dict[int, datetime]
    frequencies: dict[tuple[int, int], Frequency]


def open_wishes(address_ids: Collection[int], *, now: datetime) -> Wishes:
    """Return the wishes of these addresses that are in force."""
    matches, ids = match("address_id", address_ids)
    pauses = f"FROM {Pause._meta.db_table} WHERE ended_at IS NULL AND until > %s AND {matches}"
    often = f"FROM {FrequencyWish._meta.db_table} WHERE ended_at IS NULL AND {matches}"
    paused, frequencies = read_together(
        [Read(_PAUSE, pauses, (parameter(now), ids)), Read(_FREQUENCY, often, (ids,))]
    )
    return Wishes(
        {address_id: moment(until) for address_id, until in paused},
        {(address_id, type_id): Frequency(word) for address_id, type_id, word in frequencies},
    )
