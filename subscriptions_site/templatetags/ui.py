"""Template tags of the interface: icons, pills, times, numbers, navigation."""

from datetime import date, datetime
from functools import cache, lru_cache
from html import escape
from typing import Any
from zlib import crc32

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

register = template.Library()

TINT_COUNT = 6

# How the day and the month of a date are written, by language; English for the others.
DAY_PATTERNS = {"de": "j. M", "pl": "j b"}

# Status word -> (modifier of the pill, icon, words). Never colour alone.
PILLS: dict[str, tuple[str, str, Any]] = {
    "SUBSCRIBED": ("in", "check", _("Opted in")),
    "NOT_SPECIFIED": ("", "dash", _("Not opted")),
    "UNSUBSCRIBED": ("out", "x", _("Opted out")),
    "UNSUBSCRIBED_ALL": ("all", "ban", _("Unsubscribed from all")),
    "AWAITING": ("wait", "clock", _("Awaiting confirmation")),
    "PAUSED": ("hold", "pause", _("Paused")),
    "ALWAYS_SENT": ("", "info", _("Always sent")),
    "SKIPPED": ("", "ban", _("Skipped")),
    "REFUSED": ("out", "ban", _("Refused")),
    "RUNNING": ("hold", "clock", _("Running")),
    "FINISHED": ("in", "check", _("Finished")),
    "FAILED": ("out", "alert", _("Failed")),
    "ON": ("in", "check", pgettext_lazy("switch", "On")),
    "OFF": ("", "dash", pgettext_lazy("switch", "Off")),
}


@register.simple_tag
def icon(name: str, modifier: str = "") -> SafeString:
    """Draw an icon of the sprite: {% icon "mail" %}, {% icon "next" "flip" %}, {% icon "x" "sm" %}.

    It is decoration: the words stand beside it, or in the aria-label of its button.
    """
    return _icon(name, modifier)


@cache
def _icon(name: str, modifier: str) -> SafeString:
    css_class = " ".join(["icon", *(f"icon--{word}" for word in modifier.split())])
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        css_class,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def status_pill(status: Any, label: Any = None) -> SafeString:
    """Draw a status as icon, word and colour; `label` says it more exactly ("Paused to 5 Jan")."""
    name = str(getattr(status, "name", status)).upper()
    return _pill(name, str(label) if label else "", get_language() or "en")


@lru_cache(maxsize=1_000)
def _pill(name: str, label: str, language: str) -> SafeString:  # noqa: ARG001
    """Draw a pill; ``language`` is that of the words, and part of what is remembered."""
    modifier, icon_name, words = PILLS.get(name, ("", "dash", name.capitalize()))
    return format_html(
        '<span class="{}">{}{}</span>',
        f"pill pill--{modifier}" if modifier else "pill",
        icon(icon_name),
        label or words,
    )


@register.filter
def day(value: date | None) -> str:
    """Write a date as "2 Nov 2026", in the reader's time zone."""
    if value is None:
        return ""
    local = timezone.localtime(value) if isinstance(value, datetime) else value
    return _day_text(
        local.year, local.month, local.day, f"{_day_pattern()} Y", get_language() or "en"
    )


@lru_cache(maxsize=10_000)
def _day_text(year: int, month: int, day_of_month: int, pattern: str, language: str) -> str:  # noqa: ARG001
    """Write a date; ``language`` is that of the month's name, and part of what is remembered."""
    return format_date(date(year, month, day_of_month), pattern)


@register.filter
def moment(value: datetime | None) -> str:
    """Write a time as "2 Nov 2026, 19:41", in the reader's time zone."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return f"{day(value)}, {local.hour:02}:{local.minute:02}"


@register.filter
def short_moment(value: datetime) -> str:
    """Write a time as "2 Nov, 19:41", where the year is said above."""
    local = timezone.localtime(value)
    words = _day_text(local.year, local.month, local.day, _day_pattern(), get_language() or "en")
    return f"{words}, {local.hour:02}:{local.minute:02}"


def _day_pattern() -> str:
    return DAY_PATTERNS.get((get_language() or "en")[:2], "j M")


@register.simple_tag
def time_of(value: datetime | None, css_class: str = "") -> SafeString:
    """Draw a <time> element with the exact time for machines and the local one for people."""
    if value is None:
        return SafeString("")
    return format_html(
        '<time datetime="{}" class="{}">{}</time>', value.isoformat(), css_class, moment(value)
    )


@register.filter
def number(value: int | None) -> str:
    """Write a count with the separator of the reader's language: 24,816, 24.816, 24 816."""
    if value is None:
        return ""
    separator = {"de": ".", "pl": "\u00a0"}.get((get_language() or "en")[:2], ",")
    return f"{value:,}".replace(",", separator)


@register.filter
def initials(name: Any) -> str:
    """Write up to two initials of a name: "Zofia Maria Nowak" is ZN, "" is "?"."""
    words = [word for word in str(name).split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.simple_tag
def avatar(name: Any, size: str = "") -> SafeString:
    """Draw the initials of a name on a tint that stays the same for that name."""
    text = str(name)
    tint = crc32(text.encode()) % TINT_COUNT + 1
    css_class = f"avatar avatar--{escape(size)}" if size else "avatar"
    return SafeString(
        f'<span class="{css_class}" data-tint="{tint}" aria-hidden="true">'
        f"{escape(initials(text))}</span>"
    )


@register.simple_tag(takes_context=True)
def nav_link(
    context: dict[str, Any],
    url_name: str,
    icon_name: str,
    label: Any,
    *,
    key: str = "",
    under: str = "",
) -> SafeString:
    """Draw one entry of the navigation; draws nothing while no page of that name exists.

    `key` is the letter after "g" that goes there; `under` are the paths, with a space between them,
    whose pages mark the entry as current, the entry's own path by default.
    """
    try:
        url = reverse(url_name)
    except NoReverseMatch:
        return SafeString("")
    request = context.get("request")
    is_current = request is not None and request.path.startswith(tuple((under or url).split()))
    return format_html(
        '<a class="nav__link" href="{}"{}{}>{} {}</a>',
        url,
        SafeString(' aria-current="page"') if is_current else "",
        format_html(' data-go="{}"', key) if key else "",
        icon(icon_name),
        label,
    )


@register.simple_tag
def page_url(url_name: str) -> str:
    """Write the address of a page, "/" while no page of that name exists."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return "/"


@register.simple_tag
def error_count(form: Any) -> str:
    """Write the heading of the error summary."""
    count = sum(len(messages) for messages in form.errors.values())
    words = ngettext(
        "Nothing has changed. Correct 1 thing",
        "Nothing has changed. Correct %(count)s things",
        count,
    )
    return words % {"count": count}


@register.filter
def input_type(bound_field: Any) -> str:
    """Tell how the field's control is drawn: checkbox, select, choices or other."""
    kind = type(bound_field.field.widget).__name__
    known = {
        "CheckboxInput": "checkbox",
        "Select": "select",
        "RadioSelect": "choices",
        "CheckboxSelectMultiple": "choices",
    }
    return known.get(kind, "other")
