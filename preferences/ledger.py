"""The only writer of consent events.

An event is the sum of a ``Stamp``, which all addresses of one act share, and of the few numbers that
are its own. That keeps bulk cheap: digests and COPY lines reuse the stamp's bytes.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db import connection

from preferences import seal
from preferences.bulk_sql import copy_lines
from preferences.models import EVENT_SEQUENCE, ConsentEvent

TABLE = ConsentEvent._meta.db_table


class Entry(NamedTuple):
    """One event to write: its own numbers, and the stamp it shares."""

    own: seal.Own
    stamp: seal.Stamp


def reserve_ids(count: int) -> Iterator[int]:
    """Return ``count`` ascending event ids, to be taken while the addresses are locked.

    So per address the order of ids is the order of decisions. Ids not used leave harmless gaps.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"SELECT nextval('{EVENT_SEQUENCE}') FROM generate_series(1, %s)", [count]
            )
            return iter(sorted(row[0] for row in cursor.fetchall()))
        # SQLite has one writer and the transaction is IMMEDIATE, so the highest id is final.
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {TABLE}")
        start = cursor.fetchone()[0] + 1
    return iter(range(start, start + count))


def current_transaction_id() -> int:
    """Return the id by which a sealer tells running transactions from finished ones; 0 on SQLite."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])


def append(entries: Sequence[Entry]) -> None:
    """Write the events; must be called inside the transaction that updates the projection."""
    if not entries:
        return
    if connection.vendor == "postgresql":
        _copy(entries)
    else:
        _insert(entries)


def _copy(entries: Sequence[Entry]) -> None:
    stamps: dict[int, tuple[bytes, str]] = {}
    lines: list[str] = []
    for own, stamp in entries:
        prepared = stamps.get(id(stamp))
        if prepared is None:
            text = "\t".join(_copy_value(value) for value in stamp)
            prepared = stamps[id(stamp)] = (seal.stamp_bytes(stamp), text)
        digest = seal.event_digest(own, prepared[0]).hex()
        replaced, names, restores = own[2:5]
        lines.append(
            f"{own[0]}\t{own[1]}\t{'\\N' if replaced is None else replaced}\t"
            f"{'\\N' if names is None else names}\t{'\\N' if restores is None else restores}\t"
            f"{own[5]}\t{own[6]}\t{prepared[1]}\t\\\\x{digest}\n"
        )
    with connection.cursor() as cursor:
        copy_lines(cursor, TABLE, seal.EVENT_COLUMNS, "".join(lines))


def _copy_value(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes | memoryview):
        return "\\\\x" + bytes(value).hex()
    text = str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _insert(entries: Sequence[Entry]) -> None:
    stamps: dict[int, tuple[bytes, tuple[Any, ...]]] = {}
    rows: list[tuple[Any, ...]] = []
    for own, stamp in entries:
        prepared = stamps.get(id(stamp))
        if prepared is None:
            prepared = stamps[id(stamp)] = (seal.stamp_bytes(stamp), _adapted(stamp))
        rows.append((*own, *prepared[1], seal.event_digest(own, prepared[0])))
    marks = ", ".join(["%s"] * len(seal.EVENT_COLUMNS))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {TABLE} ({', '.join(seal.EVENT_COLUMNS)}) VALUES ({marks})", rows
        )


def _adapted(stamp: seal.Stamp) -> tuple[Any, ...]:
    adapt = connection.ops
    adapted: list[Any] = []
    for name, value in stamp._asdict().items():
        if name.endswith("_at"):
            adapted.append(adapt.adapt_datetimefield_value(value))
        else:
            adapted.append(adapt.adapt_datefield_value(value) if name == "asked_on" else value)
    return tuple(adapted)
