"""Set-based reads and writes that PostgreSQL and SQLite spell differently.

PostgreSQL takes array parameters and COPY, SQLite one JSON parameter and executemany. Nothing here
knows what the columns mean.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

Row = Sequence[Any]


def ids_match(column: str) -> str:
    """Return SQL that is true for ids in the parameter made by ``ids_parameter``."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s::bigint[])"
    return f"{column} IN (SELECT value FROM json_each(%s))"


def ids_parameter(ids: Iterable[int]) -> object:
    if connection.vendor == "postgresql":
        return "{" + ",".join(map(str, ids)) + "}"
    return json.dumps(list(ids))


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


def fetch_all(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return all rows; datetimes come as the driver gives them (aware on both databases)."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def insert_rows(table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows of plain numbers and datetimes: COPY on PostgreSQL, executemany on SQLite."""
    if not rows:
        return
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            lines = ["\t".join(["\\N" if v is None else str(v) for v in row]) for row in rows]
            copy_lines(cursor, table, columns, "\n".join(lines) + "\n")
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


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


def update_rows(table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Row]) -> None:
    """Update rows by id; ``columns`` are (name, PostgreSQL type), the rows end with the id.

    A column that is the same in every row travels once.
    """
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            assigned = ", ".join(f"{name} = %s" for name, _ in columns)
            cursor.executemany(f"UPDATE {table} SET {assigned} WHERE id = %s", rows)
            return
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
