"""Requests to confirm an opt-in that end because nobody asks for them any more (R14)."""

from preferences.models import PendingConfirmation, SubscriptionType
from preferences.terms import asks_to_confirm, current_policy


def end_unneeded_requests() -> int:
    """End the requests of types that no longer ask to confirm; nobody is opted in by it."""
    version = current_policy()
    types = SubscriptionType.objects.select_related("business_unit")
    asking = [found.pk for found in types if asks_to_confirm(found, version)]
    return PendingConfirmation.objects.exclude(subscription_type_id__in=asking).delete()[0]
