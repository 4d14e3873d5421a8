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
from django.db.models import Model

type Row = Sequence[Any]
type Column = tuple[str, str]  # a name, and its PostgreSQL type
_PLAIN = frozenset({int, datetime})
_NUMBERS = {int}
_ID = ("id", "bigint")
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
    if is_postgresql():
        return moment
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


def run_prepared(
    sql: str,
    parameters: Sequence[Any],
    *,
    first: tuple[str, Sequence[str]] | None = None,
    commits: bool = False,
) -> list[tuple[Any, ...]]:
    """Run a statement about one thing, whose text does not vary; return its rows, if it has any.

    PostgreSQL plans it once for each connection: planning would cost more than running it. There,
    ``first`` is run before it and COMMIT behind it (``commits``) in one turn to the server.
    """
    if is_postgresql():
        ours: Any = connection
        values = [value if type(value) is str else _text(value) for value in parameters]
        rows: list[tuple[Any, ...]] = ours.fetch_prepared(sql, values, first=first, commits=commits)
        return rows
    return fetch_all(sql, parameters)


class SmallWrites:
    """Writes of few rows each, about different rows; PostgreSQL gets them as one statement."""

    def __init__(self) -> None:
        self._statements: list[tuple[str, list[Any]]] = []

    def add(self, sql: str, parameters: list[Any]) -> None:
        self._statements.append((sql, parameters))

    def send(self, *, commits: bool = False) -> None:
        """Write what was added so far. ``commits``: it is the last of the outermost atomic block."""
        if not self._statements:
            return
        sql = _as_one(tuple([sql for sql, _ in self._statements]))
        values = [value for _, values in self._statements for value in values]
        run_prepared(sql, values, commits=commits)
        self._statements.clear()


@lru_cache(maxsize=128)
def _as_one(statements: tuple[str, ...]) -> str:
    *others, last = statements
    named = ", ".join([f"w{number} AS ({other})" for number, other in enumerate(others)])
    return f"WITH {named} {last}" if others else last


def columns_of(model: type[Model], names: Sequence[str]) -> tuple[Column, ...]:
    """Return these columns of the model's table with their PostgreSQL types."""
    kinds = {field.attname: field.db_type(connection) for field in model._meta.concrete_fields}
    # Without its length: a cast to varchar(9) would cut what is too long, instead of refusing it.
    return tuple([(name, str(kinds[name]).partition("(")[0]) for name in names])


def insert_rows(
    table: str, columns: Sequence[Column], rows: Sequence[Row], small: SmallWrites | None = None
) -> None:
    """Insert rows of numbers, datetimes, texts and bytes.

    Many go by COPY on PostgreSQL and by executemany on SQLite; few, on PostgreSQL, are added to
    ``small`` and written when that is sent.
    """
    if not rows:
        return
    names = [name for name, _ in columns]
    if not is_postgresql():
        marks = ", ".join(["%s"] * len(names))
        sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
        with connection.cursor() as cursor:
            cursor.executemany(sql, rows)
    elif len(rows) > FEW:
        lines = [
            "\t".join([str(v) if type(v) in _PLAIN else copy_text(v) for v in row]) for row in rows
        ]
        with connection.cursor() as cursor:
            copy_lines(cursor, table, names, "\n".join(lines) + "\n")
    else:
        same, varying, values = _split(columns, rows, keeps_nulls=False)  # none has a default
        _write_few((_insert_from(table, same, varying), values), small)


type _Split = tuple[tuple[Column, ...], tuple[Column, ...], list[str | None]]


def _split(columns: Sequence[Column], rows: Sequence[Row], *, keeps_nulls: bool) -> _Split:
    """Return the columns that are the same in all rows, those that are not, and the values of both.

    What is the same travels once, anything else as an array: few and short parameters. Without
    ``keeps_nulls`` a column that is NULL in every row is left out.
    """
    count = len(rows)
    same, varying = [], []
    values: list[str | None] = []
    arrays: list[str | None] = []
    for column, found in zip(columns, zip(*rows, strict=True), strict=True):
        first = found[0]
        if found.count(first) != count:
            varying.append(column)
            arrays.append(array_literal(found))
        elif first is not None or keeps_nulls:
            same.append(column)
            values.append(str(first) if type(first) is int else _text(first))
    return tuple(same), tuple(varying), values + arrays


@lru_cache(maxsize=512)
def _insert_from(table: str, same: tuple[Column, ...], varying: tuple[Column, ...]) -> str:
    names = ", ".join([name for name, _ in (*same, *varying)])
    values = [f"%s::{kind}" for _, kind in same] + [f"new.{name}" for name, _ in varying]
    insert = f"INSERT INTO {table} ({names}) SELECT {', '.join(values)}"
    return f"{insert} FROM {_unnested(varying)}" if varying else insert


def _unnested(columns: Sequence[Column]) -> str:
    arrays = ", ".join([f"%s::{kind}[]" for _, kind in columns])
    return f"unnest({arrays}) AS new({', '.join([name for name, _ in columns])})"


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


def insert_missing(table: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Insert the rows whose key is not there yet."""
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
    columns: Sequence[Column],
    rows: Sequence[Row],
    small: SmallWrites | None = None,
) -> None:
    """Update rows by id; the rows end with it. Few are added to ``small``, as above."""
    if not rows:
        return
    if not is_postgresql():
        assigned = ", ".join([f"{name} = %s" for name, _ in columns])
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {table} SET {assigned} WHERE id = %s", rows)
        return
    if 1 < len(rows) <= FEW:  # always arrays: one text, and so one plan, whoever they are
        arrays = [array_literal(column) for column in zip(*rows, strict=True)]
        _write_few((_update_from(table, (), (*columns, _ID)), arrays), small)
        return
    same, varying, values = _split((*columns, _ID), rows, keeps_nulls=True)
    sql = _update_from(table, same, varying)
    if len(rows) == 1:
        _write_few((sql, values), small)
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@lru_cache(maxsize=512)
def _update_from(table: str, same: tuple[Column, ...], varying: tuple[Column, ...]) -> str:
    sets = [f"{name} = %s::{kind}" for name, kind in same if name != "id"]
    if not varying:  # one row
        return f"UPDATE {table} SET {', '.join(sets)} WHERE id = %s::bigint"
    sets += [f"{name} = new.{name}" for name, _ in varying if name != "id"]
    return (
        f"UPDATE {table} AS old SET {', '.join(sets)} FROM {_unnested(varying)} "
        "WHERE old.id = new.id"
    )


def array_literal(column: Sequence[object]) -> str:
    """Return a PostgreSQL array literal; far cheaper than adapting each value."""
    if set(map(type, column)) == _NUMBERS:
        return f"{{{','.join(map(str, column))}}}"
    return f"{{{','.join(map(_element, column))}}}"


def _element(value: object) -> str:
    if type(value) is int:
        return str(value)
    if value is None:
        return "NULL"
    if type(value) is bytes:
        return f'"\\\\x{value.hex()}"'
    text = str(_text(value))
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
