"""The tables of retention."""

import uuid
from typing import ClassVar

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = []

    operations: ClassVar = [
        migrations.CreateModel(
            name="Archived",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("about", models.BinaryField(max_length=32, unique=True)),
                (
                    "organisations",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=12), size=None
                    ),
                ),
                ("key", models.BinaryField()),
                ("box", models.BinaryField()),
                ("why", models.CharField(max_length=32)),
                ("archived_at", models.DateTimeField()),
                ("purge_on", models.DateField(db_index=True)),
            ],
            options={
                "ordering": ["purge_on"],
            },
        ),
        migrations.CreateModel(
            name="Purged",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("about", models.BinaryField(max_length=32, unique=True)),
                ("at", models.DateTimeField()),
                ("why", models.CharField(max_length=32)),
                ("counts", models.JSONField(help_text="How many rows of each kind")),
                ("entry", models.UUIDField(help_text="The ledger's entry of the purge", null=True)),
            ],
            options={
                "ordering": ["at"],
            },
        ),
    ]
