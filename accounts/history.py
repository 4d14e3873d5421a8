"""What settings were before: every change with who and when, kept for ever.

The policy keeps its own history, one row per version; this is for everything else.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from accounts.models import SettingChange, User

RECENT_COUNT = 10


def record_setting_change(
    *,
    user: User | None,
    now: datetime,
    kind: SettingChange.Subject,
    subject_id: int,
    label: str,
    field: str,
    before: Any = "",
    after: Any = "",
) -> SettingChange:
    """Write down one change; `user` is None for the system. Never pass a secret."""
    return SettingChange.objects.create(
        subject_kind=kind,
        subject_id=subject_id,
        subject_label=label,
        field=field,
        before=as_text(before),
        after=as_text(after),
        changed_by=user,
        changed_at=now,
    )


def record_differences(
    *,
    user: User | None,
    now: datetime,
    kind: SettingChange.Subject,
    subject_id: int,
    label: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> int:
    """Write down every field whose text differs and return how many there were."""
    rows = [
        SettingChange(
            subject_kind=kind,
            subject_id=subject_id,
            subject_label=label,
            field=field,
            before=as_text(before.get(field)),
            after=as_text(value),
            changed_by=user,
            changed_at=now,
        )
        for field, value in after.items()
        if as_text(before.get(field)) != as_text(value)
    ]
    SettingChange.objects.bulk_create(rows)
    return len(rows)


def recent_changes(
    kind: SettingChange.Subject, subject_ids: Collection[int] | None = None
) -> list[SettingChange]:
    """Return the newest changes of these things (None: of all of that kind), newest first."""
    changes = SettingChange.objects.filter(subject_kind=kind).select_related("changed_by")
    if subject_ids is not None:
        changes = changes.filter(subject_id__in=subject_ids)
    return list(changes.order_by("-id")[:RECENT_COUNT])


def as_text(value: Any) -> str:
    """Return a setting as the history keeps it: "yes" and "no", lists with commas, "" for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(sorted(str(part) for part in value))
    return str(value)
