"""Queries of the index that may not take for ever: what is common is found by walking in order, what
is rare as a set, and what takes too long is given up with words.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from preferences.bulk_sql import run_prepared

WALK_SECONDS, SET_SECONDS = 1.0, 5.0
_LIMITS = """
    SELECT set_config('statement_timeout', %s, true), set_config('jit', 'off', true),
        set_config('max_parallel_workers_per_gather', %s, true)
"""
_CANCELLED = "57014"  # PostgreSQL's code for a statement that ran out of time


class TooSlow(Exception):
    """Says that the database was stopped: the query would have looked at too much."""


@contextmanager
def bounded(seconds: float, *, is_parallel: bool = False) -> Iterator[None]:
    """Stop each statement inside after so long. Raises TooSlow. SQLite is not bounded."""
    if connection.vendor != "postgresql":
        yield
        return
    is_inner = connection.in_atomic_block
    try:
        with transaction.atomic():
            run_prepared(_LIMITS, [int(seconds * 1000), 2 if is_parallel else 0])
            yield
            if is_inner:
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != _CANCELLED:
            raise
        raise TooSlow from error


def walk_or_gather[R](walk: Callable[[], R], gather: Callable[[], R]) -> R:
    """Return what ``walk`` finds by going through the contacts in their order, or, when that takes
    too long because few match, what ``gather`` finds from the set of those who do. Raises TooSlow.
    """
    try:
        with bounded(WALK_SECONDS):
            return walk()
    except TooSlow:
        return gather_bounded(gather)


def gather_bounded[R](gather: Callable[[], R]) -> R:
    """Return what ``gather`` finds as a set. Raises TooSlow."""
    with bounded(SET_SECONDS, is_parallel=True):
        return gather()
