"""Measure a bulk edit, run as a job by worker processes, beside hand-written SQL doing the same writes."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.management import call_command
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
from contacts.management.bench_filter_rows import diversify
from contacts.management.bench_rows import CHOSEN, fill, types_filled
from contacts.models import Contact, ContactAddress
from jobs.models import Job
from jobs.selectors import counts_of
from preferences.management.commands.bench_door import opt_out_in_sql
from preferences.sealing import seal_events
from preferences.values import Channel, Status
from subscriptions_site.database import without_query_log

BAR = 2.5  # times the time of the SQL
TICKS = os.sysconf("SC_CLK_TCK")
PEAK, OWN = "VmHWM", "RssAnon"  # the most a process ever held; what it shares with no other


class Cost(NamedTuple):
    """Seconds by the clock, and of processors: Python's and the database's."""

    clock: float
    python: float
    database: float

    @property
    def processor(self) -> float:
        return self.python + self.database


class Command(BaseCommand):
    help = (
        "Opt many contacts, chosen by a filter, out of one type: with hand-written SQL and as a job of one "
        "worker, with two chunks at one moment as it runs and with one, in turn, and at last everybody. "
        "Needs PostgreSQL; uses a database of its own and removes it, unless told --filled."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--contacts", type=int, default=100_000)
        parser.add_argument("--chosen", type=int, default=30_000, help="how many a filter finds")
        parser.add_argument("--rounds", type=int, default=3, help="each with people of its own")
        parser.add_argument("--everybody", action="store_true", help="at last all contacts at once")
        parser.add_argument("--undo", action="store_true", help="also undo the last job of a round")
        parser.add_argument("--pages", action="store_true", help="at last the index under filters")
        parser.add_argument(
            "--filled",
            action="store_true",
            help="work on this database, a copy of one filled before",
        )
        parser.add_argument(
            "--alike", action="store_true", help="addresses differ in a number only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("The SQL to compare with is PostgreSQL's: set DATABASE_URL.")
        if options["rounds"] * options["chosen"] > options["contacts"]:
            raise CommandError(
                "Each round chooses people of its own: there are not enough contacts."
            )
        with without_query_log():
            if options["filled"]:
                self.run(types_filled(), options)
                return
            name = connection.settings_dict["NAME"]
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            try:
                types = self.fill(
                    options["contacts"],
                    options["rounds"],
                    options["chosen"],
                    is_alike=options["alike"],
                )
                self.run(types, options)
            finally:
                connection.creation.destroy_test_db(name, verbosity=0)

    def run(self, types: Sequence[int], options: Mapping[str, Any]) -> None:
        """Measure what was asked for."""
        self.measure(types, options["rounds"], is_undone=options["undo"])
        if options["everybody"]:
            self.measure_everybody(types)
        if options["pages"]:
            diversify(types, now=timezone.now())
            call_command("bench_pages", filters=True, plans=True, stdout=self.stdout)

    def fill(self, contacts: int, groups: int, chosen: int, *, is_alike: bool) -> list[int]:
        """Make the rows; return the types of which statuses are stored."""
        started = time.perf_counter()
        types = fill(contacts, groups=groups, chosen=chosen, now=timezone.now(), is_alike=is_alike)
        seal_events(now=timezone.now())
        self.stdout.write(f"filled in {time.perf_counter() - started:.0f} s")
        return types

    def measure(self, types: Sequence[int], rounds: int, *, is_undone: bool) -> None:
        """In each round the same people by SQL and by a worker with one chunk and with two at one
        moment, each out of another type.
        """
        self.user = bench_user()
        self._preview(types[-1])
        one: list[tuple[Cost, Cost]] = []
        two: list[tuple[Cost, Cost]] = []
        for number in range(rounds):
            people = people_of(number)
            floor = self._sql(people, types[0])
            one.append((self._job(people, types[1], 1)[0], floor))
            cost, job = self._job(people, types[2], 2)
            two.append((cost, floor))
            if is_undone:
                self._work(start_undo(job=job, user=self.user, now=timezone.now()), 2)
        self._conclude("one chunk at one moment", one)
        self._conclude("two at one moment, as workers run", two)

    def measure_everybody(self, types: Sequence[int]) -> None:
        """All contacts at once, by SQL and by a worker as it runs."""
        self.user = bench_user()
        everybody = Contact.objects.filter(deleted_at=None)
        floor = self._sql(everybody, types[3])
        cost, _job = self._job(everybody, types[4], 2)
        self._conclude("everybody", [(cost, floor)])

    def _conclude(self, label: str, pairs: Sequence[tuple[Cost, Cost]]) -> None:
        clock = [cost.clock / floor.clock for cost, floor in pairs]
        processor = [cost.processor / floor.processor for cost, floor in pairs]
        self.stdout.write(
            f"{label}: {median(clock):.2f} times the SQL (at most {BAR} is asked for; {shown(clock)}), "
            f"in processor time {median(processor):.2f} ({shown(processor)})"
        )

    def _preview(self, type_id: int) -> None:
        look = look_at_edit(opt_out_of(type_id), user=self.user, now=timezone.now())
        started = time.perf_counter()
        found = preview_of(look, people_of(0))
        seconds = time.perf_counter() - started
        self.stdout.write(f"preview of {found.seen:,} of {found.total:,} in {seconds:.2f} s")

    def _sql(self, people: QuerySet[Contact], type_id: int) -> Cost:
        """Let SQL do it, which is handed the addresses."""
        held = ContactAddress.objects.filter(contact__in=people).order_by("contact_id")
        addresses = list(held.values_list("address_id", flat=True))
        vacuum()
        before, used = processor_of_backends(), resource.getrusage(resource.RUSAGE_SELF)
        started = time.perf_counter()
        opt_out_in_sql(addresses, type_id)
        seconds = time.perf_counter() - started
        after, now = processor_of_backends(), resource.getrusage(resource.RUSAGE_SELF)
        vacuum()
        cost = Cost(seconds, _used(used, now), sum(after.values()) - sum(before.values()))
        self.stdout.write(
            f"SQL: {len(addresses) / seconds:,.0f} rows/s ({len(addresses):,} in {seconds:.2f} s), "
            f"processor {cost.processor:.2f} s"
        )
        return cost

    def _job(self, people: QuerySet[Contact], type_id: int, at_once: int) -> tuple[Cost, Job]:
        vacuum()
        forget_peak()
        held, started = memory_of(os.getpid(), PEAK), time.perf_counter()
        job = start_bulk_edit(
            edit=opt_out_of(type_id),
            contacts=people,
            selection={},
            user=self.user,
            now=timezone.now(),
            typed=people.count(),
        )
        seconds = time.perf_counter() - started
        grown = memory_of(os.getpid(), PEAK) - held
        self.stdout.write(
            f"froze {job.total:,} in {seconds:.2f} s, for which a server's process needs {grown} MB more"
        )
        return self._work(job, at_once), job

    def _work(self, job: Job, at_once: int) -> Cost:
        """Let a worker do the job, then seal; the start of Python is left out of the clock."""
        command = [sys.executable, "manage.py", "work_jobs", "--until-empty"]
        command += ["--at-once", str(at_once)]
        environment = {**os.environ, "DATABASE_URL": database_url()}
        before, children = processor_of_backends(), resource.getrusage(resource.RUSAGE_CHILDREN)
        worker = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment)  # noqa: S603
        peak, held, backends = 0, 0, dict(before)
        while worker.poll() is None:
            peak = max(peak, memory_of(worker.pid, PEAK))
            now = processor_of_backends()
            held = max([held, *(memory_of(pid, OWN) for pid in now)])
            backends |= now
            time.sleep(0.1)
        if worker.returncode:
            raise CommandError("a worker failed")
        job.refresh_from_db()
        own, sealing = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        seal_events(now=timezone.now())
        sealed = time.perf_counter() - sealing
        python = _used(own, resource.getrusage(resource.RUSAGE_SELF))
        python += _used(children, resource.getrusage(resource.RUSAGE_CHILDREN))
        backends |= processor_of_backends()
        worked = _seconds(job.started_at, job.finished_at)
        cost = Cost(worked + sealed, python, sum(backends.values()) - sum(before.values()))
        self.stdout.write(
            f"{job.kind}, {at_once} chunk(s) at one moment: {job.total / worked:,.0f} contacts/s "
            f"({worked:.2f} s), sealed in {sealed:.2f} s, processor {cost.python:.2f} s in Python and "
            f"{cost.database:.2f} s in the database, peak memory of a worker {peak} MB, "
            f"of its own of a database process {held} MB, "
            f"{counts_of(job).items}"
        )
        return cost


def bench_user() -> User:
    found = User.objects.filter(email="bench@fernmoor.example").first()
    return found or User.objects.create_user(
        "bench@fernmoor.example", None, name="Bench", role=Role.EDITOR, all_units=True
    )


def people_of(group: int) -> QuerySet[Contact]:
    """Return the contacts that the filter of a group finds."""
    return Contact.objects.filter(deleted_at=None, job_title=CHOSEN % group)


def opt_out_of(type_id: int) -> BulkEdit:
    return BulkEdit(status=Status.UNSUBSCRIBED, channel=Channel.EMAIL, type_ids=(type_id,))


def vacuum() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def shown(ratios: Sequence[float]) -> str:
    return ", ".join(f"{ratio:.2f}" for ratio in ratios)


def database_url() -> str:
    """Return the address of the database in use, for other processes."""
    values = connection.settings_dict
    names = ("host", "port", "user", "password")
    query = {name: str(values[name.upper()]) for name in names if values[name.upper()]}
    return f"postgres:///{quote(str(values['NAME']))}?{urlencode({**values['OPTIONS'], **query})}"


def processor_of_backends() -> dict[int, float]:
    """Return by process the seconds of processor that the database spent on this database so far.

    Only where it runs on this machine; elsewhere nothing is known.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return {pid: seconds for (pid,) in cursor.fetchall() if (seconds := _processor(pid))}


def _used(before: resource.struct_rusage, after: resource.struct_rusage) -> float:
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _processor(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_of(pid: int, which: str) -> int:
    """Return what Linux tells of the memory of a process in MB; 0 when it is gone, or on other systems."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith(which)]
    return int(found[0]) // 1024 if found else 0


def forget_peak() -> None:
    """Let the peak of this process begin anew; what it held before says nothing of a job."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _seconds(start: datetime | None, end: datetime | None) -> float:
    if start is None or end is None:
        raise CommandError("the job did not end")
    return (end - start).total_seconds()
