"""What starting a large job demanded is kept: the database itself refuses to rewrite it."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection, transaction

from jobs.models import JobPolicy
from jobs.policy import change_job_policy, job_policy_changes
from tests.factories import NOW, UserFactory

pytestmark = pytest.mark.django_db
IS_POSTGRESQL = connection.vendor == "postgresql"
TABLE = JobPolicy._meta.db_table
COLUMNS = ", ".join(field.column for field in JobPolicy._meta.local_fields)


@pytest.fixture(autouse=True)
def kept() -> JobPolicy:
    """One version of the policy."""
    return change_job_policy(user=UserFactory(), now=NOW, typed_number_over=500)


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def refuses(sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run(sql)
    assert JobPolicy.objects.get().typed_number_over == 500


def test_no_column_can_be_changed_and_no_row_removed():
    for column in COLUMNS.split(", "):
        refuses(f"UPDATE {TABLE} SET {column} = {column}")
    refuses(f"DELETE FROM {TABLE}")
    refuses(
        f"INSERT INTO {TABLE} SELECT * FROM {TABLE} WHERE true ON CONFLICT (id) DO UPDATE SET id = 9"
    )


@pytest.mark.skipif(IS_POSTGRESQL, reason="SQLite's own verb")
@pytest.mark.parametrize("recursive_triggers", ["ON", "OFF"])
def test_it_cannot_be_replaced(recursive_triggers):
    other = COLUMNS.replace("typed_number_over", "900000")
    run(f"PRAGMA recursive_triggers = {recursive_triggers}")
    try:
        refuses(f"REPLACE INTO {TABLE} ({COLUMNS}) SELECT {other} FROM {TABLE}")
        refuses(f"INSERT OR REPLACE INTO {TABLE} ({COLUMNS}) SELECT {other} FROM {TABLE}")
    finally:
        run("PRAGMA recursive_triggers = ON")


@pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite knows no TRUNCATE")
def test_it_cannot_be_truncated():
    connection.check_constraints()  # or checks are pending, and there is no time for TRUNCATE
    refuses(f"TRUNCATE {TABLE}")


def test_the_next_version_follows(kept):
    change_job_policy(user=kept.changed_by, now=NOW, typed_number_over=900)
    assert [change.after for change in job_policy_changes()] == ["900", "500"]


def test_without_the_guard_it_would_go():
    """The guard is what refuses, and reversing the migration takes all of it away."""
    guards = import_module("jobs.migrations.0003_guard_policy")
    editor = SimpleNamespace(connection=connection)
    connection.check_constraints()  # PostgreSQL alters no table whose checks are pending
    guards.unguard(None, editor)
    run(f"UPDATE {TABLE} SET typed_number_over = 600")
    run(f"UPDATE {TABLE} SET typed_number_over = 500")
    guards.guard(None, editor)
    refuses(f"DELETE FROM {TABLE}")
