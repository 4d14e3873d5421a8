"""What is in force now: the account policy and the facts of the catalogue, as values for the rules."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from preferences.bulk_sql import match, run_prepared
from preferences.gathering import Read, read_together
from preferences.models import (
    BusinessUnit,
    DoubleOptIn,
    PolicyVersion,
    SubscriptionType,
    frequencies_in,
)
from preferences.values import Channel, Policy, TypeFacts

_NEWEST = f"SELECT * FROM {PolicyVersion._meta.db_table} ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Terms:
    """``types`` by id; a type that is missing there does not exist (R20)."""

    policy: Policy
    types: dict[int, TypeFacts]


def current_policy() -> PolicyVersion:
    """Return the newest version; an unsaved default (data privacy on) before there is any."""
    return next(iter(PolicyVersion.objects.raw(_NEWEST)), None) or PolicyVersion()


def policy_in_force() -> Policy:
    """Return the newest version as values, the default before there is any; one query."""
    [newest] = read_together([Read(_POLICY_COLUMNS, _NEWEST_POLICY)], run=run_prepared)
    return terms_of(newest, []).policy


def current_terms() -> Terms:
    """Read policy and catalogue; one query."""
    return terms_of(*read_together(terms_to_read(None)))


def terms_to_read(type_ids: Collection[int] | None) -> list[Read]:
    """Return what to read for the policy in force and the facts of these types (None: of all)."""
    parameters: tuple[object, ...] = ()
    rest = f"FROM {_TYPES} t JOIN {_UNITS} u ON u.id = t.business_unit_id"
    if type_ids is not None:
        matches, parameter = match("t.id", type_ids)
        rest, parameters = f"{rest} WHERE {matches}", (parameter,)
    return [Read(_POLICY_COLUMNS, _NEWEST_POLICY), Read(_TYPE_COLUMNS, rest, parameters)]


def terms_of(policies: Sequence[tuple[Any, ...]], types: Sequence[tuple[Any, ...]]) -> Terms:
    """Return the terms out of the rows that were read."""
    policy, asks = _policy(*policies[0]) if policies else _policy()
    return Terms(policy, {row[0]: _facts(*row, asks) for row in types})


@lru_cache(maxsize=64)
def _policy(*row: Any) -> tuple[Policy, bool]:
    """Return a version as values, and whether it asks to confirm; without a row, the default."""
    version = (
        PolicyVersion(**dict(zip(_POLICY_FIELDS, row, strict=True))) if row else PolicyVersion()
    )
    return version.values(), version.double_opt_in


@lru_cache(maxsize=4096)
def _facts(
    type_id: int,
    unit_id: int,
    kind: str,
    on_email: bool,
    on_sms: bool,
    on_whatsapp: bool,
    is_internal: bool,
    is_archived: bool,
    of_type: str,
    of_unit: str,
    frequencies: str,
    of_account: bool,
) -> TypeFacts:
    """Return the facts in a row; the few rows there are come again and again."""
    offered = zip(Channel, (on_email, on_sms, on_whatsapp), strict=True)
    return TypeFacts(
        id=type_id,
        business_unit_id=unit_id,
        channels=frozenset(channel for channel, is_on in offered if is_on),
        is_service=kind == SubscriptionType.Kind.SERVICE,
        is_internal=bool(is_internal),
        is_archived=bool(is_archived),
        double_opt_in=_first_said(of_type, of_unit, is_default=of_account),
        frequencies=frequencies_in(frequencies),
    )


def asks_to_confirm(subscription_type: SubscriptionType, version: PolicyVersion) -> bool:
    """Tell whether opt-ins on our word are confirmed first: type, else unit, else account (R14)."""
    of_unit = subscription_type.business_unit.double_opt_in
    return _first_said(subscription_type.double_opt_in, of_unit, is_default=version.double_opt_in)


def _first_said(*levels: str, is_default: bool) -> bool:
    for own in levels:
        if own != DoubleOptIn.INHERIT:
            return own == DoubleOptIn.ON
    return is_default


_TYPES, _UNITS = SubscriptionType._meta.db_table, BusinessUnit._meta.db_table
_POLICIES = PolicyVersion._meta.db_table
_NEWEST_POLICY = f"FROM {_POLICIES} WHERE id = (SELECT max(id) FROM {_POLICIES})"
_POLICY_FIELDS = (
    "id",
    "privacy",
    "only_person_resubscribes",
    "double_opt_in",
    "email_connected",
    "sms_connected",
    "whatsapp_connected",
)
_POLICY_COLUMNS = (
    ("id", "bigint"),
    ("privacy", "smallint"),
    *((name, "boolean") for name in _POLICY_FIELDS[2:]),
)
_TYPE_COLUMNS = (
    ("t.id", "bigint"),
    ("t.business_unit_id", "bigint"),
    ("t.kind", "varchar"),
    ("t.offered_on_email", "boolean"),
    ("t.offered_on_sms", "boolean"),
    ("t.offered_on_whatsapp", "boolean"),
    ("t.is_internal", "boolean"),
    ("t.archived_at IS NOT NULL", "boolean"),
    ("t.double_opt_in", "varchar"),
    ("u.double_opt_in", "varchar"),
    ("t.frequencies", "varchar"),
)
