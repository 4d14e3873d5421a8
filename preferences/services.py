"""The door: every change of consent, from anywhere, comes through here.

Refusals are values with a rule id, never exceptions. All of a batch is one transaction, which joins
an outer one: a job's cursor or an idempotency record commits together with the effect (R19).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from preferences.addresses import AddressKey, address_key, canonical
from preferences.batch import Batch
from preferences.bulk_sql import fetch_all, ids_match, ids_parameter
from preferences.models import Address
from preferences.situations import MissingAddress
from preferences.terms import current_terms
from preferences.values import Actor, Change, Channel, Result


class UnknownAddress(LookupError):
    """A change names an address that was never ensured; a mistake in the caller."""


def apply_changes(*, changes: Sequence[Change], actor: Actor, now: datetime) -> list[Result]:
    """Decide the changes in order and write what the rules allow, all or nothing.

    Some thousand changes at a time are right; a million are batches. Raises UnknownAddress.
    """
    if not changes:
        return []
    with transaction.atomic():
        return _batch(changes, actor, now, is_preview=False).run()


def apply_change(*, change: Change, actor: Actor, now: datetime) -> Result:
    """Apply one change: a batch of one."""
    return apply_changes(changes=[change], actor=actor, now=now)[0]


def preview_changes(*, changes: Sequence[Change], actor: Actor, now: datetime) -> list[Result]:
    """Decide the changes like ``apply_changes`` and write nothing; event ids are made up."""
    if not changes:
        return []
    return _batch(changes, actor, now, is_preview=True).run()


def _batch(changes: Sequence[Change], actor: Actor, now: datetime, *, is_preview: bool) -> Batch:
    try:
        return Batch(changes, actor, now, current_terms(), is_preview=is_preview)
    except MissingAddress as error:
        raise UnknownAddress(str(error)) from error


def ensure_address(*, channel: Channel, text: str, region: str | None, now: datetime) -> Address:
    """Return the address for ``text`` as typed, creating it if it is new.

    Raises ``addresses.InvalidAddress``. An erased address that comes back gets its clear form again;
    what was said of it stays (R18).
    """
    pair = (canonical(channel, text, region), text.strip())
    return Address.objects.get(pk=ensure_addresses(channel=channel, pairs=[pair], now=now)[0])


def ensure_addresses(*, channel: Channel, pairs: Sequence[tuple[str, str]], now: datetime) -> list[int]:
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


def _secret() -> bytes:
    return settings.ADDRESS_KEYS[settings.ADDRESS_KEY_ID]


def _store(
    keys: Mapping[str, AddressKey], channel: Channel, originals: Mapping[str, str], now: datetime
) -> dict[int, bytes]:
    """Insert the rows that are missing, refill erased ones; return who sits on each id."""
    stored = _who_sits(keys)
    missing = sorted((key.id, form) for form, key in keys.items() if key.id not in stored)
    if missing:
        rows = [
            Address(
                id=address_id,
                channel=channel.code,
                key_id=settings.ADDRESS_KEY_ID,
                key=keys[form].digest,
                canonical=form,
                original=originals[form],
                created_at=now,
            )
            for address_id, form in missing
        ]
        Address.objects.bulk_create(rows, ignore_conflicts=True, batch_size=5000)
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
