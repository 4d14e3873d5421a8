import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

POSTGRESQL = """
CREATE FUNCTION accounts_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_settingchange
  FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_settingchange
  FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""

POSTGRESQL_BACK = """
DROP TRIGGER no_truncate ON accounts_settingchange;
DROP TRIGGER append_only ON accounts_settingchange;
DROP FUNCTION accounts_append_only();
"""


def guard(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL)
            return
        for verb in ("UPDATE", "DELETE"):
            cursor.execute(
                f"CREATE TRIGGER accounts_settingchange_{verb.lower()} BEFORE {verb} "
                "ON accounts_settingchange BEGIN "
                f"SELECT RAISE(ABORT, 'append-only: {verb} on accounts_settingchange is refused'); END"
            )


def unguard(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_BACK)
            return
        for verb in ("update", "delete"):
            cursor.execute(f"DROP TRIGGER accounts_settingchange_{verb}")


class Migration(migrations.Migration):
    """The history of settings, append-only by the database's own word."""

    dependencies = [("accounts", "0002_user_units")]

    operations = [
        migrations.CreateModel(
            name='SettingChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject_kind', models.CharField(choices=[('business_unit', 'Business unit'), ('subscription_type', 'Subscription type'), ('user', 'User'), ('property', 'Property'), ('api_key', 'API key'), ('webhook', 'Webhook')], max_length=30, verbose_name='kind')),
                ('subject_id', models.BigIntegerField()),
                ('subject_label', models.CharField(max_length=254, verbose_name='name')),
                ('field', models.CharField(max_length=60, verbose_name='field')),
                ('before', models.TextField(blank=True, verbose_name='before')),
                ('after', models.TextField(blank=True, verbose_name='after')),
                ('changed_at', models.DateTimeField(verbose_name='changed at')),
                ('changed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
            ],
            options={
                'verbose_name': 'change of a setting',
                'verbose_name_plural': 'changes of settings',
                'indexes': [models.Index(fields=['subject_kind', 'subject_id', 'id'], name='setting_change_subject')],
            },
        ),
        migrations.RunPython(guard, unguard),
    ]
