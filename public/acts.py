"""What people do on public pages, each one call of the door and their own word.

The rules decide; nothing here does. Everything may be repeated: what is so already is no change.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from accounts.access import Reach
from preferences.models import ConsentEvent, OptOutReason
from preferences.selectors import events_of
from preferences.services import apply_change, apply_changes
from preferences.situations import scope_of
from preferences.values import (
    PERSON,
    Act,
    Change,
    Flag,
    LegalBasis,
    Result,
    Scope,
    ScopeKind,
    Source,
    Status,
    Wish,
    Word,
    type_scope,
)

type Evidence = tuple[tuple[str, str], ...]

IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
EVERYTHING = Reach(all_units=True, unit_ids=frozenset())


def withdraw(
    *,
    address_id: int,
    scope: Scope,
    source: Source,
    evidence: Evidence,
    now: datetime,
    suspected: bool = False,
) -> Result:
    """Opt an address out of a type, a unit or everything, on the person's own word."""
    wish = own_wish(scope, OUT, source, evidence, suspected=suspected)
    return apply_change(change=Change(address_id, wish), actor=PERSON, now=now)


def choose(
    *,
    address_id: int,
    choices: Mapping[int, bool],
    scopes: Mapping[Scope, Status],
    evidence: Evidence,
    now: datetime,
) -> list[Result]:
    """Apply what the person changed on their page: types by id, and opt-outs of all by scope."""
    wished = {type_scope(type_id): IN if is_on else OUT for type_id, is_on in choices.items()}
    changes = [
        Change(address_id, own_wish(scope, status, Source.PREFERENCE_PAGE, evidence))
        for scope, status in {**scopes, **wished}.items()
    ]
    return apply_changes(changes=changes, actor=PERSON, now=now)


def own_wish(
    scope: Scope, status: Status, source: Source, evidence: Evidence, *, suspected: bool = False
) -> Wish:
    """Return the person's own word; an opt-in on their page is consent given there."""
    is_consent = status is IN and scope.kind is ScopeKind.TYPE
    return Wish(
        scope=scope,
        status=status,
        source=source,
        word=Word.OWN,
        legal_basis=LegalBasis.CONSENT_WITH_NOTICE if is_consent else None,
        suspected=suspected,
        evidence=evidence,
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
