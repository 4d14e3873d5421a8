"""Confirm by link (R14): ask by mail, remind once, and hear the person's click.

The pending row is its own cursor. Whoever opted out meanwhile has no row any more, so a mail that
still waits is stopped; what has expired is forgotten, and nobody is opted in by it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from mails.kinds import MailKind
from mails.models import OutgoingMail
from mails.services import queue_mail
from preferences.languages import reading_languages
from preferences.letters import CONFIRM, LABELS, REMINDER, compose, is_reachable, letter_wording
from preferences.links import CONFIRM_WITHIN, confirm_link
from preferences.models import Address, PendingConfirmation
from preferences.rules import effective
from preferences.selectors import Said, state_of, states_for
from preferences.services import apply_changes
from preferences.texts import texts_for
from preferences.values import (
    PERSON,
    Change,
    LegalBasis,
    Result,
    Source,
    Status,
    Wish,
    Word,
    type_scope,
)

REMIND_AFTER = timedelta(days=3)
LEFT_AFTER_REMINDER = timedelta(days=1)
AGAIN_AFTER = timedelta(hours=1)
MAILED_AT_ONCE = 100  # addresses

type Pending = PendingConfirmation


@dataclass(frozen=True, slots=True)
class AskedType:
    """One type that a person is asked to confirm, in their language."""

    id: int
    name: str
    description: str
    language: str
    unit_name: str


def queue_confirm_mails(now: datetime) -> int:
    """Queue what is due: first mails, then reminders; return how many mails."""
    PendingConfirmation.objects.filter(expires_at__lt=now - CONFIRM_WITHIN).delete()
    first = _queue(CONFIRM, Q(mailed_at=None), now)
    due = Q(mailed_at__lt=now - REMIND_AFTER, reminded_at=None)
    return first + _queue(REMINDER, due & Q(expires_at__gt=now + LEFT_AFTER_REMINDER), now)


def _queue(kind: str, due: Q, now: datetime) -> int:
    """Queue one mail per address for all of its types that are due."""
    with transaction.atomic():
        by_address = _take(due, now)
        if kind == REMINDER:
            by_address = _not_opted_out(by_address, now)
        addresses = Address.objects.in_bulk(by_address)
        for address_id, rows in by_address.items():
            _mail(kind, addresses[address_id], rows, now)
        return len(by_address)


def _take(due: Q, now: datetime) -> dict[int, list[Pending]]:
    rows = (
        PendingConfirmation.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(due, expires_at__gt=now, address__undeliverable_at=None)
        .exclude(address__canonical="")
        .select_related("subscription_type__business_unit")
        .order_by("id")[:MAILED_AT_ONCE]
    )
    found: dict[int, list[Pending]] = defaultdict(list)
    for row in rows:
        found[row.address_id].append(row)
    return found


def _not_opted_out(by_address: dict[int, list[Pending]], now: datetime) -> dict[int, list[Pending]]:
    """Leave out what opted out: to them one mail goes and no reminder (R4, R14)."""
    said, kept, passed = states_for(by_address), {}, []
    for address_id, rows in by_address.items():
        asked = [row for row in rows if not _is_out(said, row)]
        passed += [row.pk for row in rows if row not in asked]
        if asked:
            kept[address_id] = asked
    PendingConfirmation.objects.filter(pk__in=passed).update(reminded_at=now)
    return kept


def _is_out(said: Said, row: Pending) -> bool:
    type_id, unit_id = row.subscription_type_id, row.subscription_type.business_unit_id
    state = state_of(said, row.address_id, type_id=type_id, unit_id=unit_id)
    return effective(state).status is Status.UNSUBSCRIBED


def _mail(
    kind: str, address: Address, rows: Sequence[Pending], now: datetime, user: User | None = None
) -> OutgoingMail:
    """Queue one mail and write down in its rows that it is on its way."""
    unit = min(
        (row.subscription_type.business_unit for row in rows), key=lambda u: (u.position, u.pk)
    )
    language = reading_languages([address.pk], default=unit.default_language)[address.pk]
    context = {
        "types": asked_types(rows, language),
        "expires_at": min(row.expires_at for row in rows),
    }
    event_id = max(row.request_event_id for row in rows)
    letter = compose(
        kind,
        address=address,
        unit=unit,
        language=language,
        link=confirm_link(address_id=address.pk, event_id=event_id, now=now),
        context=context,
        wording_id=letter_wording(
            kind, unit=unit, language=language, context={**context, "expires_at": None}, now=now
        ),
    )
    key = f"{kind}:{event_id}:{int(now.timestamp())}"
    mail = queue_mail(letter=letter, key=key, now=now, user=user)
    written = {"reminded_at": now} if kind == REMINDER else {"mailed_at": now, "reminded_at": None}
    PendingConfirmation.objects.filter(pk__in=[row.pk for row in rows]).update(
        mail_id=mail.pk, **written
    )
    return mail


def asked_types(rows: Sequence[Pending], language: str) -> list[AskedType]:
    """Return the types of these requests as the person reads them, in the catalogue's order."""
    texts = texts_for([row.subscription_type_id for row in rows], language)
    types = sorted(
        (row.subscription_type for row in rows),
        key=lambda kind: (
            kind.business_unit.position,
            kind.business_unit_id,
            kind.position,
            kind.pk,
        ),
    )
    return [AskedType(kind.pk, *texts[kind.pk], kind.business_unit.name) for kind in types]


# --- again ---


class TooSoon(ValueError):
    """Says that the person was mailed a moment ago, or may not be mailed again."""


def ask_again(*, address_id: int, user: User, now: datetime) -> OutgoingMail:
    """Mail the request once more, for all that this address is asked to confirm; see ``TooSoon``."""
    with transaction.atomic():
        rows = list(open_requests(address_id, now=now).select_for_update(of=("self",)))
        address = Address.objects.get(pk=address_id)
        said = states_for([address_id])
        rows = [row for row in rows if row.mailed_at is None or not _is_out(said, row)]
        mailed = [row.mailed_at for row in rows if row.mailed_at is not None]
        if not rows or not is_reachable(address) or (mailed and max(mailed) > now - AGAIN_AFTER):
            raise TooSoon
        expires_at = now + CONFIRM_WITHIN
        PendingConfirmation.objects.filter(pk__in=[row.pk for row in rows]).update(
            expires_at=expires_at
        )
        for row in rows:
            row.expires_at = expires_at
        mail = _mail(CONFIRM, address, rows, now, user)
        # Sent again by hand, that was the reminder.
        PendingConfirmation.objects.filter(mail_id=mail.pk).update(reminded_at=now)
        return mail


# --- the click ---


def open_requests(address_id: int, *, now: datetime) -> QuerySet[PendingConfirmation]:
    """Return what an address is asked to confirm, as far as it can still be confirmed, in that order."""
    requests = PendingConfirmation.objects.filter(
        address_id=address_id, expires_at__gt=now, subscription_type__archived_at=None
    )
    return requests.select_related("subscription_type__business_unit").order_by("id")


def confirm(
    *,
    address_id: int,
    type_ids: Collection[int],
    wordings: Mapping[int, int],
    evidence: tuple[tuple[str, str], ...],
    now: datetime,
) -> list[Result]:
    """Opt in to what was asked and is still asked, as the person's own word at this moment.

    ``type_ids``: what the page showed; ``wordings``: its text for each. The evidence of each event
    names the request and the mail besides.
    """
    with transaction.atomic():
        Address.objects.select_for_update(no_key=True).filter(pk=address_id).first()
        rows = [r for r in open_requests(address_id, now=now) if r.subscription_type_id in type_ids]
        mails = OutgoingMail.objects.in_bulk([row.mail_id for row in rows if row.mail_id])
        changes = [
            Change(address_id, _wish(row, mails.get(row.mail_id or 0), wordings, evidence))
            for row in rows
        ]
        return apply_changes(changes=changes, actor=PERSON, now=now)


def _wish(
    row: Pending,
    mail: OutgoingMail | None,
    wordings: Mapping[int, int],
    evidence: tuple[tuple[str, str], ...],
) -> Wish:
    proof = [("request", str(row.request_event_id))]
    if mail is not None:
        proof += [("mail", mail.message_id), ("mail_wording", str(mail.wording_id))]
    return Wish(
        scope=type_scope(row.subscription_type_id),
        status=Status.SUBSCRIBED,
        source=Source.CONFIRMATION,
        word=Word.OWN,
        legal_basis=LegalBasis.CONSENT_WITH_NOTICE,
        cause_id=row.request_event_id,
        wording_id=wordings.get(row.subscription_type_id),
        evidence=(*evidence, *proof),
    )


# --- still wanted? ---


def is_still_asked(mail: OutgoingMail, now: datetime) -> bool:
    """Tell whether anything is left to confirm; an opt-out cancels the request and its mail."""
    asked = PendingConfirmation.objects.filter(
        address_id=mail.about or 0, expires_at__gt=now, address__undeliverable_at=None
    )
    return asked.exclude(address__canonical="").exists()


def kinds() -> list[MailKind]:
    return [MailKind(name, LABELS[name], is_still_asked) for name in (CONFIRM, REMINDER)]
