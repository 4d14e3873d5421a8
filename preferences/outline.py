"""The catalogue in outline, for lists: the names of units and types, and where types are offered."""

from typing import NamedTuple

from accounts.access import Reach
from preferences.models import SubscriptionType
from preferences.selectors import units_for
from preferences.values import Channel, Scope, type_scope, unit_scope

_TYPE = (
    "id",
    "name",
    "kind",
    "archived_at",
    "offered_on_email",
    "offered_on_sms",
    "offered_on_whatsapp",
)


class TypeLine(NamedTuple):
    """A subscription type; ``is_open`` means that neither it nor its unit is archived."""

    id: int
    unit_id: int
    name: str
    channels: tuple[Channel, ...]
    is_service: bool
    is_open: bool
    scope: Scope
    unit_scope: Scope


class Outline(NamedTuple):
    """Units within a reach by id, archived ones included, and their types, both in their order."""

    units: dict[int, str]
    types: list[TypeLine]


def get_outline(reach: Reach) -> Outline:
    """Read units and types within reach, values only: one query."""
    found = (
        units_for(reach)
        .order_by(
            "position",
            "name",
            "id",
            "subscription_types__position",
            "subscription_types__name",
            "subscription_types__id",
        )
        .values_list("id", "name", "archived_at", *(f"subscription_types__{f}" for f in _TYPE))
    )
    units: dict[int, str] = {}
    types: list[TypeLine] = []
    for unit_id, unit_name, unit_archived_at, type_id, name, kind, archived_at, *offered in found:
        units[unit_id] = unit_name
        if type_id is None:
            continue
        types.append(
            TypeLine(
                type_id,
                unit_id,
                name,
                tuple(channel for channel, is_on in zip(Channel, offered, strict=True) if is_on),
                kind == SubscriptionType.Kind.SERVICE,
                unit_archived_at is None and archived_at is None,
                type_scope(type_id),
                unit_scope(unit_id),
            )
        )
    return Outline(units, types)
