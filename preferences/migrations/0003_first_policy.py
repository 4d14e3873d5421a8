from django.db import migrations
from django.utils import timezone


def create_first_version(apps, schema_editor):
    """Start with data privacy on and e-mail connected."""
    policy_version = apps.get_model("preferences", "PolicyVersion")
    if not policy_version.objects.exists():
        policy_version.objects.create(privacy=1, email_connected=True, changed_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("preferences", "0002_append_only")]

    operations = [migrations.RunPython(create_first_version, migrations.RunPython.noop)]
