"""A kind of job for tests: it marks its items, and does what a test tells it."""

from collections.abc import Callable

import pytest
from django.utils.functional import lazystr

from accounts.access import Right
from jobs import kinds
from jobs.kinds import Done, Kind, Work
from jobs.models import Job
from jobs.running import run_next_chunk
from jobs.services import start_job
from tests.factories import NOW

NAME = "mark"


class Marker:
    """Remembers which chunks were worked; ``before`` runs ahead of each."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, list[int]]] = []
        self.before: Callable[[Work], None] = lambda work: None

    def work(self, work: Work) -> Done:
        self.before(work)
        self.seen.append((work.job.pk, list(work.items)))
        return Done({"changed": len(work.items)}, {"apply": len(work.items)}, {"no": [1]})


@pytest.fixture
def marker(monkeypatch):
    """Register the kind for one test, with chunks of ten."""
    found = Marker()
    kind = Kind(NAME, lazystr("Mark"), Right.EDIT, found.work, chunk_size=10)
    monkeypatch.setitem(kinds._kinds, NAME, kind)
    return found


def start(user, items=range(1, 26), **fields) -> Job:
    values = {"parameters": {}, "selection": {}, "now": NOW, **fields}
    return start_job(kind=NAME, items=items, user=user, **values)


def run_all(now=NOW) -> int:
    """Run until nothing is left; return the number of chunks."""
    count, last = 0, 0
    while (last := run_next_chunk(now=now, after_job_id=last or 0)) is not None:
        count += 1
    return count
