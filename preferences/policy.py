"""The account policy: how the next version comes about, and what changed when."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from preferences.models import PolicyVersion
from preferences.requests import end_unneeded_requests
from preferences.terms import current_policy

POLICY_FIELDS = (
    "privacy",
    "only_person_resubscribes",
    "double_opt_in",
    "email_connected",
    "sms_connected",
    "whatsapp_connected",
)
RECENT_VERSIONS = 20


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One field that differs between a version and the one before it; "on", "off" or "enforced"."""

    field: str
    before: str
    after: str
    changed_by: User | None
    changed_at: datetime


def change_policy(*, user: User | None, now: datetime, **fields: Any) -> PolicyVersion:
    """Put the next version into force, if something differs, and return the one in force.

    Versions are never changed, so two administrators at once get two versions after each other.
    Raises TypeError for a field the policy does not have.
    """
    unknown = fields.keys() - set(POLICY_FIELDS)
    if unknown:
        raise TypeError(f"the policy has no {', '.join(sorted(unknown))}")
    with transaction.atomic():
        # The first row is the lock: the newest one may not be the newest any more after waiting.
        PolicyVersion.objects.select_for_update().order_by("pk").first()
        current = current_policy()
        values = {name: getattr(current, name) for name in POLICY_FIELDS}
        if values == values | fields:
            return current
        added = PolicyVersion.objects.create(**values | fields, changed_by=user, changed_at=now)
        if current.double_opt_in and not added.double_opt_in:
            end_unneeded_requests()
        return added


def policy_changes(*fields: str) -> list[PolicyChange]:
    """Return what the last versions changed of these fields, newest first."""
    versions = list(
        PolicyVersion.objects.select_related("changed_by").order_by("-pk")[: RECENT_VERSIONS + 1]
    )
    return [
        PolicyChange(
            field=field,
            before=_word(getattr(previous, field)),
            after=_word(getattr(version, field)),
            changed_by=version.changed_by,
            changed_at=version.changed_at,
        )
        for version, previous in pairwise(versions)
        for field in fields
        if getattr(version, field) != getattr(previous, field)
    ]


def _word(value: int) -> str:
    return {0: "off", 1: "on", 2: "enforced"}[value]


def privacy_since(policy: PolicyVersion) -> datetime:
    """Return since when data privacy has been on, or off, as it is now."""
    is_off = Q(privacy=PolicyVersion.DataPrivacy.OFF)
    same = is_off if policy.privacy == PolicyVersion.DataPrivacy.OFF else ~is_off
    versions = PolicyVersion.objects.filter(same)
    last_other = PolicyVersion.objects.exclude(same).order_by("-pk").first()
    if last_other is not None:
        versions = versions.filter(pk__gt=last_other.pk)
    return versions.earliest("pk").changed_at
