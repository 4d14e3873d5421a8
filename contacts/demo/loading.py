"""Puts the demonstration into the database: contacts by the block, each block all or nothing.

Contacts are numbered; a block is one transaction, so the numbers in the database have no hole and
a run that was interrupted goes on where it stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from contacts.demo.company import (
    BEGAN_DAYS_AGO,
    Company,
    archive_old_types,
    create_company,
    load_company,
)
from contacts.demo.extras import share_addresses, tell_of_strangers
from contacts.demo.featured import ROWS, featured_person, tell_featured
from contacts.demo.histories import LIVELY, MASS, Habits, Storyteller
from contacts.demo.people import Person, person
from contacts.demo.timeline import Timeline
from contacts.models import Contact
from contacts.upsert import chunked, upsert_contacts
from preferences.address_book import locate
from preferences.models import Address, BusinessUnit
from preferences.sealing import seal_events
from preferences.services import ensure_addresses
from preferences.values import Channel

BLOCK = 25_000  # contacts in one transaction
ROWS_AT_ONCE, MORE_ROWS_AT_ONCE = 500, 5_000
# The first block looks lived in: something happened each week, of late every other day. The rest is
# mass, in calls of the door as large as it likes them.
LIVED_DAYS = (*range(1, 92, 2), *range(98, BEGAN_DAYS_AGO - 5, 7))
MASS_DAYS = (2, 20, *range(60, BEGAN_DAYS_AGO - 5, 90))


class NotEmpty(Exception):
    """The database holds data that are not the demonstration's."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """``contacts`` and ``changes`` that this run added; 0 when all was there."""

    contacts: int
    changes: int


def load_demo(
    *,
    count: int,
    now: datetime,
    password: str | None,
    report: Callable[[int], None],
) -> Loaded:
    """Bring the demonstration up to ``count`` contacts; tell ``report`` how many there are.

    Raises NotEmpty, having changed nothing, when the database is neither empty nor a demonstration.
    """
    first, applied = _resume_at(count, now), 0
    for start in range(first, count, BLOCK):
        numbers = range(start, min(start + BLOCK, count))
        applied += _load_block(numbers, now, password)
        report(numbers.stop)
    if first < count:
        seal_events(now=now)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return Loaded(max(count - first, 0), applied)


# --- where it stands ------------------------------------------------------------------------------


def _resume_at(count: int, now: datetime) -> int:
    """Return the number of the first contact that is not there, at most ``count``."""
    if not _is_there(ROWS[0].email):
        if any(model.objects.exists() for model in (Contact, Address, BusinessUnit)):
            raise NotEmpty
        return 0
    company = load_company(now=now)
    low, high = 1, count
    while low < high:
        middle = (low + high) // 2
        if _is_there(_person(middle, company, now).row.addresses[0].canonical):
            low = middle + 1
        else:
            high = middle
    return min(low, count)


def _is_there(canonical: str) -> bool:
    """Tell whether the address was ever seen: it outlives its contact, merged or erased (R1, R18)."""
    channel = Channel.EMAIL if "@" in canonical else Channel.SMS
    place = locate([(channel, canonical)])[channel, canonical]
    return Address.objects.filter(pk=place.id).exists()


# --- one block ------------------------------------------------------------------------------------


@transaction.atomic
def _load_block(numbers: range, now: datetime, password: str | None) -> int:
    """Add these contacts with their histories; return how many changes were applied."""
    is_first = numbers.start == 0
    company = create_company(now=now, password=password) if is_first else load_company(now=now)
    people = [_person(number, company, now) for number in numbers]
    _create_contacts(people, now, MORE_ROWS_AT_ONCE if numbers.start else ROWS_AT_ONCE)
    timeline = Timeline(company, now, LIVED_DAYS if is_first else MASS_DAYS)
    _tell(people, timeline, now, LIVELY if is_first else MASS)
    if is_first:
        share_addresses(people, company, now)
        tell_of_strangers(timeline, now)
    applied = timeline.run(company.actors())
    if is_first:
        archive_old_types(company, now=now)
    return applied


def _person(number: int, company: Company, now: datetime) -> Person:
    make = featured_person if number < len(ROWS) else person
    return make(number, company, now)


def _create_contacts(people: Sequence[Person], now: datetime, at_once: int) -> None:
    """Create the contacts, the featured ones first, then those who joined first."""
    for one in people:
        if one.number < len(ROWS):
            upsert_contacts(rows=[one.row], now=now - timedelta(days=one.joined))
    rest = [one for one in people if one.number >= len(ROWS)]
    rest.sort(key=lambda one: -one.joined)
    for chunk in chunked(rest, at_once):
        seen = now - timedelta(days=chunk[-1].joined)
        upsert_contacts(rows=[one.row for one in chunk], now=seen)


def _tell(people: Sequence[Person], timeline: Timeline, now: datetime, habits: Habits) -> None:
    """Lay out the histories of all of them."""
    teller = Storyteller(timeline, habits)
    ids = _address_ids(people, now)
    for one in people:
        addresses = {
            channel: ids[channel, form] for channel in Channel if (form := one.address(channel))
        }
        if one.number < len(ROWS):
            tell_featured(timeline, one.number, addresses, now)
        else:
            teller.tell(one, addresses)


def _address_ids(people: Sequence[Person], now: datetime) -> dict[tuple[Channel, str], int]:
    ids: dict[tuple[Channel, str], int] = {}
    for channel in Channel:
        forms = [form for one in people if (form := one.address(channel))]
        found = ensure_addresses(channel=channel, pairs=[(f, f) for f in forms], now=now)
        ids.update(((channel, form), key) for form, key in zip(forms, found, strict=True))
    return ids
