"""What the rules say of undoing, of correcting and of facts: R17, R18, R23, R24. Pure.

``preferences.rules.decide`` hands over to these functions; nobody else calls them.
"""

# ruff: noqa: PLR0911 - one return for each answer

from preferences.answers import Situation, apply, no_change, reaches, refuse, shape_at
from preferences.values import (
    EXPLANATION_LIMIT,
    Act,
    Actor,
    Decision,
    Status,
    TypeFacts,
    Wish,
    Word,
)

OUT = Status.UNSUBSCRIBED


def decide_undo(s: Situation, wish: Wish, actor: Actor, facts: TypeFacts | None) -> Decision:
    """R23: give the register its previous value back."""
    undo = s.undo
    if undo is None or not undo.is_newest:
        return refuse("R23", "superseded")
    if not reaches(wish, actor, facts):
        return refuse("R23", "outside_units")
    if undo.word is Word.OWN and wish.word is not Word.OWN:
        return refuse("R23", "own_word")
    if undo.word is Word.OURS and wish.word is Word.OWN:
        return refuse("R23", "our_word")
    if undo.person_spoke_since:
        return refuse("R23", "person_spoke_since")
    if undo.is_expired:
        return refuse("R23", "too_late")
    if s.is_erased and undo.word is Word.OURS:
        return refuse("R18", "erased")
    return apply("R23", "undone", undo.word)


def decide_correction(s: Situation, wish: Wish, actor: Actor, facts: TypeFacts | None) -> Decision:
    """R24: give back an opt-out that a machine made."""
    undo = s.undo
    shape = shape_at(s, wish.scope.kind)
    if undo is None or undo.word is not Word.OWN or not undo.is_newest:
        return refuse("R24", "superseded")
    is_suspected = shape.own_is_suspected or undo.is_labelled
    if not is_suspected or shape.own is not OUT:
        return refuse("R24", "not_suspected")
    if not actor.may_resubscribe or not reaches(wish, actor, facts):
        return refuse("R24", "needs_right_to_resubscribe")
    if not wish.explanation.strip():
        return refuse("R24", "grounds_missing", fields=("explanation",))
    if len(wish.explanation) > EXPLANATION_LIMIT:
        return refuse("R12", "explanation_too_long", fields=("explanation",))
    return apply("R24", "corrected", Word.OWN)


def decide_fact(s: Situation, wish: Wish, actor: Actor) -> Decision:
    """R17, R18: facts about the address, which write no register."""
    if wish.act is Act.BOUNCE:
        return no_change("R17") if s.is_undeliverable else apply("R17", "undeliverable", None)
    if wish.act is Act.DELIVER:
        return apply("R17", "deliverable", None) if s.is_undeliverable else no_change("R17")
    if wish.act is Act.ERASE:
        if not actor.all_units:
            return refuse("R18", "needs_all_units")
        return no_change("R18") if s.is_erased else apply("R18", "erasure", None)
    return refuse("R14", "only_the_rules_ask")
