"""The rules of consent, R1-R24: pure, total, and the only place that decides.

Two questions are answered here. ``effective``: what counts for an address now? ``decide``: may this
change be applied? Everything else in the product asks them. ``docs/rules.md`` has the prose, the
examples and the expected results as a table written by hand.

Times reach ``decide`` only as comparisons, made by ``situation_of``: so one decision can be reused
for every address in the same situation, and a bulk change costs a handful of decisions.
"""

from typing import NamedTuple

from preferences.registers import SILENT, Shape, is_excepted, resolve, shape_of
from preferences.values import (
    EXPLANATION_LIMIT,
    OPT_OUT_ONLY_SOURCES,
    Act,
    Actor,
    Channel,
    Decision,
    Effective,
    Flag,
    LegalBasis,
    Outcome,
    Policy,
    Privacy,
    ScopeKind,
    Source,
    State,
    Status,
    TypeFacts,
    Wish,
    Word,
)

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED


class UndoFacts(NamedTuple):
    """What R23 asks of the event to undo."""

    word: Word
    is_newest: bool
    person_spoke_since: bool
    is_expired: bool


class Situation(NamedTuple):
    """All that ``decide`` may know of the address; finite, hashable, without times.

    ``excepted_unit`` / ``excepted_account``: the type is an exception to that opt-out of all (R11).
    ``has_exceptions``: some type is one (asked for opt-outs of all only).
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
    has_exceptions: bool = False
    is_erased: bool = False
    is_undeliverable: bool = False
    is_older: bool = False
    is_relayed: bool = False
    in_future: bool = False
    kept_recently: bool = False
    asked_in_time: bool = False
    undo: UndoFacts | None = None


# --- what counts -----------------------------------------------------------------------------------


def effective(state: State) -> Effective:
    """Return the status that counts: account first, then business unit, then type (R9, R11)."""
    exception = False
    for level, wide in ((ScopeKind.ACCOUNT, state.account), (ScopeKind.UNIT, state.unit)):
        if wide.own is None and wide.ours is None:
            continue
        status, word = resolve(shape_of(wide))
        if status is OUT:
            if not is_excepted(state.type.own, wide):
                return Effective(OUT, level, word)
            exception = True
    status, word = resolve(shape_of(state.type))
    return Effective(status, ScopeKind.TYPE, word, exception and status is IN)


# --- may this change be applied? --------------------------------------------------------------------


def decide(
    situation: Situation, wish: Wish, actor: Actor, policy: Policy, facts: TypeFacts | None
) -> Decision:
    """Return what the rules say of ``wish`` in ``situation``; total, deterministic, no exceptions.

    ``facts`` is None for opt-outs of all; a type that does not exist is the caller's matter (R20).
    """
    if wish.act is Act.STATE:
        return _decide_status(situation, wish, actor, policy, facts)
    if wish.act is Act.UNDO:
        return _decide_undo(situation, wish, actor, facts)
    if wish.act is Act.CORRECT:
        return _decide_correction(situation, wish, actor, facts)
    if wish.act is Act.COMPLAIN:
        return _decide_opt_out(situation, wish, actor, facts)
    return _decide_fact(situation, wish, actor)


def _decide_status(s: Situation, wish: Wish, actor: Actor, policy: Policy, facts: TypeFacts | None) -> Decision:
    if facts is not None and facts.is_service:
        return _refuse("R15", "service_type")
    if wish.status is OUT:
        return _decide_opt_out(s, wish, actor, facts)
    refusal = _closed_way(wish)
    if refusal is not None:
        return refusal
    if wish.word is Word.OWN:
        return _decide_own_opt_in(s, wish, facts)
    if wish.scope.is_wide:
        return _decide_lift(s, wish, actor)
    assert facts is not None
    if wish.status is NONE:
        return _decide_not_opted(s, wish, actor, facts)
    return _decide_our_opt_in(s, wish, actor, policy, facts)


def _closed_way(wish: Wish) -> Decision | None:
    """Refuse what cannot opt anybody in, whatever the address."""
    if wish.is_opt_out_list:
        return _refuse("R7", "opt_out_list_only_opts_out")
    person_ways = {Source.PREFERENCE_PAGE, Source.CONFIRMATION, Source.SMS_KEYWORD, Source.WHATSAPP}
    if wish.source in OPT_OUT_ONLY_SOURCES or (wish.word is Word.OURS and wish.source in person_ways):
        return _refuse("R2", "way_cannot_opt_in")
    return None


def _decide_opt_out(s: Situation, wish: Wish, actor: Actor, facts: TypeFacts | None) -> Decision:
    """R3: never refused, whatever the register says; only the reach of the actor bounds it."""
    shape = _shape_at(s, wish.scope.kind)
    if not _reaches(wish, actor, facts) and wish.scope.kind is not ScopeKind.ACCOUNT:
        return _refuse("R3", "outside_units")
    flags = Flag.SUSPECTED if wish.suspected and wish.word is Word.OWN else 0
    said = shape.own if wish.word is Word.OWN else shape.ours
    repeats = said is OUT and resolve(shape)[0] is OUT and not s.has_exceptions
    older = s.is_older and wish.word is Word.OWN and not shape.own_is_relayed
    if not repeats and not older:
        return _apply("R2" if wish.word is Word.OWN else "R3", "opted_out", wish.word, flags)
    if wish.word is Word.OURS or s.kept_recently:
        return Decision(Outcome.NO_CHANGE, "R16", "already_opted_out")
    if older:
        return _apply("R16", "older_kept", None, flags | Flag.OLDER)
    return _apply("R16", "repeat_kept", Word.OWN, flags | Flag.REPEAT)


def _decide_own_opt_in(s: Situation, wish: Wish, facts: TypeFacts | None) -> Decision:
    """R2: the person decides for themself; R11: one type comes back alone."""
    if wish.status is NONE:
        return _refuse("R22", "not_specified_is_no_choice")
    if s.in_future:
        return _refuse("R2", "said_in_future")
    if facts is not None:
        refusal = _type_is_closed(s, facts)
        if refusal is not None:
            return refusal
    shape = _shape_at(s, wish.scope.kind)
    status = resolve(shape)[0]
    stands = _standing_wide(s) if not wish.scope.is_wide else ()
    if s.is_relayed and (status is OUT or stands or s.is_erased):
        rule = "R7" if wish.source is Source.IMPORT else "R2"
        return _refuse("R18" if s.is_erased else rule, "relayed_opt_in", link=True)
    if s.is_older:
        return Decision(Outcome.NO_CHANGE, "R2", "older_word")
    if wish.scope.is_wide and status is not OUT:
        return Decision(Outcome.NO_CHANGE, "R16", "no_opt_out_of_all")
    flags = Flag.RELAYED if s.is_relayed else 0
    upgrades = shape.own_is_relayed and not s.is_relayed
    if shape.own is IN and status is IN and not stands and not upgrades and not s.is_erased:
        if wish.source is Source.CONFIRMATION and not s.kept_recently:
            return _apply("R16", "repeat_kept", Word.OWN, flags | Flag.REPEAT)
        return Decision(Outcome.NO_CHANGE, "R16", "already_opted_in")
    return _apply("R11" if stands else "R2", "opted_in", Word.OWN, flags)


def _decide_lift(s: Situation, wish: Wish, actor: Actor) -> Decision:
    """R10: lifting an opt-out of all on our word."""
    kind = wish.scope.kind
    shape = _shape_at(s, kind)
    if resolve(shape)[0] is not OUT:
        return Decision(Outcome.NO_CHANGE, "R16", "no_opt_out_of_all")
    if not _reaches(wish, actor, None):
        return _refuse("R10", "needs_all_units" if kind is ScopeKind.ACCOUNT else "outside_units")
    if s.is_erased:
        return _refuse("R18", "erased")
    if shape.ours is not OUT:
        return _refuse("R10", "own_opt_out_of_all", link=True)
    refusal = _unlawful_lift(wish.source, shape)
    if refusal is not None:
        return refusal
    flags = Flag.OWN_STANDS if shape.own is OUT else 0
    return _apply("R10", "lifted", Word.OURS, flags)


def _unlawful_lift(source: Source, shape: Shape) -> Decision | None:
    if source is Source.RECORD_PANEL or (source is Source.BULK_EDIT and shape.ours_by_hand):
        return None
    rule, reason = _REOPENING.get(source, ("R10", "not_set_by_hand"))
    return _refuse(rule, reason)


_REOPENING = {
    Source.WORKFLOW: ("R6", "workflow_reopens_nothing"),
    Source.IMPORT: ("R7", "import_reopens_nothing"),
    Source.API_V3: ("R8", "api_v3_reopens_nothing"),
}


def _decide_not_opted(s: Situation, wish: Wish, actor: Actor, facts: TypeFacts) -> Decision:
    """R22: over an opt-out a re-opening, over an opt-in a withdrawal."""
    status, word = resolve(s.type)
    if status is NONE:
        return Decision(Outcome.NO_CHANGE, "R16", "already_not_specified")
    if not actor.covers(facts.business_unit_id):
        return _refuse("R15", "outside_units")
    if status is IN:
        if wish.source is Source.IMPORT:
            return _refuse("R22", "import_withdraws_nothing")
        return _apply("R22", "withdrawn", Word.OURS)
    refusal = _type_is_closed(s, facts)
    if refusal is not None:
        return refusal
    if s.is_erased:
        return _refuse("R18", "erased")
    if _standing_wide(s):
        return _refuse_wide(s)
    if word is Word.OWN:
        return _refuse("R22", "own_opt_out", link=True)
    if wish.source in _REOPENING:
        return _refuse(*_REOPENING[wish.source])
    return _apply("R22", "reopened", Word.OURS)


def _decide_our_opt_in(s: Situation, wish: Wish, actor: Actor, policy: Policy, facts: TypeFacts) -> Decision:
    """An opt-in on our word: R4-R10, R12-R15, in the order in which they outrank each other."""
    if not actor.covers(facts.business_unit_id):
        return _refuse("R15", "outside_units")
    refusal = _type_is_closed(s, facts)
    if refusal is not None:
        return refusal
    if s.is_erased:
        return _refuse("R18", "erased")
    lifts = _standing_wide(s)
    if lifts:
        refusal = _lift_on_the_way(s, wish, actor, lifts)
        if refusal is not None:
            return refusal
    status = resolve(s.type)[0]
    if status is IN and not lifts:
        return Decision(Outcome.NO_CHANGE, "R16", "already_opted_in")
    own_stands = status is OUT and s.type.own is OUT
    if own_stands:
        refusal = _resubscribe_refusal(s, wish, actor, policy)
    elif status is OUT and wish.source in _REOPENING:
        refusal = _refuse(*_REOPENING[wish.source])
    refusal = refusal or _missing_grounds(wish, policy, always=own_stands)
    if refusal is not None:
        return refusal
    flags = Flag.CONTRACT_FOR_MARKETING if wish.legal_basis is LegalBasis.PERFORMANCE_OF_CONTRACT else 0
    if facts.double_opt_in and s.channel is Channel.EMAIL:
        return Decision(Outcome.CONFIRM_FIRST, "R14", "asked_to_confirm", flags=flags)
    return Decision(
        Outcome.APPLY,
        "R4" if own_stands else "R12",
        "opted_in",
        register=Word.OURS,
        names_own=own_stands,
        lifts=lifts,
        flags=flags,
    )


def _lift_on_the_way(s: Situation, wish: Wish, actor: Actor, lifts: tuple[ScopeKind, ...]) -> Decision | None:
    """R9: refuse unless the same change lawfully lifts every opt-out of all that stands."""
    for kind in lifts:
        shape = _shape_at(s, kind)
        if not wish.lift or shape.own is OUT:
            return _refuse_wide(s)
        if kind is ScopeKind.ACCOUNT and not actor.all_units:
            return _refuse("R10", "needs_all_units")
        refusal = _unlawful_lift(wish.source, shape)
        if refusal is not None:
            return refusal
    return None


def _resubscribe_refusal(s: Situation, wish: Wish, actor: Actor, policy: Policy) -> Decision | None:
    """R4, R5-R8: undoing the person's own opt-out of a type."""
    if policy.only_person_resubscribes:
        return _refuse("R4", "only_the_person", link=True)
    if wish.source is Source.BULK_EDIT:
        return _refuse("R5", "own_opt_out", link=True)
    if wish.source in _REOPENING:
        return _refuse(*_REOPENING[wish.source], link=True)
    if not actor.may_resubscribe:
        return _refuse("R4", "needs_right_to_resubscribe", link=True)
    if wish.asked_on is not None and not s.asked_in_time:
        return _refuse("R4", "asked_on_out_of_range", fields=("asked_on",))
    return None


def _missing_grounds(wish: Wish, policy: Policy, *, always: bool) -> Decision | None:
    """R12 field by field, R13, and R4 where ``always`` demands them whatever the setting."""
    if wish.legal_basis is LegalBasis.PROCESS_AND_STORE:
        return _refuse("R13", "basis_never_justifies", fields=("legal_basis",))
    if len(wish.explanation) > EXPLANATION_LIMIT:
        return _refuse("R12", "explanation_too_long", fields=("explanation",))
    if not always and policy.privacy is Privacy.OFF:
        return None
    missing = []
    if wish.legal_basis is None:
        missing.append("legal_basis")
    if not wish.explanation.strip():
        missing.append("explanation")
    if always and wish.asked_on is None:
        missing.append("asked_on")
    if not missing:
        return None
    return _refuse("R4" if always else "R12", "grounds_missing", fields=tuple(missing))


def _type_is_closed(s: Situation, facts: TypeFacts) -> Decision | None:
    """R15, apart from service types and reach, which are asked before."""
    if facts.is_archived:
        return _refuse("R15", "archived_type")
    if facts.is_internal:
        return _refuse("R15", "internal_type")
    if s.channel not in facts.channels:
        return _refuse("R15", "not_offered_on_channel")
    return None


def _decide_undo(s: Situation, wish: Wish, actor: Actor, facts: TypeFacts | None) -> Decision:
    """R23: give the register its previous value back."""
    undo = s.undo
    if undo is None or not undo.is_newest:
        return _refuse("R23", "superseded")
    if not _reaches(wish, actor, facts):
        return _refuse("R23", "outside_units")
    if undo.word is Word.OWN and wish.word is not Word.OWN:
        return _refuse("R23", "own_word")
    if undo.word is Word.OURS and wish.word is Word.OWN:
        return _refuse("R23", "our_word")
    if undo.person_spoke_since:
        return _refuse("R23", "person_spoke_since")
    if undo.is_expired:
        return _refuse("R23", "too_late")
    return _apply("R23", "undone", undo.word)


def _decide_correction(s: Situation, wish: Wish, actor: Actor, facts: TypeFacts | None) -> Decision:
    """R24: give back an opt-out that a machine made."""
    undo = s.undo
    shape = _shape_at(s, wish.scope.kind)
    if undo is None or undo.word is not Word.OWN or not undo.is_newest:
        return _refuse("R24", "superseded")
    if not shape.own_is_suspected or shape.own is not OUT:
        return _refuse("R24", "not_suspected")
    if not actor.may_resubscribe or not _reaches(wish, actor, facts):
        return _refuse("R24", "needs_right_to_resubscribe")
    if not wish.explanation.strip():
        return _refuse("R24", "grounds_missing", fields=("explanation",))
    return _apply("R24", "corrected", Word.OWN)


def _decide_fact(s: Situation, wish: Wish, actor: Actor) -> Decision:
    """R17, R18: facts about the address, which write no register."""
    if wish.act is Act.BOUNCE:
        return _no_change("R17") if s.is_undeliverable else _apply("R17", "undeliverable", None)
    if wish.act is Act.DELIVER:
        return _apply("R17", "deliverable", None) if s.is_undeliverable else _no_change("R17")
    if wish.act is Act.ERASE:
        if not actor.all_units:
            return _refuse("R18", "needs_all_units")
        return _no_change("R18") if s.is_erased else _apply("R18", "erased", None)
    return _refuse("R14", "only_the_rules_ask")


# --- small words -------------------------------------------------------------------------------------


def _shape_at(s: Situation, kind: ScopeKind) -> Shape:
    return s.type if kind is ScopeKind.TYPE else s.unit if kind is ScopeKind.UNIT else s.account


def _standing_wide(s: Situation) -> tuple[ScopeKind, ...]:
    """Return the levels whose opt-out of all stands for this type, widest first."""
    standing = []
    if resolve(s.account)[0] is OUT and not s.excepted_account:
        standing.append(ScopeKind.ACCOUNT)
    if resolve(s.unit)[0] is OUT and not s.excepted_unit:
        standing.append(ScopeKind.UNIT)
    return tuple(standing)


def _refuse_wide(s: Situation) -> Decision:
    kinds = _standing_wide(s)
    if any(_shape_at(s, kind).own is OUT for kind in kinds):
        return _refuse("R10", "own_opt_out_of_all", link=True)
    reason = "account_opt_out" if ScopeKind.ACCOUNT in kinds else "unit_opt_out"
    return _refuse("R9", reason)


def _reaches(wish: Wish, actor: Actor, facts: TypeFacts | None) -> bool:
    return actor.covers(facts.business_unit_id if facts is not None else wish.scope.id)


def _apply(rule: str, reason: str, register: Word | None, flags: int = 0) -> Decision:
    return Decision(Outcome.APPLY, rule, reason, register=register, flags=flags)


def _no_change(rule: str) -> Decision:
    return Decision(Outcome.NO_CHANGE, rule, "already_so")


def _refuse(rule: str, reason: str, *, fields: tuple[str, ...] = (), link: bool = False) -> Decision:
    return Decision(Outcome.REFUSE, rule, reason, fields=fields, offers_link=link)
