"""What public pages say of changes and of the past: "you" is the reader, "we" the sender.

No name of staff, no reason code, nothing that only the house understands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from preferences.event_lines import EventLine
from preferences.models import FrequencyWish, Pause
from preferences.texts import TypeText
from preferences.values import Act, Frequency, Outcome, Result, ScopeKind, Source, Status, Word
from subscriptions_site.templatetags.ui import day

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED

WAYS: Mapping[Source, Promise] = {
    Source.RECORD_PANEL: gettext_lazy("by our staff"),
    Source.BULK_EDIT: gettext_lazy("by our staff"),
    Source.WORKFLOW: gettext_lazy("by one of our programs"),
    Source.IMPORT: gettext_lazy("with a list we were given"),
    Source.API_V3: gettext_lazy("by one of our programs"),
    Source.API_V4: gettext_lazy("by one of our programs"),
    Source.PREFERENCE_PAGE: gettext_lazy("on our page"),
    Source.ONE_CLICK: gettext_lazy("with the button of a mail program"),
    Source.CONFIRMATION: gettext_lazy("by the link in our mail"),
    Source.SMS_KEYWORD: gettext_lazy("by text message"),
    Source.WHATSAPP: gettext_lazy("on WhatsApp"),
    Source.PROVIDER_FEEDBACK: gettext_lazy("through your mail provider"),
    Source.SYSTEM: gettext_lazy("by one of our programs"),
}
_THEIRS: Mapping[tuple[bool, Status], Promise] = {
    (False, IN): gettext_lazy("You subscribed to: %(subject)s"),
    (False, OUT): gettext_lazy("You unsubscribed from: %(subject)s"),
    (True, IN): gettext_lazy("You came back to: %(subject)s"),
    (True, OUT): gettext_lazy("You unsubscribed from: %(subject)s"),
}
_OURS: Mapping[tuple[bool, Status], Promise] = {
    (False, IN): gettext_lazy("We subscribed you to: %(subject)s"),
    (False, OUT): gettext_lazy("We unsubscribed you from: %(subject)s"),
    (False, NONE): gettext_lazy("We took back a choice we had on record: %(subject)s"),
    (True, IN): gettext_lazy("We opened again: %(subject)s"),
    (True, OUT): gettext_lazy("We unsubscribed you from: %(subject)s"),
}
_ACTS: Mapping[tuple[Word, Act], Promise] = {
    (Word.OWN, Act.UNDO): gettext_lazy("You took back a choice: %(subject)s"),
    (Word.OURS, Act.UNDO): gettext_lazy("We took back a change: %(subject)s"),
    (Word.OURS, Act.CORRECT): gettext_lazy(
        "We gave back what a program had changed in your name: %(subject)s"
    ),
    (Word.OURS, Act.REQUEST): gettext_lazy("We asked you to confirm: %(subject)s"),
    (Word.OWN, Act.COMPLAIN): gettext_lazy(
        "You reported a message as unwanted, so we stopped: %(subject)s"
    ),
    (Word.OURS, Act.BOUNCE): gettext_lazy("A message to you could not be delivered"),
    (Word.OURS, Act.DELIVER): gettext_lazy("Messages can be delivered to you again"),
    (Word.OURS, Act.ERASE): gettext_lazy("Your data was erased"),
}
_REFUSED: Mapping[str, Promise] = {
    "archived_type": gettext_lazy("%(subject)s is no longer offered."),
    "not_offered_on_channel": gettext_lazy("%(subject)s is not offered for this address."),
    "service_type": gettext_lazy("%(subject)s is part of your order, so it always comes."),
    "person_spoke_since": gettext_lazy("%(subject)s has changed again since."),
    "superseded": gettext_lazy("%(subject)s has changed again since."),
    "too_late": gettext_lazy("%(subject)s: undo works for a day."),
}
_OFTEN: Mapping[Frequency | None, Promise] = {
    Frequency.DAILY: gettext_lazy("%(subject)s: once a day at most"),
    Frequency.WEEKLY: gettext_lazy("%(subject)s: once a week at most"),
    Frequency.MONTHLY: gettext_lazy("%(subject)s: once a month at most"),
    None: gettext_lazy("%(subject)s: as it happens"),
}
WRONG_DAYS: Mapping[str, Promise] = {
    "no_day": gettext_lazy("This is not a day. Write it like this: 2027-01-31."),
    "range": gettext_lazy("Choose a day from tomorrow on, within one year."),
    "both": gettext_lazy("Choose a length or a day, not both."),
}


@dataclass(frozen=True, slots=True)
class PastLine:
    """One entry of the person's own history."""

    at: datetime
    words: str
    way: str


def saved_words(result: Result, subject: str) -> str:
    """Return what a change of one's own came to, "" when nothing changed."""
    decision, wish = result.decision, result.change.wish
    if decision.outcome is Outcome.REFUSE:
        words = _REFUSED.get(decision.reason, gettext_lazy("%(subject)s could not be changed."))
        return str(words) % {"subject": subject}
    if decision.outcome is not Outcome.APPLY:
        return ""
    if wish.scope.kind is not ScopeKind.TYPE:
        return _("What you had before counts again: %(subject)s") % {"subject": subject}
    if wish.status is IN:
        return _("%(subject)s will come") % {"subject": subject}
    return _("%(subject)s has stopped") % {"subject": subject}


def everything_of(unit_name: str) -> str:
    """Return the subject of an opt-out of all: of one unit, or without a name of the account."""
    if not unit_name:
        return _("everything")
    return _("all messages of %(name)s") % {"name": unit_name}


def often_words(subject: str, often: Frequency | None) -> str:
    """Return how often something will come."""
    return str(_OFTEN[often]) % {"subject": subject}


def past_frequency(wish: FrequencyWish, subject: str) -> PastLine:
    """Return a wish how often as the person reads it, with the day it ended."""
    wished = often_words(subject, Frequency(wish.frequency))
    words = _("You chose how often. %(wish)s") % {"wish": wished}
    if wish.ended_at is not None:
        ended = _("ended on %(day)s") % {"day": day(wish.ended_at)}
        words = f"{words}, {ended}"
    return PastLine(wish.asked_at, words, str(WAYS[Source.PREFERENCE_PAGE]))


def past_pause(pause: Pause) -> PastLine:
    """Return a break as the person reads it, with the day it ended if they ended it."""
    words = _("You asked for a break until %(day)s") % {"day": day(pause.until)}
    if pause.ended_at is not None and pause.ended_at < pause.until:
        ended = _("ended on %(day)s") % {"day": day(pause.ended_at)}
        words = f"{words}, {ended}"
    return PastLine(pause.asked_at, words, str(WAYS[Source.PREFERENCE_PAGE]))


def past_line(line: EventLine, texts: Mapping[int, TypeText]) -> PastLine:
    """Return one event of the ledger as the person reads it."""
    kind, word = ScopeKind.from_code(line.scope), Word.from_code(line.word)
    if kind is ScopeKind.TYPE:
        text = texts.get(line.subscription_type_id or 0)
        subject = text.name if text else line.type_name
    else:
        subject = everything_of(line.unit_name)
    words = _ACTS.get((word, Act.from_code(line.act)))
    if words is None:
        table = _THEIRS if word is Word.OWN else _OURS
        words = table[kind is not ScopeKind.TYPE, Status.from_code(line.status)]
    way = WAYS[Source.from_code(line.source)]
    return PastLine(line.recorded_at, str(words) % {"subject": subject}, str(way))
