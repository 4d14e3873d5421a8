"""What the details of one entry of the history say: labels and values, drawn in one go.

In a template of conditions this was most of the time of the History tab.
"""

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from preferences.event_lines import EventLine, WordingLine
from preferences.reasons import REASONS
from preferences.shown_wording import WORDING_KINDS
from subscriptions_site.templatetags.ui import day, icon, moment

if TYPE_CHECKING:
    from contacts.history import Entry

Fact = tuple[str, str | SafeString]


def facts_of(entry: "Entry") -> Iterator[Fact]:
    """Yield label and value of each fact; values are escaped where they are put into the page."""
    event = entry.event
    yield _("Changed"), _changed(entry)
    if entry.is_said_earlier:
        yield _("Said"), moment(event.said_at)
    yield _("Recorded"), moment(event.recorded_at)
    yield _("Address"), SafeString(f'<bdi dir="ltr">{escape(entry.address_text)}</bdi>')
    if event.legal_basis:
        yield _("Legal basis"), entry.legal_basis
    yield from _evidence(entry)
    if event.reason:
        yield _("Reason they gave"), _reason(event)
    if event.asked_on:
        yield _("Asked on"), day(event.asked_on)
    if event.wording:
        yield _("Wording shown"), _wording(event.wording)
    yield from entry.details
    if event.undoes_event_id:
        words = escape(_("Entry %(number)s") % {"number": event.undoes_event_id})
        yield _("Undoes"), SafeString(f'<a href="#entry-{event.undoes_event_id}">{words}</a>')
    yield _("Rule"), f"R{event.rule}"
    words = _("no. %(number)s, %(digest)s") % {"number": event.id, "digest": entry.number}
    yield _("Entry"), SafeString(f'<span class="mono">{escape(words)}</span>')


def _changed(entry: "Entry") -> str:
    if entry.is_change:
        return _("From %(before)s to %(after)s") % {"before": entry.before, "after": entry.after}
    return _("Nothing, still %(status)s") % {"status": entry.after}


def _reason(event: EventLine) -> str:
    words = str(REASONS.get(event.reason, event.reason))
    return f"{words}: {event.reason_text}" if event.reason_text else words


def _wording(wording: WordingLine) -> SafeString:
    """Return kind, language, version and digest, and the text behind a fold of its own."""
    kind = WORDING_KINDS.get(wording.kind, wording.kind)
    words = _("%(kind)s, %(language)s, version %(number)s") % {
        "kind": kind,
        "language": wording.language,
        "number": wording.version,
    }
    text = escape(wording.text).replace("\n", "<br>")
    return SafeString(
        f'<details class="wording"><summary>{escape(words)} {icon("down")}</summary>'
        f'<blockquote class="wording__text" lang="{escape(wording.language)}">{text}</blockquote>'
        f'<span class="mono wording__digest">SHA-256 {wording.digest}</span></details>'
    )


def _evidence(entry: "Entry") -> Iterator[Fact]:
    event = entry.event
    if event.erased_at:
        erased = day(event.erased_at)
        words = escape(_("Erased on %(day)s; its digest is kept") % {"day": erased})
        yield _("Explanation"), SafeString(f'<span class="muted">{words}</span>')
    elif event.explanation:
        yield _("Explanation"), SafeString(escape(event.explanation).replace("\n", "<br>"))
