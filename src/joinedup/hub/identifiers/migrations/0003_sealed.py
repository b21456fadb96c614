# ruff: noqa: RUF012 - as Django writes it
"""Numbers and kept answers are sealed. Kept answers live for a day, and are dropped."""

import json
from typing import Any

from django.db import migrations, models
from django.db.models import Q


def _place(table: str, *row: object) -> bytes:
    return json.dumps([table, "sealed_number", *map(str, row)]).encode()


def close(apps: Any, schema_editor: Any) -> None:
    """Seal what is in clear; under the places and uses that the models have."""
    from joinedup.hub.sealing.keys import ring

    requests = apps.get_model("identifiers", "IdentifierRequest").objects
    for row in requests.exclude(nhs_number="").iterator():
        table = "identifiers_identifierrequest"
        requests.filter(pk=row.pk).update(
            sealed_number=ring().seal(json.dumps(row.nhs_number).encode(), _place(table, row.id)),
            number_index=ring().blind(f"{table}.number_index", row.nhs_number),
        )
    issued = apps.get_model("identifiers", "IssuedIdentifier").objects
    for row in issued.iterator():
        table = "identifiers_issuedidentifier"
        place = _place(table, row.request_id, row.system_id, row.record_id)
        issued.filter(pk=row.pk).update(
            sealed_number=ring().seal(json.dumps(row.nhs_number).encode(), place),
            number_index=ring().blind(f"{table}.number_index", row.nhs_number),
        )


class Migration(migrations.Migration):
    atomic = False  # rows are changed, then their table: PostgreSQL wants these apart

    dependencies = [("identifiers", "0002_match_requests"), ("sealing", "0001_initial")]

    operations = [
        migrations.RemoveConstraint("identifierrequest", "a_number_for_match_alone"),
        migrations.AddField(
            "identifierrequest", "sealed_number",
            models.BinaryField(blank=True, null=True, verbose_name="NHS number given out"),
        ),
        migrations.AddField(
            "identifierrequest", "number_index",
            models.BinaryField(blank=True, db_index=True, max_length=32, null=True),
        ),
        migrations.AddField(
            "issuedidentifier", "sealed_number",
            models.BinaryField(null=True, verbose_name="NHS number"),
        ),
        migrations.AddField(
            "issuedidentifier", "number_index",
            models.BinaryField(db_index=True, max_length=32, null=True),
        ),
        migrations.RunPython(close, migrations.RunPython.noop),
        migrations.AlterField(
            "issuedidentifier", "sealed_number", models.BinaryField(verbose_name="NHS number")
        ),
        migrations.AlterField(
            "issuedidentifier", "number_index", models.BinaryField(db_index=True, max_length=32)
        ),
        migrations.RemoveField("identifierrequest", "nhs_number"),
        migrations.RemoveField("issuedidentifier", "nhs_number"),
        migrations.RemoveField("keptanswer", "body"),
        migrations.AddField(
            "keptanswer", "sealed_body", models.BinaryField(blank=True, null=True)
        ),
        migrations.AddConstraint(
            "identifierrequest",
            models.CheckConstraint(
                condition=Q(status="Match", sealed_number__isnull=False)
                | ~Q(status="Match") & Q(sealed_number__isnull=True),
                name="a_number_for_match_alone",
            ),
        ),
    ]  # fmt: skip
