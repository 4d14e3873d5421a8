"""Set-based reads and writes that PostgreSQL and SQLite spell differently.

PostgreSQL takes array parameters and COPY, SQLite one JSON parameter and executemany. Nothing here
knows what the columns mean.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db import connection

Row = Sequence[Any]
_PLAIN = frozenset({int, datetime})
FEW = 8  # rows up to which INSERT is cheaper than COPY, which takes turns of its own


def ids_match(column: str) -> str:
    """Return SQL that is true for ids in the parameter made by ``ids_parameter``."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s::bigint[])"
    return f"{column} IN (SELECT value FROM json_each(%s))"


def ids_parameter(ids: Iterable[int]) -> object:
    if connection.vendor == "postgresql":
        return "{" + ",".join(map(str, ids)) + "}"
    return json.dumps(list(ids))


def match(column: str, ids: Collection[int]) -> tuple[str, object]:
    """Return SQL that is true for these ids, and its parameter.

    One id is compared plainly: PostgreSQL then finds that one plan serves them all.
    """
    if len(ids) != 1:
        return ids_match(column), ids_parameter(ids)
    (only,) = ids
    return f"{column} = %s", str(only) if connection.vendor == "postgresql" else only


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


def fetch_all(
    sql: str, parameters: Sequence[Any], *, keeps_plan: bool = False
) -> list[tuple[Any, ...]]:
    """Return all rows; datetimes come as the driver gives them (aware on both databases).

    ``keeps_plan``: PostgreSQL plans the statement once for each connection. For statements about one
    thing, whose text does not vary: planning costs more than they do.
    """
    with _keeping_cursor() if keeps_plan else connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _keeping_cursor() -> Any:
    """Return a cursor whose statements PostgreSQL prepares; Django's own write out parameters."""
    if connection.vendor != "postgresql":
        return connection.cursor()
    connection.ensure_connection()
    cursor: Any = psycopg.Cursor(connection.connection)
    if connection.queries_logged:
        return connection.make_debug_cursor(cursor)
    return connection.make_cursor(cursor)


class SmallWrites:
    """Writes of one row each, about different rows; PostgreSQL gets them as one statement."""

    def __init__(self) -> None:
        self._statements: list[tuple[str, list[Any]]] = []

    def add(self, sql: str, parameters: list[Any]) -> None:
        self._statements.append((sql, parameters))

    def send(self) -> None:
        """Write what was added so far."""
        if not self._statements:
            return
        *others, sql = [sql for sql, _ in self._statements]
        if others:
            named = ", ".join([f"w{number} AS ({other})" for number, other in enumerate(others)])
            sql = f"WITH {named} {sql}"
        with _keeping_cursor() as cursor:
            cursor.execute(sql, [value for _, values in self._statements for value in values])
        self._statements.clear()


def insert_rows(
    table: str, columns: Sequence[str], rows: Sequence[Row], small: SmallWrites | None = None
) -> None:
    """Insert rows of numbers, datetimes, texts and bytes.

    Many go by COPY on PostgreSQL and by executemany on SQLite, few by INSERT; one, on PostgreSQL, is
    added to ``small`` and written when that is sent.
    """
    if not rows:
        return
    if connection.vendor != "postgresql":
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
    elif len(rows) > 1:
        with connection.cursor() as cursor:
            cursor.execute(*_insert_few(table, columns, rows))
    else:
        _write_one(_insert_few(table, columns, rows), small)


def _insert_few(table: str, columns: Sequence[str], rows: Sequence[Row]) -> tuple[str, list[Any]]:
    """Return the statement; a column that is NULL in every row is left out (none has a default)."""
    kept = [n for n in range(len(columns)) if any(row[n] is not None for row in rows)]
    names = ", ".join([columns[n] for n in kept])
    marks = f"({', '.join(['%s'] * len(kept))})"
    sql = f"INSERT INTO {table} ({names}) VALUES {', '.join([marks] * len(rows))}"
    return sql, [_text(row[n]) for row in rows for n in kept]


def _write_one(statement: tuple[str, list[Any]], small: SmallWrites | None) -> None:
    writes = SmallWrites() if small is None else small
    writes.add(*statement)
    if small is None:
        writes.send()


def _text(value: object) -> str | None:
    """Return a value as PostgreSQL reads it from text, so that statements differ in nothing else."""
    if value is None:
        return None
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    return str(value)


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
        if connection.vendor == "postgresql":
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

    A column that is the same in every row travels once. One row is added to ``small``, as above.
    """
    if not rows:
        return
    if connection.vendor != "postgresql" or len(rows) == 1:
        assigned = ", ".join([f"{name} = %s" for name, _ in columns])
        sql = f"UPDATE {table} SET {assigned} WHERE id = %s"
        if connection.vendor == "postgresql":
            _write_one((sql, [_text(value) for value in rows[0]]), small)
            return
        with connection.cursor() as cursor:
            cursor.executemany(sql, rows)
        return
    with connection.cursor() as cursor:
        *values, ids = zip(*rows, strict=True)
        sets: list[str] = []
        names: list[str] = []
        same: list[Any] = []
        arrays: list[tuple[str, str]] = []
        for (name, kind), column in zip(columns, values, strict=True):
            if column.count(column[0]) == len(column):
                sets.append(f"{name} = %s::{kind}")
                same.append(column[0])
            else:
                sets.append(f"{name} = new.{name}")
                names.append(name)
                arrays.append((kind, _array(column)))
        casts = ", ".join(f"%s::{kind}[]" for kind, _ in [*arrays, ("bigint", "")])
        cursor.execute(
            f"UPDATE {table} AS old SET {', '.join(sets)} "
            f"FROM unnest({casts}) AS new({', '.join([*names, 'id'])}) WHERE old.id = new.id",
            [*same, *(text for _, text in arrays), _array(ids)],
        )


def _array(column: Sequence[object]) -> str:
    """Return a PostgreSQL array literal of numbers, datetimes and NULLs; far cheaper than adapting each."""
    return "{" + ",".join(["NULL" if v is None else f'"{v}"' for v in column]) + "}"
