"""What ``bench_bulk --pages`` adds to its rows, so that filters have something to find.

Every fifth contact opted out of one type and every thousandth of another; every thirtieth address has
left a business unit, every hundredth the account, one of 2,000 is undeliverable.
People were last updated in an order of its own.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from contacts.models import Contact, UnitSet
from contacts.units import change_counts
from preferences.models import Address, BusinessUnit
from preferences.projection import OPT_OUTS, PREFERENCES

LEFT_BY_EVERY = (5, 1_000)  # of the last two types
_STAY = f"""
UPDATE {PREFERENCES} SET status = 1, ours_status = 1
WHERE subscription_type_id = %s AND status <> 1
"""
_LEAVE_TYPE = f"""
UPDATE {PREFERENCES} SET status = 2, own_status = 2, own_said_at = ours_said_at,
  own_event_id = ours_event_id, own_source = 4
WHERE subscription_type_id = %s AND address_id %% %s = 0
"""
_LEAVE_ALL = f"""
INSERT INTO {OPT_OUTS} (address_id, business_unit_id, status, own_flags, own_status, own_said_at,
  own_event_id, own_source)
SELECT id, %s, 2, 0, 2, %s, 1, 4 FROM {Address._meta.db_table} WHERE id %% %s = 1
"""
_BOUNCE = f"UPDATE {Address._meta.db_table} SET undeliverable_at = %s WHERE id %% 2000 = 3"
_SHUFFLE = f"""
UPDATE {Contact._meta.db_table} SET updated_at = updated_at - (id * 4854347 % 100000007) * interval '1 second'
"""


def diversify(types: Sequence[int], *, now: datetime) -> None:
    """Let people differ; ``types`` are those with stored statuses, out of which a job may have opted all."""
    unit = BusinessUnit.objects.get()
    change_counts({UnitSet.objects.get().pk: Contact.objects.count()})
    with connection.cursor() as cursor:
        for type_id, every in zip(types[-2:], LEFT_BY_EVERY, strict=True):
            cursor.execute(_STAY, [type_id])
            cursor.execute(_LEAVE_TYPE, [type_id, every])
        for unit_id, every in ((unit.pk, 30), (None, 100)):
            cursor.execute(_LEAVE_ALL, [unit_id, now, every])
        cursor.execute(_BOUNCE, [now])
        cursor.execute(_SHUFFLE)
        cursor.execute("VACUUM ANALYZE")
