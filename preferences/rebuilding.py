"""The projection rebuilt from the ledger: a fold over every address's events, in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from django.db import transaction

from preferences import projection
from preferences.models import Address, ConsentEvent, OptOut, Preference
from preferences.registers import merge_own
from preferences.situations import register_of, scope_of
from preferences.values import NO_WORDS, Act, Flag, Register, Registers, Scope, Word

AT_ONCE = 2_000  # addresses


@dataclass(slots=True)
class Folded:
    """What the events of one address add up to."""

    registers: dict[Scope, Registers]
    erased_at: datetime | None = None
    undeliverable_at: datetime | None = None
    complained_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    address_id: int
    scope: Scope | None  # None: the address's own facts
    stored: object
    rebuilt: object


def fold(events: list[ConsentEvent]) -> Folded:
    """Return the state after the events of one address, given in the order of their ids."""
    folded = Folded({})
    spoken: dict[int, Register] = {}
    for event in events:
        act = Act.from_code(event.act)
        _fold_fact(folded, act, event.recorded_at)
        if act in (Act.REQUEST, Act.BOUNCE, Act.DELIVER, Act.ERASE):
            continue
        scope = scope_of(event)
        own, ours = folded.registers.get(scope, NO_WORDS)
        is_own = act is Act.CORRECT or event.word == Word.OWN.code
        if act in (Act.UNDO, Act.CORRECT):
            said = spoken[event.restores_event_id] if event.restores_event_id is not None else None
            registers = Registers(said, ours) if is_own else Registers(own, said)
        else:
            said = spoken[event.pk] = register_of(event)
            if is_own and event.flags & Flag.OLDER:
                continue
            registers = Registers(merge_own(own, said), ours) if is_own else Registers(own, said)
        folded.registers[scope] = registers
    return folded


def _fold_fact(folded: Folded, act: Act, at: datetime) -> None:
    if act is Act.BOUNCE:
        folded.undeliverable_at = at
    elif act is Act.DELIVER:
        folded.undeliverable_at = None
    elif act is Act.COMPLAIN:
        folded.complained_at = at
    elif act is Act.ERASE:
        folded.erased_at = at


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
    events = ConsentEvent.objects.filter(address_id__in=chunk).order_by("address_id", "id")
    grouped = groupby(events.iterator(), key=attrgetter("address_id"))
    return {address_id: fold(list(group)) for address_id, group in grouped}


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
    empty = Folded({})
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
            facts = folded.get(one.address_id, Folded({}))
            Address.objects.filter(pk=one.address_id).update(
                erased_at=facts.erased_at,
                undeliverable_at=facts.undeliverable_at,
                complained_at=facts.complained_at,
            )
    return len(found)
