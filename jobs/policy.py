"""What starting a large job demands: the version in force, and how the next one comes about."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import transaction

from accounts.models import User
from jobs.models import JobPolicy

POLICY_FIELDS = ("typed_number_over", "second_person_approves")
RECENT_VERSIONS = 20


def current_job_policy() -> JobPolicy:
    """Return the newest version; an unsaved default before there is any."""
    return JobPolicy.objects.order_by("-id").first() or JobPolicy()


def change_job_policy(*, user: User, now: datetime, **fields: Any) -> JobPolicy:
    """Put the next version into force, if something differs, and return the one in force.

    Raises TypeError for a field the policy does not have.
    """
    unknown = fields.keys() - set(POLICY_FIELDS)
    if unknown:
        raise TypeError(f"the job policy has no {', '.join(sorted(unknown))}")
    with transaction.atomic():
        JobPolicy.objects.select_for_update().order_by("pk").first()
        current = current_job_policy()
        values = {name: getattr(current, name) for name in POLICY_FIELDS}
        if values == values | fields:
            return current
        return JobPolicy.objects.create(**values | fields, changed_by=user, changed_at=now)


@dataclass(frozen=True, slots=True)
class JobPolicyChange:
    """One setting that a version changed; ``field`` and values as the words of changes know them."""

    field: str
    before: str
    after: str
    changed_by: User
    changed_at: datetime


def job_policy_changes() -> list[JobPolicyChange]:
    """Return what the last versions changed, newest first; the first one followed the defaults."""
    versions = JobPolicy.objects.select_related("changed_by").order_by("-pk")
    found = [*versions[: RECENT_VERSIONS + 1]]
    if len(found) <= RECENT_VERSIONS:
        found.append(JobPolicy())
    return [
        JobPolicyChange(
            field=name,
            before=_word(getattr(previous, name)),
            after=_word(getattr(version, name)),
            changed_by=version.changed_by,
            changed_at=version.changed_at,
        )
        for version, previous in pairwise(found)
        for name in POLICY_FIELDS
        if getattr(version, name) != getattr(previous, name)
    ]


def _word(value: bool | int) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
