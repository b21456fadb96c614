from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("retention", "0001_initial"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="purged",
            name="new_since",
            field=models.DateTimeField(
                help_text="When a record that began after the purge was taken in", null=True
            ),
        ),
        migrations.CreateModel(
            name="PurgedRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("about", models.BinaryField(max_length=32, unique=True)),
                (
                    "purged",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="records",
                        to="retention.purged",
                    ),
                ),
            ],
        ),
    ]
