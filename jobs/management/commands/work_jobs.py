"""Run jobs until told to stop. Any number of these may run at once, on any number of machines.

A chunk keeps Python and the database busy in turn. So a worker does two at one moment, in two threads
with a connection each: while one decides, the other has its words written.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connection
from django.utils import timezone

from jobs.running import run_next_chunk
from jobs.services import forget_outputs
from jobs.workers import SIGN_SECONDS, leave_sign
from subscriptions_site.database import without_query_log
from subscriptions_site.web.memory import settle_memory

AT_ONCE = 2
IDLE_SECONDS = 1.0
TIDY_SECONDS = 3600.0
TROUBLE_SECONDS = 3.0
# SQLite has one writer and no queue: without a pause, people who save something would wait in vain.
SQLITE_PAUSE = 0.02
log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run jobs chunk by chunk until SIGTERM or SIGINT, which take effect between two chunks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do one chunk at most, then end")
        parser.add_argument(
            "--until-empty", action="store_true", help="end when there is nothing left to do"
        )
        parser.add_argument(
            "--at-once", type=int, default=AT_ONCE, help="chunks at one moment; on SQLite it is one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.is_stopping = False
        self.tidied = time.monotonic()
        self.signed = 0.0
        settle_memory()
        is_single = options["once"] or connection.vendor == "sqlite"
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = [signal.signal(number, self._stop) for number in numbers]
        try:
            with (
                without_query_log(),
                self._helped(0 if is_single else options["at_once"] - 1, options),
            ):
                self._loop(is_once=options["once"], is_short=options["until_empty"])
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    @contextmanager
    def _helped(self, count: int, options: dict[str, Any]) -> Iterator[None]:
        """Have threads work beside this one. What breaks one of them, or this one, ends them all."""
        problems: list[BaseException] = []

        def help_out() -> None:
            try:
                self._loop(is_once=False, is_short=options["until_empty"], is_helper=True)
            except BaseException as error:
                problems.append(error)
                self.is_stopping = True
            finally:
                connection.close()

        helpers = [threading.Thread(target=help_out) for _ in range(count)]
        for helper in helpers:
            helper.start()
        try:
            yield
        except BaseException:
            self.is_stopping = True
            raise
        finally:
            for helper in helpers:
                helper.join()
        if problems:
            raise problems[0]

    def _loop(self, *, is_once: bool, is_short: bool, is_helper: bool = False) -> None:
        last_job = 0
        while not self.is_stopping:
            if not is_helper:
                self._sign()
            worked = self._work(last_job)
            if is_once or (worked is None and is_short):
                return
            last_job = worked or 0
            if worked is None and not is_helper:
                self._patiently(self._tidy)
            self._rest(worked is None)

    def _work(self, last_job: int) -> int | None:
        return self._patiently(lambda: run_next_chunk(now=timezone.now(), after_job_id=last_job))

    def _patiently[T](self, act: Callable[[], T]) -> T | None:
        """Do it; while the database is away wait a little, and let the loop come back to it."""
        try:
            return act()
        except Error:
            # What was begun is rolled back and will be taken again.
            log.exception("the database does not answer")
            connection.close()
            self._sleep(TROUBLE_SECONDS)
            return None

    def _sign(self) -> None:
        """Say every few seconds that a worker is there; pages tell when none is."""
        if self.signed and time.monotonic() - self.signed < SIGN_SECONDS:
            return
        self.signed = time.monotonic()
        self._patiently(lambda: leave_sign(now=timezone.now()))

    def _tidy(self) -> None:
        """Forget old files, once an hour, while nothing else is to do."""
        if time.monotonic() - self.tidied > TIDY_SECONDS:
            self.tidied = time.monotonic()
            forget_outputs(now=timezone.now())

    def _rest(self, is_idle: bool) -> None:
        if is_idle:
            self._sleep(IDLE_SECONDS)
        elif connection.vendor == "sqlite":
            time.sleep(SQLITE_PAUSE)

    def _sleep(self, seconds: float) -> None:
        """Sleep in short naps, so that a signal is obeyed soon."""
        end = time.monotonic() + seconds
        while not self.is_stopping and time.monotonic() < end:
            time.sleep(0.1)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.is_stopping = True
