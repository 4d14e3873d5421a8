"""Put mails into the queue, stop them, try them again, forget what they said."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from mails.models import OPEN_STATES, OutgoingMail

State = OutgoingMail.State
SUBJECT_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail as it was composed. ``sender`` and ``recipient``: see ``address_header``.

    ``about``: a number of the caller's, by which they find their mails again; ``wording_id`` too.
    Raises ValueError for a header that would break out of its line.
    """

    kind: str
    language: str
    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...] = ()
    about: int | None = None
    wording_id: int | None = None

    def __post_init__(self) -> None:
        lines = [
            self.sender,
            self.recipient,
            self.subject,
            *(part for pair in self.headers for part in pair),
        ]
        if any("\n" in line or "\r" in line for line in lines):
            raise ValueError("a header is one line")


def address_header(name: str, address: str) -> str:
    """Return ``name <address>`` for a header: the name quoted or encoded, never a second line."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return formataddr((clean, address)) if clean.isascii() else f"{_quoted(clean)} <{address}>"


def _quoted(name: str) -> str:
    # Django encodes what is not ASCII; quotes keep commas and the like from being read as syntax.
    return '"' + name.replace("\\", "").replace('"', "'") + '"'


def queue_mail(
    *, letter: Letter, key: str, now: datetime, user: User | None = None
) -> OutgoingMail:
    """Queue a mail, inside the transaction of its reason; the same key again is the same mail."""
    mail = _row(letter, key, now, user)
    OutgoingMail.objects.bulk_create([mail], ignore_conflicts=True)
    return OutgoingMail.objects.get(key=key)


def queue_mails(
    *, letters: Iterable[tuple[str, Letter]], now: datetime, user: User | None = None
) -> None:
    """Queue many mails with a key each, in few statements; they go after the others."""
    rows = [_row(letter, key, now, user) for key, letter in letters]
    for row in rows:
        row.is_bulk = True
    OutgoingMail.objects.bulk_create(rows, batch_size=200, ignore_conflicts=True)


def _row(letter: Letter, key: str, now: datetime, user: User | None) -> OutgoingMail:
    return OutgoingMail(
        key=key,
        kind=letter.kind,
        about=letter.about,
        wording_id=letter.wording_id,
        created_by=user,
        language=letter.language,
        sender=letter.sender,
        recipient=letter.recipient,
        subject=letter.subject[:SUBJECT_LENGTH],
        text=letter.text,
        html=letter.html,
        headers=[list(pair) for pair in letter.headers],
        message_id=message_id(key, letter.sender),
        created_at=now,
        due_at=now,
    )


def message_id(key: str, sender: str) -> str:
    """Return the Message-ID of the mail with this key: derived, so that every attempt has the same."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    secret = f"{settings.SECRET_KEY}\n{key}".encode()
    return f"<{hashlib.sha256(secret).hexdigest()[:32]}@{domain}>"


def cancel_mails(*, about: Collection[int], kinds: Sequence[str], now: datetime) -> int:
    """Stop mails that were not sent yet; one that is being sent at this moment leaves."""
    waiting = OutgoingMail.objects.filter(about__in=about, kind__in=kinds, state=State.QUEUED)
    return waiting.update(state=State.CANCELLED, ended_at=now)


def retry_mail(*, mail: OutgoingMail, now: datetime) -> bool:
    """Queue a mail again that was given up; False when it is not one, or its text is gone."""
    given_up = OutgoingMail.objects.filter(pk=mail.pk, state=State.FAILED, forgotten_at=None)
    return bool(
        given_up.update(state=State.QUEUED, ended_at=None, attempts=0, error="", due_at=now)
    )


def forget_contents(*, now: datetime) -> int:
    """Remove address and contents of mails that ended some days ago; return how many."""
    before = now - timedelta(days=settings.MAIL_KEEP_DAYS)
    return _forget(OutgoingMail.objects.filter(forgotten_at=None, ended_at__lt=before), now)


def forget_mails_about(*, about: Collection[int], now: datetime) -> int:
    """Remove at once what mails about these said, and stop those that were not sent yet (R18)."""
    with transaction.atomic():
        found = OutgoingMail.objects.filter(about__in=about, forgotten_at=None)
        found.filter(state__in=OPEN_STATES).update(
            state=State.CANCELLED, ended_at=now, lease_until=None
        )
        return _forget(found, now)


def _forget(mails: QuerySet[OutgoingMail], now: datetime) -> int:
    return mails.update(recipient="", subject="", text="", html="", headers=[], forgotten_at=now)
