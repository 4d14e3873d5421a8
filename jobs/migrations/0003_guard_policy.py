"""What starting a large job demanded is never changed or deleted, by the database's own word."""

from django.db import migrations

TABLE = "jobs_jobpolicy"

POSTGRESQL = f"""
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {TABLE}
  FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {TABLE}
  FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""


def guard(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL)
            return
        for verb in ("UPDATE", "DELETE"):
            cursor.execute(
                f"CREATE TRIGGER {TABLE}_{verb.lower()} BEFORE {verb} ON {TABLE} BEGIN "
                f"SELECT RAISE(ABORT, 'append-only: {verb} on {TABLE} is refused'); END"
            )
        cursor.execute(
            f"CREATE TRIGGER {TABLE}_replace BEFORE INSERT ON {TABLE} "
            f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) BEGIN "
            f"SELECT RAISE(ABORT, 'append-only: REPLACE on {TABLE} is refused'); END"
        )


def unguard(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER no_truncate ON {TABLE}; DROP TRIGGER append_only ON {TABLE}")
            return
        for verb in ("update", "delete", "replace"):
            cursor.execute(f"DROP TRIGGER {TABLE}_{verb}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_no_replace"), ("jobs", "0002_bell")]
    operations = [migrations.RunPython(guard, unguard)]
