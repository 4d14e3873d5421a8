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
    events = _new_events(last, horizon)
    if not events:
        return None
    ids = [event_id for event_id, _ in events]
    number = last.number + 1 if last else 1
    if last and horizon < last.horizon and len(events) >= SEAL_LIMIT:
        horizon = last.horizon  # still busy with the events of the cluster that was restored
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


def _new_events(last: Seal | None, horizon: int) -> list[tuple[int, bytes]]:
    """Return (id, digest) of the next final events, ascending: latecomers first, then new ids.

    A latecomer has an id that seals have passed, and a transaction that was still running then.
    """
    passed = Seal.objects.aggregate(last=Max("last_id"))["last"] or 0
    since = last.horizon if last else 0
    select = f"SELECT id, digest FROM {TABLE} WHERE id"
    if connection.vendor != "postgresql":
        return fetch_all(f"{select} > %s ORDER BY id LIMIT %s", [passed, SEAL_LIMIT])
    # Transaction ids start over when a dump is restored into a new cluster: what came with it is
    # final, whatever its transaction ids.
    is_restored = horizon < since
    either = "OR" if is_restored else "AND"
    late = fetch_all(
        f"{select} <= %s AND (transaction_id >= %s {either} transaction_id < %s) ORDER BY id",
        [passed, since, horizon],
    )
    if late:
        late = outside(late, sealed_ranges(late[0][0], late[-1][0]))
    bound = "" if is_restored else f" AND transaction_id < {horizon}"
    room = max(0, SEAL_LIMIT - len(late))
    return late + fetch_all(f"{select} > %s{bound} ORDER BY id LIMIT %s", [passed, room])


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
