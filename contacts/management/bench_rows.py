"""The rows that ``bench_bulk`` works on: contacts with an address and five statuses each.

Statuses and events are written in SQL, as if an import had opted everybody in; that takes minutes less than
the door, and the ledger of a benchmark proves nothing to anybody.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from contacts.models import Contact, ContactAddress, UnitSet
from contacts.units import ensure_unit_set
from preferences.models import (
    EVENT_SEQUENCE,
    BusinessUnit,
    ConsentEvent,
    PolicyVersion,
    SubscriptionType,
)
from preferences.projection import PREFERENCES
from preferences.services import ensure_addresses
from preferences.values import Channel

ROWS_AT_ONCE = 10_000
TYPES, STORED = 20, 5
CHOSEN = "Chosen %s"  # the job title that the filter of a group looks for

_EVENTS = f"""
INSERT INTO {ConsentEvent._meta.db_table} (id, address_id, before, after, recorded_at, said_at,
  transaction_id, subscription_type_id, policy_id, scope, act, word, status, source, actor_kind,
  actor_id, flags, rule, idempotency_key, digest)
SELECT number, address_id, 0, 1, %(now)s, %(now)s, pg_current_xact_id()::text::bigint, %(type)s, %(policy)s,
  1, 1, 2, 1, 4, 2, 1, 0, 12, '', sha256(int8send(number))
FROM (
  SELECT nextval('{EVENT_SEQUENCE}') AS number, address_id
  FROM {ContactAddress._meta.db_table} ORDER BY id) made
"""
_STATUSES = f"""
INSERT INTO {PREFERENCES} (address_id, subscription_type_id, status, own_flags, ours_status, ours_said_at,
  ours_event_id, ours_source)
SELECT address_id, subscription_type_id, 1, 0, 1, said_at, id, 4 FROM {ConsentEvent._meta.db_table}
ORDER BY address_id, subscription_type_id
"""


def fill(
    contacts: int, *, groups: int, chosen: int, now: datetime, is_alike: bool = False
) -> list[int]:
    """Make that many contacts, and groups of ``chosen`` of them; return the types that are stored.

    The people of a group carry its job title and lie all over the table. ``is_alike``: addresses
    differ in nothing but a number.
    """
    policy = PolicyVersion.objects.create(changed_at=now)
    unit = BusinessUnit.objects.create(name="Bench", slug="bench")
    types = [
        SubscriptionType.objects.create(business_unit=unit, name=f"Type {number}").pk
        for number in range(TYPES)
    ]
    unit_set = ensure_unit_set([unit.pk])
    step = max(1, contacts // (groups * chosen))
    titles = [
        CHOSEN % (place // step % groups)
        if place % step == 0 and place // step < groups * chosen
        else ""
        for place in range(contacts)
    ]
    for start in range(0, contacts, ROWS_AT_ONCE):
        numbers = range(start, min(start + ROWS_AT_ONCE, contacts))
        forms = list(map(alike_address if is_alike else made_up_address, numbers))
        _add_contacts(forms, titles[start : start + ROWS_AT_ONCE], unit_set, now)
    with connection.cursor() as cursor:
        for type_id in types[:STORED]:
            cursor.execute(_EVENTS, {"now": now, "type": type_id, "policy": policy.pk})
        cursor.execute(_STATUSES)
        cursor.execute("VACUUM ANALYZE")
    return types[:STORED]


def types_filled() -> list[int]:
    """Return the types that are stored in a database that was filled before."""
    types = SubscriptionType.objects.filter(business_unit__slug="bench").order_by("id")
    return list(types.values_list("id", flat=True)[:STORED])


def _add_contacts(
    forms: Sequence[str], titles: Sequence[str], unit_set: UnitSet, now: datetime
) -> None:
    ids = ensure_addresses(channel=Channel.EMAIL, pairs=[(form, form) for form in forms], now=now)
    added = Contact.objects.bulk_create(
        Contact(
            unit_set=unit_set,
            created_at=now,
            updated_at=now,
            last_name=form,
            sort_name=form,
            search_text=f" {form}",
            job_title=title,
        )
        for form, title in zip(forms, titles, strict=True)
    )
    ContactAddress.objects.bulk_create(
        ContactAddress(
            contact=contact, address_id=address_id, channel=Channel.EMAIL.code, is_primary=True
        )
        for contact, address_id in zip(added, ids, strict=True)
    )


def made_up_address(number: int) -> str:
    """Return an address of its own for each number, made of syllables: letters vary as in names."""
    # Coprime with the modulus, so no two numbers meet.
    scattered = number * 2_654_435_761 % len(_SYLLABLES) ** 6
    name = ""
    for place in range(6):
        name += "." * (place == 3) + _SYLLABLES[scattered % len(_SYLLABLES)]
        scattered //= len(_SYLLABLES)
    return f"{name}@mail{number % 997}.example"


def alike_address(number: int) -> str:
    """Return an address that shares most of its letters with all others: the worst for a search."""
    return f"person{number}@mail{number % 997}.example"


_SYLLABLES = [consonant + vowel for consonant in "bdfghklmnprstvwz" for vowel in "aeiou"]
