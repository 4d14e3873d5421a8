"""The columns of the index: which there are, which are shown, and the rows drawn with them.

A column has a key, which views and the URL keep: "company", "prop-favourite_flower",
"type-12-EMAIL". What is archived or out of reach is no column, whoever kept its key.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from contacts import cells
from contacts.index import Asked, IndexRow
from contacts.models import CustomProperty
from contacts.selectors import custom_properties
from contacts.values import PropertyKind
from preferences.outline import Outline, TypeLine
from preferences.values import Channel
from preferences.wording import CHANNELS

COLUMN_LIMIT = 20
KEY = re.compile(r"[a-z_]+|prop-[a-z][a-z0-9_]*|type-[0-9]{1,18}-[A-Z]{3,8}")
KEY_LENGTH = 70

DETAILS = _lazy("Contact details")
STANDINGS = _lazy("Subscriptions")
CUSTOM = _lazy("Custom properties")
ADDED_CLASSES = ("p1", "p1", "p2", "p2")  # of the first columns chosen; the others are p3


class Column(NamedTuple):
    """``sort``: its name in the URL, "" where no index serves it; ``first``: the first direction.

    ``asked``: the status that the rows must hold for it.
    """

    key: str
    label: str | Promise
    draw: Callable[[IndexRow], str]
    group: str | Promise = DETAILS
    sort: str = ""
    first: str = ""
    css_class: str = ""
    asked: Asked | None = None


_BUILT_IN = {
    column.key: column
    for column in (
        Column("company", _lazy("Company"), cells.company, sort="company", first="company"),
        Column("units", _lazy("Business units"), cells.units),
        Column("owner", _lazy("Owner"), cells.owner),
        Column("stage", _lazy("Life-cycle stage"), cells.stage),
        Column("job_title", _lazy("Job title"), cells.text_of("job_title")),
        Column("country", _lazy("Country"), cells.country, sort="country", first="country"),
        Column("language", _lazy("Language"), cells.language),
        Column("first_name", _lazy("First name"), cells.text_of("first_name")),
        Column("last_name", _lazy("Last name"), cells.text_of("last_name")),
        Column("email_address", _lazy("Email address"), cells.address_on(Channel.EMAIL)),
        Column("phone", _lazy("Phone number"), cells.address_on(Channel.SMS)),
        Column("bases", _lazy("Legal basis for processing"), cells.bases),
        Column(
            "created",
            _lazy("Created"),
            cells.created,
            sort="created",
            first="-created",
            css_class="nowrap",
        ),
        Column(
            "updated",
            _lazy("Last updated"),
            cells.updated,
            sort="updated",
            first="-updated",
            css_class="nowrap",
        ),
        Column("record_id", _lazy("Record ID"), cells.record_id, css_class="num"),
        Column("email", _lazy("Email types opted in"), cells.email, STANDINGS),
        Column("sms", CHANNELS[Channel.SMS], cells.sms, STANDINGS),
        Column("whatsapp", CHANNELS[Channel.WHATSAPP], cells.whatsapp, STANDINGS),
    )
}
_OF_CHANNEL = {"sms": Channel.SMS, "whatsapp": Channel.WHATSAPP}


class Columns(NamedTuple):
    """The columns after the name. ``left_out``: how many of those kept are none any more."""

    shown: Sequence[Column]
    is_default: bool
    left_out: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple([column.key for column in self.shown])

    @property
    def asked(self) -> list[Asked]:
        """Return the statuses that the rows must hold."""
        return [column.asked for column in self.shown if column.asked]

    @property
    def needs_owner(self) -> bool:
        return "owner" in self.keys

    @property
    def needs_properties(self) -> bool:
        return any(column.key.startswith("prop-") for column in self.shown)


def read_keys(values: Iterable[str]) -> tuple[str, ...]:
    """Return the keys that a URL or a view names, each once; what is no key is left out."""
    words = [word for value in values for word in value[: COLUMN_LIMIT * KEY_LENGTH].split(",")]
    keys = [word for word in words if len(word) <= KEY_LENGTH and KEY.fullmatch(word)]
    return tuple(dict.fromkeys(keys))[:COLUMN_LIMIT]


def default_columns(channels: Collection[Channel]) -> Columns:
    """Return the columns of who chose none; the company gives way first where there are many."""
    classes = {
        "company": "p4" if len(channels) > 2 else "p3",
        "units": "p3",
        "email": "p1",
        "sms": "p2",
        "whatsapp": "p3",
        "updated": "p2 nowrap",
    }
    offered = [_BUILT_IN[key] for key in classes if _is_connected(key, channels)]
    shown = [column._replace(css_class=classes[column.key]) for column in offered]
    return Columns(shown, is_default=True)


def kept_keys(keys: tuple[str, ...], channels: Collection[Channel]) -> tuple[str, ...]:
    """Return the keys as views and the URL keep them: none for the default columns."""
    return () if keys == default_columns(channels).keys else keys


def columns_for(keys: Sequence[str], *, outline: Outline, channels: Collection[Channel]) -> Columns:
    """Return the columns of these keys in their order, without any the default ones.

    The more a column stands at the end, the sooner it gives way where there is no room. Reads the
    custom properties if a key names one.
    """
    usual = default_columns(channels)
    if not keys:
        return usual
    names = {key.removeprefix("prop-") for key in keys if key.startswith("prop-")}
    custom = (
        [found for found in custom_properties() if found.internal_name in names] if names else []
    )
    offered = {
        column.key: column for column in _offered(outline, channels, custom, wanted=frozenset(keys))
    }
    found = [offered[key] for key in keys if key in offered]
    if not found:
        return usual._replace(left_out=len(keys))
    classes = [*ADDED_CLASSES, *["p3"] * len(found)]
    shown = [
        column._replace(css_class=f"{priority} {column.css_class}".rstrip())
        for column, priority in zip(found, classes, strict=False)
    ]
    return Columns(shown, is_default=False, left_out=len(keys) - len(found))


def offered_columns(outline: Outline, channels: Collection[Channel]) -> list[Column]:
    """Return every column that a user may choose, in the order of the dialog."""
    return list(_offered(outline, channels, custom_properties()))


def _offered(
    outline: Outline,
    channels: Collection[Channel],
    custom: Iterable[CustomProperty],
    wanted: frozenset[str] | None = None,
) -> Iterator[Column]:
    """Yield built-in columns, custom properties and types; ``wanted`` spares making the others."""
    yield from [column for key, column in _BUILT_IN.items() if _is_connected(key, channels)]
    for found in custom:
        draw = cells.custom_value(found.internal_name, PropertyKind(found.kind))
        yield Column(f"prop-{found.internal_name}", found.name, draw, CUSTOM)
    for kind in outline.types:
        for channel in kind.channels if kind.is_open else ():
            key = f"type-{kind.id}-{channel.value}"
            if channel in channels and (wanted is None or key in wanted):
                yield _type_column(key, kind, channel, is_one_of_many=len(channels) > 1)


def _type_column(key: str, kind: TypeLine, channel: Channel, *, is_one_of_many: bool) -> Column:
    label = kind.name
    if is_one_of_many:
        label = _("%(type)s (%(channel)s)") % {"type": kind.name, "channel": CHANNELS[channel]}
    asked = Asked(key, kind, channel)
    return Column(key, label, cells.status_of(key, channel), kind.unit.name, asked=asked)


def _is_connected(key: str, channels: Collection[Channel]) -> bool:
    return key not in _OF_CHANNEL or _OF_CHANNEL[key] in channels


def draw_rows(
    rows: Sequence[IndexRow], columns: Sequence[Column], *, has_ticks: bool = False
) -> SafeString:
    """Draw the body of the table."""
    base = reverse("contacts")
    openings = [format_html('<td class="{}">', column.css_class) for column in columns]
    drawn = list(zip(openings, columns, strict=True))
    select = escape(_("Select %(name)s")) if has_ticks else ""
    return SafeString("\n".join([_row(row, drawn, base, select) for row in rows]))


def _row(row: IndexRow, drawn: Sequence[tuple[SafeString, Column]], base: str, select: str) -> str:
    cells_of_row = "".join([f"{opening}{column.draw(row)}</td>" for opening, column in drawn])
    tick = cells.draw_tick(row, select) if select else ""
    return f"<tr>{tick}{cells.draw_name(row, base)}{cells_of_row}</tr>"
