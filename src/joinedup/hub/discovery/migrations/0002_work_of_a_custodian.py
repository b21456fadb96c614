"""An index for what was asked of a custodian of late: its page read every work item there is."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("discovery", "0001_initial")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(fields=["custodian", "expires_at"], name="work_of_a_custodian"),
        ),
    ]
