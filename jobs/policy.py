"""What starting a large job demands: the version in force, and how the next one comes about."""

from datetime import datetime
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


def job_policy_versions() -> list[JobPolicy]:
    """Return the last versions with who made them, newest first."""
    versions = JobPolicy.objects.select_related("changed_by").order_by("-pk")
    return list(versions[:RECENT_VERSIONS])
