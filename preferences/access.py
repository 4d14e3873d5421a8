"""What a member of staff may reach of the kernel: units, types, and the actor they are at the door."""

from django.db.models import QuerySet
from django.http import Http404

from accounts.access import Right, may, reach_of
from accounts.models import User
from preferences.models import BusinessUnit, SubscriptionType
from preferences.values import Actor, ActorKind


def actor_for(user: User) -> Actor:
    """Return the user as the rules see them."""
    reach = reach_of(user)
    return Actor(
        ActorKind.USER,
        user.pk,
        may_resubscribe=may(user, Right.RESUBSCRIBE),
        all_units=reach.all_units,
        unit_ids=reach.unit_ids,
    )


def units_for(user: User) -> QuerySet[BusinessUnit]:
    """Return the business units within reach."""
    units = BusinessUnit.objects.all()
    reach = reach_of(user)
    return units if reach.all_units else units.filter(pk__in=reach.unit_ids)


def types_for(user: User) -> QuerySet[SubscriptionType]:
    """Return the subscription types of the units within reach."""
    types = SubscriptionType.objects.all()
    reach = reach_of(user)
    return types if reach.all_units else types.filter(business_unit_id__in=reach.unit_ids)


def get_unit(user: User, pk: int) -> BusinessUnit:
    """Return the unit; raises Http404 when it does not exist or is out of reach."""
    unit = units_for(user).filter(pk=pk).first()
    if unit is None:
        raise Http404
    return unit


def get_type(user: User, pk: int) -> SubscriptionType:
    """Return the type; raises Http404 when it does not exist or is out of reach."""
    found = types_for(user).filter(pk=pk).select_related("business_unit").first()
    if found is None:
        raise Http404
    return found
