"""Hearing a person late never turns a result that would have been opted out into anything else."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preferences.values import ACCOUNT, Source
from tests.preferences.rules_model import (
    FIRST,
    IN,
    NONE,
    OUT,
    SECOND,
    UNIT,
    Step,
    on_time,
    ours,
    own,
    play,
)

# --- every sequence of a small alphabet --------------------------------------------------------------

ACTS = {
    "person out": own(FIRST, OUT),
    "person in": own(FIRST, IN),
    "person out of all": own(UNIT, OUT),
    "person lifts": own(UNIT, IN),
    "we in": ours(FIRST, IN),  # resubscribes, and lifts ours on the way
    "we not opted": ours(FIRST, NONE),
    "we out": ours(FIRST, OUT),
    "we out of all": ours(UNIT, OUT),
    "we lift": ours(UNIT, IN),
}


def delays_of(names):
    """Yield by how many further acts each of the person's acts is heard late; not all on time."""
    count = len(names)
    for delays in product(
        *(
            range(count - place) if name.startswith("person") else (0,)
            for place, name in enumerate(names)
        )
    ):
        if any(delays):
            yield delays


@pytest.mark.parametrize(("gap", "length"), [(120, 4), (900, 4), (300, 3)])
def test_late_words_in_every_sequence(gap, length):
    """``gap``: seconds between two acts; 120 hears all of them live, 900 relays what is late.

    Length five was searched once per gap too (696,689 orders each, six minutes): no counter-example.
    """
    for count in range(2, length + 1):
        for names in product(ACTS, repeat=count):
            steps = [
                Step(ACTS[name], place * gap, place * gap)
                for place, name in enumerate(names, start=1)
            ]
            if play(steps).status(FIRST) is not OUT:
                continue
            for delays in delays_of(names):
                late = [
                    step._replace(heard_at=step.said_at + delay * gap + (60 + place) * bool(delay))
                    for place, (step, delay) in enumerate(zip(steps, delays, strict=True))
                ]
                assert play(late).status(FIRST) is OUT, (names, delays)


# --- drawn ones: two types, account and unit, every source -------------------------------------------

SCOPES = [FIRST, SECOND, UNIT, ACCOUNT]
OUR_SOURCES = [
    Source.RECORD_PANEL,
    Source.BULK_EDIT,
    Source.WORKFLOW,
    Source.IMPORT,
    Source.API_V3,
    Source.API_V4,
]
OWN_SOURCES = [Source.PREFERENCE_PAGE, Source.ONE_CLICK, Source.IMPORT, Source.SMS_KEYWORD]
own_wishes = st.builds(
    own, st.sampled_from(SCOPES), st.sampled_from([IN, OUT]), st.sampled_from(OWN_SOURCES)
)
our_wishes = st.builds(
    ours,
    st.sampled_from(SCOPES),
    st.sampled_from([IN, OUT]),
    st.sampled_from(OUR_SOURCES),
    lift=st.booleans(),
) | st.builds(ours, st.sampled_from([FIRST, SECOND]), st.just(NONE), st.sampled_from(OUR_SOURCES))
acts = st.lists(
    st.tuples(own_wishes | our_wishes, st.sampled_from([120, 300, 900]), st.integers(0, 4)),
    min_size=2,
    max_size=5,
)


def steps_of(drawn) -> list[Step]:
    """Lay the acts out in time; one heard late comes after that many further acts."""
    times = []
    now = 0
    for _, gap, _ in drawn:
        now += gap
        times.append(now)
    steps = []
    for place, ((wish, _, delay), said_at) in enumerate(zip(drawn, times, strict=True)):
        heard_at = said_at
        if delay and wish.source not in OUR_SOURCES[:3] and wish.word.value == "OWN":
            heard_at = times[min(place + delay, len(times) - 1)] + 60 + place
        steps.append(Step(wish, said_at, heard_at))
    return steps


@settings(max_examples=250)
@given(acts, st.booleans())
def test_late_words_in_drawn_sequences(drawn, keeps_repeats):
    """An opt-in of the other type that lifts our opt-out of all on its way is set apart.

    Heard late, an opt-out of that type would have refused the lift too. But the lift undoes our own
    opt-out, lawfully by itself, and nobody said anything of this type.
    """
    steps = steps_of(drawn)
    lifted = {wish.scope for wish, _, _ in drawn if wish.lift and wish.status is IN}
    timely = play(on_time(steps), keeps_repeats=keeps_repeats)
    late = play(steps, keeps_repeats=keeps_repeats)
    for scope, other in ((FIRST, SECOND), (SECOND, FIRST)):
        if other in lifted:
            continue
        assert timely.status(scope) is not OUT or late.status(scope) is OUT


def test_opt_out_at_ten_heard_after_our_opt_in_at_one_past_ten_counts():
    steps = [Step(own(FIRST, OUT), 600, 720), Step(ours(FIRST, IN), 660, 660)]
    assert play(steps).status(FIRST) is OUT


def test_r4_a_resubscribe_undoes_the_opt_out_it_names_and_no_other():
    steps = [Step(own(FIRST, OUT), 1, 1), Step(ours(FIRST, IN), 3, 3)]
    assert play(steps).status(FIRST) is IN
    assert play([*steps, Step(own(FIRST, OUT), 2, 4)]).status(FIRST) is OUT


def test_r4_an_opt_in_that_lifts_keeps_naming_the_opt_out():
    steps = [
        Step(own(FIRST, OUT), 1, 1),
        Step(ours(FIRST, IN), 2, 2),
        Step(ours(UNIT, OUT), 3, 3),
        Step(ours(FIRST, IN), 4, 4),
    ]
    assert play(steps).status(FIRST) is IN


def test_r9_what_we_opened_before_hearing_an_opt_out_of_all_does_not_come_back():
    steps = [
        Step(ours(FIRST, OUT), 1, 1),
        Step(own(UNIT, OUT), 2, 4),
        Step(ours(FIRST, IN), 3, 3),
        Step(own(UNIT, IN), 5, 5),
    ]
    assert play(steps).status(FIRST) is OUT


def test_r16_an_opt_out_said_again_and_not_recorded_outdates_an_opt_in_before_it():
    steps = [
        Step(own(FIRST, OUT), 60, 60),
        Step(own(FIRST, IN), 120, 240),
        Step(own(FIRST, OUT), 180, 180),
    ]
    assert play(steps).status(FIRST) is OUT


def test_r22_not_opted_refused_under_an_opt_out_of_all_outdates_an_opt_in_before_it():
    steps = [
        Step(own(UNIT, OUT), 60, 60),
        Step(own(FIRST, IN), 120, 240),
        Step(ours(FIRST, NONE), 180, 180),
    ]
    assert play(steps).status(FIRST) is OUT
