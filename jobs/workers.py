"""Whether anybody works on jobs: workers leave a sign, and pages say so when it has grown old."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.models import WorkerSign

SIGN_SECONDS = 10.0  # how often a worker leaves one
SILENT_SECONDS = 60  # longer than any chunk and a database that was away take


@dataclass(frozen=True, slots=True)
class Silence:
    """No worker has been there for a while; ``since`` is when the last one was, None is never."""

    since: datetime | None


def leave_sign(*, now: datetime) -> None:
    """Write down that a worker is there; one statement."""
    WorkerSign.objects.bulk_create(
        [WorkerSign(id=1, seen_at=now)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["seen_at"],
    )


def find_silence(*, now: datetime) -> Silence | None:
    """Return since when no worker was there; None while one is. One query."""
    seen_at = WorkerSign.objects.values_list("seen_at", flat=True).first()
    if seen_at is not None and now - seen_at <= timedelta(seconds=SILENT_SECONDS):
        return None
    return Silence(seen_at)
