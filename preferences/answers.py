"""What the rules may know of an address, and the small words their answers are made of. Pure."""

from typing import NamedTuple

from preferences.registers import SILENT, Shape, resolve
from preferences.values import (
    Act,
    Actor,
    Channel,
    Decision,
    Outcome,
    ScopeKind,
    Source,
    Status,
    TypeFacts,
    Wish,
    Word,
)

OUT = Status.UNSUBSCRIBED


class UndoFacts(NamedTuple):
    """What R23 and R24 ask of the event to undo. ``is_labelled``: as suspected, after it was written."""

    word: Word
    is_newest: bool
    person_spoke_since: bool
    is_expired: bool
    is_labelled: bool = False


class Situation(NamedTuple):
    """All that ``decide`` may know of the address; finite, hashable, without times.

    ``excepted_unit`` / ``excepted_account``: the type is an exception to that opt-out of all (R11).
    ``back_unit`` / ``back_account``: it is one to what the person said there; ours may yet stand.
    ``has_exceptions``: ``registers.says_more`` (asked for opt-outs of all only).
    ``is_older``: the person's word now heard is not newer than what they are known to have said.
    ``is_relayed`` / ``in_future``: the time said is more than ten minutes past / is yet to come.
    ``kept_recently``: the same explicit word was kept within R16's 24 hours.
    ``asked_in_time``: ``asked_on`` is not before the opt-out and not in the future (R4).
    """

    channel: Channel = Channel.EMAIL
    type: Shape = SILENT
    unit: Shape = SILENT
    account: Shape = SILENT
    excepted_unit: bool = False
    excepted_account: bool = False
    back_unit: bool = False
    back_account: bool = False
    has_exceptions: bool = False
    is_erased: bool = False
    is_undeliverable: bool = False
    is_older: bool = False
    is_relayed: bool = False
    in_future: bool = False
    kept_recently: bool = False
    asked_in_time: bool = False
    undo: UndoFacts | None = None


def shape_at(s: Situation, kind: ScopeKind) -> Shape:
    return s.type if kind is ScopeKind.TYPE else s.unit if kind is ScopeKind.UNIT else s.account


def standing_wide(s: Situation) -> tuple[ScopeKind, ...]:
    """Return the levels whose opt-out of all stands for this type, widest first."""
    standing = []
    if resolve(s.account)[0] is OUT and not s.excepted_account:
        standing.append(ScopeKind.ACCOUNT)
    if resolve(s.unit)[0] is OUT and not s.excepted_unit:
        standing.append(ScopeKind.UNIT)
    return tuple(standing)


def theirs_stands(s: Situation, kind: ScopeKind) -> bool:
    """Tell whether the person's own opt-out of all keeps this type out."""
    is_back = s.back_account if kind is ScopeKind.ACCOUNT else s.back_unit
    return shape_at(s, kind).own is OUT and not is_back


def leaves_mark(wish: Wish, decision: Decision) -> bool:
    """Tell whether this closing word, though not recorded, outdates an opt-in said before it.

    R16 writes no repeat, R9 and R22 refuse "not opted" over an opt-out; but had an opt-in of
    the person been heard in between, the word would have closed the type again. So its time is kept
    (the counter of R16), and makes an opt-in said before it and heard after it an older word.
    """
    if wish.status is Status.SUBSCRIBED or wish.act not in (Act.STATE, Act.COMPLAIN):
        return False
    if decision.outcome is Outcome.REFUSE:
        return decision.rule in ("R9", "R10", "R22") and wish.source is not Source.IMPORT
    return decision.outcome is Outcome.NO_CHANGE


def refuse_wide(s: Situation) -> Decision:
    kinds = standing_wide(s)
    if any(theirs_stands(s, kind) for kind in kinds):
        return refuse("R10", "own_opt_out_of_all", link=True)
    reason = "account_opt_out" if ScopeKind.ACCOUNT in kinds else "unit_opt_out"
    return refuse("R9", reason)


def reaches(wish: Wish, actor: Actor, facts: TypeFacts | None) -> bool:
    return actor.covers(facts.business_unit_id if facts is not None else wish.scope.id)


def apply(rule: str, reason: str, register: Word | None, flags: int = 0) -> Decision:
    return Decision(Outcome.APPLY, rule, reason, register=register, flags=flags)


def no_change(rule: str) -> Decision:
    return Decision(Outcome.NO_CHANGE, rule, "already_so")


def refuse(rule: str, reason: str, *, fields: tuple[str, ...] = (), link: bool = False) -> Decision:
    return Decision(Outcome.REFUSE, rule, reason, fields=fields, offers_link=link)
