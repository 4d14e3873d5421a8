"""What a filter can ask about: fields, the kinds of their values, and how each is compared. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from contacts.values import PropertyKind


class Kind(StrEnum):
    """What the values of a field are. A FLAG is yes or no for everybody, YES_NO may be unknown."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"
    FLAG = "flag"


class Part(StrEnum):
    """What the place of a condition names: ``status.12.email`` is of a type on a channel."""

    TYPE = "type"
    UNIT = "unit"
    CHANNEL = "channel"
    PROPERTY = "property"


KNOWN = ("known", "unknown")
OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("is", "not", "has", "starts", *KNOWN),
    Kind.NUMBER: ("is", "not", "less", "more", *KNOWN),
    Kind.DATE: ("is", "before", "after", "older", "newer", *KNOWN),
    Kind.CHOICE: ("is", "not", *KNOWN),
    Kind.YES_NO: ("is", *KNOWN),
    Kind.FLAG: ("is",),
}
SEVERAL = frozenset({Kind.CHOICE})  # any of several values
DAYS = frozenset({"older", "newer"})  # compared with a number of days, not with a date
DAYS_LIMIT = 36_500
TEXT_VALUE_LIMIT = 200
YES, NO = "yes", "no"
ALL_UNITS = "all"  # in the place of a unit: the account


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``place``: what has to be named; ``is_optional``: it may be unknown."""

    name: str
    kind: Kind
    place: tuple[Part, ...] = ()
    is_optional: bool = True

    @property
    def operators(self) -> tuple[str, ...]:
        found = OPERATORS[self.kind]
        return found if self.is_optional else tuple(one for one in found if one not in KNOWN)


TYPE_ON_CHANNEL = (Part.TYPE, Part.CHANNEL)
FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("status", Kind.CHOICE, TYPE_ON_CHANNEL, is_optional=False),
        Field("own", Kind.FLAG, TYPE_ON_CHANNEL),
        Field("anywhere", Kind.FLAG, TYPE_ON_CHANNEL),
        Field("sendable", Kind.FLAG, TYPE_ON_CHANNEL),
        Field("left", Kind.FLAG, (Part.UNIT, Part.CHANNEL)),
        Field("basis", Kind.CHOICE, TYPE_ON_CHANNEL),
        Field("source", Kind.CHOICE, TYPE_ON_CHANNEL),
        Field("changed", Kind.DATE, TYPE_ON_CHANNEL),
        Field("undeliverable", Kind.FLAG, (Part.CHANNEL,)),
        Field("unit", Kind.CHOICE, is_optional=False),
        Field("owner", Kind.CHOICE),
        Field("stage", Kind.CHOICE),
        Field("country", Kind.CHOICE),
        Field("language", Kind.CHOICE),
        Field("processing", Kind.CHOICE),
        Field("created", Kind.DATE, is_optional=False),
        Field("updated", Kind.DATE, is_optional=False),
        Field("first_name", Kind.TEXT),
        Field("last_name", Kind.TEXT),
        Field("company", Kind.TEXT),
        Field("job_title", Kind.TEXT),
        Field("address", Kind.TEXT, (Part.CHANNEL,)),
        Field("property", Kind.TEXT, (Part.PROPERTY,)),  # its kind is that of the property
    )
}
KINDS_OF_PROPERTIES = {
    PropertyKind.TEXT: Kind.TEXT,
    PropertyKind.NUMBER: Kind.NUMBER,
    PropertyKind.DATE: Kind.DATE,
    PropertyKind.CHOICE: Kind.CHOICE,
    PropertyKind.YES_NO: Kind.YES_NO,
}
