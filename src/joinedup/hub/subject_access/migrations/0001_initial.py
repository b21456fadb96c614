"""The tables of subject access."""

import uuid
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        ("organisations", "0002_systems_grants_and_keys"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Complaint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("received_on", models.DateField()),
                ("acknowledged_on", models.DateField(null=True)),
                ("answered_on", models.DateField(null=True)),
                ("key", models.BinaryField(null=True)),
                ("box", models.BinaryField()),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="data_complaints",
                        to="organisations.organisation",
                    ),
                ),
            ],
            options={
                "ordering": ["received_on", "id"],
            },
        ),
        migrations.CreateModel(
            name="SubjectRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "asker",
                    models.CharField(
                        choices=[
                            ("child", "child"),
                            ("parent", "parent"),
                            ("solicitor", "solicitor"),
                            ("other", "other"),
                        ],
                        max_length=16,
                    ),
                ),
                ("key", models.BinaryField(null=True)),
                ("box", models.BinaryField()),
                (
                    "officer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.membership",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subject_requests",
                        to="organisations.organisation",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("identity-shown", "identity-shown"),
                            ("clarity-asked", "clarity-asked"),
                            ("clarity-given", "clarity-given"),
                            ("extended", "extended"),
                            ("answered", "answered"),
                            ("refused", "refused"),
                        ],
                        max_length=20,
                    ),
                ),
                ("on", models.DateField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.membership",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="subject_access.subjectrequest",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Item",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("source", models.CharField(max_length=32)),
                (
                    "name",
                    models.CharField(
                        help_text="The source's own, so that it is taken once", max_length=64
                    ),
                ),
                ("box", models.BinaryField()),
                (
                    "mark",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "To decide"),
                            ("disclose", "Disclose"),
                            ("redact", "Disclose in part"),
                            ("withhold", "Withhold"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "exemption",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("third-party", "third-party"),
                            ("serious-harm", "serious-harm"),
                            ("child-abuse-data", "child-abuse-data"),
                            ("childs-wishes", "childs-wishes"),
                            ("crime", "crime"),
                            ("court", "court"),
                            ("legal-privilege", "legal-privilege"),
                            ("adoption", "adoption"),
                        ],
                        max_length=24,
                    ),
                ),
                ("decision", models.BinaryField(null=True)),
                ("signed_at", models.DateTimeField(null=True)),
                (
                    "marked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.membership",
                    ),
                ),
                (
                    "signed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.membership",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="subject_access.subjectrequest",
                    ),
                ),
            ],
            options={
                "ordering": ["source", "name"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request", "source", "name"), name="an_item_is_gathered_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("mark", "withhold"), models.Q(("exemption", ""), _negated=True)
                            ),
                            models.Q(("mark", "withhold"), _negated=True),
                            _connector="OR",
                        ),
                        name="withheld_under_an_exemption",
                    ),
                ],
            },
        ),
    ]
