"""Bursts: opt-outs of several addresses from one network within seconds (R24).

What is kept says neither network nor address in clear, and lives an hour.
"""

import hashlib
import hmac
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError

from preferences.bulk_sql import moment, parameter, run_prepared
from preferences.models import RecentOptOut

log = logging.getLogger(__name__)

KEPT = timedelta(hours=1)
_TABLE = RecentOptOut._meta.db_table
# One statement, because one-click is where speed counts. An address counts once however often it
# comes; a burst goes on as long as the next address comes soon enough.
_NOTE = f"""
    INSERT INTO {_TABLE} (network, address_id, said_at, began_at)
    VALUES (%s, %s, %s, coalesce((
        SELECT began_at FROM {_TABLE} WHERE network = %s AND said_at >= %s
        ORDER BY said_at DESC LIMIT 1), %s))
    ON CONFLICT (network, address_id) DO UPDATE
        SET said_at = excluded.said_at, began_at = excluded.began_at
    RETURNING began_at, (SELECT count(*) FROM (
        SELECT 1 FROM {_TABLE} WHERE network = %s AND said_at >= %s AND address_id <> %s
        ORDER BY said_at DESC LIMIT %s
    ) AS others)
"""


class Note(NamedTuple):
    """An opt-out to remember: for so many seconds it counts, and up to ``enough`` others are counted."""

    network: str
    address_id: int
    seconds: int
    enough: int


class Burst(NamedTuple):
    """Who else opted out from there: ``others`` is counted up to what was asked for.

    ``name`` tells bursts apart and says nothing else.
    """

    name: str
    others: int


ALONE = Burst("", 0)


def note_opt_outs(notes: Sequence[Note | None], *, now: datetime) -> list[Burst]:
    """Remember who opts out from where, and return for each who did just before; nobody for None.

    A person's opt-out never fails because it could not be counted.
    """
    try:
        return [ALONE if note is None else _noted(note, now) for note in notes]
    except DatabaseError:
        log.exception("opt-outs from one network could not be counted")
        return [ALONE for _note in notes]


def _noted(note: Note, now: datetime) -> Burst:
    key = network_key(note.network)
    said_at, since = parameter(now), parameter(now - timedelta(seconds=note.seconds))
    asked = [key, note.address_id, said_at, key, since, said_at]
    asked += [key, since, note.address_id, note.enough]
    began_at, others = run_prepared(_NOTE, asked)[0]
    return Burst(f"{key:x}-{int(moment(began_at).timestamp())}", others)


def forget_networks(*, now: datetime) -> int:
    """Remove what is older than an hour; return how many rows that were."""
    return RecentOptOut.objects.filter(said_at__lt=now - KEPT).delete()[0]


def network_key(network: str) -> int:
    """Return the keyed hash that a network is remembered by."""
    key = hmac.digest(settings.SECRET_KEY.encode(), b"opt-outs from a network", hashlib.sha256)
    return int.from_bytes(hmac.digest(key, network.encode(), hashlib.sha256)[:8]) >> 1
