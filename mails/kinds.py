"""The kinds of mail there are, and what fills the queue. The apps above register theirs when ready.

A mail waits before it is sent. Its kind is asked then whether it is still wanted: who opted out
meanwhile gets no mail that was queued before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.functional import Promise

from mails.models import OutgoingMail

type Source = Callable[[datetime], int]


@dataclass(frozen=True, slots=True)
class MailKind:
    """``label`` names it on screens; ``is_wanted`` may stop it before it leaves.

    ``bounced`` is told when its address turned out to be no good, in the transaction that gives the
    mail up; its ``error`` has the reply.
    """

    name: str
    label: Promise
    is_wanted: Callable[[OutgoingMail, datetime], bool] | None = None
    bounced: Callable[[OutgoingMail, datetime], None] | None = None


class Feedback(NamedTuple):
    """What a provider reported of an address: it is no good, or with ``is_complaint`` that its reader
    called a mail spam. ``mail``: the one it is about, if it was one of ours. ``said_at``: when, as far
    as the provider knows.
    """

    recipient: str
    mail: OutgoingMail | None
    answer: str
    event_id: str
    is_complaint: bool
    said_at: datetime | None = None


type Listener = Callable[[Feedback, datetime], None]

_listeners: dict[str, Listener] = {}
_kinds: dict[str, MailKind] = {}
_sources: dict[str, Source] = {}


def register_kind(kind: MailKind) -> None:
    """Make a kind known; the same name twice is the same kind, said again."""
    _kinds[kind.name] = kind


def register_source(name: str, source: Source) -> None:
    """Let the worker call this before it sends: it queues what is due, and returns how many."""
    _sources[name] = source


def register_listener(name: str, listener: Listener) -> None:
    """Let this hear what providers report of addresses, in a transaction."""
    _listeners[name] = listener


def tell_feedback(feedback: Feedback, now: datetime) -> None:
    """Tell everybody who listens what a provider reported."""
    for _name, listener in sorted(_listeners.items()):
        listener(feedback, now)


def label_of(mail: OutgoingMail) -> str:
    """Return the kind of a mail in words; its own name when no app knows it any more."""
    kind = _kinds.get(mail.kind)
    return str(kind.label) if kind else mail.kind


def is_wanted(mail: OutgoingMail, now: datetime) -> bool:
    """Tell whether the mail should still leave."""
    kind = _kinds.get(mail.kind)
    return kind is None or kind.is_wanted is None or kind.is_wanted(mail, now)


def tell_bounce(mail: OutgoingMail, now: datetime) -> None:
    """Tell whoever queued the mail that its address is no good."""
    kind = _kinds.get(mail.kind)
    if kind is not None and kind.bounced is not None:
        kind.bounced(mail, now)


def sources() -> list[tuple[str, Source]]:
    """Return what fills the queue, by name."""
    return sorted(_sources.items())
