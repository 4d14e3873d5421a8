"""Start jobs, and steer them: approve, pause, resume, cancel. Workers run them (``jobs.running``)."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from jobs.access import may_approve
from jobs.ids import ids_to_text, in_chunks
from jobs.kinds import get_kind
from jobs.models import Job, JobChunk
from jobs.policy import current_job_policy

State = Job.State
WRITTEN_AT_ONCE = 50  # chunk rows a statement
MOVED_PERCENT = 1
OUTPUT_DAYS = 7  # files hold personal data


class NothingSelected(ValueError):
    """Says that the selection holds nobody (any more)."""


class NumberNotTyped(ValueError):
    """Says that ``total`` has to be typed, and was not, or that another number was."""

    def __init__(self, total: int) -> None:
        super().__init__(f"{total} was not typed")
        self.total = total


class SelectionMoved(ValueError):
    """Says that the selection holds ``total`` now, clearly other than what was shown."""

    def __init__(self, total: int) -> None:
        super().__init__(f"the selection holds {total} now")
        self.total = total


class WrongState(ValueError):
    """Says that a job cannot be steered like this in the state it is in."""


def start_job(
    *,
    kind: str,
    items: Iterable[int],
    parameters: Mapping[str, Any],
    selection: Mapping[str, Any],
    user: User,
    now: datetime,
    key: str = "",
    expected: int | None = None,
    typed: int | None = None,
    chunk_size: int | None = None,
) -> Job:
    """Freeze the selection into chunks and queue the job, all or nothing.

    ``items``: ids, ascending; they are streamed, so a million need no memory. ``key``: a second
    start with it returns the first job. ``expected``: the number shown before; ``typed``: the
    number typed; ``chunk_size``: other than the kind's. Raises NothingSelected, SelectionMoved and
    NumberNotTyped; then nothing is kept.
    """
    found = get_kind(kind)
    with transaction.atomic():
        job, is_new = Job.objects.get_or_create(
            created_by=user,
            key=key or uuid.uuid4().hex,
            defaults={
                "kind": kind,
                "created_at": now,
                "parameters": dict(parameters),
                "selection": dict(selection),
            },
        )
        if not is_new:
            return job
        job.total, job.chunk_count = _freeze(job, items, chunk_size or found.chunk_size)
        _check_number(job.total, expected)
        if found.is_guarded:
            job.state = _first_state(job.total, typed)
        job.save(update_fields=["total", "chunk_count", "state"])
    return job


def start_undo_job(
    *, job: Job, kind: str, parameters: Mapping[str, Any], user: User, now: datetime, key: str = ""
) -> Job:
    """Queue a job over the chunks of another one that wrote events, under the same numbers.

    ``total`` counts the items that the other one changed. Raises NothingSelected.
    """
    with transaction.atomic():
        undo, is_new = Job.objects.get_or_create(
            created_by=user,
            key=key or uuid.uuid4().hex,
            defaults={
                "kind": kind,
                "created_at": now,
                "parameters": dict(parameters),
                "undo_of": job,
            },
        )
        if not is_new:
            return undo
        written = job.chunks.filter(first_event_id__isnull=False, done_at__isnull=False)
        rows = [
            JobChunk(job=undo, number=chunk.number, items=chunk.items, item_count=changed)
            for chunk in written.only("number", "items", "item_counts").iterator(chunk_size=200)
            if (changed := chunk.item_counts.get("changed", 0))
        ]
        JobChunk.objects.bulk_create(rows, batch_size=WRITTEN_AT_ONCE)
        undo.total = sum(row.item_count for row in rows)
        undo.chunk_count = len(rows)
        if not rows:
            raise NothingSelected
        undo.save(update_fields=["total", "chunk_count"])
    return undo


def approve_job(*, job: Job, user: User, now: datetime) -> Job:
    """Let a job run that waits for a second person. Raises WrongState."""
    with transaction.atomic():
        job = _locked(job)
        if not may_approve(user, job):
            raise WrongState(job.state)
        return _put(job, State.QUEUED, approved_by=user, approved_at=now)


def decline_job(*, job: Job, user: User, now: datetime) -> Job:
    """Say no to a job that waits for a second person: it ends before it began. Raises WrongState."""
    with transaction.atomic():
        job = _locked(job)
        if not may_approve(user, job):
            raise WrongState(job.state)
        stopped = {"stopped_by": user, "stopped_at": now, "finished_at": now}
        return _put(job, State.CANCELLED, problem=Job.Problem.NOT_APPROVED, **stopped)


def pause_job(*, job: Job, user: User, now: datetime) -> Job:
    """Stop before the next chunk. Raises WrongState."""
    with transaction.atomic():
        job = _locked(job)
        _require(job, State.QUEUED, State.RUNNING)
        return _put(job, State.PAUSED, stopped_by=user, stopped_at=now)


def resume_job(*, job: Job) -> Job:
    """Go on with a paused job, or with one that a problem stopped. Raises WrongState."""
    with transaction.atomic():
        job = _locked(job)
        _require(job, State.PAUSED, State.FAILED)
        job.chunks.filter(done_at__isnull=True, attempts__gt=0).update(attempts=0)
        return _put(job, State.QUEUED, problem="", stopped_by=None, stopped_at=None)


def cancel_job(*, job: Job, user: User, now: datetime) -> Job:
    """End a job before its next chunk; what is done stays done. Raises WrongState."""
    with transaction.atomic():
        job = _locked(job)
        _require(job, State.WAITING, State.QUEUED, State.RUNNING, State.PAUSED, State.FAILED)
        stopped = {"stopped_by": user, "stopped_at": now, "finished_at": now}
        return _put(job, State.CANCELLED, **stopped)


def mark_seen(*, user: User, now: datetime, job: Job | None = None) -> None:
    """Remember that a user saw the result of their job, or of all of their jobs."""
    over = Job.objects.filter(created_by=user, seen_at__isnull=True)
    if job is not None:
        over = over.filter(pk=job.pk)
    over.filter(state__in=[State.FINISHED, State.CANCELLED, State.FAILED]).update(seen_at=now)


def forget_outputs(*, now: datetime) -> int:
    """Remove the files that jobs made some days ago; return how many pieces. Counts stay."""
    old = JobChunk.objects.filter(
        output__isnull=False, job__finished_at__lt=now - timedelta(days=OUTPUT_DAYS)
    )
    return old.update(output=None)


def _freeze(job: Job, items: Iterable[int], size: int) -> tuple[int, int]:
    """Write the chunks; return how many items and how many chunks there are."""
    total = count = 0
    rows: list[JobChunk] = []
    for chunk in in_chunks(items, size):
        rows.append(
            JobChunk(job=job, number=count, item_count=len(chunk), items=ids_to_text(chunk))
        )
        total, count = total + len(chunk), count + 1
        if len(rows) == WRITTEN_AT_ONCE:
            JobChunk.objects.bulk_create(rows)
            rows = []
    JobChunk.objects.bulk_create(rows)
    return total, count


def _check_number(total: int, expected: int | None) -> None:
    if not total:
        raise NothingSelected
    if expected is not None and abs(total - expected) * 100 > expected * MOVED_PERCENT:
        raise SelectionMoved(total)


def _first_state(total: int, typed: int | None) -> State:
    """Return in which state a guarded job begins; many items demand more."""
    policy = current_job_policy()
    if total <= policy.typed_number_over:
        return State.QUEUED
    if typed != total:
        raise NumberNotTyped(total)
    return State.WAITING if policy.second_person_approves else State.QUEUED


def _locked(job: Job) -> Job:
    return Job.objects.select_for_update(of=("self",)).get(pk=job.pk)


def _require(job: Job, *states: str) -> None:
    if job.state not in states:
        raise WrongState(job.state)


def _put(job: Job, state: str, **fields: Any) -> Job:
    job.state = state
    for name, value in fields.items():
        setattr(job, name, value)
    job.save(update_fields=["state", *fields])
    return job
