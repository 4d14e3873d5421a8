"""Change which properties contacts have beside the standard ones; kept with who and when.

A property is never removed, because values of it stay at contacts: it is archived.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.history import record_differences, record_setting_change
from accounts.models import SettingChange, User
from contacts.models import CustomProperty
from contacts.values import PropertyKind

PROPERTY = SettingChange.Subject.PROPERTY
type Step = Literal["up", "down"]

# Names of standard properties, here and in the systems that exports come from, without "_".
_STANDARD_NAMES = frozenset(
    {
        "addresses",
        "businessunit",
        "businessunits",
        "company",
        "contact",
        "contactid",
        "country",
        "createdate",
        "createdat",
        "deletedat",
        "email",
        "emailaddress",
        "firstname",
        "fullname",
        "id",
        "jobtitle",
        "language",
        "lastmodifieddate",
        "lastname",
        "legalbasis",
        "lifecycle",
        "lifecyclestage",
        "mobile",
        "mobilephone",
        "name",
        "optout",
        "owner",
        "ownerid",
        "phone",
        "phonenumber",
        "processingbases",
        "processingbits",
        "properties",
        "recordid",
        "searchtext",
        "sms",
        "sortname",
        "subscriptions",
        "unit",
        "units",
        "unitset",
        "updatedat",
        "whatsapp",
    }
)
_RESERVED_BEGINNINGS = ("hs_", "hubspot_", "business_unit_optout", "opt_out_")


def custom_properties() -> QuerySet[CustomProperty]:
    """Return every custom property, archived ones included, in the order of screens."""
    return CustomProperty.objects.order_by("position", "id")


def derived_name(name: str) -> str:
    """Return the internal name that a label suggests: "Ulubiony kwiat" is ulubiony_kwiat."""
    plain = name.casefold().translate(str.maketrans("łøđß", "lods"))
    ascii_only = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "_", ascii_only).strip("_")
    return (words if words[:1].isalpha() else f"property_{words}".rstrip("_"))[:60].rstrip("_")


def is_reserved(internal_name: str) -> bool:
    """Tell whether a name would shadow a standard property or one of HubSpot's own."""
    if internal_name.startswith(_RESERVED_BEGINNINGS):
        return True
    return internal_name.replace("_", "") in _STANDARD_NAMES


@transaction.atomic
def create_custom_property(
    *,
    user: User,
    now: datetime,
    name: str,
    internal_name: str,
    kind: PropertyKind,
    choices: Sequence[str] = (),
) -> CustomProperty:
    """Add a property after the others; its internal name and its kind never change."""
    last = CustomProperty.objects.aggregate(last=Max("position"))["last"]
    added = CustomProperty.objects.create(
        name=name,
        internal_name=internal_name,
        kind=kind,
        choices=list(choices),
        position=0 if last is None else last + 1,
    )
    record_setting_change(**_about(added, user, now), field="created", after=internal_name)
    return added


@transaction.atomic
def change_custom_property(
    *, custom: CustomProperty, user: User, now: datetime, name: str, choices: Sequence[str] = ()
) -> CustomProperty:
    """Save label and choices; contacts keep values that are no longer offered."""
    locked = CustomProperty.objects.select_for_update().get(pk=custom.pk)
    before = {"name": locked.name, "choices": "; ".join(locked.choices)}
    locked.name, locked.choices = name, list(choices)
    after = {"name": name, "choices": "; ".join(choices)}
    if record_differences(**_about(locked, user, now), before=before, after=after):
        locked.save(update_fields=["name", "choices"])
    return locked


@transaction.atomic
def archive_custom_property(
    *, custom: CustomProperty, user: User, now: datetime, is_archived: bool
) -> None:
    """Stop showing a property, or show it again; its values stay at the contacts."""
    locked = CustomProperty.objects.select_for_update().get(pk=custom.pk)
    was_archived = locked.archived_at is not None
    if was_archived == is_archived:
        return
    locked.archived_at = now if is_archived else None
    locked.save(update_fields=["archived_at"])
    about = _about(locked, user, now)
    record_setting_change(**about, field="archived", before=was_archived, after=is_archived)


@transaction.atomic
def move_custom_property(*, custom: CustomProperty, step: Step, user: User, now: datetime) -> None:
    """Change places with the neighbour that is shown."""
    ordered = list(custom_properties().select_for_update())
    shown = [found for found in ordered if found.archived_at is None]
    place = next((i for i, found in enumerate(shown) if found.pk == custom.pk), None)
    if place is None:
        return
    neighbour = place + (-1 if step == "up" else 1)
    if not 0 <= neighbour < len(shown):
        return
    here, there = ordered.index(shown[place]), ordered.index(shown[neighbour])
    ordered[here], ordered[there] = ordered[there], ordered[here]
    for position, found in enumerate(ordered):
        found.position = position
    CustomProperty.objects.bulk_update(ordered, ["position"])
    about = _about(ordered[there], user, now)
    record_setting_change(**about, field="position", before=place + 1, after=neighbour + 1)


def _about(custom: CustomProperty, user: User, now: datetime) -> dict[str, Any]:
    return {
        "user": user,
        "now": now,
        "kind": PROPERTY,
        "subject_id": custom.pk,
        "label": custom.name,
    }
