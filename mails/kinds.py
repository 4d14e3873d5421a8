"""The kinds of mail there are, and what fills the queue. The apps above register theirs when ready.

A mail waits before it is sent. Its kind is asked then whether it is still wanted: who opted out
meanwhile gets no mail that was queued before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

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


_kinds: dict[str, MailKind] = {}
_sources: dict[str, Source] = {}


def register_kind(kind: MailKind) -> None:
    """Make a kind known; the same name twice is the same kind, said again."""
    _kinds[kind.name] = kind


def register_source(name: str, source: Source) -> None:
    """Let the worker call this before it sends: it queues what is due, and returns how many."""
    _sources[name] = source


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
