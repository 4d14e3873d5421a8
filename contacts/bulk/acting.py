"""Preview, start and run the actions of ``contacts.bulk.actions``."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.access import Right, reach_of, require
from accounts.models import User
from contacts.access import contacts_for
from contacts.bulk.actions import CHANGED, Action, InvalidAction, action_of
from contacts.bulk.preview import EXACT_LIMIT, SAMPLE_SIZE, SLICE_SIZE, Preview, sample_of, slice_of
from contacts.bulk.start import ids_of
from contacts.models import Contact
from jobs.kinds import CannotWork, Done, Work
from jobs.models import Job
from jobs.services import start_job


def start_action(
    *,
    action: Action,
    contacts: QuerySet[Contact],
    selection: Mapping[str, Any],
    user: User,
    now: datetime,
    key: str = "",
    expected: int | None = None,
    typed: int | None = None,
) -> Job:
    """Freeze the selection and queue the action. Raises InvalidAction, PermissionDenied, and what
    ``start_job`` raises.
    """
    require(user, Right.EDIT)
    action = action.ready()
    return start_job(
        kind=action.kind,
        items=ids_of(contacts),
        parameters=action.as_json(),
        selection=selection,
        user=user,
        now=now,
        key=key,
        expected=expected,
        typed=typed,
    )


def preview_action(*, action: Action, contacts: QuerySet[Contact], user: User) -> Preview:
    """Count what an action would come to: exactly up to 10,000 contacts, else from a random sample."""
    action = action.ready()
    total = contacts.order_by().count()
    is_sample = total > EXACT_LIMIT
    if is_sample:
        ids = sample_of(contacts, total, SAMPLE_SIZE)
        counted = _sorted(action, ids, user)[0]
        return Preview(total, len(ids), is_sample=True, items=dict(counted))
    preview = Preview(total)
    while ids := slice_of(contacts, preview.after_id, SLICE_SIZE):
        items = Counter(preview.items) + _sorted(action, ids, user)[0]
        preview = replace(
            preview, seen=preview.seen + len(ids), after_id=ids[-1], items=dict(items)
        )
    return replace(preview, total=preview.seen)


def work_action(work: Work) -> Done:
    """Do one chunk of an action: lock, sort, write those that change."""
    try:
        action = action_of(work.job.kind, work.job.parameters).ready()
    except InvalidAction as error:
        raise CannotWork(str(error)) from error
    counts, changing, left = _sorted(action, work.items, work.user, is_locked=True)
    if changing:
        action.write(changing, work.now)
    return Done(counts, {f"{key} {action.kind}": count for key, count in counts.items()}, left)


def _sorted(
    action: Action, contact_ids: Collection[int], user: User, *, is_locked: bool = False
) -> tuple[Counter[str], list[Contact], dict[str, list[int]]]:
    """Return counts by outcome, who changes, and who is left out and why (as in ``Tally``)."""
    reach = reach_of(user)
    visible = contacts_for(user).filter(pk__in=contact_ids).select_related("unit_set")
    if is_locked:
        visible = visible.select_for_update(of=("self",))
    counts: Counter[str] = Counter()
    changing: list[Contact] = []
    left: dict[str, list[int]] = {}
    found = list(visible.order_by("pk"))
    for contact in found:
        outcome = action.sort(contact, reach)
        counts[outcome] += 1
        if outcome == CHANGED:
            changing.append(contact)
        elif outcome.startswith("refused"):
            counts["refused"] += 1
            left.setdefault(outcome.removeprefix("refused "), []).extend((contact.pk, 0, 0, 0))
    for contact_id in sorted(set(contact_ids) - {contact.pk for contact in found}):
        counts["gone"] += 1
        left.setdefault("gone", []).extend((contact_id, 0, 0, 0))
    return counts, changing, left
