import uuid
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

# As with its key: whoever ends a session ends this with it.
_WITH_THE_SESSION = """
ALTER TABLE pages_signedin ADD CONSTRAINT goes_with_its_session
  FOREIGN KEY (session_id) REFERENCES django_session ON DELETE CASCADE;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("pages", "0001_initial"),
        ("organisations", "0002_systems_grants_and_keys"),
        ("sessions", "0001_initial"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SignedIn",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("began_at", models.DateTimeField()),
                ("browser", models.CharField(max_length=60)),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="organisations.membership",
                    ),
                ),
                (
                    "session",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="signed_in",
                        to="sessions.session",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(_WITH_THE_SESSION, migrations.RunSQL.noop),
    ]
