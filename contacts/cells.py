"""How the cells of the index are drawn.

A page has hundreds of cells, so they are drawn by functions: a template would take most of the
page's time for them. Every cell is HTML: what comes from people goes through ``escape``.
"""

from collections.abc import Callable
from functools import lru_cache
from html import escape
from typing import Any

from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contacts.custom import shown_value
from contacts.index import IndexRow, Standing
from contacts.models import Contact
from contacts.places import country_name, language_name
from contacts.values import PropertyKind, bases_of
from preferences.values import Channel
from preferences.wording import LEGAL_BASES
from subscriptions_site.templatetags.ui import avatar, day, status_pill

SHOWN_UNITS = 1

type Draw = Callable[[IndexRow], str]


def draw_tick(row: IndexRow, select: str) -> str:
    """Draw the cell with the tick; ``select`` says what it does, with a place for the name."""
    label = select % {"name": escape(row.name)}
    return (
        '<td class="col-check"><input class="tick" type="checkbox" name="id" form="selection"'
        f' value="{row.contact.pk}" aria-label="{label}"></td>'
    )


def draw_name(row: IndexRow, base: str) -> str:
    """Draw the first cell, the heading of the row: the name as a link, the address under it."""
    name, address = row.name, row.address_text
    second = ""
    if address and address != name:
        second = (
            f'<span class="cell-sub clip clip--wide"><bdi dir="ltr">{escape(address)}</bdi></span>'
        )
    standing = _drawn("contacts/_standing_words.html", row.standings[Channel.EMAIL], _language())
    return (
        f'<th scope="row"><div class="cell-main">{avatar(name)}<span class="cell-main__text">'
        f'<a href="{base}{row.contact.pk}/"><span class="clip clip--wide"><bdi>{escape(name)}</bdi>'
        f'</span></a>{second}<span class="cell-sub narrow-line">{standing}</span></span></div></th>'
    )


def text_of(field: str) -> Draw:
    """Return what draws a text of the contact, cut off where it is long."""
    return lambda row: _text(getattr(row.contact, field))


def company(row: IndexRow) -> str:
    return _text(row.contact.company)


def units(row: IndexRow) -> str:
    return _unit_tags(tuple(row.units))


@lru_cache(maxsize=1_000)
def _unit_tags(names: tuple[str, ...]) -> str:
    tags = [f'<span class="tag">{escape(name)}</span>' for name in names[:SHOWN_UNITS]]
    if len(names) > SHOWN_UNITS:
        count, title = len(names) - SHOWN_UNITS, escape(", ".join(names))
        tags.append(f'<span class="tag" title="{title}">+{count}</span>')
    return f'<span class="row row--nowrap">{"".join(tags)}</span>'


def email(row: IndexRow) -> str:
    return _drawn("contacts/_standing.html", row.standings[Channel.EMAIL], _language())


def sms(row: IndexRow) -> str:
    return _standing_pill(row.standings[Channel.SMS], Channel.SMS)


def whatsapp(row: IndexRow) -> str:
    return _standing_pill(row.standings[Channel.WHATSAPP], Channel.WHATSAPP)


def address_on(channel: Channel) -> Draw:
    """Return what draws the primary address of a channel."""

    def draw(row: IndexRow) -> str:
        held = row.addresses.get(channel)
        if held is None:
            return _no_address(channel)
        text = escape(held.text)
        return f'<span class="clip clip--wide" title="{text}"><bdi dir="ltr">{text}</bdi></span>'

    return draw


def status_of(key: str, channel: Channel) -> Draw:
    """Return what draws the status of one type, asked for under this key."""

    def draw(row: IndexRow) -> str:
        status = row.statuses[key]
        return status_pill(status) if status else _no_address(channel)

    return draw


def owner(row: IndexRow) -> str:
    return _text(row.owner)


def stage(row: IndexRow) -> str:
    return _stage(row.contact.lifecycle_stage, _language())


def country(row: IndexRow) -> str:
    code = row.contact.country
    return _text(country_name(code)) if code else ""


def language(row: IndexRow) -> str:
    code = row.contact.language
    return _text(language_name(code)) if code else ""


def bases(row: IndexRow) -> str:
    return _bases(row.contact.processing_bits, _language())


def created(row: IndexRow) -> str:
    return escape(day(row.contact.created_at))


def updated(row: IndexRow) -> str:
    return escape(day(row.contact.updated_at))


def record_id(row: IndexRow) -> str:
    return str(row.contact.pk)


def custom_value(internal_name: str, kind: PropertyKind) -> Draw:
    """Return what draws the value of a custom property."""
    return lambda row: _text(_value_text(row.contact.properties.get(internal_name), kind))


def _value_text(value: Any, kind: PropertyKind) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, int | float):
        return str(number_format(value))
    shown = shown_value(kind, value)
    return day(shown) if kind is PropertyKind.DATE and shown is not value else str(shown)


def _text(text: str) -> str:
    shown = escape(text)
    return f'<span class="clip" title="{shown}"><bdi>{shown}</bdi></span>' if shown else ""


def _standing_pill(standing: Standing | None, channel: Channel) -> SafeString:
    return _no_address(channel) if standing is None else status_pill(standing.pill)


def _no_address(channel: Channel) -> SafeString:
    words = _("No email") if channel is Channel.EMAIL else _("No number")
    return format_html('<span class="muted small">{}</span>', words)


def _language() -> str:
    return get_language() or "en"


@lru_cache(maxsize=4_000)
def _drawn(template_name: str, standing: Standing | None, language: str) -> SafeString:  # noqa: ARG001
    """Draw how an address stands; few standings, so each is drawn once per language."""
    return SafeString(render_to_string(template_name, {"standing": standing}).strip())


@lru_cache(maxsize=200)
def _stage(value: str, language: str) -> str:  # noqa: ARG001
    return _text(str(Contact.Lifecycle(value).label)) if value else ""


@lru_cache(maxsize=1_000)
def _bases(bits: int, language: str) -> str:  # noqa: ARG001
    """Draw the legal bases for processing: the first one, and how many more."""
    words = [str(LEGAL_BASES[basis]) for basis in bases_of(bits)]
    if not words:
        return ""
    title, more = escape("; ".join(words)), f" +{len(words) - 1}" if len(words) > 1 else ""
    return f'<span class="clip clip--wide" title="{title}">{escape(words[0])}{more}</span>'
