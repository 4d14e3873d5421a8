"""Two registers of one scope: what they add up to, and how a register hears late news. Pure.

For every address and type, and for every opt-out of all, the projection keeps what the person last
said and what anyone else last said ("Two registers" in ``docs/rules.md``).
"""

# ruff: noqa: PLR0911 - one return for each answer

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import NamedTuple

from preferences.values import STAFF_SOURCES, Flag, Register, Registers, Status, Word

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED
_STRICTNESS = {IN: 0, NONE: 1, OUT: 2}


class Shape(NamedTuple):
    """Two registers of one scope with their times reduced to comparisons.

    ``own_later``: True when the person spoke after us, False when before, None on a tie (or when
    one side is silent).
    """

    own: Status | None = None
    ours: Status | None = None
    own_later: bool | None = None
    is_named: bool = False
    own_is_relayed: bool = False
    own_is_suspected: bool = False
    ours_by_hand: bool = False


SILENT = Shape()


def shape_of(registers: Registers) -> Shape:
    """Return the registers with their times reduced to comparisons.

    There are few shapes and millions of registers, so each shape is made once.
    """
    own, ours = registers
    if own is None:
        if ours is None:
            return SILENT
        return _shape(None, ours.status, None, False, 0, ours.source in STAFF_SOURCES)
    if ours is None:
        return _shape(own.status, None, None, False, own.flags, False)
    later = None if own.said_at == ours.said_at else own.said_at > ours.said_at
    named = ours.names_event_id == own.event_id
    return _shape(own.status, ours.status, later, named, own.flags, ours.source in STAFF_SOURCES)


@cache
def _shape(
    own: Status | None,
    ours: Status | None,
    later: bool | None,
    named: bool,
    own_flags: int,
    by_hand: bool,
) -> Shape:
    return Shape(
        own=own,
        ours=ours,
        own_later=later,
        is_named=named,
        own_is_relayed=bool(own_flags & Flag.RELAYED),
        own_is_suspected=bool(own_flags & Flag.SUSPECTED),
        ours_by_hand=by_hand,
    )


@cache
def resolve(shape: Shape) -> tuple[Status, Word | None]:
    """Return the status of a scope on its own and whose word decided it ("Two registers").

    (a) the person said out: out, unless ours is a resubscribe that names that very opt-out;
    (b) else ours said out: out, unless the person said in later, themself;
    (c) else whoever spoke last, on a tie the stricter; nobody: not specified.
    """
    own, ours = shape.own, shape.ours
    if own is OUT:
        if ours is IN and shape.is_named:
            return IN, Word.OURS
        return OUT, Word.OWN
    if ours is OUT:
        if own is IN and shape.own_later and not shape.own_is_relayed:
            return IN, Word.OWN
        return OUT, Word.OURS
    if ours is None:
        return (own, Word.OWN) if own is not None else (NONE, None)
    if own is None:
        return ours, Word.OURS
    own_counts = (
        _STRICTNESS[own] >= _STRICTNESS[ours] if shape.own_later is None else shape.own_later
    )
    return (own, Word.OWN) if own_counts else (ours, Word.OURS)


def is_excepted(own: Register | None, wide: Registers) -> bool:
    """Tell whether the person came back to this type out of an opt-out of all (R11).

    They did when they opted in themself after every opt-out that the wide registers hold. A relayed
    opt-in re-opens nothing, so it is no exception either.
    """
    if own is None or own.status is not IN or own.is_relayed:
        return False
    return all(
        said.said_at < own.said_at for said in wide if said is not None and said.status is OUT
    )


def merge_own(current: Register | None, said: Register) -> Register:
    """Return the person's register after hearing ``said``, whenever it is heard.

    The newest by the time said; on a tie the opt-out. What was relayed yields to every word that
    was not: it replaces no opt-out, outlives none, and hides no live opt-in behind it. That makes
    a total order, so the order of hearing does not matter (property-tested).
    """
    if current is None or _weight(said) > _weight(current):
        return said
    return current


def _weight(said: Register) -> tuple[bool, datetime, bool, bool]:
    """Return what a person's word is ordered by; of equal words the one heard first stays."""
    is_out = said.status is OUT
    is_plain = not said.flags & Flag.SUSPECTED
    return (is_out or not said.is_relayed, said.said_at, is_out, is_plain)


def is_older(current: Register | None, said: Register) -> bool:
    """Tell whether the person is known to have said something that outranks ``said``."""
    return current is not None and merge_own(current, said) is current


def hear_wide(of_type: Registers, said: Register) -> Registers:
    """Return a type's registers after hearing an opt-out of all above it, perhaps late.

    Had it been heard when it was said, R9 would have refused what we opened since, and opt-ins
    refused meanwhile do not come back. So such a type hears the opt-out as its own: the person's
    later lift does not bring back what we opened behind their back.
    """
    ours = of_type.ours
    if said.status is not OUT or ours is None or ours.status is OUT or ours.said_at < said.said_at:
        return of_type
    return Registers(merge_own(of_type.own, said), ours._replace(names_event_id=None))


def says_more(wide: Registers, said: Register, word: Word, types: Iterable[Registers]) -> bool:
    """Tell whether an opt-out of all, said again or late, closes a type that it left open so far.

    ``types``: the registers of the types below it. True for a type that the person came back to
    since the same side said so last, and for one that we opened before we heard it.
    """
    same_side = Registers(own=wide.own) if word is Word.OWN else Registers(ours=wide.ours)
    return any(
        is_excepted(of_type.own, same_side)
        or (word is Word.OWN and hear_wide(of_type, said) != of_type)
        for of_type in types
    )
