"""Measure one-click and the preference page over HTTP beside the least they could cost, in turn."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from preferences import tokens
from preferences.models import (
    BusinessUnit,
    ConsentEvent,
    PolicyVersion,
    Preference,
    SubscriptionType,
)
from preferences.services import ensure_addresses
from preferences.values import Channel, Source, Status
from public.management import floor
from public.management.load import Load, ask, request_bytes
from subscriptions_site.database import without_query_log

CONNECTIONS = 8
MOST_PER_SECOND = 5_000
TYPES = 20
SERVERS = {
    "gunicorn": "gunicorn {app} -k gthread --threads 4 --workers 2 -b 127.0.0.1:{port} "
    "--log-level warning --keep-alive 60",
    "granian": "granian --interface wsgi {app} --workers 2 --blocking-threads 4 --host 127.0.0.1 "
    "--port {port} --no-access-log --log-level warning",
}
OURS = ("ours", "subscriptions_site.wsgi:application", "subscriptions_site.settings")
FLOOR = ("floor", "public.management.floor:application", "public.management.floor")
FILL = """
INSERT INTO preferences_preference (address_id, subscription_type_id, status, ours_status,
  ours_said_at, ours_event_id, ours_source, own_flags)
SELECT address.id, type.id, 1, 1, now(), nextval('preferences_consentevent_number'), 4, 0
FROM preferences_address AS address, preferences_subscriptiontype AS type
WHERE (address.id + type.id) %% 4 = 0
"""


class Command(BaseCommand):
    help = (
        "Measure one-click POSTs and the preference page on PostgreSQL under gunicorn and granian, 2 workers "
        "and 8 connections, in turn with a view that runs one hand-written statement. Uses a database of "
        "its own and removes it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--addresses", type=int, default=200_000)
        parser.add_argument("--seconds", type=float, default=5)
        parser.add_argument("--pairs", type=int, default=5)
        parser.add_argument(
            "--from-networks",
            action="store_true",
            help="one-clicks come from 4,096 networks through a proxy, and are counted by network (R24); "
            "those of the machine itself are not",
        )
        parser.add_argument("--servers", nargs="+", choices=SERVERS, default=["gunicorn"])

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("This measures PostgreSQL: set DATABASE_URL.")
        name = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            with without_query_log():
                self.senders = cycle(_senders() if options["from_networks"] else [""])
                self._fill(options["addresses"])
                for server in options["servers"]:
                    self._compare(server, options)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)

    def _fill(self, count: int) -> None:
        now = timezone.now()
        PolicyVersion.objects.create(changed_at=now)
        unit = BusinessUnit.objects.create(name="Bench", slug="bench")
        self.types = [
            SubscriptionType.objects.create(business_unit=unit, name=f"Type {n}").pk
            for n in range(TYPES)
        ]
        self.unit_id, self.ids = unit.pk, list[int]()
        for start in range(0, count, 10_000):
            forms = [f"person{n}@mail.example" for n in range(start, min(start + 10_000, count))]
            pairs = [(form, form) for form in forms]
            self.ids += ensure_addresses(channel=Channel.EMAIL, pairs=pairs, now=now)
        with connection.cursor() as cursor:
            cursor.execute(FILL, [])
            cursor.execute(floor.TABLES, {"count": count})
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("SHOW fsync")
            self.stdout.write(f"{count:,} addresses, fsync {cursor.fetchone()[0]}")
        self.one_clicks = self._one_clicks()
        dated = cycle(tokens.Preferences(one, unit.pk, now) for one in self.ids)
        self.pages = (
            request_bytes("GET", f"/p/{tokens.sign(link, settings.LINK_KEYS)}/") for link in dated
        )

    def _one_clicks(self) -> Iterator[bytes]:
        """One for each address and type, no one twice."""
        for type_id in self.types:
            for one in self.ids:
                link = tokens.Unsubscribe(one, self.unit_id, type_id)
                path = f"/u/{tokens.sign(link, settings.LINK_KEYS)}/"
                sender = next(self.senders)
                yield request_bytes("POST", path, b"List-Unsubscribe=One-Click", sender=sender)

    def _compare(self, server: str, options: dict[str, Any]) -> None:
        with (
            _serving(server, OURS, len(self.ids)) as ours,
            _serving(server, FLOOR, len(self.ids)) as least,
        ):
            one = cycle([request_bytes("POST", "/one/", b"List-Unsubscribe=One-Click")])
            page = cycle([request_bytes("GET", "/page/")])
            self._pairs(f"{server}, one-click", ours, self.one_clicks, least, one, options)
            self._pairs(f"{server}, preference page", ours, self.pages, least, page, options)

    def _pairs(
        self,
        label: str,
        ours: "Served",
        asked: Iterator[bytes],
        least: "Served",
        asked_least: Iterator[bytes],
        options: dict[str, Any],
    ) -> None:
        rates, costs = [], []
        for served, requests in ((ours, asked), (least, asked_least)):  # warm
            self._run(served, requests, 1)
        for _ in range(options["pairs"]):
            floor_load, floor_cost = self._run(least, asked_least, options["seconds"])
            load, cost = self._run(ours, asked, options["seconds"])
            rates.append(load.rate / floor_load.rate)
            costs.append(floor_cost / cost)
            self.stdout.write(
                f"{label}: {load.rate:,.0f}/s, p50 {load.percentile(0.5):.1f} ms, "
                f"p95 {load.percentile(0.95):.1f} ms, {cost:,.0f} us of processor each; floor "
                f"{floor_load.rate:,.0f}/s, p95 {floor_load.percentile(0.95):.1f} ms, {floor_cost:,.0f} us"
            )
        self.stdout.write(
            f"{label}: {median(rates):.2f} of the floor's requests a second, "
            f"{median(costs):.2f} by processor time (medians of {len(rates)} pairs)"
        )

    def _run(
        self, served: "Served", requests: Iterator[bytes], seconds: float
    ) -> tuple[Load, float]:
        ready = list(islice(requests, int(seconds * MOST_PER_SECOND)))  # signing is not measured
        before, spent = _counts(), served.processor_seconds()
        load = ask(served.port, iter(ready), connections=CONNECTIONS, seconds=seconds)
        cost = (served.processor_seconds() - spent) / max(load.answered, 1) * 1e6
        if load.failed:
            raise CommandError(f"{load.failed} requests failed")
        is_one_click = served.name == "ours" and _counts() != before
        if is_one_click and _counts() != tuple(count + load.answered for count in before):
            raise CommandError(
                f"{load.answered} answers, but {before} events and statuses to {_counts()}"
            )
        return load, cost


def _senders() -> list[str]:
    return [f"203.{n >> 8}.{n & 255}.7" for n in range(1 << 12)]


def _counts() -> tuple[int, int]:
    """Return how many one-clicks the ledger holds, and how many statuses are opted out."""
    events = ConsentEvent.objects.filter(source=Source.ONE_CLICK.code)
    return events.count(), Preference.objects.filter(status=Status.UNSUBSCRIBED.code).count()


class Served:
    """A running server."""

    def __init__(self, name: str, process: subprocess.Popen, port: int) -> None:
        self.name, self.process, self.port = name, process, port

    def processor_seconds(self) -> float:
        """Return what the server's processes and the database's have used so far (Linux).

        A process of the database that has ended is counted where its parent keeps it.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            backends = {row[0] for row in cursor.fetchall()}
        found = dict(_processes())
        parents = {found[pid][1] for pid in backends if pid in found}
        ticks = 0
        for pid, fields in found.items():
            if fields[1] == self.process.pid or pid in backends:
                ticks += fields[11] + fields[12]
            elif pid in parents:
                ticks += fields[13] + fields[14]
        return ticks / os.sysconf("SC_CLK_TCK")


def _processes() -> Iterator[tuple[int, list[int]]]:
    """Yield the number of each process with its fields of /proc/N/stat from the state on; that is 0."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        yield int(stat.parent.name), [0, *map(int, fields[1:])]


@contextmanager
def _serving(server: str, what: tuple[str, str, str], count: int) -> Iterator[Served]:
    name, app, module = what
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = SERVERS[server].format(app=app, port=port).split()
    environment = {**os.environ, **_environment(module, count)}
    if name == "ours":
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "-v0"]
        subprocess.run(collect, env=environment, cwd=settings.BASE_DIR, check=True)  # noqa: S603
    process = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-m", *words], env=environment, cwd=settings.BASE_DIR
    )
    try:
        _wait_for(port, process)
        yield Served(name, process, port)
    finally:
        process.terminate()
        process.wait(30)


def _environment(module: str, count: int) -> dict[str, str]:
    """Return production's settings, on the database of this run and with its keys."""
    url = urlsplit(os.environ["DATABASE_URL"])
    database = connection.settings_dict["NAME"]
    rings = {"ADDRESS_KEYS": settings.ADDRESS_KEYS, "LINK_KEYS": settings.LINK_KEYS}
    return {
        **{
            name: ",".join(f"{n}:{k.hex()}" for n, k in ring.items())
            for name, ring in rings.items()
        },
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{database}")),
        "DJANGO_SETTINGS_MODULE": module,
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "SECRET_KEY_FILE": "",
        "ALLOWED_HOSTS": "127.0.0.1",
        "PUBLIC_URL": "https://subscriptions.example",
        "SSL_REDIRECT": "0",
        "TRUSTED_PROXY_COUNT": "1",
        "FLOOR_ADDRESSES": str(count),
    }


def _wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise CommandError("The server did not start.")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise CommandError("The server did not answer.")
