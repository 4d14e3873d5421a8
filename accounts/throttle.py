"""Slows down guessing of passwords.

An attempt is written down before the password is looked at and struck out when it was right, so
that many attempts at the same moment count as many.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import SignInAttempt

WINDOW = timedelta(minutes=15)
MAX_PER_ADDRESS_AND_NETWORK = 5
MAX_PER_NETWORK = 100


@dataclass(frozen=True, slots=True)
class Ticket:
    """An attempt written down: whether it may go on, and how many are left after it."""

    is_allowed: bool
    left_count: int
    attempt_ids: tuple[int, ...]
    keys: tuple[str, ...]


def begin_attempt(*, email: str, network: str, now: datetime) -> Ticket:
    """Write down an attempt to sign in and tell whether the password may be looked at."""
    SignInAttempt.objects.filter(attempted_at__lt=now - WINDOW).delete()
    keys = (_key(f"{email.strip().lower()}\n{network}"), _key(network))
    limits = (MAX_PER_ADDRESS_AND_NETWORK, MAX_PER_NETWORK)
    attempts = [SignInAttempt.objects.create(key=key, attempted_at=now) for key in keys]
    left = [
        limit - SignInAttempt.objects.filter(key=key, attempted_at__gte=now - WINDOW).count()
        for key, limit in zip(keys, limits, strict=True)
    ]
    return Ticket(
        is_allowed=min(left) >= 0,
        left_count=max(left[0], 0),
        attempt_ids=tuple(attempt.pk for attempt in attempts),
        keys=keys,
    )


def forget_attempts(ticket: Ticket) -> None:
    """Strike out what led to a success: this person's failures and this attempt."""
    SignInAttempt.objects.filter(key=ticket.keys[0]).delete()
    SignInAttempt.objects.filter(pk__in=ticket.attempt_ids).delete()


def _key(text: str) -> str:
    secret = settings.SECRET_KEY.encode()
    return hmac.digest(secret, b"sign-in\n" + text.encode(), hashlib.sha256).hex()
