"""The projection rebuilt from the ledger: a fold over every address's events, in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from django.db import transaction

from preferences import projection
from preferences.folding import Folded, fold
from preferences.models import Address, ConsentEvent
from preferences.terms import current_terms
from preferences.values import NO_WORDS, Scope

AT_ONCE = 2_000  # addresses


@dataclass(frozen=True, slots=True)
class Difference:
    address_id: int
    scope: Scope | None  # None: the address's own facts
    stored: object
    rebuilt: object


def differences() -> Iterator[Difference]:
    """Yield where projection and ledger disagree; memory is bounded by ``AT_ONCE`` addresses.

    What seems to differ is looked at again under a lock: a change that commits between reading the
    events and reading the statuses is no difference.
    """
    for chunk in _chunks():
        suspects = sorted({found.address_id for found in _differences_of(chunk)})
        if suspects:
            with transaction.atomic():
                _lock(suspects)
                found = list(_differences_of(suspects))
            yield from found


def rebuild() -> int:
    """Write the projection anew where it differs; return the number of differences mended."""
    mended = 0
    for chunk in _chunks():
        with transaction.atomic():
            _lock(chunk)
            mended += _mend(chunk)
    return mended


def _lock(address_ids: list[int]) -> None:
    addresses = Address.objects.select_for_update(no_key=True).filter(pk__in=address_ids)
    list(addresses.order_by("pk").values_list("pk"))


def _chunks() -> Iterator[list[int]]:
    """Yield the ids of all addresses, ascending, in chunks."""
    after = 0
    while True:
        addresses = Address.objects.filter(pk__gt=after).order_by("pk")
        ids = list(addresses.values_list("pk", flat=True)[:AT_ONCE])
        if not ids:
            return
        yield ids
        after = ids[-1]


def _folded(chunk: list[int]) -> dict[int, Folded]:
    types = current_terms().types
    events = ConsentEvent.objects.filter(address_id__in=chunk).order_by("address_id", "id")
    grouped = groupby(events.iterator(), key=attrgetter("address_id"))
    return {address_id: fold(group, types) for address_id, group in grouped}


def _differences_of(chunk: list[int]) -> Iterator[Difference]:
    folded = _folded(chunk)
    stored = projection.read(chunk, None).registers
    statuses = projection.statuses(chunk)
    rebuilt = {
        (pk, scope): value for pk, one in folded.items() for scope, value in one.registers.items()
    }
    for key in stored.keys() | rebuilt.keys():
        held, meant = stored.get(key, NO_WORDS), rebuilt.get(key, NO_WORDS)
        status = projection.status_of(meant)
        if held != meant:
            yield Difference(*key, held, meant)
        elif key in statuses and statuses[key] != status.code:
            yield Difference(*key, statuses[key], status)
    for address in Address.objects.filter(pk__in=chunk):
        facts = folded.get(address.pk, Folded()).facts
        if facts != (address.erased_at, address.undeliverable_at, address.complained_at):
            yield Difference(address.pk, None, str(address.pk), facts)


def _mend(chunk: list[int]) -> int:
    found = list(_differences_of(chunk))
    if not found:
        return 0
    folded = _folded(chunk)
    changed = {
        (one.address_id, one.scope): folded.get(one.address_id, Folded()).registers.get(
            one.scope, NO_WORDS
        )
        for one in found
        if one.scope is not None
    }
    projection.write(changed, projection.read(chunk, None).row_ids)
    for one in found:
        if one.scope is None:
            names = ("erased_at", "undeliverable_at", "complained_at")
            facts = folded.get(one.address_id, Folded()).facts
            Address.objects.filter(pk=one.address_id).update(**dict(zip(names, facts, strict=True)))
    return len(found)
