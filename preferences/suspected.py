"""Reads of the opt-outs that are labelled suspected automatic (R24), newest first by their ids.

Every read goes through what holds nothing but labelled events: a partial index, and the labels beside.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts.access import Reach
from preferences.models import BurstLabel, ConsentEvent, OptOut, Preference
from preferences.selectors import of_units, within
from preferences.suspicion import BURST_KEY
from preferences.values import Act, Flag, ScopeKind

COUNT_LIMIT = 1_000
_BURST = re.compile(r"[0-9a-f]{1,16}-(\d{1,11})")
# Word for word the condition of the index: the databases compare it as text.
_LABELLED = f"({ConsentEvent._meta.db_table}.flags & {Flag.SUSPECTED}) <> 0"


@dataclass(frozen=True, slots=True)
class SuspectedFilter:
    """Which of them; None or empty does not narrow. ``is_standing``: they can still be given back."""

    is_standing: bool = False
    unit_id: int | None = None
    burst: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """How many there are; with ``is_more`` more than ``count``."""

    count: int
    is_more: bool


class Correction(NamedTuple):
    """The event that gave an opt-out back."""

    event_id: int
    recorded_at: datetime


def in_ledger() -> QuerySet[ConsentEvent]:
    """Return the events that carry the label themselves."""
    labelled = RawSQL(_LABELLED, (), output_field=BooleanField())  # noqa: S611 - a constant
    return ConsentEvent.objects.filter(labelled)


def suspected_events(reach: Reach, filters: SuspectedFilter) -> list[QuerySet[ConsentEvent]]:
    """Return the labelled events within reach, in no order: those labelled when they came, and those
    that turned out to have begun a burst. Apart, because each has an index of its own.
    """
    labels = BurstLabel.objects.all()
    events = in_ledger()
    if filters.burst:
        labels = labels.filter(burst=filters.burst)
        events = _of_burst(events, filters.burst)
    found = [events, ConsentEvent.objects.filter(pk__in=labels.values("event_id"))]
    return [_narrowed(each.filter(within(reach)), filters) for each in found]


def _narrowed(events: QuerySet[ConsentEvent], filters: SuspectedFilter) -> QuerySet[ConsentEvent]:
    if filters.unit_id is not None:
        events = events.filter(of_units({filters.unit_id}))
    if filters.since is not None:
        events = events.filter(recorded_at__gte=filters.since)
    return events.filter(_standing()) if filters.is_standing else events


def count_suspected(reach: Reach, filters: SuspectedFilter) -> Total:
    """Count them up to a limit."""
    found = sum(
        events.order_by().values("pk")[: COUNT_LIMIT + 1].count()
        for events in suspected_events(reach, filters)
    )
    return Total(min(found, COUNT_LIMIT), found > COUNT_LIMIT)


def standing_ids(event_ids: Collection[int]) -> set[int]:
    """Return which of these events their register still holds: one query."""
    events = ConsentEvent.objects.filter(_standing(), pk__in=event_ids)
    return set(events.values_list("pk", flat=True))


def corrections_of(events: Collection[tuple[int, int]]) -> dict[int, Correction]:
    """Return what gave these events back, by their ids; ``events`` are ids with those of addresses."""
    if not events:
        return {}
    found = ConsentEvent.objects.filter(
        address_id__in={address_id for _, address_id in events},
        undoes_event_id__in=[event_id for event_id, _ in events],
        act=Act.CORRECT.code,
    )
    rows = found.values_list("undoes_event_id", "pk", "recorded_at")
    return {undoes or 0: Correction(pk, recorded_at) for undoes, pk, recorded_at in rows}


def burst_began_at(burst: str) -> datetime | None:
    """Return when a burst began, None for what is no name of one."""
    found = _BURST.fullmatch(burst)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def _of_burst(events: QuerySet[ConsentEvent], burst: str) -> QuerySet[ConsentEvent]:
    began_at = burst_began_at(burst)
    if began_at is None:
        return events.none()
    of_burst = Q(**{f"evidence__details__{BURST_KEY}": burst})
    return events.filter(of_burst, recorded_at__gte=began_at)


def _standing() -> Q:
    """Match events that the person's register of their scope still holds."""
    of_address = {"address_id": OuterRef("address_id"), "own_event_id": OuterRef("pk")}
    types = Preference.objects.filter(
        **of_address, subscription_type_id=OuterRef("subscription_type_id")
    )
    units = OptOut.objects.filter(**of_address, business_unit_id=OuterRef("business_unit_id"))
    account = OptOut.objects.filter(**of_address, business_unit_id=None)
    return (
        Q(Exists(types), scope=ScopeKind.TYPE.code)
        | Q(Exists(units), scope=ScopeKind.UNIT.code)
        | Q(Exists(account), scope=ScopeKind.ACCOUNT.code)
    )
