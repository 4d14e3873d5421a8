"""The projection rebuilt from the ledger: a fold over every address's events, in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from django.db import transaction

from preferences import projection
from preferences.folding import Folded, fold
from preferences.models import Address, ConsentEvent, OptOut, Preference
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
    """Yield where projection and ledger disagree; memory is bounded by ``AT_ONCE`` addresses."""
    for chunk in _chunks():
        yield from _differences_of(chunk)
    for model in (Preference, OptOut):
        orphans = model.objects.exclude(
            address_id__in=ConsentEvent.objects.values("address_id")
        ).values_list("address_id", flat=True)
        for address_id in orphans.iterator():
            yield Difference(address_id, None, "a row without events", None)


def rebuild() -> int:
    """Write the projection anew where it differs; return the number of differences mended."""
    mended = 0
    for chunk in _chunks():
        with transaction.atomic():
            list(Address.objects.select_for_update(no_key=True).filter(pk__in=chunk).order_by("pk"))
            mended += _mend(chunk)
    return mended


def _chunks() -> Iterator[list[int]]:
    """Yield ids of addresses that have events, ascending, in chunks."""
    after = 0
    while True:
        ids = list(
            Address.objects.filter(pk__gt=after)
            .order_by("pk")
            .values_list("pk", flat=True)[:AT_ONCE]
        )
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
    rebuilt = {
        (pk, scope): value for pk, one in folded.items() for scope, value in one.registers.items()
    }
    for key in stored.keys() | rebuilt.keys():
        if stored.get(key, NO_WORDS) != rebuilt.get(key, NO_WORDS):
            yield Difference(key[0], key[1], stored.get(key), rebuilt.get(key))
    for key, held in projection.statuses(chunk).items():
        if key in rebuilt and held != projection.status_of(rebuilt[key]).code:
            yield Difference(key[0], key[1], held, projection.status_of(rebuilt[key]))
    empty = Folded()
    for address in Address.objects.filter(pk__in=chunk):
        one = folded.get(address.pk, empty)
        facts = (one.erased_at, one.undeliverable_at, one.complained_at)
        if facts != (address.erased_at, address.undeliverable_at, address.complained_at):
            yield Difference(address.pk, None, str(address.pk), facts)


def _mend(chunk: list[int]) -> int:
    rows = projection.read(chunk, None)
    found = list(_differences_of(chunk))
    folded = _folded(chunk)
    changed = {
        (one.address_id, one.scope): folded[one.address_id].registers.get(one.scope, NO_WORDS)
        for one in found
        if one.scope is not None and one.address_id in folded
    }
    projection.write(changed, rows.row_ids)
    for one in found:
        if one.scope is None:
            facts = folded.get(one.address_id, Folded())
            Address.objects.filter(pk=one.address_id).update(
                erased_at=facts.erased_at,
                undeliverable_at=facts.undeliverable_at,
                complained_at=facts.complained_at,
            )
    return len(found)
