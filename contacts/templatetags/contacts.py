"""Template tags of the screens of contacts: sorted columns, names of places, marked matches."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django import template
from django.http import QueryDict
from django.template import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, npgettext

from accounts.models import User
from contacts import places
from contacts.columns import Column, draw_rows
from contacts.filter_editor import OWN_PARAMETERS
from contacts.index import IndexRow
from contacts.nav_count import kept_contact_count
from contacts.selectors import PAGE_SIZES, ContactQuery
from preferences.wording import LEGAL_BASES
from subscriptions_site.templatetags.ui import icon, number

register = template.Library()
KEPT = 1_000  # links


@register.simple_tag(takes_context=True)
def sort_link(
    context: Context, query: ContactQuery, name: str, label: object, first: str
) -> SafeString:
    """Draw the words of a heading that sorts: by its first direction, then by the other one."""
    wanted, icon_name = first, "sort"
    if query.sort.removeprefix("-") == name:
        is_descending = query.sort.startswith("-")
        wanted, icon_name = (name, "sort-down") if is_descending else (f"-{name}", "up")
    return _sort_link(_asked(context), name, str(label), wanted, icon_name)


@lru_cache(maxsize=KEPT)
def _sort_link(asked: bytes, name: str, label: str, wanted: str, icon_name: str) -> SafeString:
    kept = QueryDict(asked, mutable=True)
    kept["sort"] = wanted
    for place in ("after", "before"):
        kept.pop(place, None)
    address = f"?{kept.urlencode()}"
    return format_html(
        '<a class="th-sort" id="sort-{}" href="{}" hx-get="{}{}" hx-target="#contact-list"'
        ' hx-swap="outerHTML" hx-push-url="true">{} {}</a>',
        name,
        address,
        reverse("contacts"),
        address,
        label,
        icon(icon_name),
    )


@register.simple_tag
def contact_count(user: User) -> SafeString:
    """Draw how many contacts there are, for the navigation; nothing while there is none."""
    count = kept_contact_count(user)
    if not count:
        return SafeString("")
    return format_html(
        '<span class="nav__bell"><span class="nav__count">{}<span class="vh"> {}</span></span></span>',
        number(count),
        npgettext("after a number", "contact", "contacts", count),
    )


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
    return _filter_url(_asked(context), text, tuple(more.items()))


@lru_cache(maxsize=KEPT)
def _filter_url(asked: bytes, text: str, more: tuple[tuple[str, object], ...]) -> str:
    kept = QueryDict(asked, mutable=True)
    for name in OWN_PARAMETERS:
        kept.pop(name, None)
    kept["f"] = text
    if not text and "view" not in kept:  # a view has a filter of its own, unless told otherwise
        del kept["f"]
    for name, value in more:
        kept[name] = str(value)
    return f"?{kept.urlencode()}" if kept else ""


def _asked(context: Context) -> bytes:
    """Return what the URL of the page asks for: links made of it are kept for the next page."""
    asked: str = context["request"].META.get("QUERY_STRING", "")
    return asked.encode("iso-8859-1")  # as servers hand it over


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


@register.simple_tag
def page_size(size: int) -> SafeString:
    """Draw the choice of how many contacts a page has."""
    return _page_size(size, get_language() or "en")


@lru_cache(maxsize=50)
def _page_size(size: int, language: str) -> SafeString:  # noqa: ARG001
    sizes = {"sizes": PAGE_SIZES, "chosen": size}
    return SafeString(render_to_string("contacts/_page_size.html", sizes).strip())


@register.simple_tag
def bulk_bar(may_edit: bool, may_export: bool) -> SafeString:
    """Draw what can be done to the contacts that are ticked."""
    return _bulk_bar(may_edit, may_export, get_language() or "en")


@lru_cache(maxsize=50)
def _bulk_bar(may_edit: bool, may_export: bool, language: str) -> SafeString:  # noqa: ARG001
    """Draw the bar once per language: it is the same above every list, and holds twelve tags."""
    allowed = {"may_edit": may_edit, "may_export": may_export}
    return SafeString(render_to_string("contacts/_bulk_bar.html", allowed))
