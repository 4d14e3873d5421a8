"""Send what is due, one mail at a time.

A mail is taken under a lease, sent, and marked: two short transactions around the network. A worker
that dies in between leaves a lease that runs out, and the mail goes again under the same Message-ID:
at least once, and as good as once to a receiving server that looks at it.
"""

import logging
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core.mail import mailers
from django.db import transaction
from django.db.models import Q

from mails.kinds import is_wanted, tell_bounce
from mails.message import message_of
from mails.models import OutgoingMail
from mails.refusals import error_words, is_about_mail, is_final, is_hard_bounce
from subscriptions_site.mail_url import HELD, OUTBOX

State = OutgoingMail.State
LEASE = timedelta(minutes=5)  # much longer than a server may hang
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 480, 720))
MAX_ATTEMPTS = len(BACK_OFF) + 1
log = logging.getLogger(__name__)


class Delivery(StrEnum):
    """Where mail goes: out, to the outbox page alone, or nowhere until EMAIL_URL is set."""

    OUT = "out"
    OUTBOX = "outbox"
    HELD = "held"


class Sent(StrEnum):
    """What became of one look into the queue. TROUBLE: the server is to be left alone for a while."""

    NOTHING_DUE = "nothing due"
    DONE = "done"
    REFUSED = "refused"
    TROUBLE = "trouble"


def delivery() -> Delivery:
    """Return where mail goes, by the settings."""
    backend = settings.MAILERS["default"]["BACKEND"]
    return {OUTBOX: Delivery.OUTBOX, HELD: Delivery.HELD}.get(backend, Delivery.OUT)


class Post:
    """The way out, kept open from one mail to the next. ``clock`` tells when a mail has gone."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._connection: Any = None

    def send_next(self) -> Sent:
        """Send one mail that is due; never raises for what a mail server does."""
        if delivery() is Delivery.HELD:
            return Sent.NOTHING_DUE
        mail = _take(self.clock())
        if mail is None:
            self.close()
            return Sent.NOTHING_DUE
        if mail.attempts > MAX_ATTEMPTS:  # taken again and again by workers that died of it
            return _give_up(mail, "Killed", self.clock())
        if not is_wanted(mail, self.clock()):
            _end(mail, State.CANCELLED, self.clock())
            return Sent.DONE
        try:
            self._deliver(mail)
        except Exception as error:
            self.close()
            return _failed(mail, error, self.clock())
        _end(mail, State.SENT, self.clock())
        return Sent.DONE

    def close(self) -> None:
        """Say goodbye to the server, which may be gone already."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except (OSError, smtplib.SMTPException):
                log.debug("the mail server was gone before the goodbye")

    def _deliver(self, mail: OutgoingMail) -> None:
        if self._connection is None:
            self._connection = mailers.default
        if self._connection.send_messages([message_of(mail)]) != 1:
            raise OSError("not taken")


def _take(now: datetime) -> OutgoingMail | None:
    """Take the mail that has been due the longest, bulk mail after others, or one whose lease ran out."""
    with transaction.atomic():
        due = Q(state=State.QUEUED, due_at__lte=now) | Q(state=State.SENDING, lease_until__lt=now)
        mail = (
            OutgoingMail.objects.select_for_update(skip_locked=True)
            .filter(due)
            .order_by("is_bulk", "due_at", "id")
            .first()
        )
        if mail is None:
            return None
        mail.state, mail.lease_until = State.SENDING, now + LEASE
        mail.attempts += 1
        mail.save(update_fields=["state", "lease_until", "attempts"])
        return mail


def _end(mail: OutgoingMail, state: str, now: datetime, error: str = "") -> None:
    """Mark it, unless it was taken back meanwhile (erased)."""
    mine = OutgoingMail.objects.filter(pk=mail.pk, state=State.SENDING, attempts=mail.attempts)
    mine.update(state=state, ended_at=now, lease_until=None, error=error)


def _give_up(mail: OutgoingMail, error: str, now: datetime) -> Sent:
    log.warning(
        "mail %s (%s): given up after %s attempts: %s", mail.pk, mail.kind, mail.attempts, error
    )
    _end(mail, State.FAILED, now, error)
    return Sent.REFUSED


def _failed(mail: OutgoingMail, error: Exception, now: datetime) -> Sent:
    """Write down a failed attempt: try later, or give up. Never the error's text: it names people."""
    words = error_words(error)
    if is_final(error) or mail.attempts >= MAX_ATTEMPTS:
        mail.error = words
        with transaction.atomic():
            # First, because whoever erases a person locks the address first, too.
            if is_hard_bounce(error, mail):
                tell_bounce(mail, now)
            return _give_up(mail, words, now)
    log.warning("mail %s (%s): attempt %s: %s", mail.pk, mail.kind, mail.attempts, words)
    mine = OutgoingMail.objects.filter(pk=mail.pk, state=State.SENDING, attempts=mail.attempts)
    due_at = now + BACK_OFF[mail.attempts - 1]
    mine.update(state=State.QUEUED, due_at=due_at, lease_until=None, error=words)
    return Sent.REFUSED if is_about_mail(error) else Sent.TROUBLE
