# ruff: noqa: RUF012 - as Django writes it
"""What was asked is sealed."""

import json
from typing import Any

from django.db import migrations, models


def close(apps: Any, schema_editor: Any) -> None:
    """Seal what is in clear; under the place that the model has."""
    from joinedup.hub.sealing.keys import ring

    cases = apps.get_model("reconciliation", "ReviewCase").objects
    for row in cases.exclude(details=None).iterator():
        place = json.dumps(["reconciliation_reviewcase", "sealed_details", str(row.id)]).encode()
        box = ring().seal(json.dumps(row.details).encode(), place)
        cases.filter(pk=row.pk).update(sealed_details=box)


class Migration(migrations.Migration):
    atomic = False  # rows are changed, then their table: PostgreSQL wants these apart

    dependencies = [("reconciliation", "0001_initial"), ("sealing", "0001_initial")]

    operations = [
        migrations.AddField(
            "reviewcase", "sealed_details", models.BinaryField(blank=True, null=True)
        ),
        migrations.RunPython(close, migrations.RunPython.noop),
        migrations.RemoveField("reviewcase", "details"),
    ]
