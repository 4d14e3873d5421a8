"""The columns of the index and how their cells are drawn.

A page has hundreds of cells, so they are drawn by functions: a template would take most of the
page's time for them. Every cell is HTML: what comes from people goes through ``escape``.
"""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from html import escape
from typing import NamedTuple

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from contacts.index import IndexRow, Standing
from preferences.values import Channel
from subscriptions_site.templatetags.ui import avatar, day, status_pill

SHOWN_UNITS = 1


class Column(NamedTuple):
    """``sort``: its name in the URL, "" where nothing sorts by it; ``first``: the first direction."""

    label: str | Promise
    css_class: str
    draw: Callable[[IndexRow], str]
    sort: str = ""
    first: str = ""


def columns_for(channels: Collection[Channel]) -> list[Column]:
    """Return the columns after the name; the company gives way first where there are many."""
    company_class = "p4" if len(channels) > 2 else "p3"
    columns = [
        Column(_lazy("Company"), company_class, _company, "company", "company"),
        Column(_lazy("Business units"), "p3", _units),
        Column(_lazy("Email types opted in"), "p1", _email),
    ]
    if Channel.SMS in channels:
        columns.append(Column(_lazy("SMS"), "p2", _sms))
    if Channel.WHATSAPP in channels:
        columns.append(Column(_lazy("WhatsApp"), "p3", _whatsapp))
    updated = Column(_lazy("Last updated"), "p2 nowrap", _updated, "updated", "-updated")
    return [*columns, updated]


def draw_rows(
    rows: Sequence[IndexRow], columns: Sequence[Column], *, has_ticks: bool = False
) -> SafeString:
    """Draw the body of the table."""
    base = reverse("contacts")
    openings = [format_html('<td class="{}">', column.css_class) for column in columns]
    cells = list(zip(openings, columns, strict=True))
    select = escape(_("Select %(name)s")) if has_ticks else ""
    return SafeString("\n".join([_row(row, cells, base, select) for row in rows]))


def _row(row: IndexRow, cells: Sequence[tuple[SafeString, Column]], base: str, select: str) -> str:
    drawn = "".join([f"{opening}{column.draw(row)}</td>" for opening, column in cells])
    tick = _tick(row, select) if select else ""
    return f"<tr>{tick}{_name(row, base)}{drawn}</tr>"


def _tick(row: IndexRow, select: str) -> str:
    label = select % {"name": escape(row.name)}
    return (
        '<td class="col-check"><input class="tick" type="checkbox" name="id" form="selection"'
        f' value="{row.contact.pk}" aria-label="{label}"></td>'
    )


def _name(row: IndexRow, base: str) -> str:
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


def _company(row: IndexRow) -> str:
    company = escape(row.contact.company)
    return f'<span class="clip" title="{company}"><bdi>{company}</bdi></span>'


def _units(row: IndexRow) -> str:
    return _unit_tags(tuple(row.units))


@lru_cache(maxsize=1_000)
def _unit_tags(names: tuple[str, ...]) -> str:
    tags = [f'<span class="tag">{escape(name)}</span>' for name in names[:SHOWN_UNITS]]
    if len(names) > SHOWN_UNITS:
        count, title = len(names) - SHOWN_UNITS, escape(", ".join(names))
        tags.append(f'<span class="tag" title="{title}">+{count}</span>')
    return f'<span class="row row--nowrap">{"".join(tags)}</span>'


def _email(row: IndexRow) -> str:
    return _drawn("contacts/_standing.html", row.standings[Channel.EMAIL], _language())


def _sms(row: IndexRow) -> str:
    return _pill(row.standings[Channel.SMS])


def _whatsapp(row: IndexRow) -> str:
    return _pill(row.standings[Channel.WHATSAPP])


def _updated(row: IndexRow) -> str:
    return escape(day(row.contact.updated_at))


def _pill(standing: Standing | None) -> SafeString:
    if standing is None:
        return format_html('<span class="muted small">{}</span>', _("No number"))
    return status_pill(standing.pill)


def _language() -> str:
    return get_language() or "en"


@lru_cache(maxsize=4_000)
def _drawn(template_name: str, standing: Standing | None, language: str) -> SafeString:  # noqa: ARG001
    """Draw how an address stands; few standings, so each is drawn once per language."""
    return SafeString(render_to_string(template_name, {"standing": standing}).strip())
