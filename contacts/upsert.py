"""Creates and updates contacts by address, thousands at a time; imports and demo data use it.

Set-based: a chunk costs a constant number of statements. It changes no status of any address.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection, transaction

from contacts.models import Contact, ContactAddress, UnitSet
from contacts.services import sort_name_of
from contacts.units import change_counts, ensure_unit_set
from contacts.upsert_sql import insert_contacts, insert_links, update_contacts
from contacts.values import bits_of, search_text_of, unit_key_of
from preferences.bulk_sql import fetch_all, ids_match, ids_parameter
from preferences.services import ensure_addresses
from preferences.values import Channel, LegalBasis

# Attributes that a row may set, in the order of the columns written.
TEXTS = (
    "first_name",
    "last_name",
    "company",
    "job_title",
    "language",
    "country",
    "lifecycle_stage",
)


_LOCK = 0x75707365  # advisory lock of this module, "upse"


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class AddressGiven:
    """An address as it is compared and as it was written."""

    channel: Channel
    canonical: str
    original: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """What a file says of one person. Empty text and None leave what is there.

    ``processing_bases``, ``unit_ids`` and ``properties`` are added to what is there.
    ``created_at`` counts for new contacts only.
    """

    addresses: Sequence[AddressGiven]
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    job_title: str = ""
    language: str = ""
    country: str = ""
    lifecycle_stage: str = ""
    owner_id: int | None = None
    processing_bases: Sequence[LegalBasis] = ()
    unit_ids: Sequence[int] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(slots=True)
class Draft:
    """A contact while a chunk is put together."""

    texts: dict[str, str]
    owner_id: int | None
    processing_bits: int
    unit_key: str
    properties: dict[str, Any]
    created_at: datetime
    id: int | None = None
    unit_set_id: int | None = None
    links: dict[int, "Link"] = field(default_factory=dict)
    new_links: list["Link"] = field(default_factory=list)
    is_changed: bool = False


@dataclass(slots=True)
class Link:
    """An address of a contact."""

    address_id: int
    channel: int
    canonical: str
    position: int
    is_primary: bool


def upsert_contacts(
    *,
    rows: Sequence[ContactRow],
    now: datetime,
    within_sets: Collection[int] | None = None,
) -> list[Outcome]:
    """Create or update one contact per row, found by any of its addresses; outcomes in order.

    Rows that name the same address are one contact; the later one counts. Where several contacts
    share an address, the oldest is updated. ``within_sets`` limits the search to contacts of these
    sets of units. Every row needs an address. Some thousand rows at a time are right.
    """
    if not rows:
        return []
    with transaction.atomic():
        _wait_for_other_upserts()
        return _Chunk(rows, now, within_sets).run()


def _wait_for_other_upserts() -> None:
    """Let one at a time through, until it commits: two imports of one file make nobody twice.

    SQLite does so by itself. Single acts never wait here.
    """
    if connection.vendor == "postgresql":
        fetch_all("SELECT pg_advisory_xact_lock(%s)::text", [_LOCK])


class _Chunk:
    """Holds what was read while a chunk is put together; used once."""

    def __init__(
        self, rows: Sequence[ContactRow], now: datetime, within_sets: Collection[int] | None
    ) -> None:
        self.rows, self.now, self.within_sets = rows, now, within_sets
        self.ids = _address_ids(rows, now)
        self.drafts: list[Draft] = []
        self.by_address: dict[int, Draft] = {}
        self._load()

    def run(self) -> list[Outcome]:
        outcomes = [self._merge(row) for row in self.rows]
        self._write()
        return outcomes

    def _load(self) -> None:
        """Read the contacts that have one of the addresses, with all their addresses."""
        found = self._contacts_by_address()
        columns = ("id", "owner_id", "processing_bits", "unit_set_id", "created_at", "properties")
        drafts: dict[int, Draft] = {}
        contacts = Contact.objects.filter(pk__in=set(found.values()), deleted_at=None)
        contacts = contacts.order_by("pk").select_for_update(of=("self",))
        rows = list(contacts.values(*columns, *TEXTS))
        # Not by a join: a contact whose set changed while we waited for it would be left out.
        set_ids = {row["unit_set_id"] for row in rows}
        keys = dict(UnitSet.objects.filter(pk__in=set_ids).values_list("pk", "key"))
        for row in rows:
            drafts[row["id"]] = Draft(
                texts={name: row[name] for name in TEXTS},
                owner_id=row["owner_id"],
                processing_bits=row["processing_bits"],
                unit_key=keys[row["unit_set_id"]],
                properties=row["properties"],
                created_at=row["created_at"],
                id=row["id"],
                unit_set_id=row["unit_set_id"],
            )
        links = ContactAddress.objects.filter(contact_id__in=drafts).order_by("position", "id")
        for contact_id, address_id, channel, form, position, is_primary in links.values_list(
            "contact_id", "address_id", "channel", "address__canonical", "position", "is_primary"
        ):
            link = Link(address_id, channel, form, position, is_primary)
            drafts[contact_id].links[address_id] = link
        self.by_address = {a: drafts[c] for a, c in found.items() if c in drafts}

    def _contacts_by_address(self) -> dict[int, int]:
        link, contact = ContactAddress._meta.db_table, Contact._meta.db_table
        rows = fetch_all(
            f"SELECT l.address_id, min(l.contact_id) FROM {link} l"
            f" JOIN {contact} c ON c.id = l.contact_id"
            f" WHERE {ids_match('l.address_id')} AND c.deleted_at IS NULL{self._within()}"
            " GROUP BY l.address_id",
            [ids_parameter(self.ids.values())],
        )
        return dict(rows)

    def _within(self) -> str:
        if self.within_sets is None:
            return ""
        return (
            f" AND c.unit_set_id IN ({', '.join(str(int(s)) for s in self.within_sets) or 'NULL'})"
        )

    def _merge(self, row: ContactRow) -> Outcome:
        ids = [self.ids[given.channel, given.canonical] for given in row.addresses]
        draft = next((self.by_address[i] for i in ids if i in self.by_address), None)
        if draft is None:
            draft = Draft(dict.fromkeys(TEXTS, ""), None, 0, "", {}, row.created_at or self.now)
            self.drafts.append(draft)
            outcome = Outcome.CREATED
            _apply(draft, row)
        else:
            outcome = Outcome.UPDATED if _apply(draft, row) else Outcome.UNCHANGED
        for address_id, given in zip(ids, row.addresses, strict=True):
            self.by_address.setdefault(address_id, draft)
            if address_id not in draft.links:
                _link(draft, address_id, given)
                outcome = Outcome.UPDATED if outcome is Outcome.UNCHANGED else outcome
        if outcome is Outcome.UPDATED:
            draft.is_changed = True
        return outcome

    def _write(self) -> None:
        known = {id(d): d for d in self.by_address.values() if d.id is not None and d.is_changed}
        changed = list(known.values())
        sets = {d.unit_key for d in self.drafts} | {d.unit_key for d in changed}
        set_ids = {key: ensure_unit_set(_unit_ids(key)).pk for key in sets}
        deltas: dict[int, int] = {}
        for draft in changed:
            _add(deltas, draft.unit_set_id, -1)
        for draft in [*self.drafts, *changed]:
            draft.unit_set_id = set_ids[draft.unit_key]
            _add(deltas, draft.unit_set_id, 1)
        insert_contacts([_columns(d, self.now) for d in self.drafts], self.drafts)
        update_contacts([_columns(d, self.now) for d in changed], [d.id for d in changed])
        insert_links(
            [
                (draft.id, new.address_id, new.channel, new.position, new.is_primary)
                for draft in [*self.drafts, *changed]
                for new in draft.new_links
            ]
        )
        change_counts(deltas, is_bulk=True)


def _address_ids(rows: Sequence[ContactRow], now: datetime) -> dict[tuple[Channel, str], int]:
    """Return the ids of all addresses of the rows, creating those that are new."""
    pairs: dict[Channel, dict[str, str]] = {}
    for row in rows:
        for given in row.addresses:
            pairs.setdefault(given.channel, {}).setdefault(given.canonical, given.original)
    ids: dict[tuple[Channel, str], int] = {}
    for channel, originals in pairs.items():
        found = ensure_addresses(channel=channel, pairs=list(originals.items()), now=now)
        ids.update(((channel, form), key) for form, key in zip(originals, found, strict=True))
    return ids


def _apply(draft: Draft, row: ContactRow) -> bool:
    """Put what the row says into the draft; return whether that is news."""
    is_news = False
    for name in TEXTS:
        value = getattr(row, name)
        if value and value != draft.texts[name]:
            draft.texts[name] = value
            is_news = True
    bits = draft.processing_bits | bits_of(row.processing_bases)
    owner_id = draft.owner_id if row.owner_id is None else row.owner_id
    unit_key = unit_key_of([*_unit_ids(draft.unit_key), *row.unit_ids])
    properties = {**draft.properties, **row.properties}
    before = draft.processing_bits, draft.owner_id, draft.unit_key, draft.properties
    is_news |= before != (bits, owner_id, unit_key, properties)
    draft.processing_bits, draft.owner_id = bits, owner_id
    draft.unit_key, draft.properties = unit_key, properties
    return is_news


def _link(draft: Draft, address_id: int, given: AddressGiven) -> None:
    code = given.channel.code
    held = [link for link in draft.links.values() if link.channel == code]
    position = max((link.position for link in draft.links.values()), default=-1) + 1
    is_primary = not any(link.is_primary for link in held)
    link = Link(address_id, code, given.canonical, position, is_primary)
    draft.links[address_id] = link
    draft.new_links.append(link)


def _columns(draft: Draft, now: datetime) -> dict[str, Any]:
    """Return the columns of a contact's row."""
    texts = draft.texts
    links = sorted(draft.links.values(), key=lambda link: (not link.is_primary, link.position))
    addresses = [link.canonical for link in links]
    first, last, company = texts["first_name"], texts["last_name"], texts["company"]
    return {
        **texts,
        "owner_id": draft.owner_id,
        "processing_bits": draft.processing_bits,
        "unit_set_id": draft.unit_set_id,
        "properties": draft.properties,
        "created_at": draft.created_at,
        "updated_at": now,
        "sort_name": sort_name_of(first, last, addresses[0] if addresses else "", company),
        "search_text": search_text_of([first, last, company, *addresses]),
    }


def _unit_ids(key: str) -> list[int]:
    return [int(part) for part in key.split(",")] if key else []


def _add(deltas: dict[int, int], set_id: int | None, delta: int) -> None:
    if set_id is not None:
        deltas[set_id] = deltas.get(set_id, 0) + delta


def chunked[T](items: Iterable[T], size: int) -> Iterable[list[T]]:
    """Yield the items in lists of at most this many."""
    chunk: list[T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
