"""Set-based reads and writes that PostgreSQL and SQLite spell differently.

PostgreSQL takes array parameters and COPY, SQLite one JSON parameter and executemany. Nothing here
knows what the columns mean.
"""

import json
from collections.abc import Iterable, Sequence

from django.db import connection

Row = Sequence[object]


def ids_match(column: str) -> str:
    """Return SQL that is true for ids in the parameter made by ``ids_parameter``."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s)"
    return f"{column} IN (SELECT value FROM json_each(%s))"


def ids_parameter(ids: Iterable[int]) -> object:
    if connection.vendor == "postgresql":
        return list(ids)
    return json.dumps(list(ids))


def fetch_all(sql: str, parameters: Sequence[object]) -> list[tuple]:
    """Return all rows; datetimes come as the driver gives them (aware on both databases)."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def insert_rows(table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows of plain numbers and datetimes: COPY on PostgreSQL, executemany on SQLite."""
    if not rows:
        return
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                copy.write("".join(["\t".join(["\\N" if v is None else str(v) for v in row]) + "\n" for row in rows]))
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


def update_rows(table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Row]) -> None:
    """Update rows by id; ``columns`` are (name, PostgreSQL type), the rows end with the id."""
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            casts = ", ".join(f"%s::{kind}[]" for _, kind in columns)
            names = ", ".join(name for name, _ in columns)
            sets = ", ".join(f"{name} = new.{name}" for name, _ in columns)
            cursor.execute(
                f"UPDATE {table} AS old SET {sets} FROM unnest({casts}, %s::bigint[]) AS new({names}, id) "
                "WHERE old.id = new.id",
                [list(column) for column in zip(*rows, strict=True)],
            )
            return
        sets = ", ".join(f"{name} = %s" for name, _ in columns)
        cursor.executemany(f"UPDATE {table} SET {sets} WHERE id = %s", rows)
