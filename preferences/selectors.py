"""Reads of the kernel, each in a constant number of queries whatever the number of rows.

Registers are read as values; what they add up to is ``rules.effective`` and nothing else. Who may
see what is a ``Reach``: events and types of units out of reach do not exist here, and what concerns
the whole account is visible to everyone.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from accounts.access import Reach
from preferences import projection
from preferences.models import (
    BusinessUnit,
    ConsentEvent,
    Seal,
    SubscriptionType,
)
from preferences.terms import policy_in_force
from preferences.values import (
    ACCOUNT,
    NO_WORDS,
    Act,
    Policy,
    Registers,
    Scope,
    ScopeKind,
    Source,
    State,
    Status,
    type_scope,
    unit_scope,
)

type Said = Mapping[tuple[int, Scope], Registers]

HISTORY_PAGE = 10


# --- statuses ---


def states_for(address_ids: Collection[int]) -> Said:
    """Return what was said of these addresses, by address and scope, in one query.

    A scope nobody spoke about is not in it; ``state_of`` fills the gaps.
    """
    return projection.read(address_ids, None).registers


def state_of(said: Said, address_id: int, *, type_id: int | None, unit_id: int | None) -> State:
    """Return the state of one address for one type; without a type, of a unit or the account."""
    of_type = of_unit = NO_WORDS
    if type_id is not None:
        of_type = said.get((address_id, type_scope(type_id)), NO_WORDS)
    if unit_id is not None:
        of_unit = said.get((address_id, unit_scope(unit_id)), NO_WORDS)
    return State(of_type, of_unit, said.get((address_id, ACCOUNT), NO_WORDS))


def get_policy() -> Policy:
    """Return the account policy in force; without any version, the defaults."""
    return policy_in_force()


# --- catalogue ---


def units_for(reach: Reach) -> QuerySet[BusinessUnit]:
    """Return the business units within reach, archived ones included, in the catalogue's order."""
    units = BusinessUnit.objects.order_by("position", "name", "id")
    return units if reach.all_units else units.filter(id__in=reach.unit_ids)


def types_for(reach: Reach) -> QuerySet[SubscriptionType]:
    """Return the types within reach with their units, archived ones included, in their order."""
    types = SubscriptionType.objects.select_related("business_unit").order_by(
        "business_unit__position",
        "business_unit__name",
        "business_unit_id",
        "position",
        "name",
        "id",
    )
    return types if reach.all_units else types.filter(business_unit_id__in=reach.unit_ids)


# --- the ledger ---


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which events a reader wants to see; None or empty does not narrow.

    ``what``: a key of ``KINDS_OF_EVENT``.
    """

    what: str = ""
    unit_id: int | None = None
    address_ids: frozenset[int] | None = None
    source: Source | None = None
    since: datetime | None = None
    until: datetime | None = None


_WIDE = Q(scope__in=[ScopeKind.UNIT.code, ScopeKind.ACCOUNT.code])
_STATES = Q(act=Act.STATE.code)

KINDS_OF_EVENT: dict[str, Q] = {
    "opt_ins": _STATES & ~_WIDE & Q(status=Status.SUBSCRIBED.code),
    "opt_outs": (_STATES & Q(status=Status.UNSUBSCRIBED.code)) | Q(act=Act.COMPLAIN.code),
    "opt_outs_of_all": _WIDE & (_STATES | Q(act=Act.COMPLAIN.code)),
    "confirmations": Q(act=Act.REQUEST.code) | Q(source=Source.CONFIRMATION.code),
    "undone": Q(act__in=[Act.UNDO.code, Act.CORRECT.code]),
    "delivery": Q(act__in=[Act.BOUNCE.code, Act.DELIVER.code, Act.COMPLAIN.code]),
}


def events_of(
    address_ids: Collection[int], *, reach: Reach, filters: HistoryFilter | None = None
) -> QuerySet[ConsentEvent]:
    """Return the events of these addresses that this reach may see, in no order."""
    filters = filters or HistoryFilter()
    wanted = set(address_ids)
    if filters.address_ids is not None:
        wanted &= filters.address_ids
    events = ConsentEvent.objects.filter(within(reach), address_id__in=wanted)
    if filters.what in KINDS_OF_EVENT:
        events = events.filter(KINDS_OF_EVENT[filters.what])
    if filters.unit_id is not None:
        events = events.filter(of_units({filters.unit_id}))
    if filters.source is not None:
        events = events.filter(source=filters.source.code)
    if filters.since is not None:
        events = events.filter(recorded_at__gte=filters.since)
    if filters.until is not None:
        events = events.filter(recorded_at__lt=filters.until)
    return events


def count_history(address_ids: Collection[int], *, reach: Reach) -> int:
    """Return how many events of these addresses this reach may see."""
    return events_of(address_ids, reach=reach).count()


def find_event(event_id: int, *, address_ids: Collection[int], reach: Reach) -> ConsentEvent | None:
    """Return one event of these addresses, None when it is another's or out of reach."""
    events = events_of(address_ids, reach=reach).select_related(
        "address", "subscription_type__business_unit", "business_unit"
    )
    return events.filter(pk=event_id).first()


def within(reach: Reach) -> Q:
    """Match the events that this reach may see."""
    if reach.all_units:
        return Q()
    return Q(scope=ScopeKind.ACCOUNT.code) | of_units(reach.unit_ids)


def of_units(unit_ids: Collection[int]) -> Q:
    """Match the events about these units and their types."""
    return Q(business_unit_id__in=unit_ids) | Q(subscription_type__business_unit_id__in=unit_ids)


# --- news ---


class LedgerCursor(NamedTuple):
    """How far a reader of the ledger has come: everything up to this event of this seal."""

    seal: int = 0
    event: int = 0


def events_after(
    cursor: LedgerCursor, *, limit: int = 1_000
) -> list[tuple[LedgerCursor, ConsentEvent]]:
    """Return sealed events behind the cursor, each with the cursor to keep after it.

    Only sealed events are read, in the order of their seals: ids are not in commit order, so a
    reader by id alone would skip an event whose transaction commits late.
    """
    news: list[tuple[LedgerCursor, ConsentEvent]] = []
    for seal in Seal.objects.filter(number__gte=cursor.seal, count__gt=0).order_by("number"):
        after = cursor.event if seal.number == cursor.seal else 0
        news += _events_of_seal(seal, after=after, limit=limit - len(news))
        if len(news) >= limit:
            break
    return news


def _events_of_seal(
    seal: Seal, *, after: int, limit: int
) -> list[tuple[LedgerCursor, ConsentEvent]]:
    """Return events of one seal; ids between its ends that belong to another seal are left out."""
    starts, ends = _ranges(seal.ranges)
    found: list[tuple[LedgerCursor, ConsentEvent]] = []
    while len(found) < limit:
        events = ConsentEvent.objects.filter(
            id__gte=seal.first_id, id__lte=seal.last_id, id__gt=after
        ).order_by("id")[:limit]
        chunk = list(events)
        for event in chunk:
            index = bisect_right(starts, event.pk) - 1
            if index >= 0 and event.pk <= ends[index] and len(found) < limit:
                found.append((LedgerCursor(seal.number, event.pk), event))
        if len(chunk) < limit:
            break
        after = chunk[-1].pk
    return found


def _ranges(text: str) -> tuple[Sequence[int], Sequence[int]]:
    starts, ends = [], []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        starts.append(int(first))
        ends.append(int(last or first))
    return starts, ends
