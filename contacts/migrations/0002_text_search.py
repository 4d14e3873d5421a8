"""Search by any part of a name, company or address: a trigram index on PostgreSQL.

SQLite scans; it is for one machine and some hundred thousand contacts.
"""

from django.db import migrations

FORWARD = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX contact_search ON contacts_contact USING gin (search_text gin_trgm_ops)"
    " WHERE deleted_at IS NULL",
)


def create_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in FORWARD:
            schema_editor.execute(statement)


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX contact_search")


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]

    operations = [migrations.RunPython(create_index, drop_index)]
