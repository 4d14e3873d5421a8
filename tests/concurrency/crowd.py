"""Threads with a database connection each, let loose at one moment."""

import threading
from collections.abc import Callable, Sequence

from django.db import connection

PATIENCE_SECONDS = 120


def all_at_once(jobs: Sequence[Callable[[], object]]) -> list[object]:
    """Run each job in a thread of its own, all starting together; raise what any of them raised."""
    start = threading.Barrier(len(jobs))
    results: list[object] = [None] * len(jobs)
    problems: list[BaseException] = []

    def run(place: int) -> None:
        try:
            start.wait(PATIENCE_SECONDS)
            results[place] = jobs[place]()
        except BaseException as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "a thread hangs"
    if problems:
        raise problems[0]
    return results
