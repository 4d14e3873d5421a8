"""How the entries of a history are drawn: by functions, as the rows of the panel are.

Everything is HTML: what is not our own markup goes through ``escape``.
"""

from collections.abc import Sequence
from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from contacts.history import Entry
from subscriptions_site.templatetags.ui import icon, moment, short_moment


def draw_entries(entries: Sequence[Entry], *, is_focused: bool = False) -> SafeString:
    """Draw entries as the elements of a list; the first one may take the focus."""
    focus = ' tabindex="-1" autofocus' if is_focused else ""
    details = escape(_("Details")) + icon("down")
    drawn = [_entry(entry, "" if place else focus, details) for place, entry in enumerate(entries)]
    return SafeString("\n".join(drawn))


def _entry(entry: Entry, focus: str, details: str) -> str:
    event, title = entry.event, escape(entry.title)
    tone, icon_name = entry.look
    modifier = f" event__icon--{tone}" if tone else ""
    by = _line(f"{escape(entry.by)}, {escape(entry.way)}")
    notes = "".join([_line(f"{icon('info', 'sm')} {escape(note)}") for note in entry.notes])
    when = event.recorded_at
    facts = [
        f"<dt>{escape(label)}</dt><dd>{value if isinstance(value, SafeString) else escape(value)}</dd>"
        for label, value in entry.facts
    ]
    return (
        f'<li class="event" id="entry-{event.id}"{focus}>'
        f'<span class="event__icon{modifier}">{icon(icon_name)}</span>'
        f'<div class="event__body"><span class="event__title">{title}</span>{by}{notes}</div>'
        f'<time class="event__when" datetime="{when.isoformat()}" title="{escape(moment(when))}">'
        f"{escape(short_moment(when))}</time>"
        f'<details class="event__more"><summary>{details}<span class="vh">: {title}</span></summary>'
        f'<div class="event__facts"><dl class="facts">{"".join(facts)}</dl></div></details></li>'
    )


def _line(words: str) -> str:
    return f'<span class="event__by">{words}</span>'
