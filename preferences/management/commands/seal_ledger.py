"""Seal new events, once or for as long as the command runs."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django.utils import timezone

from preferences.burst_labels import label_beginnings
from preferences.bursts import forget_networks
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
            label_beginnings(now=timezone.now())
            forget_networks(now=timezone.now())
