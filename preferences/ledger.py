"""The only writer of consent events.

An event is the sum of a ``Stamp``, which all addresses of one act share, and of the few numbers that
are its own. That keeps bulk cheap: digests and COPY lines reuse the stamp's bytes.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count
from typing import Any, NamedTuple

from django.db import connection

from preferences import seal
from preferences.bulk_sql import (
    FEW,
    SmallWrites,
    columns_of,
    copy_lines,
    copy_text,
    insert_rows,
    is_postgresql,
)
from preferences.gathering import Read
from preferences.models import EVENT_SEQUENCE, ConsentEvent, Evidence

TABLE = ConsentEvent._meta.db_table
EVIDENCE = Evidence._meta.db_table
_COLUMNS = columns_of(ConsentEvent, seal.EVENT_COLUMNS)


class Entry(NamedTuple):
    """One event to write: its own numbers, and the stamp it shares."""

    own: seal.Own
    stamp: seal.Stamp


class Numbers(NamedTuple):
    """Numbers given to a batch while its addresses are locked; those not used leave harmless gaps.

    So per address the order of event ids is the order of decisions. ``transaction_id``: by which a
    sealer tells running transactions from finished ones; 0 on SQLite.
    """

    transaction_id: int
    event_ids: Iterator[int]
    evidence_ids: Iterator[int]


def numbers_to_read(*, events: int, evidences: int) -> Read:
    """Return what to read for this many events and rows of evidence, after the lock."""
    if is_postgresql() and max(events, evidences) <= FEW:
        return Read(_NUMBERS, _given_few(events, evidences))
    if is_postgresql():
        return Read(_NUMBERS, _GIVEN, (str(events), str(evidences)))
    # SQLite has one writer and the transaction is IMMEDIATE, so the highest id is final.
    return Read(_NUMBERS, _HIGHEST)


def numbers_given(row: Sequence[Any]) -> Numbers:
    """Return the numbers out of the row that was read."""
    transaction_id, events, evidences = row
    if is_postgresql():
        return Numbers(int(transaction_id), _ascending(events), _ascending(evidences))
    return Numbers(0, count(events + 1), count(evidences + 1))


def _ascending(ids: str | None) -> Iterator[int]:
    return iter(sorted(map(int, ids.split(","))) if ids else ())


def _drawn(sequence: str) -> str:
    return f"(SELECT string_agg(nextval('{sequence}')::text, ',') FROM generate_series(1, %s::int))"


_NUMBERS = (("transaction_id", "text"), ("events", "text"), ("evidences", "text"))
_GIVEN = (
    f"FROM (SELECT pg_current_xact_id()::text AS transaction_id, {_drawn(EVENT_SEQUENCE)} AS events, "
    f"{_drawn(f'{EVIDENCE}_id_seq')} AS evidences) AS given"
)


@cache
def _given_few(events: int, evidences: int) -> str:
    """Return the same for few: a set to aggregate costs more than their numbers."""
    drawn = [
        f"concat_ws(',', {', '.join([f"nextval('{sequence}')"] * count)})" if count else "NULL"
        for sequence, count in ((EVENT_SEQUENCE, events), (f"{EVIDENCE}_id_seq", evidences))
    ]
    return (
        "FROM (SELECT pg_current_xact_id()::text AS transaction_id, "
        f"{drawn[0]} AS events, {drawn[1]} AS evidences) AS given"
    )


_HIGHEST = (
    f"FROM (SELECT 0 AS transaction_id, (SELECT coalesce(max(id), 0) FROM {TABLE}) AS events, "
    f"(SELECT coalesce(max(id), 0) FROM {EVIDENCE}) AS evidences) AS given"
)


def append(entries: Sequence[Entry], small: SmallWrites | None = None) -> None:
    """Write the events; must be called inside the transaction that updates the projection."""
    if not entries:
        return
    if is_postgresql() and len(entries) > FEW:
        _copy(entries)
    else:
        _insert(entries, small)


def _copy(entries: Sequence[Entry]) -> None:
    prepare = _Preparing()
    lines: list[str] = []
    for own, stamp in entries:
        canonical, text = prepare.stamp(stamp)
        digest = seal.event_digest(own, canonical).hex()
        replaced, names, restores = own[2:5]
        lines.append(
            f"{own[0]}\t{own[1]}\t{'\\N' if replaced is None else replaced}\t"
            f"{'\\N' if names is None else names}\t{'\\N' if restores is None else restores}\t"
            f"{own[5]}\t{own[6]}\t{text}\t\\\\x{digest}\n"
        )
    with connection.cursor() as cursor:
        copy_lines(cursor, TABLE, seal.EVENT_COLUMNS, "".join(lines))


class _Preparing:
    """Makes canonical bytes and COPY text of stamps, once for all events that share one.

    The events of an undo have a stamp each, apart in nothing but the event that they undo.
    """

    def __init__(self) -> None:
        self.known: dict[int, tuple[bytes, str]] = {}
        self.kinds: dict[seal.Stamp, tuple[bytes, bytes, str, str]] = {}

    def stamp(self, stamp: seal.Stamp) -> tuple[bytes, str]:
        prepared = self.known.get(id(stamp))
        if prepared is None:
            prepared = self.known[id(stamp)] = self._prepared(stamp)
        return prepared

    def _prepared(self, stamp: seal.Stamp) -> tuple[bytes, str]:
        undoes = stamp.undoes_event_id
        if undoes is None:
            return seal.stamp_bytes(stamp), "\t".join(map(copy_text, stamp))
        kind = stamp._replace(undoes_event_id=None)
        parts = self.kinds.get(kind)
        if parts is None:
            words = [copy_text(value) for value in kind]
            before = "\t".join(words[: seal.UNDOES]) + "\t"
            behind = "\t" + "\t".join(words[seal.UNDOES + 1 :])
            parts = self.kinds[kind] = (*seal.stamp_parts(kind), before, behind)
        head, tail, before, behind = parts
        return b"%b%d%b" % (head, undoes, tail), f"{before}{undoes}{behind}"


def _insert(entries: Sequence[Entry], small: SmallWrites | None) -> None:
    stamps: dict[int, tuple[bytes, tuple[Any, ...]]] = {}
    rows: list[tuple[Any, ...]] = []
    for own, stamp in entries:
        prepared = stamps.get(id(stamp))
        if prepared is None:
            prepared = stamps[id(stamp)] = (seal.stamp_bytes(stamp), _adapted(stamp))
        rows.append((*own, *prepared[1], seal.event_digest(own, prepared[0])))
    insert_rows(TABLE, _COLUMNS, rows, small)


def _adapted(stamp: seal.Stamp) -> tuple[Any, ...]:
    if is_postgresql():
        return stamp
    adapt = connection.ops
    adapted: list[Any] = []
    for name, value in stamp._asdict().items():
        if name.endswith("_at"):
            adapted.append(adapt.adapt_datetimefield_value(value))
        else:
            adapted.append(adapt.adapt_datefield_value(value) if name == "asked_on" else value)
    return tuple(adapted)
