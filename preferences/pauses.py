"""Pauses: a person wants nothing until a day. A wish that the gate reports, not a status.

No opt-out is set or lifted by it, and it ends by itself. What is part of an order still comes.
"""

from datetime import datetime, timedelta

from django.db import transaction

from preferences.models import Address, Pause

LONGEST = timedelta(days=366)


class InvalidPause(ValueError):
    """The end lies in the past, or further off than a year."""


def pause(*, address_id: int, until: datetime, now: datetime) -> Pause:
    """Pause everything for this address; a pause under way is replaced. Raises InvalidPause."""
    if not now < until <= now + LONGEST:
        raise InvalidPause(until.isoformat())
    with transaction.atomic():
        end_pause(address_id=address_id, now=now)
        return Pause.objects.create(address_id=address_id, until=until, asked_at=now)


@transaction.atomic
def end_pause(*, address_id: int, now: datetime) -> bool:
    """Start again; tell whether a pause was under way."""
    Address.objects.select_for_update(no_key=True).get(pk=address_id)  # two tabs, one at a time
    found = Pause.objects.filter(address_id=address_id, ended_at=None).first()
    if found is None:
        return False
    Pause.objects.filter(pk=found.pk).update(ended_at=min(now, found.until))
    return found.until > now
