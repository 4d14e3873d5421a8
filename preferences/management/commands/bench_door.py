"""Measure the door in bulk beside hand-written SQL doing the same writes, in the same run."""

import resource
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from preferences import seal
from preferences.models import (
    EVENT_SEQUENCE,
    BusinessUnit,
    ConsentEvent,
    PolicyVersion,
    Seal,
    SubscriptionType,
)
from preferences.projection import PREFERENCES
from preferences.sealing import seal_events
from preferences.services import apply_changes, ensure_addresses
from preferences.values import (
    Actor,
    ActorKind,
    Change,
    Channel,
    LegalBasis,
    Source,
    Status,
    Wish,
    type_scope,
)
from subscriptions_site.database import without_query_log

CHUNK = 10_000
STORED = 5  # preferences per address
TABLE = ConsentEvent._meta.db_table
STAFF = Actor(ActorKind.USER, 1)

FLOOR = f"""
WITH ids AS MATERIALIZED (SELECT unnest(%(ids)s::bigint[]) AS address_id),
old AS MATERIALIZED (
  SELECT p.id, p.address_id, p.status, p.ours_event_id FROM {PREFERENCES} p JOIN ids USING (address_id)
  WHERE p.subscription_type_id = %(type)s AND p.status <> 2 AND p.own_status IS DISTINCT FROM 2),
new AS MATERIALIZED (SELECT old.*, nextval('{EVENT_SEQUENCE}') AS event_id FROM old),
written AS (
  UPDATE {PREFERENCES} p SET status = 2, ours_status = 2, ours_said_at = %(now)s,
    ours_event_id = new.event_id, ours_source = 2, ours_names_event_id = NULL
  FROM new WHERE p.id = new.id),
events AS (
  INSERT INTO {TABLE} (id, address_id, replaced_event_id, before, after, recorded_at, said_at,
    transaction_id, subscription_type_id, policy_id, scope, act, word, status, source, actor_kind,
    actor_id, flags, rule, idempotency_key, digest)
  SELECT event_id, address_id, ours_event_id, status, 2, %(now)s, %(now)s,
    pg_current_xact_id()::text::bigint, %(type)s, %(policy)s, 1, 1, 2, 2, 2, 2, 1, 0, 3, '',
    sha256(int8send(event_id) || int8send(address_id) || int8send(ours_event_id) || int2send(status)
      || int2send(2::smallint) || int2send(%(type)s::smallint)
      || int8send((extract(epoch from %(now)s::timestamptz) * 1000000)::bigint))
  FROM new RETURNING id, digest)
SELECT count(*), min(id), max(id), sha256(string_agg(digest, ''::bytea ORDER BY id)) FROM events
"""


class Command(BaseCommand):
    help = (
        "Opt 200,000 addresses with five stored preferences each out of one type, through the door and, on "
        "PostgreSQL, with hand-written SQL, in turn. Uses a database of its own and removes it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--addresses", type=int, default=200_000)

    def handle(self, *args: Any, **options: Any) -> None:
        count = options["addresses"]
        with TemporaryDirectory() as folder:
            if connection.vendor == "sqlite":
                connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
            name = connection.settings_dict["NAME"]
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            try:
                with without_query_log():
                    self._run(count)
            finally:
                connection.creation.destroy_test_db(name, verbosity=0)

    def _run(self, count: int) -> None:
        self._settings()
        types, ids = self._fill(count)
        ratios = []
        for first, second in ((types[0], types[1]), (types[2], types[3])):
            door = self._timed("door", count, partial(opt_out_through_door, ids, first))
            if connection.vendor == "postgresql":
                floor = self._timed("SQL", count, partial(opt_out_in_sql, ids, second))
                ratios.append(door / floor)
        if ratios:
            shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            self.stdout.write(f"door / SQL: {shown} (at least 0.33 is asked for)")

    def _settings(self) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
                )
                fsync, commit = cursor.fetchone()
                self.stdout.write(f"PostgreSQL, fsync {fsync}, synchronous_commit {commit}")
            else:
                cursor.execute("PRAGMA synchronous")
                self.stdout.write(f"SQLite, synchronous {cursor.fetchone()[0]} (2 is FULL)")

    def _fill(self, count: int) -> tuple[list[int], list[int]]:
        now = timezone.now()
        PolicyVersion.objects.create(changed_at=now)
        unit = BusinessUnit.objects.create(name="Bench", slug="bench")
        types = [
            SubscriptionType.objects.create(business_unit=unit, name=f"Type {n}").pk
            for n in range(STORED)
        ]
        ids: list[int] = []
        for start in range(0, count, CHUNK):
            forms = [
                f"person{n}@mail{n % 997}.example" for n in range(start, min(start + CHUNK, count))
            ]
            pairs = [(form, form) for form in forms]
            ids += ensure_addresses(channel=Channel.EMAIL, pairs=pairs, now=now)
        self._timed("fill, opt-ins", count * STORED, lambda: subscribe(ids, types))
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
        return types, ids

    def _timed(self, label: str, count: int, act: Callable[[], None]) -> float:
        start = time.perf_counter()
        act()
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        self.stdout.write(
            f"{label:>14}: {count / seconds:>9,.0f} rows/s  "
            f"({count:,} in {seconds:.2f} s, peak memory {peak} MB)"
        )
        return count / seconds


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def subscribe(ids: list[int], types: list[int]) -> None:
    for type_id in types:
        wish = Wish(
            scope=type_scope(type_id),
            source=Source.BULK_EDIT,
            status=Status.SUBSCRIBED,
            legal_basis=LegalBasis.CONSENT_WITH_NOTICE,
            explanation="Asked for it at the counter",
        )
        for chunk in _chunks(ids):
            apply_changes(
                changes=[Change(pk, wish) for pk in chunk], actor=STAFF, now=timezone.now()
            )
    seal_events(now=timezone.now())


def opt_out_through_door(ids: list[int], type_id: int) -> None:
    wish = Wish(scope=type_scope(type_id), source=Source.BULK_EDIT, status=Status.UNSUBSCRIBED)
    for chunk in _chunks(ids):
        apply_changes(changes=[Change(pk, wish) for pk in chunk], actor=STAFF, now=timezone.now())
    seal_events(now=timezone.now())


def opt_out_in_sql(ids: list[int], type_id: int) -> None:
    """Write the same rows without any rule: registers, event with digest, one seal a chunk."""
    policy = PolicyVersion.objects.latest("id").pk
    for chunk in _chunks(ids):
        with transaction.atomic(), connection.cursor() as cursor:
            now = timezone.now()
            cursor.execute(FLOOR, {"ids": chunk, "type": type_id, "now": now, "policy": policy})
            count, first, last, root = cursor.fetchone()
            number = Seal.objects.aggregate(last=Max("number"))["last"] or 0
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            (horizon,) = cursor.fetchone()
            Seal.objects.create(
                number=number + 1,
                sealed_at=now,
                horizon=horizon,  # or the next real seal would look for latecomers among all of it
                first_id=first,
                last_id=last,
                count=count,
                ranges=f"{first}-{last}",
                root=root,
                previous_head=seal.GENESIS,
                head=root,
            )
