"""What is archived, and what was purged for good."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Archived(models.Model):
    """What the hub knew of one child, out of every search: sealed, and opened by two people.

    ``about`` is a keyed index; ``organisations`` are those whose people may ask to open it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    about = models.BinaryField(max_length=32, unique=True)
    organisations = ArrayField(models.CharField(max_length=12))
    key = models.BinaryField()
    box = models.BinaryField()
    why = models.CharField(max_length=32)
    archived_at = models.DateTimeField()
    purge_on = models.DateField(db_index=True)

    class Meta:
        ordering: ClassVar = ["purge_on"]

    def __str__(self) -> str:
        return f"archived {self.id}"


class Purged(models.Model):
    """A purge, and its certificate: what went, when and why; of whom, as a keyed index alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    about = models.BinaryField(max_length=32, unique=True)
    at = models.DateTimeField()
    why = models.CharField(max_length=32)
    counts = models.JSONField(help_text="How many rows of each kind")
    entry = models.UUIDField(null=True, help_text="The ledger's entry of the purge")
    new_since = models.DateTimeField(
        null=True, help_text="When a record that began after the purge was taken in"
    )

    class Meta:
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return f"purged {self.at:%Y-%m-%d}"


class PurgedRecord(models.Model):
    """A record that went with a purge: a keyed fingerprint, by which it is known if it is back."""

    purged = models.ForeignKey(Purged, on_delete=models.CASCADE, related_name="records")
    about = models.BinaryField(max_length=32, unique=True)

    def __str__(self) -> str:
        return f"a record of {self.purged_id}"
