"""What a filter may name: the types, units, owners and properties that a user can see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from accounts.access import Reach, reach_of
from accounts.models import User
from contacts.custom import PropertyRule
from contacts.filters.fields import (
    FIELDS,
    KINDS_OF_PROPERTIES,
    Field,
    Kind,
    Part,
)
from contacts.filters.tree import Condition
from contacts.models import CustomProperty
from contacts.values import PropertyKind
from preferences.outline import Outline, TypeLine, get_outline
from preferences.selectors import get_policy
from preferences.values import Channel, Policy, TypeFacts

CHANNELS = {channel.value.lower(): channel for channel in Channel}


@dataclass(frozen=True, slots=True)
class PropertyLine:
    """A custom property in use."""

    name: str
    rule: PropertyRule


class Catalogue:
    """Reads each list when it is first asked for; one for each request.

    ``now``: what "in the last 30 days" counts from.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        now: datetime,
        outline: Outline | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.reach, self.now = reach, now
        known = {"outline": outline, "policy": policy}
        self.__dict__.update({name: value for name, value in known.items() if value is not None})

    @cached_property
    def outline(self) -> Outline:
        return get_outline(self.reach)

    @cached_property
    def types(self) -> dict[int, TypeLine]:
        return {found.id: found for found in self.outline.types}

    @property
    def units(self) -> dict[int, str]:
        return self.outline.units

    @cached_property
    def policy(self) -> Policy:
        return get_policy()

    @cached_property
    def owners(self) -> dict[int, str]:
        """Return everybody who may own a contact, those who left last."""
        people = User.objects.order_by("-is_active", "name", "id")
        return {pk: name or email for pk, name, email in people.values_list("pk", "name", "email")}

    @cached_property
    def properties(self) -> dict[str, PropertyLine]:
        in_use = CustomProperty.objects.filter(archived_at__isnull=True)
        found: Iterable[CustomProperty] = in_use.order_by("position", "name", "id")
        return {
            one.internal_name: PropertyLine(
                one.name, PropertyRule(one.internal_name, PropertyKind(one.kind), one.choices)
            )
            for one in found
        }

    def type_of(self, condition: Condition) -> TypeLine | None:
        """Return the type that a condition names; None when it is not within reach."""
        return self.types.get(_number(self._named(condition, Part.TYPE)))

    def channel_of(self, condition: Condition) -> Channel | None:
        return CHANNELS.get(self._named(condition, Part.CHANNEL))

    def unit_id_of(self, condition: Condition) -> int | None:
        """Return the unit that a condition names in its place, None when it is not within reach."""
        unit_id = _number(self._named(condition, Part.UNIT))
        return unit_id if unit_id in self.units else None

    def property_of(self, condition: Condition) -> PropertyLine | None:
        return self.properties.get(self._named(condition, Part.PROPERTY))

    def field_of(self, condition: Condition) -> Field | None:
        """Return the field, of a custom property with the kind of the property."""
        field = FIELDS.get(condition.field)
        if field is None or len(condition.place) != len(field.place):
            return None
        if Part.PROPERTY not in field.place:
            return field
        found = self.property_of(condition)
        kind = KINDS_OF_PROPERTIES[found.rule.kind] if found else Kind.TEXT
        return Field(field.name, kind, field.place)

    def facts_of(self, channel: Channel) -> list[TypeFacts]:
        """Return the types that the flags of a channel look at, as ``properties.OptOuts`` does."""
        return [
            facts_of(found)
            for found in self.outline.types
            if channel in found.channels and not found.is_service
        ]

    def _named(self, condition: Condition, part: Part) -> str:
        field = FIELDS.get(condition.field)
        if field is None or part not in field.place or len(condition.place) != len(field.place):
            return ""
        return condition.place[field.place.index(part)]


def catalogue_for(user: User, *, now: datetime, outline: Outline | None = None) -> Catalogue:
    """Return what this user's filters may name."""
    return Catalogue(reach_of(user), now=now, outline=outline)


def facts_of(line: TypeLine) -> TypeFacts:
    """Return of a type what its status depends on."""
    return TypeFacts(
        line.id,
        line.unit.id,
        frozenset(line.channels),
        is_service=line.is_service,
        is_internal=line.is_internal,
        is_archived=line.is_archived,
    )


def _number(text: str) -> int:
    """Return a text as an id; 0 when it is none."""
    is_id = text.isascii() and text.isdigit() and len(text) <= 18
    return int(text) if is_id else 0
