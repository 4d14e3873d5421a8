"""What a panel shows of the effect of a bulk action, and keeps between two looks.

Many people are shown from a sample at once, and counted exactly slice by slice while the panel is
open. What was counted so far travels in the page, signed: it belongs to one action on one selection.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.core import signing
from django.db.models import QuerySet

from accounts.models import User
from contacts.bulk.acting import look_at_action
from contacts.bulk.action_words import action_lines, words_of
from contacts.bulk.actions import Action
from contacts.bulk.changes import look_at_edit
from contacts.bulk.describing import Line, preview_lines
from contacts.bulk.edit import BulkEdit
from contacts.bulk.preview import Look, Preview, continue_preview, has_moved, preview_of
from contacts.models import Contact
from contacts.selection import Selection
from preferences.values import LegalBasis

SALT = "contacts.bulk_preview"
KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Question:
    """What would an action do to a selection? ``name`` tells the question from any other.

    ``words`` makes lines of counts by outcome and of what a count comes to.
    """

    name: str
    contacts: QuerySet[Contact]
    look: Look
    words: Callable[[Mapping[str, int], Callable[[str], int]], list[Line]]


def ask_edit(edit: BulkEdit, selection: Selection, *, user: User, now: datetime) -> Question:
    """Return the question what an edit of subscriptions would do.

    The grounds are taken as given, if some are missing: who would change does not wait for them.
    """
    asked = as_if_grounded(edit)
    plain = as_if_grounded(replace(edit, legal_basis=None, explanation="")).as_json()
    return Question(
        _name_of(["subscriptions", plain], selection),
        selection.contacts(user),
        look_at_edit(asked, user=user, now=now),
        lambda items, count: preview_lines(edit, items, count),
    )


def ask_action(action: Action, selection: Selection, *, user: User) -> Question:
    """Return the question what another action would do. Raises InvalidAction."""
    look = look_at_action(action, user=user)
    words = words_of(action)
    return Question(
        _name_of([action.kind, action.as_json()], selection),
        selection.contacts(user),
        look,
        lambda items, count: action_lines(words, items, count),
    )


def as_if_grounded(edit: BulkEdit) -> BulkEdit:
    """Return the edit with grounds, if some are still missing."""
    return replace(
        edit,
        legal_basis=edit.legal_basis or LegalBasis.CONSENT_WITH_NOTICE,
        explanation=edit.explanation or "?",
    )


@dataclass(frozen=True, slots=True)
class Effect:
    """``shown``: the counts to show, as they were at ``at``; ``further``: the exact count that is under
    way behind a sample.
    """

    question: Question
    shown: Preview
    at: datetime
    further: Preview | None = None

    @property
    def lines(self) -> list[Line]:
        return self.question.words(self.shown.items, self.shown.count)

    def line(self, key: str) -> Line | None:
        """Return the line of one outcome."""
        return next((line for line in self.lines if line.key == key), None)

    @property
    def token(self) -> str:
        """Return what the page sends back to go on counting."""
        further = self.further.as_json() if self.further else None
        kept = [self.question.name, self.at.isoformat(), self.shown.as_json(), further]
        return signing.dumps(kept, salt=SALT, compress=True)

    @property
    def counted_percent(self) -> int:
        """Return how far the exact count is."""
        if self.further is None or not self.further.total:
            return 0
        return self.further.seen * 100 // self.further.total

    @property
    def changed(self) -> int:
        return self.shown.count("changed")

    @property
    def same(self) -> int:
        return self.shown.count("unchanged")

    @property
    def left_out(self) -> int:
        return max(0, self.shown.total - self.changed - self.same)

    @property
    def bar(self) -> Sequence[tuple[str, int, int]]:
        """Return tone, start and width of each part of the bar, which is 1,000 wide."""
        total = max(1, self.shown.total)
        first, second = self.changed * 1000 // total, self.same * 1000 // total
        return [
            (self.lines[0].tone, 0, first),
            ("none", first, second),
            ("out", first + second, max(0, self.left_out * 1000 // total)),
        ]


def see_effect(question: Question, *, now: datetime, token: str = "") -> Effect:
    """Return the effect; with the token of a sample, its exact count goes on."""
    kept = _read(token, question)
    if kept is None:
        return Effect(question, preview_of(question.look, question.contacts), now)
    if not kept.shown.is_sample:
        return kept
    further = continue_preview(kept.further or kept.shown, question.look, question.contacts)
    if further.is_exact:
        return Effect(question, further, now)
    return replace(kept, further=further)


def see_moved(question: Question, *, now: datetime, token: str) -> Effect | None:
    """Return the effect as it is now, if its numbers moved clearly since it was shown; else None."""
    kept = _read(token, question)
    if kept is None:
        return None
    fresh = preview_of(question.look, question.contacts)
    return Effect(question, fresh, now) if has_moved(kept.shown, fresh) else None


def _read(token: str, question: Question) -> Effect | None:
    """Return what the token holds; None when it is of another question, altered, or none."""
    try:
        name, at, shown, further = signing.loads(token, salt=SALT, max_age=KEPT_SECONDS)
    except signing.BadSignature:
        return None
    if name != question.name:
        return None
    return Effect(
        question,
        Preview.from_json(shown),
        datetime.fromisoformat(at),
        Preview.from_json(further) if further else None,
    )


def _name_of(asked: object, selection: Selection) -> str:
    ids: Any = sorted(selection.contact_ids) if selection.contact_ids is not None else None
    text = json.dumps([asked, selection.as_json(), ids], sort_keys=True)
    return sha256(text.encode()).hexdigest()
