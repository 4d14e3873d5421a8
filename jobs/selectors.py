"""What screens show of jobs: progress, results, what is new. Nothing here grows with the items."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Min, QuerySet, Sum

from accounts.models import User
from jobs.access import jobs_for
from jobs.ids import ids_of_text
from jobs.models import Job, JobChunk

RATE_WINDOW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, in items. ``per_second`` and ``seconds_left``: None while nothing tells."""

    done: int
    total: int
    per_second: float | None
    seconds_left: float | None

    @property
    def percent(self) -> int:
        """Return 0 to 100; 100 only when everything is done."""
        return self.done * 100 // self.total if self.total else 100


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the chunks done so far; see ``JobChunk``."""

    items: dict[str, int]
    changes: dict[str, int]


def progress_of(job: Job, *, now: datetime) -> Progress:
    """Return how far a job is; the rate is that of the last half minute. Two queries."""
    done = job.chunks.filter(done_at__isnull=False)
    sums = done.aggregate(items=Sum("item_count"), first=Min("done_at"), last=Max("done_at"))
    count = sums["items"] or 0
    if job.state != Job.State.RUNNING or not sums["last"]:
        return Progress(count, job.total, None, None)
    since = max(now - RATE_WINDOW, job.started_at or sums["first"])
    recent = done.filter(done_at__gt=since).aggregate(items=Sum("item_count"))["items"] or 0
    seconds = (now - since).total_seconds()
    rate = recent / seconds if recent and seconds > 0 else None
    return Progress(count, job.total, rate, (job.total - count) / rate if rate else None)


def counts_of(job: Job) -> Counts:
    """Return the sums over all chunks that are done."""
    items: Counter[str] = Counter()
    changes: Counter[str] = Counter()
    done = job.chunks.filter(done_at__isnull=False).values_list("item_counts", "change_counts")
    for of_items, of_changes in done.iterator(chunk_size=500):
        items.update(of_items)
        changes.update(of_changes)
    return Counts(dict(items), dict(changes))


def has_refusals(job: Job) -> bool:
    """Tell whether a chunk that is done left anybody as they were, and kept why."""
    return job.chunks.filter(done_at__isnull=False).exclude(refusals={}).exists()


def count_to_approve(user: User) -> int:
    """Return how many jobs wait for a second person such as this user."""
    return jobs_for(user).filter(state=Job.State.WAITING).exclude(created_by=user).count()


def sample_items(job: Job, count: int) -> list[int]:
    """Return some hundred or thousand items of a job, whole chunks from all over it, ascending."""
    sizes = list(job.chunks.order_by("number").values_list("pk", "item_count"))
    step = max(1, -(-job.total // count))
    found = job.chunks.filter(pk__in=[pk for pk, _count in sizes[::step]]).order_by("number")
    return [one for text in found.values_list("items", flat=True) for one in ids_of_text(text)]


def find_started(user: User, key: str) -> Job | None:
    """Return the job that a form of this key started already."""
    return Job.objects.filter(created_by=user, key=key).first() if key else None


def done_chunks(job: Job, *fields: str) -> Iterator[JobChunk]:
    """Return the chunks that are done one after the other, some at a time, with these fields."""
    chunks = job.chunks.filter(done_at__isnull=False).order_by("number")
    yield from chunks.only("job", "number", *fields).iterator(chunk_size=10)


def unseen_jobs(user: User) -> QuerySet[Job]:
    """Return the user's jobs that ended, or stopped, and whose result they have not seen."""
    ended = (Job.State.FINISHED, Job.State.CANCELLED, Job.State.FAILED)
    return Job.objects.filter(created_by=user, seen_at__isnull=True, state__in=ended)


def running_count(user: User) -> int:
    """Return how many of the user's jobs are under way."""
    states = (Job.State.QUEUED, Job.State.RUNNING, Job.State.PAUSED)
    return Job.objects.filter(created_by=user, state__in=states).count()
