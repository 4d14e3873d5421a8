"""What is in force now: the account policy and the facts of the catalogue, as values for the rules."""

from dataclasses import dataclass

from preferences.models import DoubleOptIn, PolicyVersion, SubscriptionType
from preferences.values import Policy, TypeFacts

_NEWEST = f"SELECT * FROM {PolicyVersion._meta.db_table} ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Terms:
    """``types`` by id; a type that is missing there does not exist (R20)."""

    policy: Policy
    types: dict[int, TypeFacts]


def current_policy() -> PolicyVersion:
    """Return the newest version; an unsaved default (data privacy on) before there is any."""
    return next(iter(PolicyVersion.objects.raw(_NEWEST)), None) or PolicyVersion()


def current_terms() -> Terms:
    """Read policy and catalogue; two queries."""
    version = current_policy()
    types = {
        found.pk: found.facts(double_opt_in=asks_to_confirm(found, version))
        for found in SubscriptionType.objects.select_related("business_unit")
    }
    return Terms(version.values(), types)


def asks_to_confirm(subscription_type: SubscriptionType, version: PolicyVersion) -> bool:
    """Tell whether opt-ins on our word are confirmed first: type, else unit, else account (R14)."""
    for own in (subscription_type.double_opt_in, subscription_type.business_unit.double_opt_in):
        if own != DoubleOptIn.INHERIT:
            return own == DoubleOptIn.ON
    return version.double_opt_in
