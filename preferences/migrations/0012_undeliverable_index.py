from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("preferences", "0011_frequency_wish")]

    operations = [
        migrations.AddIndex(
            model_name="address",
            index=models.Index(
                condition=models.Q(("undeliverable_at__isnull", False)),
                fields=["id"],
                name="address_undeliverable",
            ),
        ),
    ]
