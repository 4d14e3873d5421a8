"""Run jobs chunk by chunk. The chunk's row is the cursor: taking it, the effect and marking it done are
one transaction (R19), so a killed worker leaves nothing half done and holds nothing back.
"""

import logging
from collections.abc import Iterator
from datetime import datetime

from django.db import Error, connection, transaction
from django.db.models import DateTimeField, Exists, OuterRef, Value
from django.db.models.functions import Coalesce

from accounts.access import may
from accounts.models import User
from jobs.ids import ids_of_text
from jobs.kinds import CannotWork, Done, Kind, UnknownKind, Work, get_kind
from jobs.models import Job, JobChunk

MAX_ATTEMPTS = 3
RUNNABLE = (Job.State.QUEUED, Job.State.RUNNING)
log = logging.getLogger(__name__)


def run_next_chunk(*, now: datetime, after_job_id: int = 0) -> int | None:
    """Do one chunk of one job and return the job's id; None when there is nothing to do.

    ``after_job_id``: the job of the last chunk; jobs take turns, the oldest first. Any number of
    workers may call this at once.
    """
    for job_id in _in_turn(after_job_id):
        if _run_chunk_of(job_id, now):
            return job_id
    return None


def _in_turn(after_job_id: int) -> Iterator[int]:
    runnable = Job.objects.filter(state__in=RUNNABLE).order_by("id")
    ids = list(runnable.values_list("id", flat=True))
    yield from (job_id for job_id in ids if job_id > after_job_id)
    yield from (job_id for job_id in ids if job_id <= after_job_id)


def _run_chunk_of(job_id: int, now: datetime) -> bool:
    """Do the next open chunk of a job; False when no chunk was to be had."""
    queued = Job.objects.filter(pk=job_id, state=Job.State.QUEUED)
    queued.update(
        state=Job.State.RUNNING, started_at=Coalesce("started_at", Value(now, DateTimeField()))
    )
    taken: list[int] = []
    try:
        with transaction.atomic():
            return _take_and_work(job_id, taken, now)
    except Exception as error:
        if not taken or (isinstance(error, Error) and _is_connection_lost()):
            raise  # nothing of the chunk is there, and it is not the chunk's fault
        log.exception("job %s, chunk %s", job_id, taken)
        _count_failure(job_id, taken, error)
        return True


def _is_connection_lost() -> bool:
    """Tell whether the database went away, rather than refused something."""
    return connection.connection is None or not connection.is_usable()


def _take_and_work(job_id: int, taken: list[int], now: datetime) -> bool:
    chunk = (
        JobChunk.objects.select_for_update(skip_locked=True)
        .filter(job=job_id, done_at__isnull=True)
        .order_by("number")
        .first()
    )
    # Read after the chunk: paused or cancelled meanwhile, it is left as it is.
    job = Job.objects.get(pk=job_id)
    if job.state != Job.State.RUNNING:
        return False
    if chunk is None:
        _finish_if_done(job_id, now)
        return False
    taken.append(chunk.pk)
    user = User.objects.get(pk=job.created_by_id)
    kind = _kind_or_stop(job, user)
    if kind is None:
        return True
    work = Work(job, chunk.number, ids_of_text(chunk.items), user, now)
    try:
        done = kind.work(work)
    except CannotWork as error:
        _stop(job, Job.Problem.INVALID)
        log.warning("job %s: %s", job_id, error)
        return True
    _mark_done(chunk, done, now)
    return True


def _kind_or_stop(job: Job, user: User) -> Kind | None:
    """Return the kind, if there is one and the user may still do this; else stop the job."""
    try:
        kind = get_kind(job.kind)
    except UnknownKind:
        _stop(job, Job.Problem.UNKNOWN_KIND)
        return None
    if not may(user, kind.right):
        _stop(job, Job.Problem.NO_RIGHT)
        return None
    return kind


def _mark_done(chunk: JobChunk, done: Done, now: datetime) -> None:
    JobChunk.objects.filter(pk=chunk.pk).update(
        done_at=now,
        error="",
        item_counts=dict(done.item_counts),
        change_counts=dict(done.change_counts),
        refusals={reason: list(found) for reason, found in done.refusals.items()},
        first_event_id=done.first_event_id,
        last_event_id=done.last_event_id,
        output=done.output,
    )


def _finish_if_done(job_id: int, now: datetime) -> None:
    """End a job that has no open chunk left; others may still be working on some."""
    left = JobChunk.objects.filter(job=OuterRef("pk"), done_at__isnull=True)
    going = Job.objects.filter(pk=job_id, state=Job.State.RUNNING)
    going.filter(~Exists(left)).update(state=Job.State.FINISHED, finished_at=now)


def _count_failure(job_id: int, taken: list[int], error: Exception) -> None:
    """Write down a failed attempt; after some the job stops, and the other jobs go on."""
    with transaction.atomic():
        chunk = JobChunk.objects.select_for_update().filter(pk__in=taken).first()
        if chunk is None or chunk.done_at is not None:
            return
        chunk.attempts += 1
        # The class alone: a message may hold what people are called.
        chunk.error = type(error).__name__[:200]
        chunk.save(update_fields=["attempts", "error"])
        if chunk.attempts >= MAX_ATTEMPTS:
            _stop(Job.objects.get(pk=job_id), Job.Problem.ERROR)


def _stop(job: Job, problem: Job.Problem) -> None:
    still = Job.objects.filter(pk=job.pk, state__in=RUNNABLE)
    still.update(state=Job.State.FAILED, problem=problem)
