"""Measure the staff's daily pages beside an empty view, in turn, in the same process."""

import re
import time
from html import unescape
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, reset_queries
from django.db.models import Model, Sum
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path, reverse
from django.utils.http import urlencode

from accounts.access import Right, StaffRequest, staff_view
from accounts.models import Role, User
from contacts.models import Contact, ContactCount
from preferences.models import ConsentEvent, Preference
from subscriptions_site.management.bench_filters import (
    FIRST,
    filter_pages,
    forget_counts,
    plans_of,
)
from subscriptions_site.urls import urlpatterns as site_urlpatterns
from subscriptions_site.web.htmx import page_or_fragment
from subscriptions_site.web.memory import settle_memory

ROUNDS = 30
PANEL = {"HX-Request": "true", "HX-Target": "panel"}  # as the panel opens
OLDER = re.compile(r"\?[^\"]*\bafter=[^\"]+")


@staff_view(Right.VIEW)
def bench_empty(request: StaffRequest) -> HttpResponse:
    """Answer with the base template alone: session and user, no other query."""
    return page_or_fragment(request, "base.html", {}, ())


urlpatterns = [*site_urlpatterns, path("bench/empty/", bench_empty, name="bench_empty")]


class Command(BaseCommand):
    help = (
        "Measure index, record page, panel and history beside an empty view on the database as it is. "
        "Fill it first: demo_data --contacts 1000000."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rounds", type=int, default=ROUNDS)
        parser.add_argument("--filters", action="store_true", help="the index under filters")
        parser.add_argument("--plans", action="store_true", help="also show their query plans")

    def handle(self, *args: Any, **options: Any) -> None:
        staff = User.objects.filter(all_units=True, is_active=True)
        user = staff.filter(role=Role.ADMINISTRATOR).first() or staff.first()
        contact_id = Contact.objects.order_by("id").values_list("id", flat=True).first()
        if user is None or contact_id is None:
            raise CommandError("There are no demo data here: run demo_data first.")
        hosts = [*settings.ALLOWED_HOSTS, "testserver"]
        plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
        storages = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}
        with override_settings(
            ROOT_URLCONF=__name__,
            ALLOWED_HOSTS=hosts,
            SECURE_SSL_REDIRECT=False,
            STORAGES=storages,
            DEBUG=False,
        ):
            client = Client()
            client.force_login(user)
            settle_memory()  # as the server does
            pages = self._pages(client, contact_id)
            if options["filters"]:
                pages = {"empty view": reverse("bench_empty"), **filter_pages()}
            self._measure(client, pages, options["rounds"])
            for name, url in pages.items() if options["plans"] else ():
                plan = "\n".join(f"    {line}" for line in plans_of(client, url))
                self.stdout.write(f"{name}\n{plan}")

    def _pages(self, client: Client, contact_id: int) -> dict[str, str]:
        contacts = reverse("contacts")
        pages = {
            "empty view": reverse("bench_empty"),
            "index": contacts,
            "index, by company": f"{contacts}?{urlencode({'sort': 'company'})}",
            "index, part of a name": f"{contacts}?{urlencode({'q': 'okafor'})}",
            "index, part of an address": f"{contacts}?{urlencode({'q': 'ra@ok'})}",
            "index, no match": f"{contacts}?{urlencode({'q': 'zqxjzqxj'})}",
            "record": reverse("contact", args=[contact_id]),
            "panel, subscriptions": reverse("contact_subscriptions", args=[contact_id]),
            "panel, history": reverse("contact_history", args=[contact_id]),
            "subscriptions as a page": reverse("contact_subscriptions", args=[contact_id]),
            "history as a page": reverse("contact_history", args=[contact_id]),
        }
        after = self._after_pages(client, contacts, 50)
        if after:
            pages["index, page 50"] = after
        return pages

    def _after_pages(self, client: Client, url: str, count: int) -> str | None:
        """Follow "Older" ``count`` times; the price of a page must not depend on how deep it is."""
        for _ in range(count):
            older = OLDER.search(client.get(url).content.decode())
            if older is None:
                return None
            url = reverse("contacts") + unescape(older[0])
        return url

    def _measure(self, client: Client, pages: dict[str, str], rounds: int) -> None:
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in pages}
        backend = _backend()
        for _ in range(rounds + 2):  # two rounds to warm up
            for name, url in pages.items():
                if name.endswith(FIRST):
                    forget_counts()
                start, busy = time.perf_counter(), _processor_seconds(backend)
                response = client.get(url, headers=PANEL if name.startswith("panel") else {})
                took = time.perf_counter() - start
                times[name].append((took, _processor_seconds(backend) - busy))
                if response.status_code != 200:
                    raise CommandError(f"{url} answered {response.status_code}")
        middles = {
            name: [median(column) for column in zip(*taken[2:], strict=True)]
            for name, taken in times.items()
        }
        self.stdout.write(f"{connection.vendor}: {self._sizes()}; median of {rounds}")
        empty, empty_busy = middles["empty view"]
        for name, url in pages.items():
            took, busy = middles[name]
            queries = self._queries(client, url, PANEL if name.startswith("panel") else {})
            self.stdout.write(
                f"{name:>42}: {took * 1000:7.1f} ms  {took / empty:5.2f}x   of processor "
                f"{busy * 1000:7.1f} ms  {busy / empty_busy:5.2f}x   {queries} queries"
            )

    def _queries(self, client: Client, url: str, headers: dict[str, str]) -> int:
        connection.force_debug_cursor = True
        reset_queries()
        client.get(url, headers=headers)
        connection.force_debug_cursor = False
        return len(connection.queries)

    def _sizes(self) -> str:
        contacts = ContactCount.objects.aggregate(total=Sum("count"))["total"] or 0
        statuses, events = (self._about(model) for model in (Preference, ConsentEvent))
        return f"{contacts:,} contacts, about {statuses:,} statuses, {events:,} events"

    def _about(self, model: type[Model]) -> int:
        """Return the planner's estimate on PostgreSQL, the true number on SQLite."""
        if connection.vendor != "postgresql":
            return model._default_manager.count()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
                [model._meta.db_table],
            )
            return int(cursor.fetchone()[0])


def _backend() -> Path | None:
    """Return where Linux tells what a PostgreSQL server on this machine has worked for us."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        path = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    return path if path.exists() else None


def _processor_seconds(backend: Path | None) -> float:
    """Return how long this process and the server's have worked; other work disturbs that less."""
    own = time.process_time()
    if backend is None:
        return own
    return own + int(backend.read_text(encoding="ascii").split()[0]) / 1e9
