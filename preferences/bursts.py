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

from preferences.bulk_sql import array_literal, is_postgresql, moment, parameter, run_prepared
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


# The same of several at one moment, PostgreSQL's way. Those of them are left out of the count: who of
# them had spoken before comes along (``was_there``), and who comes before whom is known.
_NOTE_ALL = f"""
    WITH asked AS (
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::int[])
            WITH ORDINALITY AS asked(network, address_id, since, enough, place)
    ), known AS (
        SELECT asked.*, coalesce((
            SELECT began_at FROM {_TABLE} AS last
            WHERE last.network = asked.network AND last.said_at >= asked.since
            ORDER BY last.said_at DESC LIMIT 1), %s::timestamptz) AS began_at, (
            SELECT count(*) FROM (
                SELECT 1 FROM {_TABLE} AS other
                WHERE other.network = asked.network AND other.said_at >= asked.since
                    AND (other.network, other.address_id)
                        NOT IN (SELECT mate.network, mate.address_id FROM asked AS mate)
                ORDER BY other.said_at DESC LIMIT asked.enough
            ) AS others) AS others, EXISTS (
            SELECT 1 FROM {_TABLE} AS own
            WHERE own.network = asked.network AND own.address_id = asked.address_id
                AND own.said_at >= asked.since) AS was_there
        FROM asked
    ), noted AS (
        INSERT INTO {_TABLE} (network, address_id, said_at, began_at)
        SELECT DISTINCT ON (network, address_id) network, address_id, %s::timestamptz, began_at FROM known
        ON CONFLICT (network, address_id) DO UPDATE
            SET said_at = excluded.said_at, began_at = excluded.began_at
    )
    SELECT network, address_id, began_at, others, was_there FROM known ORDER BY place
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
    counted = [note for note in notes if note is not None]
    try:
        if is_postgresql() and len(counted) > 1:
            bursts = iter(_noted_together(counted, now))
        else:
            bursts = iter([_noted(note, now) for note in counted])
    except DatabaseError:
        log.exception("opt-outs from one network could not be counted")
        return [ALONE for _note in notes]
    return [ALONE if note is None else next(bursts) for note in notes]


def _noted(note: Note, now: datetime) -> Burst:
    key = network_key(note.network)
    said_at, since = parameter(now), parameter(now - timedelta(seconds=note.seconds))
    asked = [key, note.address_id, said_at, key, since, said_at]
    asked += [key, since, note.address_id, note.enough]
    began_at, others = run_prepared(_NOTE, asked)[0]
    return Burst(_name(key, began_at), others)


def _noted_together(notes: Sequence[Note], now: datetime) -> list[Burst]:
    """Note them as if one came after the other, in one statement."""
    asked = [
        array_literal([network_key(note.network) for note in notes]),
        array_literal([note.address_id for note in notes]),
        array_literal([now - timedelta(seconds=note.seconds) for note in notes]),
        array_literal([note.enough for note in notes]),
    ]
    rows = run_prepared(_NOTE_ALL, [*asked, now, now])
    bursts = []
    for place, (note, (key, one, began_at, others, _)) in enumerate(zip(notes, rows, strict=True)):
        mates = {
            mate
            for at, (network, mate, _began_at, _others, was_there) in enumerate(rows)
            if network == key and mate != one and (at < place or was_there)
        }
        bursts.append(Burst(_name(key, began_at), min(note.enough, others + len(mates))))
    return bursts


def _name(key: int, began_at: object) -> str:
    return f"{key:x}-{int(moment(began_at).timestamp())}"


def forget_networks(*, now: datetime) -> int:
    """Remove what is older than an hour; return how many rows that were."""
    return RecentOptOut.objects.filter(said_at__lt=now - KEPT).delete()[0]


def network_key(network: str) -> int:
    """Return the keyed hash that a network is remembered by."""
    key = hmac.digest(settings.SECRET_KEY.encode(), b"opt-outs from a network", hashlib.sha256)
    return int.from_bytes(hmac.digest(key, network.encode(), hashlib.sha256)[:8]) >> 1
