"""The kinds of work there are. An app above registers its own when it is ready.

A kind is code, never data: a job names it, and a worker that does not know the name stops the job
with words instead of guessing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from accounts.access import Right
from accounts.models import User
from jobs.models import Job

if TYPE_CHECKING:
    from jobs.describing import Description, Effect


@dataclass(frozen=True, slots=True)
class Work:
    """One chunk to do. ``user`` is who started the job, as they are now."""

    job: Job
    number: int
    items: Sequence[int]
    user: User
    now: datetime


@dataclass(slots=True)
class Done:
    """What became of a chunk: see ``JobChunk`` for the meaning of each."""

    item_counts: Mapping[str, int] = field(default_factory=dict)
    change_counts: Mapping[str, int] = field(default_factory=dict)
    refusals: Mapping[str, Sequence[int]] = field(default_factory=dict)
    first_event_id: int | None = None
    last_event_id: int | None = None
    output: bytes | None = None


class CannotWork(Exception):
    """Says that what the job was to do has become impossible; no attempt will help."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``work`` does one chunk inside the transaction that marks it done; it may be called again for
    the same chunk after a roll-back, so it changes nothing but the database.

    ``right``: asked of the user before each chunk. ``is_guarded``: the number is typed over a
    threshold, and a second person approves where that is switched on. ``undo_kind``: the kind of
    job that undoes it. ``chunk_size``: how many items one transaction takes. ``title`` and
    ``describe`` say on screens what a job of this kind does (``jobs.describing``), ``effect`` what it
    would do now, for the second person who approves it.
    """

    name: str
    label: Promise
    right: Right
    work: Callable[[Work], Done]
    is_guarded: bool = True
    undo_kind: str = ""
    chunk_size: int = 1000
    title: "Callable[[Job], str] | None" = None
    describe: "Callable[[Job], Description] | None" = None
    effect: "Callable[[Job, datetime], Effect | None] | None" = None


class UnknownKind(LookupError):
    """Says that no app registered a kind of this name."""


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; the same name twice is the same kind, said again."""
    _kinds[kind.name] = kind


def get_kind(name: str) -> Kind:
    """Return the kind. Raises UnknownKind."""
    try:
        return _kinds[name]
    except KeyError as error:
        raise UnknownKind(name) from error


def known_kinds() -> list[Kind]:
    """Return every kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]
