"""How many contacts match: exactly where that is cheap, else about, at a price that does not grow.

An estimate looks at contacts with random ids, the same ones for the same question, until it found
enough who match. It is kept for ``KEPT_SECONDS``, so that the number stays while somebody pages. What
is rare in it is counted up to a limit. Nobody is chosen by it: a selection is counted exactly.
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
from contacts.filters.compiling import EVERYBODY
from contacts.models import Contact
from contacts.selectors import ContactQuery, UnitSetLine, count_in, find_contacts, walking_of
from contacts.walking import count_among, visible_to
from preferences.bulk_sql import run_prepared

COUNT_LIMIT = 1_000
EXACT_UP_TO = 5_000  # among so many contacts everything is counted
SAMPLE, MOST_SAMPLES = 200, 6  # how many are looked at at once, and how often
ENOUGH = 12  # of these have to match for an estimate: two of three are then off by less than 29 %
COUNT_SECONDS = 0.25
KEPT_SECONDS = 30
_ENDS = f"SELECT min(id), max(id) FROM {Contact._meta.db_table}"  # both from the index


@dataclass(frozen=True, slots=True)
class Total:
    """How many contacts match: ``count``, about so many, more than these, or fewer than about.

    ``is_rare``: in a sample of all there was not one. ``ids``: who they are, if all of them were read.
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
    found = None
    if query.search and query.filters.is_everybody:  # the index of letters finds few at once
        found = _count_some(user, query)
        if found.ids is not None:
            return found
    seen, hits = _estimated(user, query, total)
    if hits >= ENOUGH:
        return Total(_rounded(total * hits / seen), is_about=True)
    # The square root of a count varies by one half, whatever the count: twice that are the bounds.
    least = total * max(0.0, sqrt(hits) - 1) ** 2 / max(seen, 1)
    most = total * (sqrt(hits + 1) + 1) ** 2 / max(seen, 1)
    if least > COUNT_LIMIT:
        return Total(COUNT_LIMIT, is_more=True)
    found = found or _count_some(user, query)
    if found.is_fewer:
        found = replace(found, count=_rounded(most))
    return replace(found, is_rare=not hits)


def _estimated(user: User, query: ContactQuery, total: int) -> tuple[int, int]:
    """Return the sample of this user's question, from a little while ago if there is one."""
    asked = repr((user.pk, reach_of(user), query.parameters)).encode()
    key = f"sample:{sha256(asked).hexdigest()}"  # what people search for is not kept in clear
    found: tuple[int, int] | None = cache.get(key)
    if found is None:
        found = _sampled(user, query, total)
        cache.set(key, found, KEPT_SECONDS)
    return found


def _sampled(user: User, query: ContactQuery, total: int) -> tuple[int, int]:
    """Return how many contacts the user sees among some random ids, and how many of them match.

    More samples follow only to tell how common somebody is: who is rare is counted.
    """
    [(low, high)] = run_prepared(_ENDS, [])
    first, span = low or 0, (high or 0) - (low or 0) + 1
    chosen = random.Random(crc32(repr(query.parameters).encode()))  # noqa: S311 - no secret
    wanted = min(span, SAMPLE * max(1, min(10, round(span / max(total, 1)))))
    where, visible = walking_of(query), visible_to(user, EVERYBODY)
    seen = hits = 0
    for _ in range(MOST_SAMPLES):
        ids = {first + chosen.randrange(span) for _ in range(wanted)}
        seen_now, hits_now = count_among(where, visible, ids)
        seen, hits = seen + seen_now, hits + hits_now
        if hits >= ENOUGH or hits * total <= COUNT_LIMIT * seen:
            break
    return seen, hits


def _count_some(user: User, query: ContactQuery) -> Total:
    """Count up to a limit; ``is_fewer``, of nobody knows how many, when even that takes too long."""
    wanted = find_contacts(user, query).values_list("pk", flat=True)[: COUNT_LIMIT + 1]
    try:
        with bounded(COUNT_SECONDS):
            ids = tuple(wanted)
    except TooSlow:
        return Total(0, is_fewer=True)
    if len(ids) > COUNT_LIMIT:
        return Total(COUNT_LIMIT, is_more=True)
    return Total(len(ids), ids=ids)


def _rounded(number: float) -> int:
    """Return the number with two digits that count."""
    if number < 100:
        return round(number)
    digits = floor(log10(number)) - 1
    return int(round(number, -digits))
