from django.db import migrations

TABLE = "accounts_settingchange"
GUARD = f"{TABLE}_replace"


def guard(apps, schema_editor):
    """PostgreSQL has no REPLACE; its upsert is an UPDATE, which is refused already."""
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TRIGGER {GUARD} BEFORE INSERT ON {TABLE} "
            f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) BEGIN "
            f"SELECT RAISE(ABORT, 'append-only: REPLACE on {TABLE} is refused'); END"
        )


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {GUARD}")


class Migration(migrations.Migration):
    """The history of settings refuses REPLACE on SQLite too, whatever ``recursive_triggers`` says."""

    dependencies = [("accounts", "0003_setting_change")]

    operations = [migrations.RunPython(guard, unguard)]
