# ruff: noqa: RUF012 - as Django writes it
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="DataKey",
            fields=[
                (
                    "number",
                    models.BigIntegerField(
                        help_text="Random: it says nothing", primary_key=True, serialize=False
                    ),
                ),
                ("wrapped", models.BinaryField()),
                ("made_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
            ],
            options={"ordering": ["made_at"]},
        ),
    ]
