"""The sealer: puts new events under a Merkle root chained to the seal before.

Ids are not in commit order, so on PostgreSQL only events of transactions older than the oldest
running one (of any database of the server) are sealed; SQLite has one writer, where every committed
event is final. One seal at a time: a lock, held to the end of the transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from preferences import seal
from preferences.bulk_sql import fetch_all
from preferences.models import ConsentEvent, Seal

SEAL_LIMIT = 200_000  # events under one seal, so that memory stays flat
READ_AT_ONCE = 20_000  # candidates for latecomers; after a restore that is every event there is
_LOWEST = -(1 << 63)
_LOCK = 0x5EA1
TABLE = ConsentEvent._meta.db_table


def seal_events(*, now: datetime) -> list[Seal]:
    """Seal all events that are final, in seals of at most ``SEAL_LIMIT``; return the new seals."""
    made: list[Seal] = []
    while True:
        with transaction.atomic():
            made_now = _seal_some(now)
        if made_now is None:
            return made
        made.append(made_now)
        if made_now.count < SEAL_LIMIT:
            return made


def _seal_some(now: datetime) -> Seal | None:
    if connection.vendor == "postgresql":
        fetch_all("SELECT pg_advisory_xact_lock(%s)::text", [_LOCK])
    last = Seal.objects.order_by("-number").first()
    horizon = _horizon()
    late = _latecomers(last, horizon)
    events = late + _behind(last, horizon, SEAL_LIMIT - len(late))
    if not events:
        return None
    ids = [event_id for event_id, _ in events]
    number = last.number + 1 if last else 1
    is_restored = last is not None and horizon < last.horizon
    if last and len(late if not is_restored else events) >= SEAL_LIMIT:
        horizon = last.horizon  # more of the same may be left for the next seal
    fields: dict[str, Any] = {
        "number": number,
        "sealed_at": now,
        "horizon": horizon,
        "count": len(ids),
        "ranges": seal.to_ranges(ids),
        "root": seal.merkle_root([bytes(digest) for _, digest in events]),
        "previous_head": bytes(last.head) if last else seal.GENESIS,
    }
    return Seal.objects.create(
        first_id=ids[0], last_id=ids[-1], head=seal.seal_head(**fields), **fields
    )


def _horizon() -> int:
    """Return the oldest running transaction; 0 on SQLite, where none is but ours."""
    if connection.vendor != "postgresql":
        return 0
    return int(fetch_all("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint", [])[0][0])


def _latecomers(last: Seal | None, horizon: int) -> list[tuple[int, bytes]]:
    """Return (id, digest) of final events whose ids seals have passed, ascending.

    Their transactions were still running then. Transaction ids start over when a dump is restored
    into a new cluster: what came with it is final, whatever its transaction ids.
    """
    if last is None or connection.vendor != "postgresql":
        return []
    either = "OR" if horizon < last.horizon else "AND"
    sql = (
        f"SELECT id, digest FROM {TABLE} WHERE id > %s AND id <= %s "
        f"AND (transaction_id >= %s {either} transaction_id < %s) ORDER BY id LIMIT %s"
    )
    found: list[tuple[int, bytes]] = []
    after, passed = _LOWEST, _passed()
    while len(found) < SEAL_LIMIT:
        rows = fetch_all(sql, [after, passed, last.horizon, horizon, READ_AT_ONCE])
        if rows:
            after = rows[-1][0]
            found += outside(rows, sealed_ranges(rows[0][0], after))
        if len(rows) < READ_AT_ONCE:
            break
    return found[:SEAL_LIMIT]


def _behind(last: Seal | None, horizon: int, room: int) -> list[tuple[int, bytes]]:
    """Return (id, digest) of the next final events behind all seals, ascending."""
    is_bound = connection.vendor == "postgresql" and not (last and horizon < last.horizon)
    bound = f" AND transaction_id < {horizon}" if is_bound else ""
    sql = f"SELECT id, digest FROM {TABLE} WHERE id > %s{bound} ORDER BY id LIMIT %s"
    return fetch_all(sql, [_passed(), room])


def _passed() -> int:
    return Seal.objects.aggregate(last=Max("last_id"))["last"] or 0


def sealed_ranges(first: int, last: int) -> Iterator[range]:
    """Yield the ranges of all seals that may hold ids between these two."""
    seals = Seal.objects.filter(first_id__lte=last, last_id__gte=first)
    for text in seals.values_list("ranges", flat=True):
        yield from seal.from_ranges(text)


def outside(events: Sequence[tuple], sealed: Iterable[range]) -> list[tuple]:
    """Return the events, given as tuples that begin with their ascending ids, that no range holds."""
    ranges = sorted(sealed, key=lambda one: one.start)
    kept, position = [], 0
    for event in events:
        while position < len(ranges) and ranges[position].stop <= event[0]:
            position += 1
        if position == len(ranges) or event[0] not in ranges[position]:
            kept.append(event)
    return kept
