"""Reads of contacts for the index and the record page; no page costs more queries for more rows.

Nothing counts or skips rows: pages go by key, totals come from maintained counts, and what matches
a search is counted up to a limit.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict

from accounts.access import Reach, reach_of
from accounts.models import User
from contacts.access import contacts_for
from contacts.bounding import gather_bounded, walk_or_gather
from contacts.filters.compiling import Sql, compiled
from contacts.filters.reading import ANYBODY, Filter
from contacts.letters import indexed, leads, unindexed
from contacts.models import Contact, ContactAddress, ContactCount, CustomProperty, UnitSet
from contacts.values import fold, unit_ids_of
from contacts.walking import both, one_of, visible_to, walk_page
from preferences.addresses import spaced
from preferences.bulk_sql import ids_match, ids_parameter, run_prepared
from preferences.models import Address
from preferences.values import Channel
from subscriptions_site.web.paging import Direction, Page, get_page, place_in

EVERYBODY = 1_000_000_000  # a limit that limits nothing, but keeps the planner from looking inside
PAGE_SIZES = (25, 50, 100)
SEARCH_WORDS = 6

# Name in the URL -> field of the model.
SORTS = {
    "name": "sort_name",
    "company": "company_key",
    "country": "country",
    "updated": "updated_at",
    "created": "created_at",
}
DEFAULT_SORT = "-updated"

_PHONE = re.compile(r"[+\d\s().\-/]{4,}")


@dataclass(frozen=True, slots=True)
class ContactQuery:
    """What the index is asked for."""

    search: str = ""
    filters: Filter = ANYBODY
    sort: str = DEFAULT_SORT
    size: int = PAGE_SIZES[0]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search) or not self.filters.is_everybody

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Return what narrows it, as the URL has it."""
        named = {"q": self.search, "f": self.filters.text}
        return [(name, value) for name, value in named.items() if value]

    @property
    def is_led(self) -> bool:
        """Tell whether an index of few finds everybody who may match."""
        return self.filters.is_led or any(map(leads, search_parts(self.search)))

    @property
    def is_by_time(self) -> bool:
        """Tell whether pages go from newer to older."""
        return self.sort in ("-updated", "-created")

    @property
    def order(self) -> tuple[str, Direction]:
        return SORTS[self.sort.removeprefix("-")], "desc" if self.sort[0] == "-" else "asc"


def find_contacts(user: User, query: ContactQuery) -> QuerySet[Contact]:
    """Return the contacts the user sees that match, in no order."""
    return contacts_for(user).filter(narrowing_of(query))


def narrowing_of(query: ContactQuery) -> Q:
    """Return what a contact must satisfy: the filter and every word of the search."""
    found, words = query.filters.q, search_parts(query.search)
    leaders = [word for word in words if leads(word)] or words
    for word in words:
        found &= indexed(word) if word in leaders else unindexed(word)
    return found


def walking_of(query: ContactQuery) -> Sql:
    """Return the same, for who asks one contact after the other."""
    words = search_parts(query.search)
    if not words:
        return query.filters.walked
    found = Q()
    for word in words:
        found &= unindexed(word)
    return both(query.filters.walked, compiled(found))


def get_contact_page(
    user: User,
    query: ContactQuery,
    parameters: QueryDict | dict[str, str],
    *,
    with_properties: bool = False,
    is_rare: bool = False,
    among: Sequence[int] | None = None,
) -> Page[Contact]:
    """Return one page of the index; ``parameters`` hold the cursor.

    The values of custom properties are read with it if they are to be shown. ``is_rare``: hardly
    anybody matches. ``among``: everybody who matches, in their order, where they were read already.

    Nothing is joined: inside a million rows of one date the planner expects one row beyond the
    cursor, joins all of them and sorts. Raises TooSlow for a filter that would look at too much.
    """

    def walk(condition: Sql | None = None) -> Page[Contact]:
        where = visible_to(user, condition or walking_of(query))
        place = place_in(parameters, query.order)
        return walk_page(where, place, query.size, with_properties=with_properties)

    def gather() -> Page[Contact]:
        everybody = find_contacts(user, query).values("pk")[:EVERYBODY]
        unread = ("search_text",) if with_properties else ("search_text", "properties")
        contacts = Contact.objects.filter(pk__in=everybody).defer(*unread)
        contacts = contacts.annotate(company_key=Lower("company"))
        return get_page(contacts, order=query.order, size=query.size, query=parameters)

    if among is not None:
        is_first = place_in(parameters, query.order).position is None
        return walk(one_of(among[: query.size + 1] if is_first else among))
    if query.filters.is_everybody:
        return walk()
    return gather_bounded(gather) if is_rare else walk_or_gather(walk, gather)


class UnitSetLine(NamedTuple):
    """A set of business units and how many contacts belong to exactly these."""

    id: int
    unit_ids: frozenset[int]
    contact_count: int


_UNIT_SETS = f"""
    SELECT id, key, (SELECT sum(count) FROM {ContactCount._meta.db_table} WHERE unit_set_id = held.id)
    FROM {UnitSet._meta.db_table} held
"""


def get_unit_sets() -> list[UnitSetLine]:
    """Return every set some contact ever had, with the maintained counts: one query."""
    found = run_prepared(_UNIT_SETS, [])
    return [
        UnitSetLine(pk, frozenset(unit_ids_of(key)), int(total or 0)) for pk, key, total in found
    ]


def count_contacts(user: User, unit_id: int | None = None) -> int:
    """Return how many contacts a user sees, of one unit or of all; nothing is scanned."""
    unit_ids = None if unit_id is None else frozenset({unit_id})
    return count_in(get_unit_sets(), reach_of(user), unit_ids)


def count_in(
    sets: Iterable[UnitSetLine], reach: Reach, unit_ids: frozenset[int] | None = None
) -> int:
    """Return how many contacts of these sets are within reach, of some units or of all."""
    return sum(
        found.contact_count
        for found in sets
        if (reach.all_units or not reach.unit_ids.isdisjoint(found.unit_ids))
        and (unit_ids is None or not unit_ids.isdisjoint(found.unit_ids))
    )


def search_parts(text: str) -> list[str]:
    """Return what ``search_text`` must contain: each word, or the digits of a phone number.

    A word of one or two letters is looked for at the beginning of words only: anywhere else it
    would find nearly everybody, and no index could help.
    """
    digits = re.sub(r"\D", "", text)
    if _PHONE.fullmatch(text.strip()) and len(digits) >= 4:
        return [digits.lstrip("0") or digits]
    words = fold(text).split()[:SEARCH_WORDS]
    return [word if len(word) > 2 else f" {word}" for word in words]


def addresses_of(contact: Contact) -> list[ContactAddress]:
    """Return a contact's addresses in the order of screens: by channel, the primary one first."""
    rows = contact.contact_addresses.select_related("address")
    return list(rows.order_by("channel", "-is_primary", "position", "id"))


class Held(NamedTuple):
    """An address as lists show it."""

    id: int
    canonical: str

    @property
    def text(self) -> str:
        """Write the address for staff, a phone number in groups of digits."""
        return spaced(self.canonical) or "…"


_PRIMARY = f"""
    SELECT held.contact_id, held.channel, held.address_id, address.canonical
    FROM {ContactAddress._meta.db_table} held
    JOIN {Address._meta.db_table} address ON address.id = held.address_id
    WHERE held.is_primary AND """


def primary_addresses(contact_ids: Collection[int]) -> dict[int, dict[Channel, Held]]:
    """Return the primary address of each channel of several contacts; one query."""
    found: dict[int, dict[Channel, Held]] = {contact_id: {} for contact_id in contact_ids}
    rows = run_prepared(_PRIMARY + ids_match("held.contact_id"), [ids_parameter(contact_ids)])
    for contact_id, channel, address_id, canonical in rows:
        found[contact_id][Channel.from_code(channel)] = Held(address_id, canonical)
    return found


def owners() -> QuerySet[User]:
    """Return the members of staff who may own contacts."""
    return User.objects.filter(is_active=True).order_by("name", "id")


def custom_properties() -> Sequence[CustomProperty]:
    """Return the custom properties in use, in their order."""
    in_use = CustomProperty.objects.filter(archived_at__isnull=True)
    return list(in_use.order_by("position", "name", "id"))
