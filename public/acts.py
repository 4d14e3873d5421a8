"""What people do on public pages, each one call of the door and their own word.

The rules decide; nothing here does. Everything may be repeated: what is so already is no change.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Self

from django.db import transaction

from accounts.access import Reach
from preferences.bursts import Burst, note_opt_outs
from preferences.frequencies import ask_frequency
from preferences.group_commit import apply_with_others
from preferences.models import ConsentEvent, OptOutReason
from preferences.pauses import end_pause, pause
from preferences.selectors import events_of
from preferences.services import apply_changes
from preferences.situations import scope_of
from preferences.values import (
    PERSON,
    Act,
    Change,
    Flag,
    Frequency,
    LegalBasis,
    Result,
    Scope,
    ScopeKind,
    Source,
    Status,
    Wish,
    Word,
)
from public.suspecting import Glance, Suspicion

type Evidence = tuple[tuple[str, str], ...]

IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
EVERYTHING = Reach(all_units=True, unit_ids=frozenset())


@dataclass(frozen=True, slots=True)
class Seen:
    """How the person acted: what the request told, and the text that they had before them.

    ``wording`` returns the id of the text about a scope; ``suspected``: a machine may have done it.
    """

    evidence: Evidence
    wording: Callable[[Scope], int | None]
    suspected: bool = False

    def suspected_as(self, found: Suspicion) -> Self:
        """Return it with what speaks for a machine (R24), if anything does."""
        if not found.reasons:
            return self
        return replace(self, evidence=self.evidence + found.evidence, suspected=True)


def withdraw(
    *, address_id: int, scope: Scope, source: Source, seen: Seen, glance: Glance, now: datetime
) -> Result:
    """Opt an address out of a type, a unit or everything, on the person's own word."""

    plain = _own_wish(scope, OUT, source, seen)

    def change_for(burst: Burst) -> Change:
        found = glance.suspicion(burst)
        if not found.reasons:
            return Change(address_id, plain)
        evidence = plain.evidence + found.evidence
        return Change(address_id, replace(plain, evidence=evidence, suspected=True))

    return apply_with_others(change_for=change_for, note=glance.note, now=now)


def choose(
    *,
    address_id: int,
    wanted: Mapping[Scope, Status],
    pause_until: datetime | None,
    ends_pause: bool = False,
    often: Mapping[int, Frequency | None] = MappingProxyType({}),
    seen: Seen,
    glance: Glance,
    now: datetime,
) -> list[Result]:
    """Apply what the person changed on their page, all or nothing: scopes in their order, a pause, how
    often. Raises frequencies.NotOffered.
    """
    if OUT in wanted.values():
        [burst] = note_opt_outs([glance.note], now=now)
        seen = seen.suspected_as(glance.suspicion(burst))
    changes = [
        Change(address_id, _own_wish(scope, status, Source.PREFERENCE_PAGE, seen))
        for scope, status in wanted.items()
    ]
    with transaction.atomic():
        results = apply_changes(changes=changes, actor=PERSON, now=now)
        if pause_until is not None:
            pause(address_id=address_id, until=pause_until, now=now)
        elif ends_pause:
            end_pause(address_id=address_id, now=now)
        for type_id, frequency in often.items():
            ask_frequency(address_id=address_id, type_id=type_id, frequency=frequency, now=now)
    return results


def _own_wish(scope: Scope, status: Status, source: Source, seen: Seen) -> Wish:
    """Return the person's own word; an opt-in on their page is consent given there."""
    is_consent = status is IN and scope.kind is ScopeKind.TYPE
    return Wish(
        scope=scope,
        status=status,
        source=source,
        word=Word.OWN,
        legal_basis=LegalBasis.CONSENT_WITH_NOTICE if is_consent else None,
        suspected=seen.suspected and status is OUT,
        wording_id=seen.wording(scope),
        evidence=seen.evidence,
    )


def undo(
    *, address_id: int, event_ids: Collection[int], evidence: Evidence, now: datetime
) -> list[Result]:
    """Take back the person's own acts (R23), the last one first."""
    events = events_of([address_id], reach=EVERYTHING).filter(pk__in=event_ids).order_by("-pk")
    changes = [Change(address_id, _undo_wish(event, evidence)) for event in events]
    return apply_changes(changes=changes, actor=PERSON, now=now)


def _undo_wish(event: ConsentEvent, evidence: Evidence) -> Wish:
    return Wish(
        scope=scope_of(event),
        source=Source.PREFERENCE_PAGE,
        act=Act.UNDO,
        undoes=event.pk,
        word=Word.OWN,
        evidence=evidence,
    )


def give_reason(
    *, address_id: int, event_ids: Collection[int], reason: str, text: str, now: datetime
) -> None:
    """Keep why somebody opted out; told again, the last telling counts."""
    events = events_of([address_id], reach=EVERYTHING).filter(pk__in=event_ids)
    for event in events.filter(status=OUT.code):
        OptOutReason.objects.update_or_create(
            event_id=event.pk,
            defaults={
                "address_id": address_id,
                "reason": reason,
                "text": text,
                "given_at": now,
            },
        )


def events_to_undo(results: Sequence[Result]) -> list[int]:
    """Return the events that changed something and may be taken back: no repeats, nothing older."""
    quiet = Flag.REPEAT | Flag.OLDER
    return [
        result.event_id
        for result in results
        if result.event_id is not None and result.is_applied and not result.decision.flags & quiet
    ]
