"""How the rows of the subscriptions panel are drawn.

There is one for each type of each address, so they are drawn by functions: as templates they were
most of the time of the panel. Everything is HTML: what is not our own markup goes through ``escape``.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from contacts.panel import Row, Said
from preferences.frequency_words import FREQUENCIES
from subscriptions_site.templatetags.ui import day, icon, moment, status_pill

POST = 'hx-target="closest li" hx-swap="none" hx-sync="this:drop"'


@dataclass(frozen=True, slots=True)
class RowPage:
    """What the rows need to know of the page around them.

    ``token`` is the hidden field against forged requests, and "" for those who may not edit, whose
    rows have no buttons. ``problem`` is why a change of these rows was refused.
    """

    subscribe_url: str
    resubscribe_url: str
    unsubscribe_url: str
    undo_url: str
    again_url: str
    token: str
    may_edit: bool
    is_oob: bool = False
    done_keys: Collection[str] = ()
    focus_key: str = ""
    problem: str = ""


def draw_rows(rows: Iterable[Row], page: RowPage) -> SafeString:
    """Draw some rows as the elements of a list."""
    return SafeString("\n".join([_row(row, page) for row in rows]))


def draw_said(said: Said, way: str = "") -> SafeString:
    """Draw the line under a status: whose word, through which way, when."""
    doubt = _("Suspected automatic")
    suspected = f"<span>{escape(doubt)}</span> " if said.is_suspected else ""
    return SafeString(
        f"<span>{escape(said.by)}</span> <span>{escape(way or said.way)}</span> {suspected}"
        f'<span><time datetime="{said.said_at.isoformat()}" title="{escape(moment(said.said_at))}">'
        f"{escape(day(said.said_at))}</time></span>"
    )


def _row(row: Row, page: RowPage) -> str:
    key, pill = row.key, row.pill
    drawn_pill = status_pill(pill, _("Awaiting") if pill == "AWAITING" else None)
    done = " is-done" if key in page.done_keys else ""
    oob = ' hx-swap-oob="true"' if page.is_oob else ""
    problem = ""
    if page.problem:
        words = escape(page.problem)
        problem = f'<p class="field__error" role="alert">{icon("stop")} <span>{words}</span></p>'
    actions = _actions(row, page) if page.may_edit else ""
    return (
        f'<li class="subrow{done}" id="row-{key}"{oob}>'
        f'<div><div class="subrow__name">{escape(row.type.name)}{_tags(row)}</div>'
        f'<div class="subrow__meta">{_meta(row, pill)}</div>{problem}</div>'
        f'<div class="subrow__act">{actions}</div><div class="subrow__status">'
        f"{drawn_pill}</div></li>"
    )


def _tags(row: Row) -> str:
    words = []
    if row.effective.is_exception:
        words.append(_("Exception to unsubscribed from all"))
    if row.frequency is not None:
        words.append(str(FREQUENCIES[row.frequency]))
    if row.is_flagged_contract:
        words.append(_("Performance of a contract"))
    if row.type.is_archived:
        words.append(_("Archived"))
    if row.type.is_internal:
        words.append(_("Internal"))
    return "".join([f' <span class="tag">{escape(word)}</span>' for word in words])


def _meta(row: Row, pill: str) -> str:
    if row.type.is_service:
        return _spans(_("Performance of a contract"), _("Cannot be turned off"))
    if pill == "AWAITING" and row.pending is not None:
        return _spans(
            _("Asked by %(name)s") % {"name": row.asked_by},
            _("Link ends %(day)s") % {"day": day(row.pending.expires_at)},
        )
    return draw_said(row.said, row.way) if row.said else _spans(_("No choice yet"))


def _spans(*words: str) -> str:
    return " ".join([f"<span>{escape(word)}</span>" for word in words])


def _actions(row: Row, page: RowPage) -> str:
    """Draw the buttons; the first one is where the focus comes back to after an act."""
    drawn, undo, unsubscribe = [], _("Undo"), _("Unsubscribe")
    if row.undo_id:
        label = _("Undo: %(name)s") % {"name": row.type.name}
        field = f'<input type="hidden" name="event" value="{row.undo_id}">'
        words = f"{icon('undo', 'sm')} {escape(undo)}"
        drawn.append(_form(page.undo_url, field, _place(row, page, "act"), label, words, page))
    if row.can_subscribe:
        label = _("Subscribe: %(name)s") % {"name": row.type.name}
        drawn.append(_link(row, page, page.subscribe_url, label, _("Subscribe")))
    if row.can_resubscribe:
        label = _("Resubscribe: %(name)s") % {"name": row.type.name}
        drawn.append(_link(row, page, page.resubscribe_url, label, _("Resubscribe")))
    fields = (
        f'<input type="hidden" name="address" value="{row.address.pk}">'
        f'<input type="hidden" name="type" value="{row.type.id}">'
    )
    if row.pill == "AWAITING":
        label = _("Send again: %(name)s") % {"name": row.type.name}
        place = _place(row, page, "more" if row.undo_id else "act")
        drawn.append(_form(page.again_url, fields, place, label, escape(_("Send again")), page))
    if row.can_unsubscribe:
        label = _("Unsubscribe: %(name)s") % {"name": row.type.name}
        words = f'<span class="spinner" aria-hidden="true"></span>{escape(unsubscribe)}'
        place = _place(row, page, "out" if drawn else "act")
        drawn.append(_form(page.unsubscribe_url, fields, place, label, words, page))
    return "\n".join(drawn)


def _place(row: Row, page: RowPage, name: str) -> str:
    """Return id and focus of a link or a button; "act" is the first one of its row."""
    is_focused = name == "act" and row.key == page.focus_key
    return f'id="{name}-{row.key}"{" autofocus" if is_focused else ""}'


def _link(row: Row, page: RowPage, path: str, label: str, words: str) -> str:
    url = f"{path}?address={row.address.pk}&amp;type={row.type.id}"
    place = _place(row, page, "more" if row.undo_id else "act")
    return (
        f'<a class="btn btn--sm" {place} href="{url}" hx-get="{url}" hx-target="#dialog"'
        f' aria-label="{escape(label)}">{escape(words)}</a>'
    )


def _form(url: str, fields: str, place: str, label: str, words: str, page: RowPage) -> str:
    return (
        f'<form method="post" action="{url}" hx-post="{url}" {POST}>{page.token}{fields}'
        f'<button class="btn btn--sm" type="submit" {place} aria-label="{escape(label)}">{words}'
        "</button></form>"
    )
