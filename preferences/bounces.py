"""A mail of ours came back for good: a fact about the address, separate from consent (R17)."""

from datetime import datetime

from mails.models import OutgoingMail
from preferences.models import Address
from preferences.services import apply_change
from preferences.values import ACCOUNT, Act, Actor, ActorKind, Change, Source, Wish

PROVIDER = Actor(ActorKind.PROVIDER)


def mark_undeliverable(mail: OutgoingMail, now: datetime) -> None:
    """Mark the address of a mail, through the door; no status changes, and nobody is opted out."""
    if not Address.objects.filter(pk=mail.about or 0).exclude(canonical="").exists():
        return
    wish = Wish(
        scope=ACCOUNT,
        source=Source.PROVIDER_FEEDBACK,
        act=Act.BOUNCE,
        evidence=(("mail", str(mail.pk)), ("answer", mail.error)),
    )
    apply_change(change=Change(mail.about or 0, wish), actor=PROVIDER, now=now)
