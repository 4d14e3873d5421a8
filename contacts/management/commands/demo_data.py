"""Fill an empty database with a made-up company, to try the product or to measure it."""

import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.demo import PASSWORD, PEOPLE
from contacts.demo.loading import NotEmpty, load_demo

CONTACTS = 25_000


class Command(BaseCommand):
    help = (
        "Fill an empty database with a made-up company, its contacts and their histories of consent. "
        "Does nothing when they are there, and never touches a database that holds anything else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--contacts",
            type=int,
            default=CONTACTS,
            metavar="N",
            help=f"how many contacts there shall be ({CONTACTS:,}); more can be added later",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        count: int = options["contacts"]
        if count < 1:
            raise CommandError("--contacts must be at least 1.")
        self.began = time.monotonic()
        self.total = count
        try:
            loaded = load_demo(
                count=count,
                now=timezone.now(),
                password=PASSWORD if settings.DEBUG else None,
                report=self.show_progress,
            )
        except NotEmpty as error:
            raise CommandError(
                "This database holds data of its own, so no demo data were put into it. "
                "Use an empty database: DATABASE_URL names it."
            ) from error
        if loaded.contacts and options["verbosity"] > 0:
            self.show_result(loaded.contacts, loaded.changes)

    def show_progress(self, count: int) -> None:
        """Show how far it is, on a terminal only in one line."""
        rate = count / max(time.monotonic() - self.began, 0.001)
        end = "\r" if sys.stderr.isatty() and count < self.total else "\n"
        self.stderr.write(
            f"demo data: {count:,} of {self.total:,} contacts, {rate:,.0f} a second", ending=end
        )

    def show_result(self, contacts: int, changes: int) -> None:
        seconds = time.monotonic() - self.began
        self.stdout.write(
            f"Demo data: {contacts:,} contacts and {changes:,} changes of consent "
            f"in {seconds:.1f} seconds."
        )
        for email, name, role, *_ in PEOPLE:
            self.stdout.write(f"  {email}  {name}, {role.label.lower()}")
        if settings.DEBUG:
            self.stdout.write(f'  password of them all: "{PASSWORD}"')
        else:
            self.stdout.write("  Nobody can sign in yet: manage.py changepassword EMAIL")
