"""How often: a person wants a type no oftener than daily, weekly or monthly, where it offers that.

A wish that the gate reports to whoever sends, not a status: nothing is refused because of it.
"""

from datetime import datetime

from django.db import transaction

from preferences.models import Address, FrequencyWish, SubscriptionType
from preferences.values import Frequency


class NotOffered(ValueError):
    """The type does not offer this frequency."""


@transaction.atomic
def ask_frequency(
    *, address_id: int, type_id: int, frequency: Frequency | None, now: datetime
) -> bool:
    """Keep how often the person wants the type, None for as it happens; tell whether that is new.

    Raises NotOffered.
    """
    Address.objects.select_for_update(no_key=True).get(pk=address_id)  # two tabs, one at a time
    if frequency is not None:
        offered = SubscriptionType.objects.get(pk=type_id).offered_frequencies
        if frequency not in offered:
            raise NotOffered(frequency)
    wishes = FrequencyWish.objects.filter(address_id=address_id, subscription_type_id=type_id)
    before = wishes.filter(ended_at=None).first()
    if (before.frequency if before else None) == frequency:
        return False
    wishes.filter(ended_at=None).update(ended_at=now)
    if frequency is not None:
        FrequencyWish.objects.create(
            address_id=address_id, subscription_type_id=type_id, frequency=frequency, asked_at=now
        )
    return True
