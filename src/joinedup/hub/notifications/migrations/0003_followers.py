from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("notifications", "0002_triggers"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="allocation",
            name="follows",
            field=models.ForeignKey(
                help_text="The same child under the number that the organisation gave",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="followers",
                to="notifications.allocation",
            ),
        ),
    ]
