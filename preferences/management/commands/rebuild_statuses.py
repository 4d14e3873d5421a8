"""Rebuild the projection from the ledger, or check that this would change nothing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from preferences.rebuilding import differences, rebuild

SHOWN = 20


class Command(BaseCommand):
    help = "Rebuild statuses and opt-outs of all from the ledger. With --check only compare."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing, fail on any difference"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            self.stdout.write(f"Differences mended: {rebuild():,}")
            return
        count = 0
        for difference in differences():
            count += 1
            if count <= SHOWN:
                self.stderr.write(
                    f"address {difference.address_id}, {difference.scope or 'facts'}: "
                    f"stored {difference.stored}, rebuilt {difference.rebuilt}"
                )
        if count:
            raise CommandError(f"Differences between projection and ledger: {count:,}")
        self.stdout.write("Differences between projection and ledger: 0")
