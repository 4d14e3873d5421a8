"""Bursts of opt-outs, and an index of those that are labelled (R24)."""

from django.db import migrations, models

EVENTS = "preferences_consentevent"
RECENT = "preferences_recentoptout"


def unlog(apps, schema_editor):
    """Spare the log what is forgotten within the hour anyway."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {RECENT} SET UNLOGGED")


class Migration(migrations.Migration):
    dependencies = [("preferences", "0008_letters")]
    operations = [
        migrations.CreateModel(
            name="RecentOptOut",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "network",
                        "address_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("network", models.BigIntegerField()),
                ("address_id", models.BigIntegerField()),
                ("said_at", models.DateTimeField()),
                ("began_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["network", "said_at"], name="recent_opt_out_network")
                ],
            },
        ),
        migrations.RunPython(unlog, migrations.RunPython.noop),
        # A few rows in a million have the flag, so writing the others costs nothing. Raw, because the
        # condition has to be word for word that of ``preferences.suspected``.
        migrations.RunSQL(
            f"CREATE INDEX event_suspected ON {EVENTS} (id) WHERE (flags & 2) <> 0",
            "DROP INDEX event_suspected",
        ),
    ]
