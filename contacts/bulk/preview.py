"""What a bulk action would do, counted by the code that does it (``Look``).

Up to 10,000 contacts exactly, at once. Above, a random sample at once, and on request the exact
counts slice by slice, so that a page can show them come in. A preview is a value: the caller keeps
it, as JSON, between two requests.
"""

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet

from contacts.bulk.tally import EXCLUSIVE, Tally
from contacts.models import Contact

EXACT_LIMIT = 10_000
SAMPLE_SIZE = 2_000
SLICE_SIZE = 5_000
SCANNED_SLICES = 4  # how far one request looks for people of one outcome
PAGE_SIZE = 50
MOVED_SHARE = 0.01
# Spreads ids evenly over 32 bits (Knuth's multiplicative hash), alike on both databases.
_SPREAD, _RANGE = 2_654_435_761, 1 << 32


@dataclass(frozen=True, slots=True)
class Preview:
    """Counts so far. ``total`` contacts are selected; ``seen`` of them are counted.

    ``is_sample``: those seen were drawn at random. ``after_id``: where exact counting goes on.
    """

    total: int
    seen: int = 0
    is_sample: bool = False
    after_id: int = 0
    items: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Tell whether everybody was counted."""
        return not self.is_sample and self.seen >= self.total

    def count(self, key: str) -> int:
        """Return how many contacts come to this outcome: counted, or scaled up from the sample."""
        found = self.items.get(key, 0)
        if not self.is_sample or not self.seen:
            return found
        return round(found * self.total / self.seen)

    def reasons(self) -> list[tuple[str, int]]:
        """Return the refusals, "R5 own_opt_out", and how many each stops; the most frequent first."""
        start = "refused "
        keys = [key for key in self.items if key.startswith(start)]
        found = [(key.removeprefix(start), self.count(key)) for key in keys]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def as_json(self) -> dict[str, Any]:
        """Return what a page keeps between two requests."""
        return {
            "total": self.total,
            "seen": self.seen,
            "is_sample": self.is_sample,
            "after_id": self.after_id,
            "items": dict(self.items),
            "changes": dict(self.changes),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return what ``as_json`` gave."""
        return cls(**stored)


def has_moved(before: Preview, now: Preview) -> bool:
    """Tell whether an outcome holds clearly other numbers now: by more than 1 % of the contacts.

    A sample says no more than within three standard deviations, so that much is not held against it.
    """
    total = max(before.total, now.total)
    for key in before.items.keys() | now.items.keys():
        counts = before.count(key), now.count(key)
        share = min(max(counts) / total, 0.5) if total else 0
        spread = sum(share * (1 - share) / one.seen for one in (before, now) if _is_rough(one))
        if abs(counts[0] - counts[1]) > total * (MOVED_SHARE + 3 * math.sqrt(spread)):
            return True
    return False


def _is_rough(preview: Preview) -> bool:
    return preview.is_sample and 0 < preview.seen < preview.total


@dataclass(frozen=True, slots=True)
class People:
    """Contacts of one outcome. ``after_id``: where to look on; None when everybody was looked at."""

    contact_ids: Sequence[int]
    after_id: int | None


class Look(Protocol):
    """Counts what would become of some contacts, by the code that does it, and changes nothing."""

    def __call__(self, contact_ids: Sequence[int], *, keeps_people: bool = False) -> Tally: ...


def preview_of(look: Look, contacts: QuerySet[Contact]) -> Preview:
    """Return what would become of the contacts: exactly, or from a random sample of many."""
    total = contacts.order_by().count()
    if total <= EXACT_LIMIT:
        preview = Preview(total)
        while not preview.is_exact:
            further = continue_preview(preview, look, contacts)
            if further.seen == preview.seen:  # somebody left the selection meanwhile
                return replace(further, total=further.seen)
            preview = further
        return preview
    return sampled_preview(look, contacts, total)


def sampled_preview(look: Look, contacts: QuerySet[Contact], total: int) -> Preview:
    """Return counts of a random sample of the contacts, of whom there are ``total``."""
    return _count(Preview(total, is_sample=True), sample_of(contacts, total, SAMPLE_SIZE), look)


def continue_preview(preview: Preview, look: Look, contacts: QuerySet[Contact]) -> Preview:
    """Count the next slice exactly; after a sample, exact counting begins anew.

    Complete when ``is_exact``; the total follows what was found.
    """
    if preview.is_sample:
        preview = Preview(preview.total)
    ids = slice_of(contacts, preview.after_id, SLICE_SIZE)
    counted = _count(preview, ids, look)
    if len(ids) < SLICE_SIZE:
        return replace(counted, total=counted.seen)
    return counted


def people_of(
    look: Look,
    contacts: QuerySet[Contact],
    outcome: str,
    *,
    after_id: int = 0,
    size: int = PAGE_SIZE,
) -> People:
    """Return contacts of one outcome (a key of ``Preview.items``), a page at a time, by id.

    Looks at some thousand contacts at most; a rare outcome may need several calls.
    """
    found: list[int] = []
    for _ in range(SCANNED_SLICES):
        ids = slice_of(contacts, after_id, SLICE_SIZE)
        found += look(ids, keeps_people=True).people.get(outcome, [])
        if len(found) > size:
            return People(found[:size], found[size - 1])
        if len(ids) < SLICE_SIZE:
            return People(found, None)
        after_id = ids[-1]
    return People(found, after_id)


def sample_of(contacts: QuerySet[Contact], total: int, size: int) -> list[int]:
    """Return the ids of about ``size`` contacts, drawn at random without sorting them all."""
    if total <= size:
        return list(contacts.order_by("pk").values_list("pk", flat=True))
    start = random.randrange(_RANGE)  # noqa: S311 - no secret
    place = (F("pk") * _SPREAD + start) % _RANGE
    drawn = contacts.annotate(_place=ExpressionWrapper(place, BigIntegerField())).filter(
        _place__lt=_RANGE * size // total
    )
    return list(drawn.order_by("pk").values_list("pk", flat=True)[: 2 * size])


def slice_of(contacts: QuerySet[Contact], after_id: int, size: int) -> list[int]:
    """Return the next ids after one, in ascending order."""
    found = contacts.filter(pk__gt=after_id).order_by("pk").values_list("pk", flat=True)
    return list(found.distinct()[:size])


def _count(preview: Preview, ids: Sequence[int], look: Look) -> Preview:
    tally = look(ids)
    return replace(
        preview,
        seen=preview.seen + sum(tally.items[key] for key in EXCLUSIVE),
        after_id=ids[-1] if ids else preview.after_id,
        items=dict(Counter(preview.items) + tally.items),
        changes=dict(Counter(preview.changes) + Counter(tally.changes)),
    )
