"""Seal new events, once or for as long as the command runs."""

import time
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django.utils import timezone

from preferences.burst_labels import label_beginnings
from preferences.bursts import KEPT, forget_networks
from preferences.models import Seal
from preferences.sealing import seal_events

TIDY_SECONDS = 60.0


class Command(BaseCommand):
    help = "Put new events under a Merkle root chained to the seal before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--every", type=float, metavar="SECONDS", help="go on, at this interval"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.tidied = time.monotonic() - TIDY_SECONDS
        self.labelled_until = _last_at_work()
        while True:
            try:
                for one in seal_events(now=timezone.now()):
                    if options["verbosity"] > 0:
                        self.stdout.write(
                            f"Seal {one.number}: {one.count} events, head {bytes(one.head).hex()}"
                        )
                self._tidy()
            except DatabaseError as error:
                if options["every"] is None:
                    raise
                self.stderr.write(f"Not sealed this time: {error}")
                connection.close()
            if options["every"] is None:
                return
            time.sleep(options["every"])

    def _tidy(self) -> None:
        """Label, now and then, what began a burst; forget from which networks people opted out."""
        if time.monotonic() - self.tidied >= TIDY_SECONDS:
            self.tidied = time.monotonic()
            now = timezone.now()
            label_beginnings(now=now, since=self.labelled_until - KEPT)
            self.labelled_until = now
            forget_networks(now=now)


def _last_at_work() -> datetime:
    """Return when a sealer worked last, as far as its seals tell: what came since waits for its labels."""
    last = Seal.objects.order_by("-number").first()
    return last.sealed_at if last else datetime.fromtimestamp(0, UTC) + KEPT
