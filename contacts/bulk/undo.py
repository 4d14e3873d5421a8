"""Undo a job of bulk edit (R23): a job of its own through the same door.

Each event of the job is undone by an event, while it is still the newest of its register and the
person has said nothing since. Undo may be asked for twice: the second time there is nothing left.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from accounts.access import Right, require
from accounts.models import User
from contacts.bulk.changes import Door
from contacts.bulk.tally import Tally
from contacts.bulk.written import events_of_chunk
from contacts.models import ContactAddress
from jobs.ids import ids_of_text
from jobs.kinds import Done, Work, get_kind
from jobs.models import Job, JobChunk
from jobs.services import start_undo_job
from preferences.access import actor_for
from preferences.services import apply_changes, preview_changes
from preferences.values import (
    JOB_UNDO_DAYS,
    Act,
    Change,
    Result,
    Scope,
    ScopeKind,
    Source,
    Wish,
)

UNDO_BULK_EDIT = "undo_bulk_edit"
PREVIEWED_CHUNKS = 10


class NotUndoable(ValueError):
    """Says that a job cannot be undone; ``reason``: "kind", "running", "too_late"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def undo_until(job: Job) -> datetime | None:
    """Return until when a job may be undone; None before it is over, and for other kinds."""
    if not job.is_over or job.finished_at is None or not get_kind(job.kind).undo_kind:
        return None
    return job.finished_at + timedelta(days=JOB_UNDO_DAYS)


def check_undo(job: Job, *, now: datetime) -> None:
    """Return if a job may be undone, else raise NotUndoable."""
    if not get_kind(job.kind).undo_kind:
        raise NotUndoable("kind")
    until = undo_until(job)
    if until is None:
        raise NotUndoable("running")
    if now > until:
        raise NotUndoable("too_late")


def start_undo(*, job: Job, user: User, now: datetime, key: str = "") -> Job:
    """Queue the undo of a job that is over. Raises NotUndoable, NothingSelected, PermissionDenied."""
    require(user, Right.EDIT)
    check_undo(job, now=now)
    kind = get_kind(job.kind).undo_kind
    return start_undo_job(
        job=job, kind=kind, parameters=job.parameters, user=user, now=now, key=key
    )


def preview_undo(*, job: Job, user: User, now: datetime) -> tuple[Tally, int, int]:
    """Count what an undo would come to; also how many contacts were looked at, of how many.

    Up to ten chunks, evenly over the job; with no more than these the counts are exact.
    """
    require(user, Right.EDIT)
    check_undo(job, now=now)
    chunks = list(
        job.chunks.filter(first_event_id__isnull=False)
        .order_by("number")
        .values_list("pk", "item_counts")
    )
    total = sum(counts.get("changed", 0) for _, counts in chunks)
    step = max(1, -(-len(chunks) // PREVIEWED_CHUNKS))
    tally, seen = Tally(), 0
    for pk, counts in chunks[::step]:
        _undo(JobChunk.objects.get(pk=pk), tally, user=user, now=now, door=preview_changes)
        seen += counts.get("changed", 0)
    return tally, seen, total


def work_undo(work: Work) -> Done:
    """Undo one chunk of the other job."""
    chunk = JobChunk.objects.get(job=work.job.undo_of_id, number=work.number)
    tally = Tally()
    _undo(chunk, tally, user=work.user, now=work.now, door=apply_changes, job_id=work.job.pk)
    return Done(
        tally.items, tally.changes, tally.refusals, tally.first_event_id, tally.last_event_id
    )


def _undo(
    chunk: JobChunk,
    tally: Tally,
    *,
    user: User,
    now: datetime,
    door: Door,
    job_id: int | None = None,
) -> None:
    written = written_by(chunk)
    changes = [
        Change(
            address_id,
            Wish(
                scope=scope,
                source=Source.BULK_EDIT,
                act=Act.UNDO,
                undoes=event_id,
                job_id=job_id,
            ),
        )
        for event_id, address_id, scope in written
    ]
    results = door(changes=changes, actor=actor_for(user), now=now)
    owners = owners_of([address_id for _, address_id, _ in written], ids_of_text(chunk.items))
    by_contact: dict[int, list[Result]] = {}
    for result in results:
        address_id = result.change.address_id
        # Whose contact lost the address meanwhile is still one person, under a number of their own.
        by_contact.setdefault(owners.get(address_id, -address_id), []).append(result)
    for contact_id, found in by_contact.items():
        tally.add(max(contact_id, 0), found)


def written_by(chunk: JobChunk) -> list[tuple[int, int, Scope]]:
    """Return event, address and scope of what a chunk wrote into registers, in order.

    Of each event no more than this: there may be thousands.
    """
    rows = (
        events_of_chunk(chunk)
        .filter(act=Act.STATE.code)
        .values_list("pk", "address_id", "scope", "subscription_type_id", "business_unit_id")
    )
    return [
        (event_id, address_id, Scope(ScopeKind.from_code(kind), type_id or unit_id))
        for event_id, address_id, kind, type_id, unit_id in rows
    ]


def owners_of(address_ids: Collection[int], contact_ids: Sequence[int]) -> dict[int, int]:
    """Return whose each address is, among the contacts of the chunk."""
    chosen = set(contact_ids)
    held = ContactAddress.objects.filter(address_id__in=address_ids).order_by("-contact_id")
    pairs = held.values_list("address_id", "contact_id")
    return {address_id: contact_id for address_id, contact_id in pairs if contact_id in chosen}
