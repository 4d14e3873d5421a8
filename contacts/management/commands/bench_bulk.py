"""Measure a bulk edit, run as a job by worker processes, beside hand-written SQL doing the same writes."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Role, User
from contacts.bulk.changes import look_at_edit
from contacts.bulk.edit import BulkEdit
from contacts.bulk.preview import preview_of
from contacts.bulk.start import start_bulk_edit
from contacts.bulk.undo import start_undo
from contacts.management.bench_rows import CHOSEN, fill
from contacts.models import Contact, ContactAddress
from jobs.models import Job
from jobs.selectors import counts_of
from preferences.management.commands.bench_door import opt_out_in_sql
from preferences.sealing import seal_events
from preferences.values import Channel, Status
from subscriptions_site.database import without_query_log

BAR = 2.5  # times the time of the SQL


class Command(BaseCommand):
    help = (
        "Opt many contacts, chosen by a filter, out of one type: as a job with one and with two worker "
        "processes, and with hand-written SQL, in turn. Needs PostgreSQL; uses a database of its own and "
        "removes it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--contacts", type=int, default=100_000)
        parser.add_argument("--chosen", type=int, default=100_000, help="how many the filter finds")
        parser.add_argument("--undo", action="store_true", help="also undo the last job")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("The SQL to compare with is PostgreSQL's: set DATABASE_URL.")
        name = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            with without_query_log():
                self._run(options["contacts"], options["chosen"], is_undone=options["undo"])
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)

    def _run(self, contacts: int, chosen: int, *, is_undone: bool) -> None:
        chosen = min(chosen, contacts)
        self.user = User.objects.create_user(
            "bench@fernmoor.example", None, name="Bench", role=Role.EDITOR, all_units=True
        )
        started = time.perf_counter()
        types = fill(contacts, chosen, now=timezone.now())
        seal_events(now=timezone.now())
        self.stdout.write(f"filled in {time.perf_counter() - started:.0f} s")
        self._preview(types[-1])
        held = ContactAddress.objects.filter(contact__in=people()).order_by("contact_id")
        addresses = list(held.values_list("address_id", flat=True))
        job = None
        for place, workers in ((0, 1), (2, 2)):
            sql = self._timed("SQL", chosen, lambda: opt_out_in_sql(addresses, types[place + 1]))  # noqa: B023
            job = self._start(types[place], chosen)
            seconds = self._work(job, workers)
            self.stdout.write(f"  {seconds / sql:.2f} times the SQL (at most {BAR} is asked for)")
        if is_undone and job is not None:
            self._work(start_undo(job=job, user=self.user, now=timezone.now()), 2)

    def _preview(self, type_id: int) -> None:
        look = look_at_edit(opt_out_of(type_id), user=self.user, now=timezone.now())
        started = time.perf_counter()
        found = preview_of(look, people())
        seconds = time.perf_counter() - started
        self.stdout.write(f"preview of {found.seen:,} of {found.total:,} in {seconds:.2f} s")

    def _start(self, type_id: int, typed: int) -> Job:
        started = time.perf_counter()
        job = start_bulk_edit(
            edit=opt_out_of(type_id),
            contacts=people(),
            selection={},
            user=self.user,
            now=timezone.now(),
            typed=typed,
        )
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        self.stdout.write(f"froze {job.total:,} in {seconds:.2f} s, peak memory {peak} MB")
        return job

    def _work(self, job: Job, workers: int) -> float:
        """Let workers do the job, then seal; return the seconds of both, without starting Python."""
        command = [sys.executable, "manage.py", "work_jobs", "--until-empty"]
        environment = {**os.environ, "DATABASE_URL": database_url()}
        running = [
            subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment)  # noqa: S603
            for _ in range(workers)
        ]
        peak = 0
        while any(worker.poll() is None for worker in running):
            peak = max(peak, *(peak_memory(worker.pid) for worker in running))
            time.sleep(0.1)
        if any(worker.returncode for worker in running):
            raise CommandError("a worker failed")
        job.refresh_from_db()
        sealing = time.perf_counter()
        seal_events(now=timezone.now())
        sealed = time.perf_counter() - sealing
        worked = _seconds(job.started_at, job.finished_at)
        self.stdout.write(
            f"{job.kind}, {workers} worker(s): {job.total / worked:,.0f} contacts/s ({worked:.2f} s), "
            f"sealed in {sealed:.2f} s, peak memory of a worker {peak} MB, {counts_of(job).items}"
        )
        return worked + sealed

    def _timed(self, label: str, count: int, act: Callable[[], None]) -> float:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        started = time.perf_counter()
        act()
        seconds = time.perf_counter() - started
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        self.stdout.write(f"{label}: {count / seconds:,.0f} rows/s ({count:,} in {seconds:.2f} s)")
        return seconds


def people() -> QuerySet[Contact]:
    """Return the contacts that the filter finds."""
    return Contact.objects.filter(deleted_at=None, job_title=CHOSEN)


def opt_out_of(type_id: int) -> BulkEdit:
    return BulkEdit(status=Status.UNSUBSCRIBED, channel=Channel.EMAIL, type_ids=(type_id,))


def database_url() -> str:
    """Return the address of the database in use, for other processes."""
    values = connection.settings_dict
    names = ("host", "port", "user", "password")
    query = {name: str(values[name.upper()]) for name in names if values[name.upper()]}
    return f"postgres:///{quote(str(values['NAME']))}?{urlencode({**values['OPTIONS'], **query})}"


def peak_memory(pid: int) -> int:
    """Return the peak of a process so far in MB; 0 when it is gone, or when the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(found[0]) // 1024 if found else 0


def _seconds(start: datetime | None, end: datetime | None) -> float:
    if start is None or end is None:
        raise CommandError("the job did not end")
    return (end - start).total_seconds()
