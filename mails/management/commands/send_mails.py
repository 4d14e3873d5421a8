"""Send mails until told to stop. Any number of these may run at once, on any number of machines."""

import logging
import signal
import time
import traceback
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connection, transaction
from django.utils import timezone

from mails.kinds import sources
from mails.sending import Post, Sent
from mails.services import forget_contents
from subscriptions_site.database import without_query_log

IDLE_SECONDS = 2.0
TROUBLE_SECONDS = 15.0
TIDY_SECONDS = 3600.0
log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Send the mails that are due until SIGTERM or SIGINT, which take effect between two mails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send one mail at most, then end")
        parser.add_argument(
            "--until-empty", action="store_true", help="end when nothing is due any more"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.is_stopping = False
        self.tidied, self.filled = time.monotonic(), -IDLE_SECONDS
        self.post = Post(clock=timezone.now)
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = [signal.signal(number, self._stop) for number in numbers]
        try:
            with without_query_log():
                self._loop(is_once=options["once"], is_short=options["until_empty"])
        finally:
            self.post.close()
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    def _loop(self, *, is_once: bool, is_short: bool) -> None:
        while not self.is_stopping:
            try:
                self._fill()
                sent = self.post.send_next()
            except Error:
                # The database is away: a mail under way is taken again when its lease has run out.
                log.exception("the database does not answer")
                connection.close()
                sent = Sent.TROUBLE
            if is_once or (is_short and sent in (Sent.NOTHING_DUE, Sent.TROUBLE)):
                return
            if sent is Sent.NOTHING_DUE:
                self._tidy()
                self._sleep(IDLE_SECONDS)
            elif sent is Sent.TROUBLE:
                self._sleep(TROUBLE_SECONDS)

    def _fill(self) -> None:
        """Let the apps above queue what is due, between two mails of a long queue as well."""
        if time.monotonic() - self.filled < IDLE_SECONDS:
            return
        for name, source in sources():
            try:
                with transaction.atomic():
                    source(timezone.now())
            except Error:
                raise
            except Exception as error:
                # Where it happened, but not the error's own text: it may name people.
                where = "".join(traceback.format_tb(error.__traceback__))
                log.error("mails of %s were not queued: %s\n%s", name, type(error).__name__, where)
        self.filled = time.monotonic()

    def _tidy(self) -> None:
        if time.monotonic() - self.tidied > TIDY_SECONDS:
            self.tidied = time.monotonic()
            forget_contents(now=timezone.now())

    def _sleep(self, seconds: float) -> None:
        """Sleep in short naps, so that a signal is obeyed soon."""
        end = time.monotonic() + seconds
        while not self.is_stopping and time.monotonic() < end:
            time.sleep(0.1)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.is_stopping = True
