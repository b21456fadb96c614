from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("register", "0002_versions"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Supersession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("old", models.BinaryField(max_length=32)),
                ("new", models.BinaryField(max_length=32)),
                ("box", models.BinaryField(help_text="Both numbers, sealed")),
                ("source", models.CharField(help_text="Who said so", max_length=16)),
                ("since", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["new"],
                        name="what_a_number_replaced",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("old", "new"),
                        name="a_number_is_replaced_once_by_another",
                    )
                ],
            },
        ),
    ]
