"""The ledger is append-only by the database's own word.

UPDATE, DELETE and (PostgreSQL) TRUNCATE of events, seals and policy versions raise; on SQLite REPLACE
too, whatever ``recursive_triggers`` says. An evidence row may only be emptied, never rewritten.
"""

from django.db import migrations

TABLES = ("preferences_consentevent", "preferences_seal", "preferences_policyversion")

POSTGRESQL = """
CREATE FUNCTION preferences_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE FUNCTION preferences_evidence_only_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.id = OLD.id AND NEW.explanation = '' AND NEW.details = '{}'::jsonb
     AND length(NEW.salt) = 0 AND NEW.created_at = OLD.created_at AND NEW.erased_at IS NOT NULL THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE SEQUENCE preferences_consentevent_number AS bigint CACHE 1;
CREATE INDEX event_transaction ON preferences_consentevent USING brin (transaction_id) WITH (pages_per_range = 32);
ALTER TABLE preferences_preference SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE preferences_address SET (fillfactor = 90);
CREATE TRIGGER evidence_guard BEFORE UPDATE OR DELETE ON preferences_evidence
  FOR EACH ROW EXECUTE FUNCTION preferences_evidence_only_emptied();
CREATE TRIGGER evidence_truncate BEFORE TRUNCATE ON preferences_evidence
  FOR EACH STATEMENT EXECUTE FUNCTION preferences_append_only();
"""

POSTGRESQL_BACK = """
DROP TRIGGER evidence_truncate ON preferences_evidence;
DROP TRIGGER evidence_guard ON preferences_evidence;
DROP INDEX event_transaction;
DROP SEQUENCE preferences_consentevent_number;
"""

SQLITE_EVIDENCE = """
CREATE TRIGGER evidence_update BEFORE UPDATE ON preferences_evidence
WHEN NOT (NEW.id = OLD.id AND NEW.explanation = '' AND NEW.details = '{}' AND length(NEW.salt) = 0
          AND NEW.created_at = OLD.created_at AND NEW.erased_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'append-only: UPDATE on preferences_evidence is refused'); END;
CREATE TRIGGER evidence_delete BEFORE DELETE ON preferences_evidence
BEGIN SELECT RAISE(ABORT, 'append-only: DELETE on preferences_evidence is refused'); END;
CREATE TRIGGER evidence_replace BEFORE INSERT ON preferences_evidence
WHEN EXISTS (SELECT 1 FROM preferences_evidence WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append-only: REPLACE on preferences_evidence is refused'); END;
"""


def guard(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL)
            for table in TABLES:
                cursor.execute(
                    f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION preferences_append_only()"
                )
                cursor.execute(
                    f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION preferences_append_only()"
                )
            return
        for table in TABLES:
            key = "number" if table == "preferences_seal" else "id"
            for verb in ("UPDATE", "DELETE"):
                cursor.execute(
                    f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
                    f"SELECT RAISE(ABORT, 'append-only: {verb} on {table} is refused'); END"
                )
            cursor.execute(
                f"CREATE TRIGGER {table}_replace BEFORE INSERT ON {table} "
                f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) BEGIN "
                f"SELECT RAISE(ABORT, 'append-only: REPLACE on {table} is refused'); END"
            )
        for statement in SQLITE_EVIDENCE.strip().split("END;\n"):
            cursor.execute(statement.removesuffix("END;") + "END")


def unguard(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in TABLES:
                cursor.execute(f"DROP TRIGGER no_truncate ON {table}")
                cursor.execute(f"DROP TRIGGER append_only ON {table}")
            cursor.execute(POSTGRESQL_BACK)
            cursor.execute("DROP FUNCTION preferences_append_only()")
            cursor.execute("DROP FUNCTION preferences_evidence_only_emptied()")
            return
        for table in TABLES:
            for verb in ("update", "delete", "replace"):
                cursor.execute(f"DROP TRIGGER {table}_{verb}")
        for verb in ("update", "delete", "replace"):
            cursor.execute(f"DROP TRIGGER evidence_{verb}")


class Migration(migrations.Migration):
    dependencies = [("preferences", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
