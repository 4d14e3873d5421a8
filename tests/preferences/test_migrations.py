"""The database itself keeps the ledger: nothing that was written can be changed or removed."""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from preferences.models import ConsentEvent, Evidence, PolicyVersion, Seal
from tests.preferences.kernel import (
    IN,
    IS_POSTGRESQL,
    NOW,
    act,
    address,
    news,
    of,
    ours,
    own,
    set_policy,
)

pytestmark = pytest.mark.django_db
append_only = import_module("preferences.migrations.0002_append_only")
addresses = import_module("preferences.migrations.0004_guard_addresses")
wordings = import_module("preferences.migrations.0007_guard_wordings")

KEPT = [ConsentEvent, Seal, PolicyVersion]


@pytest.fixture(autouse=True)
def ledger():
    """One event with evidence, one seal, one policy."""
    set_policy()
    act(address(), ours(of(news()), IN))
    digest = bytes(32)
    Seal.objects.create(
        number=1,
        sealed_at=NOW,
        horizon=0,
        first_id=1,
        last_id=1,
        count=1,
        ranges="1",
        root=digest,
        previous_head=digest,
        head=digest,
    )
    connection.check_constraints()  # or PostgreSQL has checks pending, and no time for TRUNCATE


def refuses(sql: str, *parameters: object, match: str = "append-only") -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        run(sql, *parameters)


def run(sql: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def columns_of(model) -> list[str]:
    return [field.column for field in model._meta.local_fields]


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_every_column_refuses_an_update(model):
    for column in columns_of(model):
        refuses(f"UPDATE {model._meta.db_table} SET {column} = {column}")


@pytest.mark.parametrize("model", [*KEPT, Evidence], ids=lambda model: model.__name__)
def test_rows_cannot_be_deleted(model):
    refuses(f"DELETE FROM {model._meta.db_table}")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.all()._raw_delete(model.objects.db)
    assert model.objects.exists()


@pytest.mark.skipif(IS_POSTGRESQL, reason="SQLite's own verb")
@pytest.mark.parametrize("recursive_triggers", ["ON", "OFF"])
@pytest.mark.parametrize("model", [*KEPT, Evidence], ids=lambda model: model.__name__)
def test_a_row_cannot_be_replaced(model, recursive_triggers):
    table, names = model._meta.db_table, ", ".join(columns_of(model))
    run(f"PRAGMA recursive_triggers = {recursive_triggers}")
    try:
        refuses(f"INSERT OR REPLACE INTO {table} ({names}) SELECT {names} FROM {table}")
        refuses(f"REPLACE INTO {table} ({names}) SELECT {names} FROM {table}")
        first = names.partition(",")[0]
        refuses(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM {table} WHERE true "
            f"ON CONFLICT DO UPDATE SET {first} = excluded.{first}"
        )
    finally:
        run("PRAGMA recursive_triggers = ON")


@pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite knows no TRUNCATE")
@pytest.mark.parametrize("model", [*KEPT, Evidence], ids=lambda model: model.__name__)
def test_a_table_cannot_be_truncated(model):
    refuses(f"TRUNCATE {model._meta.db_table} CASCADE")


@pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite knows no TRUNCATE")
def test_truncating_users_does_not_take_the_policy_along():
    refuses("TRUNCATE accounts_user CASCADE")


# --- evidence can be emptied, and nothing else -----------------------------------------------------

EMPTY = "explanation = '', details = '{}', salt = %s, erased_at = %s"


def test_evidence_can_be_emptied():
    run(f"UPDATE preferences_evidence SET {EMPTY}", b"", NOW)
    assert Evidence.objects.get().explanation == ""


@pytest.mark.parametrize(
    "change",
    [
        "explanation = 'They asked for everything'",
        'details = \'{"ip": "192.0.2.9"}\'',
        "erased_at = NULL",
        "created_at = '2020-01-01 00:00:00+00:00'",
        "id = 99",
    ],
)
def test_evidence_cannot_be_rewritten(change):
    refuses(f"UPDATE preferences_evidence SET {change}")
    name, _, value = change.partition(" = ")
    rest = {"explanation": "''", "details": "'{}'", "erased_at": "'2026-11-22 12:00:00+00:00'"}
    pairs = {**rest, name: value}
    sets = ", ".join(f"{column} = {text}" for column, text in pairs.items())
    refuses(f"UPDATE preferences_evidence SET {sets}, salt = %s".replace("%s", "salt"))


def test_emptied_evidence_loses_its_salt_too():
    refuses(f"UPDATE preferences_evidence SET {EMPTY}", b"0123456789abcdef", NOW)


# --- an address is for ever ------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["id", "channel", "key", "key_id"])
def test_what_names_an_address_never_changes(column):
    refuses(f"UPDATE preferences_address SET {column} = {column}", match="append-only|for ever")


def test_an_address_is_never_deleted():
    refuses("DELETE FROM preferences_address", match="append-only|for ever")
    if IS_POSTGRESQL:
        refuses("TRUNCATE preferences_address CASCADE")


def test_the_clear_form_of_an_address_may_go():
    run("UPDATE preferences_address SET canonical = '', original = '', erased_at = %s", NOW)


# --- who may lift this ------------------------------------------------------------------------------


def test_without_the_guard_everything_would_go():
    """The guard is what refuses, and reversing the migration takes all of it away."""
    editor = SimpleNamespace(connection=connection)
    for migration in (wordings, addresses, append_only):  # as they are reversed
        migration.unguard(None, editor)
    run("UPDATE preferences_consentevent SET rule = 1")
    run("UPDATE preferences_evidence SET explanation = 'other'")
    run("DELETE FROM preferences_seal")
    for migration in (append_only, addresses, wordings):
        migration.guard(None, editor)
    refuses("UPDATE preferences_consentevent SET rule = 1")


def test_the_product_has_no_switch_for_it():
    words = (
        "session_replication_role",
        "DISABLE TRIGGER",
        "DROP TRIGGER",
        "recursive_triggers=OFF",
    )
    for app in ("accounts", "contacts", "preferences", "subscriptions_site"):
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            if "migrations" not in path.parts:
                text = path.read_text()
                assert not [word for word in words if word in text], path


@pytest.mark.skipif(IS_POSTGRESQL, reason="about SQLite's connections")
def test_sqlite_connections_fire_triggers_for_replaced_rows():
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA recursive_triggers").fetchone() == (1,)


def test_a_person_word_is_kept_like_ours():
    act(address(), own(of(news()), IN))
    refuses("DELETE FROM preferences_consentevent WHERE word = 1")
