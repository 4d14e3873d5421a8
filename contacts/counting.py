"""How many contacts match: exactly where that is cheap, else about, at a price that does not grow.

An estimate looks at ``SAMPLE`` contacts with random ids, the same ones for the same question, and
is kept for ``KEPT_SECONDS``, so that the number stays while somebody pages. What is rare in it is
counted up to a limit. Nobody is chosen by it: a selection is counted exactly.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from math import floor, log10
from zlib import crc32

from django.core.cache import cache
from django.db.models import Count

from accounts.access import reach_of
from accounts.models import User
from contacts.access import contacts_for
from contacts.bounding import TooSlow, bounded
from contacts.models import Contact
from contacts.selectors import ContactQuery, UnitSetLine, count_in, find_contacts, narrowing_of
from preferences.bulk_sql import fetch_all

COUNT_LIMIT = 1_000
EXACT_UP_TO = 5_000  # among so many contacts everything is counted
SAMPLE, ENOUGH = 400, 12  # looked at; of these, who have to match for an estimate
COUNT_SECONDS = 0.25
KEPT_SECONDS = 30
_ENDS = f"SELECT min(id), max(id) FROM {Contact._meta.db_table}"  # both from the index


@dataclass(frozen=True, slots=True)
class Total:
    """How many contacts match: ``count``, about so many, more than these, or fewer than about.

    ``is_rare``: in a sample of all there was not one.
    """

    count: int
    is_more: bool = False
    is_about: bool = False
    is_fewer: bool = False
    is_rare: bool = False


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
    if query.search and query.filters.is_everybody:  # the index of letters finds few at once
        found = _count_some(user, query, total)
        if not (found.is_more or found.is_fewer):
            return found
    seen, hits = _estimated(user, query, total)
    if seen and hits >= ENOUGH:
        return Total(_rounded(total * hits / seen), is_about=True)
    found = _count_some(user, query, _rounded(total * (hits + 3) / max(seen, 1)))
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
    """Return how many contacts the user sees among some random ids, and how many of them match."""
    [(low, high)] = fetch_all(_ENDS, [])
    first, span = low or 0, (high or 0) - (low or 0) + 1
    chosen = random.Random(crc32(repr(query.parameters).encode()))  # noqa: S311 - no secret
    wanted = min(span, SAMPLE * max(1, min(10, round(span / max(total, 1)))))
    ids = [first + chosen.randrange(span) for _ in range(wanted)]
    found = contacts_for(user).filter(pk__in=ids)
    counted = found.aggregate(
        seen=Count("pk"), hits=Count("pk", filter=narrowing_of(query, is_walked=True))
    )
    return counted["seen"], counted["hits"]


def _count_some(user: User, query: ContactQuery, at_most: int) -> Total:
    """Count up to a limit. ``at_most``: what is said when even that takes too long (the rule of three)."""
    ids = find_contacts(user, query).values_list("pk", flat=True)[: COUNT_LIMIT + 1]
    try:
        with bounded(COUNT_SECONDS):
            count = len(ids)
    except TooSlow:
        return Total(at_most, is_fewer=True)
    return Total(min(count, COUNT_LIMIT), is_more=count > COUNT_LIMIT)


def _rounded(number: float) -> int:
    """Return the number with two digits that count."""
    if number < 100:
        return round(number)
    digits = floor(log10(number)) - 1
    return int(round(number, -digits))
