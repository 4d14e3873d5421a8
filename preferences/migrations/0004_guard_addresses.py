"""An address is for ever: its id, channel and key never change and its row is never deleted.

Events carry the address id without a foreign key, which would cost a look-up per event in bulk; this
guard gives the same promise for nothing.
"""

from django.db import migrations

TABLE = "preferences_address"

POSTGRESQL = f"""
CREATE TRIGGER address_for_ever BEFORE DELETE OR UPDATE OF id, channel, key, key_id ON {TABLE}
  FOR EACH ROW EXECUTE FUNCTION preferences_append_only();
CREATE TRIGGER address_no_truncate BEFORE TRUNCATE ON {TABLE}
  FOR EACH STATEMENT EXECUTE FUNCTION preferences_append_only();
"""


def guard(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL)
            return
        for name, event in (
            ("delete", "DELETE"),
            ("update", "UPDATE OF id, channel, key, key_id"),
        ):
            cursor.execute(
                f"CREATE TRIGGER {TABLE}_{name} BEFORE {event} ON {TABLE} BEGIN "
                f"SELECT RAISE(ABORT, 'for ever: {name} of {TABLE} is refused'); END"
            )


def unguard(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER address_no_truncate ON {TABLE}; DROP TRIGGER address_for_ever ON {TABLE}")
            return
        for name in ("delete", "update"):
            cursor.execute(f"DROP TRIGGER {TABLE}_{name}")


class Migration(migrations.Migration):
    dependencies = [("preferences", "0003_first_policy")]
    operations = [migrations.RunPython(guard, unguard)]
