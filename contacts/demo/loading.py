"""Puts the demonstration into the database: contacts by the block, each block all or nothing.

Contacts are numbered. A block is one transaction, so a run that was interrupted goes on with the
blocks that are missing.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context

import django
from django.db import connection, connections, transaction

from contacts.demo.company import (
    BEGAN_DAYS_AGO,
    Company,
    archive_old_types,
    create_company,
    load_company,
)
from contacts.demo.extras import share_addresses, tell_of_strangers, tell_of_wishes
from contacts.demo.featured import ROWS, featured_person, tell_featured
from contacts.demo.histories import LIVELY, MASS, Habits, Storyteller
from contacts.demo.people import Person, person
from contacts.demo.scanners import tell_of_scanner
from contacts.demo.timeline import Timeline
from contacts.demo.views import create_views
from contacts.models import Contact
from contacts.upsert import chunked, upsert_contacts
from preferences.address_book import locate
from preferences.models import Address, BusinessUnit
from preferences.sealing import seal_events
from preferences.services import ensure_addresses
from preferences.values import Channel

BLOCK = 25_000  # contacts in one transaction
ROWS_AT_ONCE, MORE_ROWS_AT_ONCE = 500, 5_000
# The first block looks lived in: something happened every other week, of late twice a week. The rest
# is mass, in calls of the door as large as it likes them.
LIVELY_DAYS = (*(1 + 3.5 * turn for turn in range(26)), *range(98, BEGAN_DAYS_AGO - 5, 14))
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
    workers: int,
    report: Callable[[int], None],
) -> Loaded:
    """Bring the demonstration up to ``count`` contacts; tell ``report`` how many were added so far.

    ``workers`` processes share what comes after the first block; SQLite has one writer anyway.
    Raises NotEmpty, having changed nothing, when the database is neither empty nor a demonstration.
    """
    blocks = _missing_blocks(count, now)
    added = applied = 0
    for numbers, changes in _load_blocks(blocks, now, password, workers):
        added, applied = added + len(numbers), applied + changes
        report(added)
    if added:
        seal_events(now=now)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return Loaded(added, applied)


# --- what is to do --------------------------------------------------------------------------------


def _missing_blocks(count: int, now: datetime) -> list[range]:
    """Return the numbers of the contacts that are not there, by the block."""
    blocks = [range(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    if not _is_there(ROWS[0].email):
        if any(model.objects.exists() for model in (Contact, Address, BusinessUnit)):
            raise NotEmpty
        return blocks
    company = load_company(now=now)
    missing = [_missing_of(block, company, now) for block in blocks]
    return [block for block in missing if block]


def _missing_of(block: range, company: Company, now: datetime) -> range:
    """Return the rest of the block: all, nothing, or what a smaller demonstration left out."""

    def is_there(number: int) -> bool:
        return _is_there(_person(number, company, now).row.addresses[0].canonical)

    if is_there(block[-1]):
        return range(0)
    low, high = block.start, block.stop - 1  # the last one is missing
    while low < high:
        middle = (low + high) // 2
        if is_there(middle):
            low = middle + 1
        else:
            high = middle
    return range(low, block.stop)


def _is_there(canonical: str) -> bool:
    """Tell whether the address was ever seen: it outlives its contact, merged or erased (R1, R18)."""
    channel = Channel.EMAIL if "@" in canonical else Channel.SMS
    place = locate([(channel, canonical)])[channel, canonical]
    return Address.objects.filter(pk=place.id).exists()


def _load_blocks(
    blocks: Sequence[range], now: datetime, password: str | None, workers: int
) -> Iterator[tuple[range, int]]:
    """Load the blocks and yield each with the number of its changes, as they are done."""
    rest = list(blocks)
    while rest and (workers == 1 or rest[0].start == 0 or len(rest) == 1):
        numbers = rest.pop(0)
        yield numbers, _load_block(numbers, now, password)
    if not rest:
        return
    connections.close_all()
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=django.setup) as pool:
        running = {pool.submit(_load_block, numbers, now, password): numbers for numbers in rest}
        for done in as_completed(running):
            yield running[done], done.result()


# --- one block ------------------------------------------------------------------------------------


@transaction.atomic
def _load_block(numbers: range, now: datetime, password: str | None) -> int:
    """Add these contacts with their histories; return how many changes were applied.

    Contacts come last, because counting them makes other blocks wait for this one to end.
    """
    is_first, is_lively = numbers.start == 0, numbers.start < BLOCK
    company = create_company(now=now, password=password) if is_first else load_company(now=now)
    people = [_person(number, company, now) for number in numbers]
    timeline = Timeline(company, now, LIVELY_DAYS if is_lively else MASS_DAYS)
    _tell(people, timeline, now, LIVELY if is_lively else MASS)
    if is_first:
        tell_of_strangers(timeline, now)
        tell_of_scanner(people, timeline, now)
    applied = timeline.run(company.actors())
    _create_contacts(people, now, ROWS_AT_ONCE if is_lively else MORE_ROWS_AT_ONCE)
    if is_first:
        share_addresses(people, company, now)
        tell_of_wishes(company, now)
        archive_old_types(company, now=now)
        create_views(company, now=now)
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
    ids = _address_ids(people, timeline.company.began_at)
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
        given = [a for one in people for a in one.row.addresses if a.channel is channel]
        pairs = [(a.canonical, a.original) for a in given]
        found = ensure_addresses(channel=channel, pairs=pairs, now=now)
        ids.update(((channel, form), key) for (form, _), key in zip(pairs, found, strict=True))
    return ids
