"""What the panel of the bulk edit shows of its effect, and keeps between two looks.

Many people are shown from a sample at once, and counted exactly slice by slice while the panel is
open. What was counted so far travels in the page, signed: it belongs to one edit of one selection.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.core import signing
from django.db.models import QuerySet

from accounts.models import User
from contacts.bulk.describing import Line, preview_lines
from contacts.bulk.edit import BulkEdit
from contacts.bulk.preview import Preview, continue_preview, preview_bulk_edit
from contacts.models import Contact
from contacts.selection import Selection
from preferences.values import LegalBasis

SALT = "contacts.bulk_preview"


@dataclass(frozen=True, slots=True)
class Effect:
    """``shown``: the counts to show; ``further``: the exact count that is under way behind a sample."""

    edit: BulkEdit
    selection: Selection
    shown: Preview
    at: datetime
    further: Preview | None = None

    @property
    def lines(self) -> list[Line]:
        return preview_lines(self.edit, self.shown.items, self.shown.count)

    @property
    def token(self) -> str:
        """Return what the page sends back to go on counting."""
        further = self.further.as_json() if self.further else None
        kept = [_name_of(self.edit, self.selection), self.shown.as_json(), further]
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


def see_effect(
    edit: BulkEdit, selection: Selection, *, user: User, now: datetime, token: str = ""
) -> Effect:
    """Return the effect of an edit; with the token of a sample, its exact count goes on."""
    asked = as_if_grounded(edit)
    contacts = selection.contacts(user)
    kept = _read(token, edit, selection)
    if kept is None:
        shown = preview_bulk_edit(edit=asked, contacts=contacts, user=user, now=now)
        return Effect(edit, selection, shown, now)
    shown, further = kept
    if not shown.is_sample:
        return Effect(edit, selection, shown, now)
    further = _go_on(further or shown, asked, contacts, user, now)
    if further.is_exact:
        return Effect(edit, selection, further, now)
    return Effect(edit, selection, shown, now, further)


def as_if_grounded(edit: BulkEdit) -> BulkEdit:
    """Return the edit with grounds, if some are still missing: who would change does not wait."""
    return replace(
        edit,
        legal_basis=edit.legal_basis or LegalBasis.CONSENT_WITH_NOTICE,
        explanation=edit.explanation or "?",
    )


def _go_on(
    preview: Preview, edit: BulkEdit, contacts: QuerySet[Contact], user: User, now: datetime
) -> Preview:
    return continue_preview(preview, edit=edit, contacts=contacts, user=user, now=now)


def _read(
    token: str, edit: BulkEdit, selection: Selection
) -> tuple[Preview, Preview | None] | None:
    """Return what the token holds; None when it is of another edit, altered, or none."""
    try:
        name, shown, further = signing.loads(token, salt=SALT, max_age=3600)
    except signing.BadSignature:
        return None
    if name != _name_of(edit, selection):
        return None
    return Preview.from_json(shown), Preview.from_json(further) if further else None


def _name_of(edit: BulkEdit, selection: Selection) -> str:
    ids: Any = sorted(selection.contact_ids) if selection.contact_ids is not None else None
    asked = as_if_grounded(replace(edit, legal_basis=None, explanation="")).as_json()
    text = json.dumps([asked, selection.as_json(), ids], sort_keys=True)
    return sha256(text.encode()).hexdigest()
