"""What a provider reports later of mails it took: that one came back for good, or was called spam (R17).

Providers say it in words of their own. A status code (RFC 3463) counts before all of them, as it does
for a mail server; without one it counts what the provider calls hard or permanent.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.db import transaction

from mails.kinds import Feedback, tell_feedback
from mails.message import MAIL
from mails.models import OutgoingMail
from mails.refusals import BAD_ADDRESS, is_bad_status

State = OutgoingMail.State
LONGEST_ID = 18  # digits
_STATUS = re.compile(r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])")
_PLACES = ("Type", "type", "event", "bounceType", "bounce_type", "severity", "classification")
_FOR_GOOD = frozenset({"hard", "hardbounce", "hardbounced", "permanent", "activityhardbounced"})


def take_event(event: AnymailTrackingEvent, *, now: datetime) -> None:
    """Follow what a provider tells; the same told twice changes nothing more, the rest is left alone."""
    recipient = str(event.recipient or "").strip()
    if not recipient:
        return
    mail = _mail_of(event, recipient)
    is_complaint = event.event_type == EventType.COMPLAINED
    status = _status_of(event)
    if not is_complaint and not _is_for_good(event, mail, status):
        return
    answer = "complaint" if is_complaint else f"bounce {status}".strip()
    event_id, at = str(event.event_id or "")[:100], event.timestamp
    said_at = at if isinstance(at, datetime) and at.tzinfo is not None else None
    told = Feedback(recipient, mail, answer, event_id, is_complaint, said_at)
    with transaction.atomic():
        # First, because whoever erases a person locks the address first, too.
        tell_feedback(told, now)
        if mail is not None and not is_complaint:
            sent = OutgoingMail.objects.filter(pk=mail.pk, state=State.SENT)
            sent.update(state=State.FAILED, error=f"Bounced {status}".strip())


def _mail_of(event: AnymailTrackingEvent, recipient: str) -> OutgoingMail | None:
    """Return our mail that the event names, if it went to this address."""
    metadata = event.metadata if isinstance(event.metadata, Mapping) else {}
    number = str(metadata.get(MAIL, ""))
    if not number.isascii() or not number.isdigit() or len(number) > LONGEST_ID:
        return None
    mail = OutgoingMail.objects.filter(pk=int(number)).first()
    is_theirs = mail is not None and mail.recipient.lower() in ("", recipient.lower())
    return mail if is_theirs else None


def _is_for_good(event: AnymailTrackingEvent, mail: OutgoingMail | None, status: str) -> bool:
    if event.event_type == EventType.REJECTED:
        return bool(event.reject_reason == RejectReason.INVALID)
    if event.event_type != EventType.BOUNCED:
        return False
    return is_bad_status(status, mail) if status else _says_for_good(event.esp_event)


def _status_of(event: AnymailTrackingEvent) -> str:
    """Return the status code that says most of the address, "" without one."""
    found = _STATUS.findall(f"{event.mta_response or ''} {event.description or ''}"[:2000])
    return next((status for status in found if status in BAD_ADDRESS), found[0] if found else "")


def _says_for_good(raw: object) -> bool:
    """Tell whether the provider's own words, at their top or under "bounce", call it hard."""
    if not isinstance(raw, Mapping):
        return False
    parts: list[Mapping[str, Any]] = [raw]
    parts += [part for part in (raw.get("bounce"), raw.get("data")) if isinstance(part, Mapping)]
    words = [str(part.get(place, "")) for part in parts for place in _PLACES]
    is_named = any(re.sub(r"[^a-z]", "", word.lower()) in _FOR_GOOD for word in words)
    return is_named or raw.get("hard_bounce") is True
