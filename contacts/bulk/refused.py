"""Whom a job left as they were, as its page shows them: some at a time, by chunk and place."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from django.utils.functional import Promise

from accounts.access import reach_of
from accounts.models import User
from contacts.bulk.results import (
    LEFT_WORDS,
    Catalogue,
    Refusal,
    addresses_of,
    names_of,
    refusals_of,
    words_of,
)
from jobs.describing import REFUSED
from jobs.models import Job, JobChunk
from jobs.selectors import counts_of
from preferences.rules import effective
from preferences.selectors import Said, state_of, states_for
from preferences.values import Outcome, Scope, ScopeKind, State, Status, Word

PAGE = 25
CHUNKS_AT_ONCE = 20
REFUSED_CHANGE = f"{Outcome.REFUSE.value} "  # begins the keys of counts of changes


class Position(NamedTuple):
    """A place in the list: in which chunk, after how many of its refusals."""

    chunk: int = 0
    place: int = 0


START = Position()


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One refusal. ``name`` and ``address`` are "" where the user does not see the contact; an
    address that nobody they see has is told, as it is where its opt-out is listed.

    ``pill``: how the address stands now, as far as that is why; ``since``: since when.
    """

    refusal: Refusal
    is_visible: bool
    name: str
    address: str
    unit: str
    about: str
    pill: str = ""
    since: datetime | None = None
    is_meanwhile: bool = False


class RefusedPage(NamedTuple):
    """``after``: where the next page begins; None is nowhere."""

    rows: list[RefusedRow]
    after: Position | None


def refusal_choices(job: Job) -> list[tuple[str, Promise, int]]:
    """Return key, words and number of each reason, the most frequent first: of refusals, and there
    may be several of one contact.
    """
    counts = counts_of(job)
    found = [
        (key.removeprefix(REFUSED_CHANGE), count)
        for key, count in counts.changes.items()
        if key.startswith(REFUSED_CHANGE)
    ]
    left = {key.removeprefix(REFUSED): count for key, count in counts.items.items()}
    found += [(key, count) for key, count in left.items() if key in LEFT_WORDS]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return [(key, words_of(key), count) for key, count in found if count]


def refused_page(job: Job, *, user: User, reason: str = "", begin: Position = START) -> RefusedPage:
    """Return the refusals from a position on; ``reason``: only this one.

    Reads chunks one after the other until the page is full; the number of queries about people
    does not grow with them.
    """
    catalogue = Catalogue(reach_of(user))
    found = list(islice(_refusals(job, reason, begin, catalogue), PAGE + 1))
    after = found[PAGE][0] if len(found) > PAGE else None
    rows = _rows([one for _position, one in found[:PAGE]], job, user, catalogue)
    return RefusedPage(rows, after)


def _refusals(
    job: Job, reason: str, begin: Position, catalogue: Catalogue
) -> Iterator[tuple[Position, Refusal]]:
    chunks = job.chunks.filter(done_at__isnull=False, number__gte=begin.chunk)
    chunks = chunks.filter(refusals__has_key=reason) if reason else chunks.exclude(refusals={})
    found = chunks.order_by("number").only("number", "refusals")
    for chunk in found.iterator(chunk_size=CHUNKS_AT_ONCE):
        yield from _refusals_of(chunk, reason, begin, catalogue)


def _refusals_of(
    chunk: JobChunk, reason: str, begin: Position, catalogue: Catalogue
) -> Iterator[tuple[Position, Refusal]]:
    start = begin.place if chunk.number == begin.chunk else 0
    for place, one in enumerate(refusals_of(chunk, reason)):
        if place >= start and catalogue.shows(one.scope):
            yield Position(chunk.number, place), one


def _rows(
    found: Collection[Refusal], job: Job, user: User, catalogue: Catalogue
) -> list[RefusedRow]:
    names = names_of({one.contact_id for one in found}, user)
    addresses = addresses_of(one.address_id for one in found)
    said = states_for({one.address_id for one in found if one.address_id})
    rows = []
    for one in found:
        is_visible = one.contact_id in names
        is_told = is_visible or not one.contact_id
        unit, about = catalogue.cells(one.scope) if one.scope else ("", "")
        pill, since = "", None
        if one.scope and is_told:
            pill, since = _standing(_state_of(said, one.address_id, one.scope, catalogue))
        address = addresses.get(one.address_id, ("", ""))[1] if is_told else ""
        rows.append(
            RefusedRow(
                refusal=one,
                is_visible=is_visible,
                name=names.get(one.contact_id, ""),
                address=address,
                unit=unit,
                about=about,
                pill=pill,
                since=since,
                is_meanwhile=bool(since and job.started_at and since >= job.started_at),
            )
        )
    return rows


def _state_of(said: Said, address_id: int, scope: Scope, catalogue: Catalogue) -> State:
    if scope.kind is not ScopeKind.TYPE:
        return state_of(said, address_id, type_id=None, unit_id=scope.id)
    unit_id, _name = catalogue.types[scope.id or 0]
    return state_of(said, address_id, type_id=scope.id, unit_id=unit_id)


def _standing(state: State) -> tuple[str, datetime | None]:
    """Return the pill of an opt-out that stands and since when; nothing while none does."""
    now = effective(state)
    if now.status is not Status.UNSUBSCRIBED or now.word is None:
        return "", None
    levels = {ScopeKind.TYPE: state.type, ScopeKind.UNIT: state.unit}
    registers = levels.get(now.level, state.account)
    register = registers.own if now.word is Word.OWN else registers.ours
    pill = "UNSUBSCRIBED" if now.level is ScopeKind.TYPE else "UNSUBSCRIBED_ALL"
    return pill, register.said_at if register else None
