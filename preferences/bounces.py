"""A mail came back for good, or its reader called it spam (R17).

A bounce is a fact about the address, separate from consent. A complaint is one too, and besides the
person's own opt-out of all of the unit that wrote to them.
"""

from datetime import datetime
from email.utils import parseaddr

from mails.kinds import Feedback
from mails.models import OutgoingMail
from preferences.address_book import ensure_address, locate
from preferences.addresses import InvalidAddress, canonical
from preferences.models import Address, BusinessUnit
from preferences.services import apply_change
from preferences.values import (
    ACCOUNT,
    Act,
    Actor,
    ActorKind,
    Change,
    Channel,
    Scope,
    Source,
    Status,
    Wish,
    Word,
    unit_scope,
)

PROVIDER = Actor(ActorKind.PROVIDER)


def mark_undeliverable(mail: OutgoingMail, now: datetime) -> None:
    """Mark the address of a mail, through the door; no status changes, and nobody is opted out."""
    _mark(mail.about or 0, (("mail", str(mail.pk)), ("answer", mail.error)), now)


def hear_feedback(feedback: Feedback, now: datetime) -> None:
    """Follow what a provider reported. Of an address that was never seen only a complaint is kept."""
    try:
        form = canonical(Channel.EMAIL, feedback.recipient)
    except InvalidAddress:
        return
    evidence = _evidence_of(feedback)
    address_id = locate([(Channel.EMAIL, form)])[Channel.EMAIL, form].id
    if not feedback.is_complaint:
        _mark(address_id, evidence, now)
        return
    if not Address.objects.filter(pk=address_id).exists():  # one that was erased stays so
        address_id = ensure_address(channel=Channel.EMAIL, text=form, region=None, now=now).pk
    wish = Wish(
        scope=_unit_of(feedback.mail),
        source=Source.PROVIDER_FEEDBACK,
        status=Status.UNSUBSCRIBED,
        act=Act.COMPLAIN,
        word=Word.OWN,
        said_at=feedback.said_at,
        evidence=evidence,
    )
    apply_change(change=Change(address_id, wish), actor=PROVIDER, now=now)


def _mark(address_id: int, evidence: tuple[tuple[str, str], ...], now: datetime) -> None:
    if not Address.objects.filter(pk=address_id).exclude(canonical="").exists():
        return
    wish = Wish(scope=ACCOUNT, source=Source.PROVIDER_FEEDBACK, act=Act.BOUNCE, evidence=evidence)
    apply_change(change=Change(address_id, wish), actor=PROVIDER, now=now)


def _evidence_of(feedback: Feedback) -> tuple[tuple[str, str], ...]:
    facts = {
        "mail": str(feedback.mail.pk) if feedback.mail else "",
        "answer": feedback.answer,
        "provider_event": feedback.event_id,
    }
    return tuple((name, value) for name, value in facts.items() if value)


def _unit_of(mail: OutgoingMail | None) -> Scope:
    """Return the unit that wrote the mail, the account where that is not sure."""
    sender = parseaddr(mail.sender)[1] if mail else ""
    units = list(BusinessUnit.objects.filter(sender_email__iexact=sender)[:2]) if sender else []
    return unit_scope(units[0].pk) if len(units) == 1 else ACCOUNT
