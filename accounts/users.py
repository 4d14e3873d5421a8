"""Change who may sign in and what they may do; every change is kept with who and when."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.history import record_differences, record_setting_change
from accounts.models import Role, SettingChange, User

FIELDS = ("name", "email", "role", "may_resubscribe", "all_units")
USER = SettingChange.Subject.USER


class LastAdministrator(Exception):
    """Somebody has to be left who can open every setting."""


@transaction.atomic
def create_user(*, by: User, now: datetime, values: Mapping[str, Any]) -> User:
    """Add a member of staff, who cannot sign in before they set a password."""
    user = User.objects.create_user(
        values["email"], None, **{name: values[name] for name in FIELDS if name != "email"}
    )
    user.units.set(values["units"])
    record_creation(user=user, by=by, now=now)
    return user


def record_creation(*, user: User, by: User, now: datetime) -> None:
    """Write down who added somebody, and with which rights."""
    record_setting_change(**_about(user, by, now), field="created", after=user.email)
    record_differences(**_about(user, by, now), before={}, after=_rights_of(user))


@transaction.atomic
def change_user(*, user: User, by: User, now: datetime, values: Mapping[str, Any]) -> User:
    """Save name, email, role and units. Raises LastAdministrator."""
    administrator_ids = _lock_administrators()
    locked = User.objects.select_for_update().get(pk=user.pk)
    before = _facts_of(locked)
    still_administers = values["role"] == Role.ADMINISTRATOR and values["all_units"]
    if not still_administers and administrator_ids == [user.pk]:
        raise LastAdministrator
    for field in FIELDS:
        setattr(locked, field, values[field])
    locked.save(update_fields=FIELDS)
    locked.units.set(values["units"])
    record_differences(**_about(locked, by, now), before=before, after=_facts_of(locked))
    return locked


@transaction.atomic
def deactivate_user(*, user: User, by: User, now: datetime) -> None:
    """Let somebody sign in no more and end their sessions. Raises LastAdministrator."""
    administrator_ids = _lock_administrators()
    locked = User.objects.select_for_update().get(pk=user.pk)
    if not locked.is_active:
        return
    if administrator_ids == [user.pk]:
        raise LastAdministrator
    locked.is_active = False
    locked.save(update_fields=["is_active"])
    _end_sessions(locked, now)
    record_setting_change(**_about(locked, by, now), field="is_active", before=True, after=False)


@transaction.atomic
def reactivate_user(*, user: User, by: User, now: datetime) -> None:
    """Let somebody sign in again, with the password they had."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    if locked.is_active:
        return
    locked.is_active = True
    locked.save(update_fields=["is_active"])
    record_setting_change(**_about(locked, by, now), field="is_active", before=False, after=True)


def make_password_key(*, user: User, by: User, now: datetime) -> tuple[str, str]:
    """Return key and token of a link that sets a password once; it works for three days."""
    record_setting_change(**_about(user, by, now), field="password", after="link made")
    return urlsafe_base64_encode(str(user.pk).encode()), default_token_generator.make_token(user)


def find_user_by_key(key: str, token: str) -> User | None:
    """Return whose password this link sets; None when it was used, is too old or was made up."""
    try:
        pk = int(urlsafe_base64_decode(key))
    except (ValueError, OverflowError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user and default_token_generator.check_token(user, token) else None


@transaction.atomic
def set_first_password(*, user: User, password: str, now: datetime) -> None:
    """Set a password by link; the link and all sessions with the old password end."""
    user.set_password(password)
    user.save(update_fields=["password"])
    record_password(user=user, by=user, now=now)


def record_password(*, user: User, by: User, now: datetime) -> None:
    """Write down that a password was set, and by whom; never the password."""
    record_setting_change(**_about(user, by, now), field="password", after="set")


def is_last_administrator(user: User) -> bool:
    """Tell whether nobody else could open every setting."""
    return list(_administrators().values_list("pk", flat=True)[:2]) == [user.pk]


def _lock_administrators() -> list[int]:
    """Lock all administrators in one order, before anybody else, and return who they are.

    So two of them can neither remove each other at once nor wait for each other for ever.
    """
    return list(_administrators().select_for_update().values_list("pk", flat=True))


def _administrators() -> QuerySet[User]:
    found = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True, all_units=True)
    return found.order_by("pk")


def _end_sessions(user: User, now: datetime) -> None:
    for session in Session.objects.filter(expire_date__gte=now).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def _rights_of(user: User) -> dict[str, Any]:
    names = user.units.order_by("name").values_list("name", flat=True)
    facts = {name: getattr(user, name) for name in ("role", "may_resubscribe", "all_units")}
    return facts | {"units": list(names)}


def _facts_of(user: User) -> dict[str, Any]:
    return {"name": user.name, "email": user.email} | _rights_of(user)


def _about(user: User, by: User, now: datetime) -> dict[str, Any]:
    return {"user": by, "now": now, "kind": USER, "subject_id": user.pk, "label": user.name}
