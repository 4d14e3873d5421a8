"""Two registers of one scope: what they add up to, and how a register hears late news. Pure.

For every address and type, and for every opt-out of all, the projection keeps what the person last
said and what anyone else last said ("Two registers" in ``docs/rules.md``).
"""

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
    """Return the registers with their times reduced to comparisons."""
    own, ours = registers
    if own is None and ours is None:
        return SILENT
    if own is None:
        return Shape(ours=ours.status, ours_by_hand=ours.source in STAFF_SOURCES)
    later = None
    named = by_hand = False
    if ours is not None:
        if own.said_at != ours.said_at:
            later = own.said_at > ours.said_at
        named = ours.names_event_id == own.event_id
        by_hand = ours.source in STAFF_SOURCES
    return Shape(
        own=own.status,
        ours=ours.status if ours is not None else None,
        own_later=later,
        is_named=named,
        own_is_relayed=bool(own.flags & Flag.RELAYED),
        own_is_suspected=bool(own.flags & Flag.SUSPECTED),
        ours_by_hand=by_hand,
    )


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
    if shape.own_later is None:
        own_counts = _STRICTNESS[own] >= _STRICTNESS[ours]
    else:
        own_counts = shape.own_later
    return (own, Word.OWN) if own_counts else (ours, Word.OURS)


def is_excepted(own: Register | None, wide: Registers) -> bool:
    """Tell whether the person came back to this type out of an opt-out of all (R11).

    They did when they opted in themself after every opt-out that the wide registers hold. A relayed
    opt-in re-opens nothing, so it is no exception either.
    """
    if own is None or own.status is not IN or own.is_relayed:
        return False
    return all(said.said_at < own.said_at for said in wide if said is not None and said.status is OUT)


def merge_own(current: Register | None, said: Register) -> Register:
    """Return the person's register after hearing ``said``, whenever it is heard.

    The newest by the time said; on a tie the opt-out; a relayed opt-in never replaces an opt-out and
    never outlives one. The order of hearing does not matter (property-tested).
    """
    if current is None:
        return said
    if current.status is OUT and said.status is not OUT and said.is_relayed:
        return current
    if said.status is OUT and current.status is not OUT and current.is_relayed:
        return said
    if said.said_at == current.said_at:
        return said if said.status is OUT and current.status is not OUT else current
    return said if said.said_at > current.said_at else current
