"""Fill an empty database with a made-up company, to try the product or to measure it."""

import os
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from accounts.demo import PASSWORD, PEOPLE
from contacts.demo.loading import Loaded, NotEmpty, load_demo
from subscriptions_site.database import without_query_log

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
        parser.add_argument(
            "--workers",
            type=int,
            default=os.cpu_count() or 1,
            metavar="N",
            help="processes that share the work on PostgreSQL (one for each processor)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["contacts"] < 1 or options["workers"] < 1:
            raise CommandError("--contacts and --workers must be at least 1.")
        began = time.monotonic()

        def report(added: int) -> None:
            rate = added / max(time.monotonic() - began, 0.001)
            self.stderr.write(f"demo data: {added:,} contacts added, {rate:,.0f} a second")

        try:
            password = PASSWORD if settings.DEBUG else None
            with without_query_log():
                loaded = load_demo(
                    count=options["contacts"],
                    now=timezone.now(),
                    password=password,
                    workers=options["workers"] if connection.vendor == "postgresql" else 1,
                    report=report,
                )
        except NotEmpty as error:
            raise CommandError(
                "This database holds data of its own, so no demo data were put into it. "
                "Use an empty database: DATABASE_URL names it."
            ) from error
        if loaded.contacts and options["verbosity"] > 0:
            self.show_result(loaded, time.monotonic() - began)

    def show_result(self, loaded: Loaded, seconds: float) -> None:
        self.stdout.write(
            f"Demo data: {loaded.contacts:,} contacts and {loaded.changes:,} changes of consent "
            f"in {seconds:.1f} seconds."
        )
        for email, name, role, *_ in PEOPLE:
            self.stdout.write(f"  {email}  {name}, {role.label.lower()}")
        if settings.DEBUG:
            self.stdout.write(f'  password of them all: "{PASSWORD}"')
        else:
            self.stdout.write("  Nobody can sign in yet: manage.py changepassword EMAIL")
