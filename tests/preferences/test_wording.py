"""Every code has words, and every word has a code."""

import ast
import re
from pathlib import Path

import pytest

from preferences import answers, rules, rules_undo, wording
from preferences.values import (
    ActorKind,
    Channel,
    Decision,
    LegalBasis,
    Outcome,
    Privacy,
    ScopeKind,
    Source,
    Status,
)

NO_REASONS = {"legal_basis", "explanation", "asked_on", "decide", "effective"}


def codes_in(module) -> set[str]:
    """Collect the snake-case strings of a module; but for a few names they are reason codes."""
    nodes = ast.walk(ast.parse(Path(module.__file__).read_text()))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return {text for text in texts if re.fullmatch(r"[a-z]+[a-z0-9_]*", str(text))} - NO_REASONS


def test_every_reason_has_words_and_every_word_is_used():
    used = codes_in(rules) | codes_in(rules_undo) | codes_in(answers)
    assert used == set(wording.REASONS)


@pytest.mark.parametrize(
    ("enumeration", "labels"),
    [
        (Status, wording.STATUSES),
        (Source, wording.SOURCES),
        (LegalBasis, wording.LEGAL_BASES),
        (Channel, wording.CHANNELS),
        (ActorKind, wording.ACTOR_KINDS),
        (Privacy, wording.PRIVACY),
        (ScopeKind, wording.SCOPE_KINDS),
        (Outcome, wording.OUTCOMES),
    ],
)
def test_every_member_has_a_label(enumeration, labels):
    assert set(labels) == set(enumeration)
    assert all(str(label) for label in labels.values())


def test_words_are_calm_sentences():
    for words in map(str, wording.REASONS.values()):
        assert words.endswith(".")
        assert len(words) < 100
        for banned in ("please", "oops", "!", "GDPR", "suppress", "blacklist", "double opt-in"):
            assert banned not in words.lower()


def test_legal_bases_offered_are_the_six_of_the_design_in_its_order():
    assert [str(wording.LEGAL_BASES[basis]) for basis in wording.OFFERED_BASES] == [
        "Consent freely given by the contact",
        "Legitimate interest: existing customer",
        "Legitimate interest: prospect or lead",
        "Legitimate interest: other",
        "Performance of a contract",
        "Not applicable",
    ]


def test_r5_refusal_speaks_from_the_person_s_side():
    decision = Decision(Outcome.REFUSE, "R5", "own_opt_out")
    assert wording.words_for(decision) == "They opted out themselves. Only they can opt back in."
