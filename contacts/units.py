"""Sets of business units, and how many contacts each has; counted as they change."""

import random
from collections.abc import Iterable, Mapping

from django.db import connection

from contacts.models import ContactCount, UnitSet, UnitSetMember
from contacts.values import unit_key_of

SHARDS = 16
BULK_SHARD = 0  # Long transactions keep to one shard, so that single acts never wait for them.


def ensure_unit_set(unit_ids: Iterable[int]) -> UnitSet:
    """Return the set of these business units, creating it if no contact ever had it."""
    wanted = sorted(set(unit_ids))
    unit_set, is_new = UnitSet.objects.get_or_create(key=unit_key_of(wanted))
    if is_new:
        UnitSetMember.objects.bulk_create(
            [UnitSetMember(unit_set=unit_set, business_unit_id=unit_id) for unit_id in wanted]
        )
    return unit_set


def change_counts(deltas: Mapping[int, int], *, is_bulk: bool = False) -> None:
    """Add to the number of visible contacts per set; in a fixed order, against deadlocks."""
    shard = BULK_SHARD if is_bulk else random.randrange(1, SHARDS)  # noqa: S311 - no secret
    rows = [(set_id, shard, delta) for set_id, delta in sorted(deltas.items()) if delta]
    if not rows:
        return
    table = ContactCount._meta.db_table
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} AS old (unit_set_id, shard, count) VALUES (%s, %s, %s)"
            " ON CONFLICT (unit_set_id, shard) DO UPDATE SET count = old.count + excluded.count",
            rows,
        )
