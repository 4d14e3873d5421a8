"""Change what is in the catalogue: business units and the types of messages they send.

Nothing is ever removed: opt-outs and the ledger point at units and types for ever. A type that is
no longer sent is archived.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from accounts.history import record_differences, record_setting_change
from accounts.models import SettingChange, User
from preferences.models import BusinessUnit, SubscriptionType, SubscriptionTypeTranslation
from preferences.requests import end_unneeded_requests

UNIT = SettingChange.Subject.BUSINESS_UNIT
TYPE = SettingChange.Subject.SUBSCRIPTION_TYPE

UNIT_FIELDS = (
    "name",
    "sender_name",
    "sender_email",
    "postal_address",
    "default_region",
    "default_language",
    "brand_colour",
    "double_opt_in",
    "confirms_opt_outs",
)
TYPE_FIELDS = (
    "name",
    "description",
    "language",
    "purpose",
    "kind",
    "offered_on_email",
    "offered_on_sms",
    "offered_on_whatsapp",
    "is_internal",
    "double_opt_in",
    "frequencies",
)
type Step = Literal["up", "down"]


class Text(NamedTuple):
    """What people read of a type in one language; without a name there is no translation."""

    name: str
    description: str = ""


# --- business units ---


@transaction.atomic
def create_business_unit(*, user: User, now: datetime, values: Mapping[str, Any]) -> BusinessUnit:
    """Add a business unit after the others; its short name is made from its name and stays."""
    last = BusinessUnit.objects.aggregate(last=Max("position"))["last"]
    unit = BusinessUnit(position=0 if last is None else last + 1)
    unit.slug = _free_slug(values["name"])
    _set(unit, UNIT_FIELDS, values)
    unit.save()
    record_setting_change(**_about(unit, user, now), field="created", after=unit.name)
    return unit


@transaction.atomic
def change_business_unit(
    *, unit: BusinessUnit, user: User, now: datetime, values: Mapping[str, Any]
) -> BusinessUnit:
    """Save what differs and write down who changed it."""
    locked = BusinessUnit.objects.select_for_update().get(pk=unit.pk)
    before = _values(locked, UNIT_FIELDS)
    _set(locked, UNIT_FIELDS, values)
    after = _values(locked, UNIT_FIELDS)
    if record_differences(**_about(locked, user, now), before=before, after=after):
        locked.save()
        if before["double_opt_in"] != locked.double_opt_in:
            end_unneeded_requests()
    return locked


def _free_slug(name: str) -> str:
    base = slugify(name)[:50] or "unit"
    taken = set(BusinessUnit.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(slug for slug in numbered if slug not in taken)


# --- subscription types ---


@transaction.atomic
def create_subscription_type(
    *,
    unit: BusinessUnit,
    user: User,
    now: datetime,
    values: Mapping[str, Any],
    translations: Mapping[str, Text],
) -> SubscriptionType:
    """Add a type after the others of its unit."""
    last = unit.subscription_types.aggregate(last=Max("position"))["last"]
    added = SubscriptionType(business_unit=unit, position=0 if last is None else last + 1)
    _set(added, TYPE_FIELDS, values)
    added.save()
    about = _about(added, user, now)
    record_setting_change(**about, field="created", after=added.name)
    if added.is_service:
        record_setting_change(**about, field="kind", after=added.kind)
    _translate(added, user, now, translations)
    return added


@transaction.atomic
def change_subscription_type(
    *,
    subscription_type: SubscriptionType,
    user: User,
    now: datetime,
    values: Mapping[str, Any],
    translations: Mapping[str, Text],
) -> SubscriptionType:
    """Save what differs, texts in other languages included; the business unit never changes."""
    locked = SubscriptionType.objects.select_for_update().get(pk=subscription_type.pk)
    before = _values(locked, TYPE_FIELDS)
    _set(locked, TYPE_FIELDS, values)
    after = _values(locked, TYPE_FIELDS)
    if record_differences(**_about(locked, user, now), before=before, after=after):
        locked.save()
        if before["double_opt_in"] != locked.double_opt_in:
            end_unneeded_requests()
    _translate(locked, user, now, translations)
    return locked


def _translate(
    subscription_type: SubscriptionType, user: User, now: datetime, texts: Mapping[str, Text]
) -> None:
    """Keep, change, add or (without a name) take away texts; languages not given stay."""
    existing = {row.language: row for row in subscription_type.translations.all()}
    for language, text in texts.items():
        row = existing.get(language)
        old = Text(row.name, row.description) if row else Text("")
        new = text if text.name else Text("")
        if old == new or language == subscription_type.language:
            continue
        if not new.name and row:
            row.delete()
        else:
            SubscriptionTypeTranslation.objects.update_or_create(
                subscription_type=subscription_type,
                language=language,
                defaults={"name": new.name, "description": new.description},
            )
        fields = [f"{field} ({language})" for field in Text._fields]
        before, after = (dict(zip(fields, pair, strict=True)) for pair in (old, new))
        about = _about(subscription_type, user, now)
        record_differences(**about, before=before, after=after)


@transaction.atomic
def archive_subscription_type(
    *, subscription_type: SubscriptionType, user: User, now: datetime
) -> SubscriptionType:
    """Stop offering a type; what people chose stays, and opting out still works (R15)."""
    return _archive(subscription_type, user, now, archived_at=now)


@transaction.atomic
def restore_subscription_type(
    *, subscription_type: SubscriptionType, user: User, now: datetime
) -> SubscriptionType:
    """Offer an archived type again."""
    return _archive(subscription_type, user, now, archived_at=None)


def _archive(
    subscription_type: SubscriptionType, user: User, now: datetime, archived_at: datetime | None
) -> SubscriptionType:
    locked = SubscriptionType.objects.select_for_update().get(pk=subscription_type.pk)
    if (locked.archived_at is None) == (archived_at is None):
        return locked
    locked.archived_at = archived_at
    locked.save(update_fields=["archived_at"])
    about, is_archived = _about(locked, user, now), archived_at is not None
    record_setting_change(**about, field="archived", before=not is_archived, after=is_archived)
    return locked


@transaction.atomic
def move_subscription_type(
    *, subscription_type: SubscriptionType, step: Step, user: User, now: datetime
) -> bool:
    """Change places with the active neighbour in the unit's order; tell whether there was one."""
    ordered = list(
        SubscriptionType.objects.select_for_update()
        .filter(business_unit_id=subscription_type.business_unit_id)
        .order_by("position", "name", "id")
    )
    active = [found for found in ordered if found.archived_at is None]
    place = next((i for i, found in enumerate(active) if found.pk == subscription_type.pk), None)
    if place is None:
        return False
    neighbour = place + (-1 if step == "up" else 1)
    if not 0 <= neighbour < len(active):
        return False
    here, there = ordered.index(active[place]), ordered.index(active[neighbour])
    ordered[here], ordered[there] = ordered[there], ordered[here]
    for position, found in enumerate(ordered):
        found.position = position
    SubscriptionType.objects.bulk_update(ordered, ["position"])
    about = _about(ordered[there], user, now)
    record_setting_change(**about, field="position", before=place + 1, after=neighbour + 1)
    return True


# --- the history of both ---


def _values(thing: BusinessUnit | SubscriptionType, fields: tuple[str, ...]) -> dict[str, Any]:
    return {field: getattr(thing, field) for field in fields}


def _set(
    thing: BusinessUnit | SubscriptionType, fields: tuple[str, ...], values: Mapping[str, Any]
) -> None:
    for field in fields:
        if field in values:
            setattr(thing, field, values[field])


def _about(thing: BusinessUnit | SubscriptionType, user: User, now: datetime) -> dict[str, Any]:
    """Return what every line about this thing has in common."""
    kind = UNIT if isinstance(thing, BusinessUnit) else TYPE
    return {"user": user, "now": now, "kind": kind, "subject_id": thing.pk, "label": thing.name}
