"""The door does what the model of the rules does, so what is proved of the model holds for it.

``tests/preferences/rules_model.py`` is a door in miniature whose properties are searched by the
hundred thousand; here its twin with a database hears the same words in the same order.
"""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from preferences.services import apply_change
from preferences.values import ACCOUNT, PERSON, Change, Result, Scope, ScopeKind, Source, Word
from tests.factories import TypeFactory, UnitFactory
from tests.preferences.kernel import NOW, STAFF, address, of, status_of, unit_of
from tests.preferences.rules_model import (
    FIRST,
    IN,
    NONE,
    OUT,
    SECOND,
    UNIT,
    Door,
    Step,
    ours,
    own,
)

pytestmark = pytest.mark.django_db

OUR_SOURCES = [
    Source.RECORD_PANEL,
    Source.BULK_EDIT,
    Source.WORKFLOW,
    Source.IMPORT,
    Source.API_V3,
    Source.API_V4,
]
OWN_SOURCES = [Source.PREFERENCE_PAGE, Source.ONE_CLICK, Source.IMPORT, Source.SMS_KEYWORD]


def drawn_steps(random: Random, count: int) -> list[Step]:
    """Draw acts in the order in which they are heard; a person's may have been said earlier."""
    steps, now = [], 0
    for _ in range(count):
        now += random.choice([120, 300, 900])
        scope = random.choice([FIRST, FIRST, SECOND, UNIT, ACCOUNT])
        if random.random() < 0.5:
            wish = own(scope, random.choice([IN, OUT]), random.choice(OWN_SOURCES))
            late = random.choice([0, 0, 60, 200, 500, 1500])
        else:
            states = [IN, OUT] if scope.is_wide else [IN, OUT, NONE]
            wish = ours(
                scope,
                random.choice(states),
                random.choice(OUR_SOURCES),
                lift=random.choice([True, False]),
            )
            late = 0
        steps.append(Step(wish, max(1, now - late), now))
    return steps


class Twin:
    """The real door, for one address, two types of one unit."""

    def __init__(self) -> None:
        unit = UnitFactory()
        self.types = {scope: TypeFactory(business_unit=unit) for scope in (FIRST, SECOND)}
        self.address_id = address()

    def real(self, scope: Scope) -> Scope:
        if scope.kind is ScopeKind.ACCOUNT:
            return ACCOUNT
        return unit_of(self.types[FIRST]) if scope == UNIT else of(self.types[scope])

    def hear(self, step: Step) -> Result:
        is_own = step.wish.word is Word.OWN
        wish = replace(
            step.wish,
            scope=self.real(step.wish.scope),
            said_at=NOW + timedelta(seconds=step.said_at)
            if is_own and step.said_at != step.heard_at
            else None,
            asked_on=None if is_own else NOW.date(),
        )
        return apply_change(
            change=Change(self.address_id, wish),
            actor=PERSON if is_own else STAFF,
            now=NOW + timedelta(seconds=step.heard_at),
        )

    def statuses(self) -> tuple:
        return tuple(status_of(self.address_id, self.types[scope]) for scope in (FIRST, SECOND))


@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.load) for seed in range(6, 400))]
)
def test_the_door_and_its_model_agree(seed):
    model, twin, heard = Door(), Twin(), []
    for step in drawn_steps(Random(seed), 14):
        heard.append(step)
        expected, result = model.hear(step), twin.hear(step)
        if "R16" not in (expected.rule, result.decision.rule):
            assert (result.decision.outcome, result.decision.reason) == (
                expected.outcome,
                expected.reason,
            ), heard
        assert twin.statuses() == model.statuses(), heard
