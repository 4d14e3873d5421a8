"""Pauses: a person wants nothing until a day. A wish that the gate reports, not a status.

No opt-out is set or lifted by it, and it ends by itself. What is part of an order still comes.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from preferences.bulk_sql import fetch_all, ids_match, ids_parameter, moment, parameter
from preferences.models import Address, Pause

LONGEST = timedelta(days=366)
_OPEN = f"SELECT address_id, until FROM {Pause._meta.db_table} WHERE ended_at IS NULL AND until > %s AND "


class InvalidPause(ValueError):
    """The end lies in the past, or further off than a year."""


def open_pauses(address_ids: Collection[int], *, now: datetime) -> dict[int, datetime]:
    """Return until when messages are paused, by address; one query."""
    sql = _OPEN + ids_match("address_id")
    found = fetch_all(sql, [parameter(now), ids_parameter(address_ids)])
    return {address_id: moment(until) for address_id, until in found}


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
