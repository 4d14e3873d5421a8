"""The rules of consent, R1-R24: pure, total, and the only place that decides.

Two questions are answered here. ``effective``: what counts for an address now? ``decide``: may this
change be applied? Everything else in the product asks them. ``docs/rules.md`` has the prose, the
examples and the expected results as a table written by hand.

Times reach ``decide`` only as comparisons, made by ``situation_of``: so one decision can be reused
for every address in the same situation, and a bulk change costs a handful of decisions.
"""

# ruff: noqa: PLR0911 - one return for each answer reads better than any way around it

from preferences.answers import (
    Situation,
    UndoFacts,
    apply,
    reaches,
    refuse,
    refuse_wide,
    shape_at,
    standing_wide,
    theirs_stands,
)
from preferences.registers import Shape, is_excepted, resolve, shape_of
from preferences.rules_undo import decide_correction, decide_fact, decide_undo
from preferences.values import (
    EXPLANATION_LIMIT,
    OPT_OUT_ONLY_SOURCES,
    STAFF_SOURCES,
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

__all__ = ["Situation", "UndoFacts", "decide", "effective"]

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED


# --- what counts ---------------------------------------------------------------------------------


def effective(state: State) -> Effective:
    """Return the status that counts: account first, then business unit, then type (R9, R11).

    An exception lasts while the type is opted in. Withdrawn, it falls back under the opt-out of
    all: "not opted" there would let through a message that the person refused.
    """
    type_status, type_word = resolve(shape_of(state.type))
    exception = False
    for level, wide in ((ScopeKind.ACCOUNT, state.account), (ScopeKind.UNIT, state.unit)):
        if wide.own is None and wide.ours is None:
            continue
        status, word = resolve(shape_of(wide))
        if status is OUT:
            if type_status is not IN or not is_excepted(state.type.own, wide):
                return Effective(OUT, level, word)
            exception = True
    return Effective(type_status, ScopeKind.TYPE, type_word, exception)


# --- may this change be applied? ------------------------------------------------------------------


def decide(
    situation: Situation, wish: Wish, actor: Actor, policy: Policy, facts: TypeFacts | None
) -> Decision:
    """Return what the rules say of ``wish`` in ``situation``; total, deterministic, no exceptions.

    ``facts`` is None for opt-outs of all, and only for them: an unknown type is refused (R20).
    """
    if wish.act is Act.STATE:
        return _decide_status(situation, wish, actor, policy, facts)
    if wish.act is Act.UNDO:
        return decide_undo(situation, wish, actor, facts)
    if wish.act is Act.CORRECT:
        return decide_correction(situation, wish, actor, facts)
    if wish.act is Act.COMPLAIN:
        return _decide_opt_out(situation, wish, actor, facts)
    return decide_fact(situation, wish, actor)


def _decide_status(
    s: Situation, wish: Wish, actor: Actor, policy: Policy, facts: TypeFacts | None
) -> Decision:
    if facts is None and not wish.scope.is_wide:
        return refuse("R20", "unknown_type")
    if facts is not None and facts.is_service:
        return refuse("R15", "service_type")
    if wish.status is OUT:
        return _decide_opt_out(s, wish, actor, facts)
    refusal = _closed_way(wish)
    if refusal is not None:
        return refusal
    if wish.word is Word.OWN:
        return _decide_own_opt_in(s, wish, actor, facts)
    if facts is None:
        return _decide_lift(s, wish, actor)
    if wish.status is NONE:
        return _decide_not_opted(s, wish, actor, facts)
    return _decide_our_opt_in(s, wish, actor, policy, facts)


def _closed_way(wish: Wish) -> Decision | None:
    """Refuse what cannot opt anybody in, whatever the address."""
    if wish.is_opt_out_list:
        return refuse("R7", "opt_out_list_only_opts_out")
    person_ways = {Source.PREFERENCE_PAGE, Source.CONFIRMATION, Source.SMS_KEYWORD, Source.WHATSAPP}
    if wish.source in OPT_OUT_ONLY_SOURCES or (
        wish.word is Word.OURS and wish.source in person_ways
    ):
        return refuse("R2", "way_cannot_opt_in")
    return None


def _decide_opt_out(s: Situation, wish: Wish, actor: Actor, facts: TypeFacts | None) -> Decision:
    """R3: never refused, whatever the register says; only the reach of the actor bounds it.

    R16: a repeat is kept once, an older word too; but a person's plain word always goes on record
    over one suspected to be a machine's, which may be given back (R24).
    """
    shape = shape_at(s, wish.scope.kind)
    if not reaches(wish, actor, facts) and wish.scope.kind is not ScopeKind.ACCOUNT:
        return refuse("R3", "outside_units")
    own = wish.word is Word.OWN
    proves = own and shape.own_is_suspected and not wish.suspected
    flags = Flag.SUSPECTED if own and wish.suspected else 0
    said = shape.own if own else shape.ours
    older = own and s.is_older
    adds = s.has_exceptions or proves or _hardens(wish, shape)
    repeats = said is OUT and resolve(shape)[0] is OUT and not adds
    if not repeats and not older:
        return apply("R2" if own else "R3", "opted_out", wish.word, flags)
    if not own or (s.kept_recently and not proves and not s.has_exceptions):
        return Decision(Outcome.NO_CHANGE, "R16", "already_opted_out" if repeats else "older_word")
    if older:
        return apply("R16", "older_kept", None, flags | Flag.OLDER)
    return apply("R16", "repeat_kept", Word.OWN, flags | Flag.REPEAT)


def _hardens(wish: Wish, shape: Shape) -> bool:
    """R10: what staff set by hand may be lifted in bulk; the same set by a job on top may not."""
    is_by_job = wish.word is Word.OURS and wish.source not in STAFF_SOURCES
    return wish.scope.is_wide and is_by_job and shape.ours_by_hand


def _decide_own_opt_in(s: Situation, wish: Wish, actor: Actor, facts: TypeFacts | None) -> Decision:
    """R2: the person decides for themself; R11: one type comes back alone."""
    if wish.status is NONE:
        return refuse("R22", "not_specified_is_no_choice")
    if not reaches(wish, actor, facts):
        return _out_of_reach(wish)
    if s.in_future:
        return refuse("R2", "said_in_future")
    refusal = _type_is_closed(s, facts) if facts is not None else None
    if refusal is not None:
        return refusal
    shape = shape_at(s, wish.scope.kind)
    status = resolve(shape)[0]
    stands = () if wish.scope.is_wide else standing_wide(s)
    is_relayed = s.is_relayed or wish.source is Source.IMPORT
    refusal = _opens_nothing(s, wish, is_relayed, is_closed=status is OUT or bool(stands))
    if refusal is not None:
        return refusal
    if wish.scope.is_wide:
        if status is not OUT:
            return Decision(Outcome.NO_CHANGE, "R16", "no_opt_out_of_all")
        return apply("R2", "lifted_by_them", Word.OWN)
    flags = Flag.RELAYED if is_relayed else 0
    counts = shape.own is IN and status is IN and (is_relayed or not shape.own_is_relayed)
    if not counts or stands or s.is_erased:
        return apply("R11" if stands else "R2", "opted_in", Word.OWN, flags)
    if wish.source is Source.CONFIRMATION and not s.kept_recently:
        return apply("R16", "repeat_kept", Word.OWN, flags | Flag.REPEAT)
    return Decision(Outcome.NO_CHANGE, "R16", "already_opted_in")


def _opens_nothing(
    s: Situation, wish: Wish, is_relayed: bool, *, is_closed: bool
) -> Decision | None:
    """Stop a person's opt-in that is outdated or came in a way that re-opens nothing: R7, R8."""
    if is_relayed and s.is_erased:
        return refuse("R18", "relayed_opt_in", link=True)
    if is_relayed and is_closed:
        rule = "R7" if wish.source is Source.IMPORT else "R2"
        return refuse(rule, "relayed_opt_in", link=True)
    if wish.source is Source.API_V3 and is_closed:
        return refuse(*_REOPENING[Source.API_V3], link=True)
    return Decision(Outcome.NO_CHANGE, "R2", "older_word") if s.is_older else None


def _decide_lift(s: Situation, wish: Wish, actor: Actor) -> Decision:
    """R10: lifting an opt-out of all on our word."""
    kind = wish.scope.kind
    shape = shape_at(s, kind)
    if resolve(shape)[0] is not OUT:
        return Decision(Outcome.NO_CHANGE, "R16", "no_opt_out_of_all")
    if not reaches(wish, actor, None):
        return _out_of_reach(wish)
    if s.is_erased:
        return refuse("R18", "erased")
    if shape.ours is not OUT:
        return refuse("R10", "own_opt_out_of_all", link=True)
    refusal = _unlawful_lift(wish.source, shape)
    if refusal is not None:
        return refusal
    flags = Flag.OWN_STANDS if shape.own is OUT else 0
    return apply("R10", "lifted", Word.OURS, flags)


def _out_of_reach(wish: Wish) -> Decision:
    """Refuse what lies outside the actor's business units; an account is all of them."""
    if wish.scope.kind is ScopeKind.ACCOUNT:
        return refuse("R10", "needs_all_units")
    return refuse("R10" if wish.scope.is_wide else "R15", "outside_units")


def _unlawful_lift(source: Source, shape: Shape) -> Decision | None:
    if source is Source.RECORD_PANEL or (source is Source.BULK_EDIT and shape.ours_by_hand):
        return None
    if source is Source.BULK_EDIT:
        return refuse("R10", "not_set_by_hand")
    return refuse(*_REOPENING.get(source, ("R10", "only_staff_lift")))


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
        return refuse("R15", "outside_units")
    if status is IN:
        if wish.source is Source.IMPORT:
            return refuse("R22", "import_withdraws_nothing")
        return apply("R22", "withdrawn", Word.OURS)
    refusal = _not_ours_to_open(s, actor, facts)
    if refusal is not None:
        return refusal
    if standing_wide(s):
        return refuse_wide(s)
    if word is Word.OWN:
        return refuse("R22", "own_opt_out", link=True)
    if wish.source in _REOPENING:
        return refuse(*_REOPENING[wish.source])
    return apply("R22", "reopened", Word.OURS)


def _decide_our_opt_in(
    s: Situation, wish: Wish, actor: Actor, policy: Policy, facts: TypeFacts
) -> Decision:
    """An opt-in on our word: R4-R10, R12-R15, in the order in which they outrank each other."""
    in_the_way = standing_wide(s)
    refusal = _not_ours_to_open(s, actor, facts) or _lift_on_the_way(s, wish, actor, in_the_way)
    if refusal is not None:
        return refusal
    lifts = in_the_way + _lifted_besides(s, wish, actor)
    status = resolve(s.type)[0]
    if status is IN and not lifts:
        return Decision(Outcome.NO_CHANGE, "R16", "already_opted_in")
    own_stands = status is OUT and s.type.own is OUT
    if own_stands:
        refusal = _resubscribe_refusal(s, wish, actor, policy)
    elif status is OUT and wish.source in _REOPENING:
        refusal = refuse(*_REOPENING[wish.source])
    refusal = refusal or _missing_grounds(wish, policy, always=own_stands)
    if refusal is not None:
        return refusal
    flags = _contract_flag(wish)
    if facts.double_opt_in and s.channel is Channel.EMAIL:
        if (
            (in_the_way or status is OUT)
            and not own_stands
            and wish.source is not Source.RECORD_PANEL
        ):
            return refuse("R14", "opted_out_gets_no_mail")
        return Decision(Outcome.CONFIRM_FIRST, "R14", "asked_to_confirm", flags=flags)
    return Decision(
        Outcome.APPLY,
        "R4" if own_stands else "R12",
        "opted_in",
        register=Word.OURS,
        names_own=s.type.own is OUT,
        lifts=lifts,
        flags=flags,
    )


def _not_ours_to_open(s: Situation, actor: Actor, facts: TypeFacts) -> Decision | None:
    """R15 and R18: what nobody but the person could open, if anyone."""
    if not actor.covers(facts.business_unit_id):
        return refuse("R15", "outside_units")
    return _type_is_closed(s, facts) or (refuse("R18", "erased") if s.is_erased else None)


def _contract_flag(wish: Wish) -> int:
    """R13: performance of a contract is flagged; only marketing types have opt-ins at all."""
    is_contract = wish.legal_basis is LegalBasis.PERFORMANCE_OF_CONTRACT
    return Flag.CONTRACT_FOR_MARKETING if is_contract else 0


def _lift_on_the_way(
    s: Situation, wish: Wish, actor: Actor, lifts: tuple[ScopeKind, ...]
) -> Decision | None:
    """R9: refuse unless the same change lawfully lifts every opt-out of all that stands."""
    if lifts and (not wish.lift or any(theirs_stands(s, kind) for kind in lifts)):
        return refuse_wide(s)
    for kind in lifts:
        if kind is ScopeKind.ACCOUNT and not actor.all_units:
            return refuse("R10", "needs_all_units")
        refusal = _unlawful_lift(wish.source, shape_at(s, kind))
        if refusal is not None:
            return refusal
    return None


def _lifted_besides(s: Situation, wish: Wish, actor: Actor) -> tuple[ScopeKind, ...]:
    """Return the opt-outs of all that do not stand in the way, and that were to be lifted too."""
    excepted = ((ScopeKind.ACCOUNT, s.excepted_account), (ScopeKind.UNIT, s.excepted_unit))
    return tuple(
        kind
        for kind, is_excepted_there in excepted
        if wish.lift
        and is_excepted_there
        and resolve(shape_at(s, kind)) == (OUT, Word.OURS)
        and (kind is ScopeKind.UNIT or actor.all_units)
        and _unlawful_lift(wish.source, shape_at(s, kind)) is None
    )


def _resubscribe_refusal(s: Situation, wish: Wish, actor: Actor, policy: Policy) -> Decision | None:
    """R4, R5-R8: undoing the person's own opt-out of a type."""
    if policy.only_person_resubscribes:
        return refuse("R4", "only_the_person", link=True)
    if wish.source is Source.BULK_EDIT:
        return refuse("R5", "own_opt_out", link=True)
    if wish.source in _REOPENING:
        return refuse(*_REOPENING[wish.source], link=True)
    if not actor.may_resubscribe:
        return refuse("R4", "needs_right_to_resubscribe", link=True)
    if wish.asked_on is not None and not s.asked_in_time:
        return refuse("R4", "asked_on_out_of_range", fields=("asked_on",))
    return None


def _missing_grounds(wish: Wish, policy: Policy, *, always: bool) -> Decision | None:
    """R12 field by field, R13, and R4 where ``always`` demands them whatever the setting."""
    if wish.legal_basis is LegalBasis.PROCESS_AND_STORE:
        return refuse("R13", "basis_never_justifies", fields=("legal_basis",))
    if len(wish.explanation) > EXPLANATION_LIMIT:
        return refuse("R12", "explanation_too_long", fields=("explanation",))
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
    return refuse("R4" if always else "R12", "grounds_missing", fields=tuple(missing))


def _type_is_closed(s: Situation, facts: TypeFacts) -> Decision | None:
    """R15, apart from service types and reach, which are asked before."""
    if facts.is_archived:
        return refuse("R15", "archived_type")
    if facts.is_internal:
        return refuse("R15", "internal_type")
    if s.channel not in facts.channels:
        return refuse("R15", "not_offered_on_channel")
    return None
