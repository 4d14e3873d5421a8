"""What settings were before is kept: the database itself refuses to rewrite it."""

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.history import record_setting_change
from accounts.models import SettingChange
from tests.factories import NOW

pytestmark = pytest.mark.django_db
IS_POSTGRESQL = connection.vendor == "postgresql"
TABLE = SettingChange._meta.db_table
COLUMNS = ", ".join(field.column for field in SettingChange._meta.local_fields)


@pytest.fixture(autouse=True)
def kept() -> SettingChange:
    """One change of a setting."""
    return record_setting_change(
        user=None,
        now=NOW,
        kind=SettingChange.Subject.BUSINESS_UNIT,
        subject_id=7,
        label="Garden",
        field="name",
        before="Gardens",
        after="Garden",
    )


def refuses(sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql)
    assert SettingChange.objects.get().after == "Garden"


def test_it_cannot_be_changed_or_removed():
    refuses(f"UPDATE {TABLE} SET after = 'Yard'")
    refuses(f"DELETE FROM {TABLE}")
    refuses(
        f"INSERT INTO {TABLE} SELECT * FROM {TABLE} WHERE true ON CONFLICT (id) DO UPDATE SET id = 9"
    )


@pytest.mark.skipif(IS_POSTGRESQL, reason="SQLite's own verb")
@pytest.mark.parametrize("recursive_triggers", ["ON", "OFF"])
def test_it_cannot_be_replaced(kept, recursive_triggers):
    other = COLUMNS.replace("after", "'Yard'")
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers = {recursive_triggers}")
    try:
        refuses(f"REPLACE INTO {TABLE} ({COLUMNS}) SELECT {other} FROM {TABLE}")
        refuses(f"INSERT OR REPLACE INTO {TABLE} ({COLUMNS}) SELECT {other} FROM {TABLE}")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers = ON")


@pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite knows no TRUNCATE")
def test_it_cannot_be_truncated():
    connection.check_constraints()  # or checks are pending, and there is no time for TRUNCATE
    refuses(f"TRUNCATE {TABLE}")
    refuses("TRUNCATE accounts_user CASCADE")
