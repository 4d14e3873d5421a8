"""How many contacts match: exactly where that is cheap, else about, at a price that does not grow.

An estimate looks at contacts with random ids, the same ones for the same question, until enough of
them matched. It is kept for ``KEPT_SECONDS``, so that the number stays while somebody pages. What
is rare in it is counted up to a limit; whom an index of few finds is read at once, without a sample.
Nobody is chosen by an estimate: a selection is counted exactly.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import floor, log10, sqrt
from zlib import crc32

from django.core.cache import cache

from accounts.access import reach_of
from accounts.models import User
from contacts.bounding import TooSlow, bounded
from contacts.filters.compiling import compiled
from contacts.letters import ends
from contacts.selectors import (
    ContactQuery,
    UnitSetLine,
    count_in,
    find_contacts,
    narrowing_of,
    walking_of,
)
from contacts.walking import ids_in_order, places_of, visible_to

COUNT_LIMIT = 1_000
FEW = 5_000  # so many are cheaper to read from the index of letters than to walk past the others
EXACT_UP_TO = 5_000  # among so many contacts everything is counted
SAMPLES = (150, 250, 800)  # how many are looked at, one after the other
ENOUGH = (
    11  # of these have to match for an estimate: two of three are then off by less than a third
)
PLENTY = 24  # so many end the first sample: off by less than a fifth
COUNT_SECONDS = 0.25
KEPT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Total:
    """How many contacts match: ``count``, about so many, more than these, or fewer than about.

    ``is_rare``: in a sample of all there was not one. ``ids``: who they are in their order, if all were read.
    """

    count: int
    is_more: bool = False
    is_about: bool = False
    is_fewer: bool = False
    is_rare: bool = False
    ids: tuple[int, ...] | None = field(default=None, compare=False)


def count_matches(user: User, query: ContactQuery, sets: Sequence[UnitSetLine]) -> Total:
    """Return how many contacts match."""
    total = count_in(sets, reach_of(user))
    if not query.filters.is_valid:
        return Total(0)
    if not query.search:
        if query.filters.is_everybody:
            return Total(total)
        unit_ids = query.filters.only_units
        if unit_ids is not None:
            return Total(count_in(sets, reach_of(user), unit_ids))
    if total <= EXACT_UP_TO:
        return Total(find_contacts(user, query).count())
    return _count_among_many(user, query, total)


def _count_among_many(user: User, query: ContactQuery, total: int) -> Total:
    is_dear = query.filters.is_of_statuses
    found = _count_some(user, query, COUNT_LIMIT if is_dear else FEW) if query.is_led else None
    if found and (found.ids is not None or (found.is_more and not is_dear)):
        return found
    seen, hits = _estimated(user, query, total)
    if hits >= ENOUGH - 1:
        return Total(_rounded(total * hits / seen), is_about=True)
    # The square root of a count varies by one half, whatever the count: twice that are the bounds.
    least = total * max(0.0, sqrt(hits) - 1) ** 2 / max(seen, 1)
    most = total * (sqrt(hits + 1) + 1) ** 2 / max(seen, 1)
    if least > COUNT_LIMIT:
        return Total(COUNT_LIMIT, is_more=True)
    found = found or _count_some(user, query, COUNT_LIMIT)
    if found.is_fewer:
        found = replace(found, count=_rounded(most))
    return replace(found, is_rare=not hits and not found.is_more)


def _estimated(user: User, query: ContactQuery, total: int) -> tuple[float, int]:
    """Return the sample of this user's question, from a little while ago if there is one."""
    asked = repr((user.pk, reach_of(user), query.parameters)).encode()
    key = f"sample:{sha256(asked).hexdigest()}"  # what people search for is not kept in clear
    found: tuple[float, int] | None = cache.get(key)
    if found is None:
        found = _sampled(user, query, total)
        cache.set(key, found, KEPT_SECONDS)
    return found


def _sampled(user: User, query: ContactQuery, total: int) -> tuple[float, int]:
    """Return how many contacts the user sees among some random ids, and how many of them match.

    More samples follow only to tell how common somebody is: who is rare is counted.
    """
    first, span = ends()
    where = visible_to(user, walking_of(query))
    chosen = random.Random(crc32(repr(query.parameters).encode()))  # noqa: S311 - no secret
    share = min(1.0, total / span)  # of the ids: others are deleted, or out of reach
    looked = hits = 0
    for number, size in enumerate(SAMPLES):
        wanted = min(span, round(size * max(1, min(10, 1 / share))))
        ids = chosen.sample(range(first, first + span), wanted)
        most = ENOUGH - hits if number else PLENTY
        places = places_of(where, ids, most)
        if len(places) == most:  # what follows the last but one stands for the rest
            return (looked + places[-1] - 1) * share, hits + most - 1
        looked, hits = looked + wanted, hits + len(places)
        is_rare = number > 0 and hits * total <= COUNT_LIMIT * looked * share
        if hits >= ENOUGH or is_rare or wanted == span:
            break
    return looked * share, hits


def _count_some(user: User, query: ContactQuery, limit: int) -> Total:
    """Count up to a limit; ``is_fewer``, of nobody knows how many, when even that takes too long."""
    where = visible_to(user, compiled(narrowing_of(query)))
    try:
        with bounded(COUNT_SECONDS):
            ids = ids_in_order(where, query.order, limit + 1)
    except TooSlow:
        return Total(0, is_fewer=True)
    if len(ids) > limit:
        return Total(limit, is_more=True)
    return Total(len(ids), ids=tuple(ids))


def _rounded(number: float) -> int:
    """Return the number with two digits that count."""
    if number < 100:
        return round(number)
    digits = floor(log10(number)) - 1
    return int(round(number, -digits))
