"""Several reads in one statement: what the door asks about an address takes one round trip.

Each read names its columns with their kinds; the rows of all of them come back in one UNION ALL with
the columns of a kind side by side, and are handed out again in the order of the reads.
"""

from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from preferences.bulk_sql import fetch_all

type Run = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
type Column = tuple[str, str]  # an expression, and its PostgreSQL type


class Read(NamedTuple):
    """Rows to read: ``rest`` is the SELECT from FROM on, with one mark for each parameter."""

    columns: tuple[Column, ...]
    rest: str
    parameters: tuple[Any, ...] = ()


def read_together(
    reads: Sequence[Read | None], *, run: Run = fetch_all
) -> list[list[tuple[Any, ...]]]:
    """Return the rows of each read in one query; nothing for None. ``run``: how it is asked."""
    asked = [read for read in reads if read is not None]
    sql, takes = _union(tuple(read[:2] for read in asked))
    found: list[list[tuple[Any, ...]]] = [[] for _ in asked]
    parameters = [value for read in asked for value in read.parameters]
    for row in run(sql, parameters):
        number = row[0]
        found[number].append(takes[number](row))
    answers = iter(found)
    return [[] if read is None else next(answers) for read in reads]


@cache
def _union(
    reads: tuple[tuple[tuple[Column, ...], str], ...],
) -> tuple[str, list[Callable[[tuple[Any, ...]], tuple[Any, ...]]]]:
    """Return the statement, and for each read what takes its columns out of a row."""
    kinds = list(dict.fromkeys(kind for columns, _ in reads for _, kind in columns))
    widths = {kind: max(_count(columns, kind) for columns, _ in reads) for kind in kinds}
    starts, start = {}, 1
    for kind in kinds:
        starts[kind] = start
        start += widths[kind]
    selects, takes = [], []
    for number, (columns, rest) in enumerate(reads):
        words, places = [str(number)], dict[Column, int]()
        for kind in kinds:
            of_kind = [column for column in columns if column[1] == kind]
            places |= {column: starts[kind] + n for n, column in enumerate(of_kind)}
            words += [expression for expression, _ in of_kind]
            # The first SELECT gives the columns their types; what is longer psycopg does not remember.
            blank = "NULL" if number else f"CAST(NULL AS {kind})"
            words += [blank] * (widths[kind] - len(of_kind))
        selects.append(f"SELECT {', '.join(words)} {rest}")
        takes.append(_taker([places[column] for column in columns]))
    return " UNION ALL ".join(selects), takes


def _count(columns: Sequence[Column], kind: str) -> int:
    return sum(column[1] == kind for column in columns)


def _taker(places: Sequence[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    if len(places) == 1:
        return lambda row: (row[places[0]],)
    return itemgetter(*places)
