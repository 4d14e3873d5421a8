"""What holds for every sequence of changes, and for every situation at all."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from preferences.registers import (
    Shape,
    _weight,
    hear_wide,
    is_excepted,
    is_older,
    merge_own,
    resolve,
    says_more,
    shape_of,
)
from preferences.rules import Situation, UndoFacts, decide
from preferences.values import (
    ACCOUNT,
    OURS_ONLY_SOURCES,
    Act,
    Actor,
    ActorKind,
    Channel,
    Flag,
    LegalBasis,
    Outcome,
    Policy,
    Privacy,
    Register,
    Registers,
    ScopeKind,
    Source,
    Status,
    TypeFacts,
    Wish,
    Word,
)
from tests.preferences.rules_model import FIRST, IN, NONE, OUT, SECOND, UNIT, Step, ours, own, play

SCOPES = [FIRST, SECOND, UNIT, ACCOUNT]
OUR_SOURCES = [
    Source.RECORD_PANEL,
    Source.BULK_EDIT,
    Source.WORKFLOW,
    Source.IMPORT,
    Source.API_V3,
    Source.API_V4,
]
own_wishes = st.builds(
    own,
    st.sampled_from(SCOPES),
    st.sampled_from([IN, OUT]),
    st.sampled_from([Source.PREFERENCE_PAGE, Source.SMS_KEYWORD, Source.IMPORT]),
)
our_wishes = st.builds(
    ours,
    st.sampled_from(SCOPES),
    st.sampled_from([IN, OUT]),
    st.sampled_from(OUR_SOURCES),
    lift=st.booleans(),
) | st.builds(ours, st.sampled_from([FIRST, SECOND]), st.just(NONE), st.sampled_from(OUR_SOURCES))
histories = st.lists(own_wishes | our_wishes, max_size=6)
of_us = st.lists(our_wishes, max_size=6)


def in_order(wishes) -> list[Step]:
    """Say and hear one wish a minute."""
    return [Step(wish, 60 * place, 60 * place) for place, wish in enumerate(wishes, start=1)]


# --- sequences --------------------------------------------------------------------------------------


@given(histories, own_wishes | our_wishes)
def test_r16_applying_twice_is_once(history, wish):
    door = play(in_order(history))
    door.hear(Step(wish, 1000, 1000))
    once = door.statuses()
    again = door.hear(Step(wish, 1060, 1060))
    assert door.statuses() == once
    kept = again.reason in ("repeat_kept", "opted_out") and wish.word is Word.OWN
    assert again.outcome is not Outcome.APPLY or kept


@given(histories, st.sampled_from(SCOPES), st.booleans())
def test_r2_r3_an_opt_out_always_ends_opted_out(history, scope, theirs):
    door = play(in_order(history))
    decision = door.hear(Step((own if theirs else ours)(scope, OUT), 1000, 1000))
    assert decision.outcome is not Outcome.REFUSE
    assert all(door.status(one) is OUT for one in ([FIRST, SECOND] if scope.is_wide else [scope]))


@given(histories, st.sampled_from(SCOPES), of_us)
def test_r4_r8_nobody_but_the_person_undoes_their_opt_out_unless_by_r4(history, scope, acts):
    door = play(in_order(history))
    door.hear(Step(own(scope, OUT), 1000, 1000))
    resubscribed = set()
    for place, wish in enumerate(acts):
        at = 1060 + 60 * place
        if door.hear(Step(wish, at, at)).rule == "R4" and wish.source in (
            Source.RECORD_PANEL,
            Source.API_V4,
        ):
            resubscribed.add(wish.scope)
    for one in [FIRST, SECOND] if scope.is_wide else [scope]:
        assert door.status(one) is OUT or (one in resubscribed and not scope.is_wide)


@settings(max_examples=150)
@given(
    histories,
    st.builds(ours, st.sampled_from(SCOPES), st.just(OUT), st.sampled_from(OUR_SOURCES))
    | st.builds(own, st.sampled_from(SCOPES), st.just(OUT)),
    st.integers(0, 6),
)
def test_r3_adding_an_opt_out_anywhere_opens_nothing(history, extra, place):
    steps = in_order(history)
    at = 60 * min(place, len(steps)) + 30
    before, after = play(steps), play([*steps, Step(extra, at, at)])
    for one in (FIRST, SECOND):
        assert before.status(one) is not OUT or after.status(one) is OUT


@given(histories)
def test_r9_after_a_lift_types_have_what_their_registers_say(history):
    door = play(in_order(history))
    door.hear(Step(own(UNIT, IN), 1000, 1000))
    door.hear(Step(own(ACCOUNT, IN), 1060, 1060))
    for one in (FIRST, SECOND):
        assert door.status(one) is resolve(shape_of(door.at(one)))[0]


@given(histories)
def test_r11_coming_back_to_one_type_opens_no_other(history):
    door = play(in_order(history))
    second = door.status(SECOND)
    door.hear(Step(own(FIRST, IN), 1000, 1000))
    assert (door.status(FIRST), door.status(SECOND)) == (IN, second)


@given(histories, st.sampled_from(SCOPES), st.sampled_from([IN, OUT]))
def test_r2_the_person_always_decides_both_ways(history, scope, status):
    door = play(in_order(history))
    door.hear(Step(own(scope, status), 1000, 1000))
    assert resolve(shape_of(door.at(scope)))[0] is status or (
        scope.is_wide and status is IN and resolve(shape_of(door.at(scope)))[0] is not OUT
    )


# --- the person's register --------------------------------------------------------------------------

words = st.builds(
    Register,
    st.sampled_from([IN, OUT]),
    st.integers(1, 4),
    st.integers(1, 99),
    st.sampled_from([Source.PREFERENCE_PAGE, Source.IMPORT]),
    st.sampled_from([0, Flag.RELAYED, Flag.SUSPECTED]),
)


@given(st.lists(words, min_size=1, max_size=4))
def test_the_order_of_hearing_a_person_does_not_matter(said):
    heard = set()
    for order in permutations(said):
        current = None
        for word in order:
            current = merge_own(current, word)
        heard.add(_weight(current))
    assert len(heard) == 1


@given(words, words, words)
def test_merging_is_associative(first, second, third):
    left = merge_own(merge_own(first, second), third)
    right = merge_own(first, merge_own(second, third))
    assert _weight(left) == _weight(right)


@given(st.none() | words, words)
def test_an_older_word_is_one_that_changes_no_register(current, said):
    assert is_older(current, said) is (merge_own(current, said) is not said)


@given(words, words)
def test_a_relayed_opt_in_re_opens_no_opt_out(current, said):
    merged = merge_own(current, said)
    if OUT in (current.status, said.status) and merged.status is IN:
        assert not merged.is_relayed


@given(st.none() | words, st.none() | words, words)
def test_r9_hearing_an_opt_out_of_all_late_opens_no_type(theirs, we, said):
    before = Registers(theirs, we)
    after = hear_wide(before, said._replace(status=OUT))
    assert resolve(shape_of(before))[0] is not OUT or resolve(shape_of(after))[0] is OUT
    assert hear_wide(after, said._replace(status=OUT)) == after
    assert hear_wide(before, said._replace(status=IN)) == before


@given(st.none() | words, st.none() | words, st.none() | words, words)
def test_r11_an_exception_to_both_sides_is_one_to_each(theirs, own_wide, our_wide, said):
    both_sides = Registers(own_wide, our_wide)
    if is_excepted(theirs, both_sides):
        assert is_excepted(theirs, Registers(own=own_wide))
        assert is_excepted(theirs, Registers(ours=our_wide))
        for word in Word:
            assert says_more(both_sides, said, word, [Registers(theirs)])


# --- every situation --------------------------------------------------------------------------------

statuses = st.none() | st.sampled_from(Status)
shapes = st.builds(
    Shape,
    statuses,
    statuses,
    st.none() | st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
flags = st.booleans()
situations = st.builds(
    Situation,
    channel=st.sampled_from(Channel),
    type=shapes,
    unit=shapes,
    account=shapes,
    undo=st.none() | st.builds(UndoFacts, st.sampled_from(Word), flags, flags, flags),
    **{
        name: flags
        for name, default in Situation._field_defaults.items()
        if isinstance(default, bool)
    },
)
actors = st.builds(
    Actor,
    st.sampled_from(ActorKind),
    may_resubscribe=flags,
    all_units=flags,
    unit_ids=st.sampled_from([frozenset(), frozenset({1})]),
)
policies = st.builds(Policy, privacy=st.sampled_from(Privacy), only_person_resubscribes=flags)
types = st.builds(
    TypeFacts,
    st.just(1),
    st.just(1),
    channels=st.sampled_from([frozenset(Channel), frozenset({Channel.SMS})]),
    is_service=flags,
    is_internal=flags,
    is_archived=flags,
    double_opt_in=flags,
)


@st.composite
def wishes(draw, acts=tuple(Act)):
    source = draw(st.sampled_from(Source))
    chosen = draw(st.sampled_from(acts))
    is_own = chosen is Act.COMPLAIN or draw(flags)
    if is_own and source in OURS_ONLY_SOURCES:
        source = Source.PREFERENCE_PAGE
    scope = draw(st.sampled_from([UNIT, ACCOUNT] if chosen is Act.COMPLAIN else SCOPES))
    status = OUT if chosen is Act.COMPLAIN else draw(st.sampled_from(Status))
    return Wish(
        scope=scope,
        status=OUT if scope.is_wide and status is NONE else status,
        source=source,
        act=chosen,
        word=Word.OWN if is_own else Word.OURS,
        legal_basis=draw(st.none() | st.sampled_from(LegalBasis)),
        explanation=draw(st.sampled_from(["", " ", "Asked", "x" * 2001])),
        asked_on=draw(st.none() | st.just(object())),
        lift=draw(flags),
        is_opt_out_list=draw(flags),
        suspected=draw(flags),
        undoes=1,
    )


@settings(max_examples=150)
@given(situations, wishes(), actors, policies, st.none() | types)
def test_decide_is_total_and_deterministic(situation, wish, actor, policy, facts):
    facts = None if wish.scope.is_wide else facts
    decision = decide(situation, wish, actor, policy, facts)
    assert decide(situation, wish, actor, policy, facts) == decision
    assert decision.rule[0] == "R"
    assert 1 <= int(decision.rule[1:]) <= 24
    if decision.outcome is not Outcome.APPLY:
        assert decision.register is None
        assert decision.lifts == ()
    if decision.fields or decision.offers_link:
        assert decision.outcome is Outcome.REFUSE


@given(situations, wishes((Act.UNDO, Act.CORRECT)), actors, policies, types)
def test_r23_undo_on_our_word_never_touches_the_person_s_register(
    situation, wish, actor, policy, facts
):
    decision = decide(situation, wish, actor, policy, facts)
    if wish.act is Act.UNDO and wish.word is Word.OURS:
        assert decision.register is not Word.OWN
    if wish.act is Act.CORRECT and decision.register is Word.OWN:
        assert situation.undo.is_newest
        assert actor.may_resubscribe


@given(situations, wishes((Act.STATE,)), actors, policies, types)
def test_our_word_never_writes_the_person_s_register(situation, wish, actor, policy, facts):
    facts = None if wish.scope.is_wide else facts
    decision = decide(situation, wish, actor, policy, facts)
    if decision.outcome is Outcome.APPLY:
        assert decision.register in (wish.word, None)
    assert all(isinstance(kind, ScopeKind) for kind in decision.lifts)


@given(situations, actors, policies, st.sampled_from(SCOPES))
def test_r20_an_unknown_type_is_refused(situation, actor, policy, scope):
    decision = decide(situation, own(FIRST, OUT), actor, policy, None)
    assert (decision.outcome, decision.rule) == (Outcome.REFUSE, "R20")
