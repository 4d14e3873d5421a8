"""Set-based reads and writes that PostgreSQL and SQLite spell differently.

PostgreSQL takes array parameters and COPY, SQLite one JSON parameter and executemany. Nothing here
knows what the columns mean.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import connection

Row = Sequence[Any]
_PLAIN = frozenset({int, datetime})
FEW = 8  # rows up to which INSERT is cheaper than COPY, which takes turns of its own


def ids_match(column: str) -> str:
    """Return SQL that is true for ids in the parameter made by ``ids_parameter``."""
    if is_postgresql():
        return f"{column} = ANY(%s::bigint[])"
    return f"{column} IN (SELECT value FROM json_each(%s))"


def ids_parameter(ids: Iterable[int]) -> object:
    if is_postgresql():
        return "{" + ",".join(map(str, ids)) + "}"
    return json.dumps(list(ids))


def numbered_ids(name: str) -> str:
    """Return SQL for a table of the ids in the parameter made by ``ids_parameter``, in their order:
    ``id`` and ``place``, which counts from 1.
    """
    if is_postgresql():
        return f"unnest(%s::bigint[]) WITH ORDINALITY AS {name}(id, place)"
    return f"(SELECT value AS id, key + 1 AS place FROM json_each(%s)) AS {name}"


def match(column: str, ids: Collection[int]) -> tuple[str, object]:
    """Return SQL that is true for these ids, and its parameter.

    One id is compared plainly: PostgreSQL then finds that one plan serves them all.
    """
    if len(ids) != 1:
        return ids_match(column), ids_parameter(ids)
    (only,) = ids
    return f"{column} = %s", str(only) if is_postgresql() else only


def parameter(moment: datetime) -> object:
    """Return the moment as raw SQL stores it; SQLite keeps text."""
    return connection.ops.adapt_datetimefield_value(moment)


def moment(value: Any) -> Any:
    """Return a datetime of raw SQL (or None) as an aware one; SQLite gives text, in UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value is None or value.tzinfo:
        return value
    return value.replace(tzinfo=UTC)


def is_postgresql() -> bool:
    return _VENDOR == "postgresql"


_VENDOR = connection.vendor  # asked of Django's connection it costs more than most lines here


def fetch_all(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return all rows; datetimes come as the driver gives them (aware on both databases)."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def run_prepared(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a statement about one thing, whose text does not vary; return its rows, if it has any.

    PostgreSQL plans it once for each connection: planning would cost more than running it.
    """
    if is_postgresql():
        ours: Any = connection
        values = [value if type(value) is str else _text(value) for value in parameters]
        rows: list[tuple[Any, ...]] = ours.fetch_prepared(sql, values)
        return rows
    return fetch_all(sql, parameters)


class SmallWrites:
    """Writes of few rows each, about different rows; PostgreSQL gets them as one statement."""

    def __init__(self) -> None:
        self._statements: list[tuple[str, list[Any]]] = []

    def add(self, sql: str, parameters: list[Any]) -> None:
        self._statements.append((sql, parameters))

    def send(self) -> None:
        """Write what was added so far."""
        if not self._statements:
            return
        sql = _as_one(tuple([sql for sql, _ in self._statements]))
        run_prepared(sql, [value for _, values in self._statements for value in values])
        self._statements.clear()


@lru_cache(maxsize=128)
def _as_one(statements: tuple[str, ...]) -> str:
    *others, last = statements
    named = ", ".join([f"w{number} AS ({other})" for number, other in enumerate(others)])
    return f"WITH {named} {last}" if others else last


def insert_rows(
    table: str, columns: Sequence[str], rows: Sequence[Row], small: SmallWrites | None = None
) -> None:
    """Insert rows of numbers, datetimes, texts and bytes.

    Many go by COPY on PostgreSQL and by executemany on SQLite; few, on PostgreSQL, are added to
    ``small`` and written when that is sent.
    """
    if not rows:
        return
    if not is_postgresql():
        marks = ", ".join(["%s"] * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        with connection.cursor() as cursor:
            cursor.executemany(sql, rows)
    elif len(rows) > FEW:
        lines = [
            "\t".join([str(v) if type(v) in _PLAIN else copy_text(v) for v in row]) for row in rows
        ]
        with connection.cursor() as cursor:
            copy_lines(cursor, table, columns, "\n".join(lines) + "\n")
    else:
        _write_few(_insert_few(table, columns, rows), small)


def _insert_few(table: str, columns: Sequence[str], rows: Sequence[Row]) -> tuple[str, list[Any]]:
    """Return the statement; a column that is NULL in every row is left out (none has a default)."""
    count = len(rows)
    kept = [n for n, column in enumerate(zip(*rows, strict=True)) if column.count(None) < count]
    sql = _insert_statement(table, tuple([columns[n] for n in kept]), count)
    values = [str(v) if type(v := row[n]) is int else _text(v) for row in rows for n in kept]
    return sql, values


@lru_cache(maxsize=512)
def _insert_statement(table: str, columns: tuple[str, ...], count: int) -> str:
    marks = f"({', '.join(['%s'] * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * count)}"


def _write_few(statement: tuple[str, list[Any]], small: SmallWrites | None) -> None:
    writes = SmallWrites() if small is None else small
    writes.add(*statement)
    if small is None:
        writes.send()


def _text(value: object) -> str | None:
    """Return a value as PostgreSQL reads it from text, so that statements differ in nothing else."""
    if type(value) in _PLAIN:
        return str(value)
    if value is None:
        return None
    return "\\x" + value.hex() if isinstance(value, bytes | memoryview) else str(value)


def copy_text(value: object) -> str:
    """Return a value as COPY's text format has it."""
    if value is None:
        return "\\N"
    if isinstance(value, bytes | memoryview):
        return "\\\\x" + bytes(value).hex()
    if not isinstance(value, str):
        return str(value)
    text = value.replace("\\", "\\\\").replace("\t", "\\t")
    return text.replace("\n", "\\n").replace("\r", "\\r")


def copy_lines(cursor: Any, table: str, columns: Sequence[str], text: str) -> None:
    """Write lines in PostgreSQL's text format; its errors arrive as Django's, as everywhere else."""
    with connection.wrap_database_errors:
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            copy.write(text)


def insert_missing(table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Row]) -> None:
    """Insert the rows whose key is not there yet; ``columns`` are (name, PostgreSQL type)."""
    if not rows:
        return
    names = ", ".join(name for name, _ in columns)
    with connection.cursor() as cursor:
        if is_postgresql():
            arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING",
                [list(column) for column in zip(*rows, strict=True)],
            )
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING", rows
        )


def update_rows(
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Row],
    small: SmallWrites | None = None,
) -> None:
    """Update rows by id; ``columns`` are (name, PostgreSQL type), the rows end with the id.

    Few are added to ``small``, as above.
    """
    if not rows:
        return
    if is_postgresql() and 1 < len(rows) <= FEW:
        arrays = [array_literal(column) for column in zip(*rows, strict=True)]
        _write_few((_update_from(table, tuple(columns)), arrays), small)
        return
    if is_postgresql() and len(rows) > 1:
        _update_many(table, columns, rows)
        return
    assigned = ", ".join([f"{name} = %s" for name, _ in columns])
    sql = f"UPDATE {table} SET {assigned} WHERE id = %s"
    if is_postgresql():
        _write_few((sql, [_text(value) for value in rows[0]]), small)
        return
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)


def _update_many(table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Row]) -> None:
    """Update with an array for each column; one that is the same in every row travels once."""
    *values, ids = zip(*rows, strict=True)
    same: list[tuple[str, Any]] = []
    arrays: list[tuple[tuple[str, str], str]] = []
    for (name, kind), column in zip(columns, values, strict=True):
        if column.count(column[0]) == len(column):
            same.append((f"{name} = %s::{kind}", column[0]))
        else:
            arrays.append(((name, kind), array_literal(column)))
    sql = _update_from(table, tuple([column for column, _ in arrays]), tuple([s for s, _ in same]))
    with connection.cursor() as cursor:
        cursor.execute(
            sql, [*(value for _, value in same), *(text for _, text in arrays), array_literal(ids)]
        )


@lru_cache(maxsize=512)
def _update_from(
    table: str, columns: tuple[tuple[str, str], ...], same: tuple[str, ...] = ()
) -> str:
    sets = ", ".join([*same, *(f"{name} = new.{name}" for name, _ in columns)])
    casts = ", ".join(f"%s::{kind}[]" for _, kind in (*columns, ("id", "bigint")))
    names = ", ".join([*(name for name, _ in columns), "id"])
    return (
        f"UPDATE {table} AS old SET {sets} FROM unnest({casts}) AS new({names}) "
        "WHERE old.id = new.id"
    )


def array_literal(column: Sequence[object]) -> str:
    """Return a PostgreSQL array literal of numbers, datetimes and NULLs; far cheaper than adapting each."""
    return "{" + ",".join(["NULL" if v is None else f'"{v}"' for v in column]) + "}"
