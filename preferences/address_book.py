"""Addresses by their derived ids: found without a look-up, created on first sight."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from preferences.addresses import AddressKey, address_key, canonical
from preferences.bulk_sql import (
    fetch_all,
    ids_match,
    ids_parameter,
    insert_missing,
    moment,
    parameter,
)
from preferences.models import Address
from preferences.values import Channel

_COLUMNS = (
    ("id", "bigint"),
    ("channel", "smallint"),
    ("key_id", "smallint"),
    ("key", "bytea"),
    ("canonical", "text"),
    ("original", "text"),
    ("created_at", "timestamptz"),
)


class Place(NamedTuple):
    """Where an address lives, and the facts that stand there (R17, R18)."""

    id: int
    erased_at: datetime | None = None
    undeliverable_at: datetime | None = None


def locate(forms: Sequence[tuple[Channel, str]]) -> dict[tuple[Channel, str], Place]:
    """Return where each (channel, canonical form) lives; one that is new gets the id it would have."""
    places: dict[tuple[Channel, str], Place] = {}
    wanted, probe = list(dict.fromkeys(forms)), 0
    while wanted:
        keys = {form: address_key(*form, secret=_secret(), probe=probe) for form in wanted}
        rows = fetch_all(
            "SELECT id, key, erased_at, undeliverable_at "
            f"FROM {Address._meta.db_table} WHERE {ids_match('id')}",
            [ids_parameter(key.id for key in keys.values())],
        )
        stored = {row[0]: row for row in rows}
        for form, key in keys.items():
            row = stored.get(key.id)
            if row is None:
                places[form] = Place(key.id)
            elif bytes(row[1]) == key.digest:
                places[form] = Place(key.id, moment(row[2]), moment(row[3]))
        wanted, probe = [form for form in wanted if form not in places], probe + 1
    return places


def ensure_address(*, channel: Channel, text: str, region: str | None, now: datetime) -> Address:
    """Return the address for ``text`` as typed, creating it if it is new.

    Raises ``addresses.InvalidAddress``. An erased address that comes back gets its clear form again;
    what was said of it stays (R18).
    """
    pair = (canonical(channel, text, region), text.strip())
    return Address.objects.get(pk=ensure_addresses(channel=channel, pairs=[pair], now=now)[0])


def ensure_addresses(
    *, channel: Channel, pairs: Sequence[tuple[str, str]], now: datetime
) -> list[int]:
    """Return the ids of (canonical, as given) pairs in order, creating the addresses that are new.

    An id is computed, not looked up. Where another address already sits on it (odds of about one in
    ten million with a million addresses) the next probe is tried, on every node in the same order.
    """
    originals = dict(pairs)
    keys: dict[str, AddressKey] = {}
    wanted, probe = list(originals), 0
    with transaction.atomic():
        while wanted:
            for form in wanted:
                keys[form] = address_key(channel, form, secret=_secret(), probe=probe)
            stored = _store({form: keys[form] for form in wanted}, channel, originals, now)
            wanted = [form for form in wanted if stored[keys[form].id] != keys[form].digest]
            probe += 1
    return [keys[form].id for form, _ in pairs]


def is_key_of(address: Address) -> bool:
    """Tell whether the address was stored with the key that is in use."""
    key = address_key(address.channel_value, address.canonical, secret=_secret())
    return key.digest == bytes(address.key)


def _secret() -> bytes:
    return settings.ADDRESS_KEYS[settings.ADDRESS_KEY_ID]


def _store(
    keys: Mapping[str, AddressKey], channel: Channel, originals: Mapping[str, str], now: datetime
) -> dict[int, bytes]:
    """Insert the rows that are missing, refill erased ones; return who sits on each id."""
    stored = _who_sits(keys)
    missing = sorted((key.id, form) for form, key in keys.items() if key.id not in stored)
    if missing:
        insert_missing(
            Address._meta.db_table,
            _COLUMNS,
            [
                (
                    address_id,
                    channel.code,
                    settings.ADDRESS_KEY_ID,
                    keys[form].digest,
                    form,
                    originals[form],
                    parameter(now),
                )
                for address_id, form in missing
            ],
        )
        stored = _who_sits(keys)
    blank = {form: key.id for form, key in keys.items() if stored[key.id] == (key.digest, "")}
    for form, address_id in blank.items():
        Address.objects.filter(pk=address_id).update(canonical=form, original=originals[form])
    return {address_id: digest for address_id, (digest, _) in stored.items()}


def _who_sits(keys: Mapping[str, AddressKey]) -> dict[int, tuple[bytes, str]]:
    rows = fetch_all(
        f"SELECT id, key, canonical FROM {Address._meta.db_table} WHERE {ids_match('id')}",
        [ids_parameter(key.id for key in keys.values())],
    )
    return {row[0]: (bytes(row[1]), row[2]) for row in rows}
