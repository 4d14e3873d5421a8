"""The nouns of consent: codes that never change, and parts that contradict each other."""

from datetime import UTC, datetime

import pytest

from preferences.values import (
    ACCOUNT,
    PERSON,
    Act,
    Actor,
    ActorKind,
    Change,
    Channel,
    Decision,
    Flag,
    LegalBasis,
    Outcome,
    Privacy,
    Register,
    Result,
    ScopeKind,
    Source,
    Status,
    Wish,
    Word,
    type_scope,
    unit_scope,
)

NEWS, UNIT = type_scope(1), unit_scope(1)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "enumeration",
    [Channel, Status, Source, ActorKind, LegalBasis, Word, ScopeKind, Act, Privacy],
)
def test_codes_are_distinct_and_lead_back(enumeration):
    assert len({member.code for member in enumeration}) == len(enumeration)
    for member in enumeration:
        assert enumeration.from_code(member.code) is member
        assert str(member) == member.value
        assert enumeration(member.value) is member
        assert {member: 1}[enumeration.from_code(member.code)] == 1
    with pytest.raises(KeyError):
        enumeration.from_code(99)


def test_codes_in_the_ledger_keep_their_meaning():
    assert {one.value: one.code for one in Status} == {
        "NOT_SPECIFIED": 0,
        "SUBSCRIBED": 1,
        "UNSUBSCRIBED": 2,
    }
    assert [one.value for one in sorted(Source, key=lambda one: one.code)] == [
        "RECORD_PANEL",
        "BULK_EDIT",
        "WORKFLOW",
        "IMPORT",
        "API_V3",
        "API_V4",
        "PREFERENCE_PAGE",
        "ONE_CLICK",
        "CONFIRMATION",
        "SMS_KEYWORD",
        "WHATSAPP",
        "PROVIDER_FEEDBACK",
        "SYSTEM",
    ]
    assert [one.code for one in (Word.OWN, Word.OURS)] == [1, 2]


def test_scopes():
    assert ACCOUNT.is_wide
    assert UNIT.is_wide
    assert not NEWS.is_wide
    assert unit_scope(1) != NEWS


def test_an_actor_covers_their_units():
    some = Actor(ActorKind.USER, all_units=False, unit_ids=frozenset({1}))
    assert some.covers(1)
    assert not some.covers(2)
    assert not some.covers(None)
    assert PERSON.covers(2)
    assert PERSON.covers(None)


def test_a_register_knows_whether_it_was_relayed():
    heard = Register(Status.SUBSCRIBED, NOW, 1, Source.IMPORT, Flag.RELAYED | Flag.SUSPECTED)
    assert heard.is_relayed
    assert not heard._replace(flags=Flag.SUSPECTED).is_relayed


IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
PAGE, PANEL = Source.PREFERENCE_PAGE, Source.RECORD_PANEL


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"scope": NEWS, "source": Source.BULK_EDIT, "word": Word.OWN}, "never the person's"),
        ({"scope": NEWS, "source": PANEL, "said_at": NOW}, "when they are decided"),
        ({"scope": UNIT, "source": PANEL}, "set .* or lifted"),
        ({"scope": NEWS, "source": PANEL, "act": Act.UNDO}, "names the event"),
        ({"scope": NEWS, "source": PANEL, "act": Act.CORRECT}, "names the event"),
        (
            {"scope": NEWS, "source": PAGE, "act": Act.COMPLAIN, "word": Word.OWN, "status": OUT},
            "complaint",
        ),
        ({"scope": UNIT, "source": PAGE, "act": Act.COMPLAIN, "status": OUT}, "complaint"),
        ({"scope": UNIT, "source": PAGE, "act": Act.COMPLAIN, "word": Word.OWN}, "complaint"),
    ],
)
def test_a_wish_whose_parts_contradict_each_other_is_a_mistake(parts, words):
    with pytest.raises(ValueError, match=words):
        Wish(**parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"scope": NEWS, "source": PANEL},
        {"scope": UNIT, "source": PANEL, "status": IN},
        {"scope": NEWS, "source": PAGE, "word": Word.OWN, "said_at": NOW, "status": OUT},
        {"scope": NEWS, "source": PANEL, "act": Act.UNDO, "undoes": 7},
        {
            "scope": ACCOUNT,
            "source": Source.PROVIDER_FEEDBACK,
            "act": Act.COMPLAIN,
            "word": Word.OWN,
            "status": OUT,
        },
    ],
)
def test_a_wish_that_makes_sense(parts):
    assert Wish(**parts).source is parts["source"]


def test_a_result_is_applied_when_the_rules_said_so():
    change = Change(1, Wish(scope=NEWS, source=PANEL, status=OUT))
    applied = Result(change, Decision(Outcome.APPLY, "R3", "opted_out"), IN, OUT, 5)
    refused = Result(change, Decision(Outcome.REFUSE, "R3", "outside_units"), IN, IN)
    assert applied.is_applied
    assert not refused.is_applied
