"""Template tags of the screens of contacts: sorted columns, names of places, marked matches."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from contacts import places
from contacts.columns import Column, draw_rows
from contacts.filter_editor import OWN_PARAMETERS
from contacts.index import IndexRow
from contacts.selectors import ContactQuery
from preferences.wording import LEGAL_BASES

register = template.Library()


@dataclass(frozen=True, slots=True)
class SortState:
    """What the link in a heading does, and its icon."""

    next: str
    icon: str


@register.simple_tag
def sort_state(query: ContactQuery, name: str, first: str) -> SortState:
    """Return where a heading leads: to its first direction, then to the other one."""
    if query.sort.removeprefix("-") != name:
        return SortState(first, "sort")
    is_descending = query.sort.startswith("-")
    return SortState(name if is_descending else f"-{name}", "sort-down" if is_descending else "up")


@register.simple_tag
def aria_sort(query: ContactQuery, name: str) -> SafeString:
    """Write the aria-sort of the column that is sorted, nothing for the others."""
    if query.sort.removeprefix("-") != name:
        return SafeString("")
    direction = "descending" if query.sort.startswith("-") else "ascending"
    return format_html(' aria-sort="{}"', direction)


@register.simple_tag(takes_context=True)
def filter_url(context: Context, text: str, **more: object) -> str:
    """Write the query of the index, or of the form of a filter, with another filter: "?f=..."."""
    kept = context["request"].GET.copy()
    for name in OWN_PARAMETERS:
        kept.pop(name, None)
    kept["f"] = text
    if not text and "view" not in kept:  # a view has a filter of its own, unless told otherwise
        del kept["f"]
    for name, value in more.items():
        kept[name] = str(value)
    return f"?{kept.urlencode()}" if kept else ""


@register.filter
def marked(text: str, search: str) -> SafeString:
    """Write a text with what was searched for marked."""
    words = sorted(set(str(search).split()), key=len, reverse=True)
    if not words:
        return conditional_escape(text)
    parts = re.split(f"({'|'.join(map(re.escape, words))})", str(text), flags=re.IGNORECASE)
    return format_html_join(
        "",
        "{}{}{}",
        (
            (SafeString("<mark>"), part, SafeString("</mark>")) if i % 2 else ("", part, "")
            for i, part in enumerate(parts)
        ),
    )


@register.filter
def country(code: str) -> str:
    """Write the name of a country."""
    return places.country_name(code) if code else ""


@register.filter
def language(code: str) -> str:
    """Write the name of a language."""
    return places.language_name(code) if code else ""


@register.filter
def basis(value: Any) -> Any:
    """Write the words for a legal basis."""
    return LEGAL_BASES[value]


@register.simple_tag
def contact_rows(
    rows: Sequence[IndexRow], columns: Sequence[Column], has_ticks: bool = False
) -> SafeString:
    """Draw the rows of the index, with a tick before each for those who may edit."""
    return draw_rows(rows, columns, has_ticks=has_ticks)
