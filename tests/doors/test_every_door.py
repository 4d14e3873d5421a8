"""One list of scenarios through every way in: the same rules, the same ledger.

A new way in is one adapter in ``ways.py`` and one line in its table of ways.
"""

import re

import pytest
from django.db import transaction

from preferences.models import ConsentEvent
from preferences.rebuilding import differences
from preferences.values import Act, LegalBasis, Word
from tests.doors.ways import GIVEN, WAYS, Way, World

pytestmark = pytest.mark.django_db

# The rule of the event that is written, "asked" for a request to confirm, "-" for nothing at all,
# "*" where it depends on whether the same source said the same within a day (R16).
TABLE = """
given                  intent           panel  bulk   flow   import  v3     v4     file  relay  page  click
nothing                opt in           R12    R12    R12    R12     R12    R12    R2    R2     R2    -
nothing                opt out          R3     R3     R3     R3      R3     R3     R2    R2     R2    R2
nothing                not opted        -      -      -      -       -      -      -     -      -     -
nothing                close unit       R3     R3     R3     R3      R3     R3     R2    R2     R2    R2
nothing                close all        R3     R3     R3     R3      R3     R3     R2    R2     R2    R2
nothing                open all         -      -      -      -       -      -      -     -      -     -
we opted in            opt in           -      -      -      -       -      -      R2    R2     R2    -
we opted in            opt out          R3     R3     R3     R3      R3     R3     R2    R2     R2    R2
we opted in            not opted        R22    R22    R22    -       R22    R22    -     -      -     -
we opted in            undo             R23    R23    R23    R23     R23    R23    -     -      -     -
we opted out           opt in           R12    R12    -      -       -      R12    -     R2     R2    -
we opted out           opt out          -      -      -      -       -      -      R2    R2     R2    R2
we opted out           not opted        R22    R22    -      -       -      R22    -     -      -     -
we opted out           undo             R23    R23    R23    R23     R23    R23    -     -      -     -
they opted in          opt in           -      -      -      -       -      -      -     -      *     -
they opted in          opt out          R3     R3     R3     R3      R3     R3     R2    R2     R2    R2
they opted in          undo             -      -      -      -       -      -      R23   R23    R23   R23
they opted out         opt in           R4     -      -      -       -      R4     -     R2     R2    -
they opted out         opt out          R3     R3     R3     R3      R3     R3     R16   R16    *     R16
they opted out         not opted        -      -      -      -       -      -      -     -      -     -
they opted out         undo             -      -      -      -       -      -      R23   R23    R23   R23
we closed the unit     opt in           -      -      -      -       -      -      -     R11    R11   -
we closed the unit     lift and opt in  R12    R12    -      -       -      -      -     R11    R11   -
we closed the unit     open unit        R10    R10    -      -       -      -      -     R2     R2    -
we closed the unit     undo             R23    R23    R23    R23     R23    R23    -     -      -     -
they closed the unit   lift and opt in  -      -      -      -       -      -      -     R11    R11   -
they closed the unit   open unit        -      -      -      -       -      -      -     R2     R2    -
a workflow closed all  opt in           -      -      -      -       -      -      -     R11    R11   -
a workflow closed all  open all         R10    -      -      -       -      -      -     R2     R2    -
they closed all        opt in           -      -      -      -       -      -      -     R11    R11   -
they closed all        opt out          R3     R3     R3     R3      R3     R3     R2    R2     R2    R2
they closed all        open all         -      -      -      -       -      -      -     R2     R2    -
archived               opt in           -      -      -      -       -      -      -     -      -     -
archived               opt out          R3     R3     R3     R3      R3     R3     R2    R2     R2    R2
internal               opt in           -      -      -      -       -      -      -     -      -     -
service                opt in           -      -      -      -       -      -      -     -      -     -
service                opt out          -      -      -      -       -      -      -     -      -     -
asks to confirm        opt in           asked  asked  asked  asked   asked  asked  R2    R2     R2    -
asks to confirm        opt out          R3     R3     R3     R3      R3     R3     R2    R2     R2    R2
erased                 opt in           -      -      -      -       -      -      -     R2     R2    -
erased                 opt out          R3     R3     R3     R3      R3     R3     R2    R2     R2    R2
"""
LINES = [re.split(r"\s{2,}", line) for line in TABLE.strip().splitlines()]
ROWS = [dict(zip(LINES[0], line, strict=True)) for line in LINES[1:]]
COMPARED = [
    "scope",
    "act",
    "word",
    "status",
    "before",
    "after",
    "source",
    "actor_kind",
    "legal_basis",
    "asked_on",
    "flags",
    "rule",
    "policy_id",
    "replaced_event_id",
    "names_event_id",
    "undoes_event_id",
    "restores_event_id",
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['given']}, {row['intent']}")
def test_the_same_rules_at_every_door(row):
    world = World()
    GIVEN[row["given"]](world)
    written: dict[str, list[ConsentEvent]] = {}
    for name, way in WAYS.items():
        if row["intent"] in way.cannot:
            continue
        with transaction.atomic():
            events = written_by(world, way, row["intent"])
            transaction.set_rollback(True)
        if row[way.column] != "*":
            assert in_short(events) == row[way.column], name
        assert_complete(world, way, row["intent"], events)
        written[name] = events
    by_hand = written.get("record panel over HTTP")
    if by_hand is not None:
        assert compared(by_hand) == compared(written["record panel"])


def written_by(world: World, way: Way, intent: str) -> list[ConsentEvent]:
    before = ConsentEvent.objects.count()
    way.ask(world, intent)
    assert list(differences()) == []
    return list(ConsentEvent.objects.select_related("evidence").order_by("id")[before:])


def in_short(events: list[ConsentEvent]) -> str:
    """Return the rule of what was written; a change that lifts too is one act of several events."""
    if not events:
        return "-"
    assert len({event.rule for event in events}) == 1
    return "asked" if events[-1].act == Act.REQUEST.code else f"R{events[-1].rule}"


def compared(events: list[ConsentEvent]) -> list[dict[str, object]]:
    return [{name: getattr(event, name) for name in COMPARED} for event in events]


def assert_complete(world: World, way: Way, intent: str, events: list[ConsentEvent]) -> None:
    """Every event says what the ledger must know, whichever way it came."""
    for event in events:
        assert event.source == way.source.code
        assert event.address_id == world.address_id
        assert event.policy_id
        is_opt_in = intent in ("opt in", "lift and opt in")
        if event.word == Word.OURS.code and is_opt_in:
            assert event.legal_basis == LegalBasis.CONSENT_WITH_NOTICE.code
            assert event.evidence is not None
            assert event.evidence.explanation == "Asked at the counter"


def test_every_way_has_its_column_and_every_column_its_way():
    assert {way.column for way in WAYS.values()} == set(LINES[0][2:])
    assert {row["given"] for row in ROWS} == set(GIVEN)
