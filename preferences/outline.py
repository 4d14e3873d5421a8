"""The catalogue in outline, for lists: the names of units and types, and where types are offered."""

from typing import NamedTuple

from accounts.access import Reach
from preferences.bulk_sql import ids_match, ids_parameter, run_prepared
from preferences.models import BusinessUnit, SubscriptionType, frequencies_in
from preferences.values import Channel, Frequency, Scope, type_scope, unit_scope

_LINES = f"""
    SELECT unit.id, unit.name, unit.archived_at, kind.id, kind.name, kind.kind, kind.archived_at,
        kind.is_internal, kind.frequencies,
        kind.offered_on_email, kind.offered_on_sms, kind.offered_on_whatsapp
    FROM {BusinessUnit._meta.db_table} unit
    LEFT JOIN {SubscriptionType._meta.db_table} kind ON kind.business_unit_id = unit.id
    WHERE %s
    ORDER BY unit.position, unit.name, unit.id, kind.position, kind.name, kind.id
"""


class UnitLine(NamedTuple):
    """A business unit."""

    id: int
    name: str


class TypeLine(NamedTuple):
    """A subscription type; ``is_open`` means that neither it nor its unit is archived."""

    id: int
    name: str
    unit: UnitLine
    channels: tuple[Channel, ...]
    is_service: bool
    is_internal: bool
    is_archived: bool
    is_open: bool
    scope: Scope
    unit_scope: Scope
    frequencies: tuple[Frequency, ...] = ()


class Outline(NamedTuple):
    """Units within a reach by id, archived ones included, and their types, both in their order."""

    units: dict[int, str]
    types: list[TypeLine]


def get_outline(reach: Reach) -> Outline:
    """Read units and types within reach, values only: one query."""
    where, parameters = "TRUE", []
    if not reach.all_units:
        where, parameters = ids_match("unit.id"), [ids_parameter(reach.unit_ids)]
    found = run_prepared(_LINES.replace("%s", where), parameters)
    units: dict[int, str] = {}
    types: list[TypeLine] = []
    for unit_id, unit_name, unit_archived_at, type_id, *values in found:
        units[unit_id] = unit_name
        if type_id is not None:
            unit = UnitLine(unit_id, unit_name)
            types.append(_type_line(type_id, unit, unit_archived_at is not None, *values))
    return Outline(units, types)


def _type_line(
    type_id: int,
    unit: UnitLine,
    is_unit_archived: bool,
    name: str,
    kind: str,
    archived_at: object,
    is_internal: object,
    frequencies: str,
    *offered: object,
) -> TypeLine:
    is_archived = archived_at is not None
    return TypeLine(
        type_id,
        name,
        unit,
        tuple([channel for channel, is_on in zip(Channel, offered, strict=True) if is_on]),
        kind == SubscriptionType.Kind.SERVICE,
        bool(is_internal),  # SQLite gives a number
        is_archived,
        not (is_archived or is_unit_archived),
        type_scope(type_id),
        unit_scope(unit.id),
        frequencies_in(frequencies),
    )
