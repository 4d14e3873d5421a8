"""Template tags of the subscriptions panel: rows and entries, which are drawn by functions."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from contacts.event_rows import draw_entries
from contacts.history import Entry
from contacts.panel import Row, Said
from contacts.panel_rows import RowPage, draw_rows, draw_said

register = template.Library()
HIDDEN_FIELD = '<input type="hidden" name="{}" value="{}">'


@register.simple_tag(takes_context=True)
def subscription_rows(
    context: dict[str, Any], rows: Iterable[Row], *, is_oob: bool = False, problem: str = ""
) -> SafeString:
    """Draw rows of the list, out of band or in their place."""
    may_edit = bool(context.get("may_edit"))
    page = RowPage(
        subscribe_url=context["subscribe_url"],
        resubscribe_url=context["resubscribe_url"],
        unsubscribe_url=context["unsubscribe_url"],
        undo_url=context["undo_url"],
        again_url=context["confirm_again_url"],
        token=format_html(HIDDEN_FIELD, "csrfmiddlewaretoken", context["csrf_token"])
        if may_edit
        else "",
        may_edit=may_edit,
        is_oob=is_oob,
        done_keys=context.get("done_keys", ()),
        focus_key=context.get("focus_key", ""),
        problem=problem,
    )
    return draw_rows(rows, page)


@register.simple_tag
def said_line(said: Said, way: str = "") -> SafeString:
    """Draw who said something, through which way and when; ``way`` says the way more exactly."""
    return draw_said(said, way)


@register.simple_tag
def history_entries(entries: Sequence[Entry], *, is_focused: bool = False) -> SafeString:
    """Draw entries of the timeline."""
    return draw_entries(entries, is_focused=is_focused)
