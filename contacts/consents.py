"""Changes of consent that staff make on the record of one contact: each is one call of the door.

The rules decide; nothing here does. Every function may be repeated: what is so already is answered
as no change.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import F

from contacts.models import Contact
from contacts.values import bits_of
from preferences.models import ConsentEvent
from preferences.services import apply_change, apply_changes, preview_changes
from preferences.values import (
    Act,
    Actor,
    Change,
    LegalBasis,
    Outcome,
    Result,
    Scope,
    ScopeKind,
    Source,
    Status,
    Wish,
    Word,
    type_scope,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What staff record of an opt-in: the fields of the dialog.

    ``processing`` is the legal basis for processing the contact's data, added to those on record.
    """

    legal_basis: LegalBasis | None = None
    explanation: str = ""
    asked_on: date | None = None
    lift: bool = False
    processing: LegalBasis | None = None


def preview_opt_in(
    *, address_id: int, type_ids: Collection[int], actor: Actor, now: datetime
) -> dict[int, Result]:
    """Return by type what an opt-in with no grounds yet would come to; writes nothing.

    ``decision.fields`` then name what will be asked for, and a refusal without fields is final.
    """
    changes = _opt_ins(address_id, type_ids, Grounds(lift=True))
    results = preview_changes(changes=changes, actor=actor, now=now)
    return {result.change.wish.scope.id or 0: result for result in results}


def opt_in_address(
    *,
    contact: Contact,
    address_id: int,
    type_ids: Collection[int],
    grounds: Grounds,
    is_complete: bool,
    actor: Actor,
    now: datetime,
) -> list[Result]:
    """Opt one address in to every type the rules allow, and keep the basis for processing.

    As long as a field is missing or wrong, nothing at all is written; ``is_complete`` False: the
    caller knows of one already.
    """
    changes = _opt_ins(address_id, type_ids, grounds)
    results = preview_changes(changes=changes, actor=actor, now=now)
    if not is_complete or any(result.decision.fields for result in results):
        return results
    with transaction.atomic():
        results = apply_changes(changes=changes, actor=actor, now=now)
        is_any_kept = any(result.decision.outcome is not Outcome.REFUSE for result in results)
        if is_any_kept and grounds.processing is not None:
            _add_processing_basis(contact, grounds.processing, now)
    return results


def opt_out_address(*, address_id: int, type_id: int, actor: Actor, now: datetime) -> Result:
    """Opt one address out of one type."""
    wish = Wish(scope=type_scope(type_id), source=Source.RECORD_PANEL, status=Status.UNSUBSCRIBED)
    return apply_change(change=Change(address_id, wish), actor=actor, now=now)


def opt_out_of_all(
    *,
    address_ids: Collection[int],
    scope: Scope,
    explanation: str,
    actor: Actor,
    now: datetime,
) -> list[Result]:
    """Opt addresses out of everything of one business unit or of the account."""
    wish = Wish(
        scope=scope,
        source=Source.RECORD_PANEL,
        status=Status.UNSUBSCRIBED,
        explanation=explanation,
    )
    changes = [Change(address_id, wish) for address_id in address_ids]
    return apply_changes(changes=changes, actor=actor, now=now)


def lift_opt_out_of_all(
    *,
    address_id: int,
    scope: Scope,
    explanation: str,
    actor: Actor,
    now: datetime,
    is_preview: bool = False,
) -> Result:
    """Lift an opt-out of all that was set on our word (R10), or tell what that would come to."""
    wish = Wish(
        scope=scope,
        source=Source.RECORD_PANEL,
        status=Status.SUBSCRIBED,
        explanation=explanation,
    )
    door = preview_changes if is_preview else apply_changes
    return door(changes=[Change(address_id, wish)], actor=actor, now=now)[0]


def undo_event(*, event: ConsentEvent, actor: Actor, now: datetime) -> Result:
    """Give the register that an event wrote its previous value back (R23)."""
    wish = Wish(
        scope=_scope_of(event),
        source=Source.RECORD_PANEL,
        act=Act.UNDO,
        undoes=event.pk,
        word=Word.OURS,
    )
    return apply_change(change=Change(event.address_id, wish), actor=actor, now=now)


def _opt_ins(address_id: int, type_ids: Collection[int], grounds: Grounds) -> list[Change]:
    return [
        Change(
            address_id,
            Wish(
                scope=type_scope(type_id),
                source=Source.RECORD_PANEL,
                status=Status.SUBSCRIBED,
                legal_basis=grounds.legal_basis,
                explanation=grounds.explanation,
                asked_on=grounds.asked_on,
                lift=grounds.lift,
            ),
        )
        for type_id in type_ids
    ]


def _add_processing_basis(contact: Contact, basis: LegalBasis, now: datetime) -> None:
    """Add to the bases on record, in the database, so that two dialogs lose none."""
    bits = F("processing_bits").bitor(bits_of([basis]))
    Contact.objects.filter(pk=contact.pk).update(processing_bits=bits, updated_at=now)


def _scope_of(event: ConsentEvent) -> Scope:
    kind = ScopeKind.from_code(event.scope)
    is_type = kind is ScopeKind.TYPE
    return Scope(kind, event.subscription_type_id if is_type else event.business_unit_id)
