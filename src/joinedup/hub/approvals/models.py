"""Proposed changes. What was proposed can never be altered, nor what was decided."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from joinedup.hub.organisations.models import Membership


class Status(models.TextChoices):
    """Where a proposed change is."""

    WAITING = "waiting", "Waiting for a second person"
    APPLIED = "applied", "Applied"
    REJECTED = "rejected", "Rejected"
    STALE = "stale", "Out of date: propose it again"


class ProposedChange(models.Model):
    """One change: its kind, exactly what will be applied, and the two people.

    ``what`` is shown to the second person as it stands and handed to the handler as it stands.
    ``world`` is a fingerprint of all that the change depends on, taken when it was proposed. A
    trigger in the database keeps both, and every decided change, from being altered or deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=64)
    what = models.JSONField()
    why = models.TextField()
    world = models.CharField(max_length=64)
    whose = models.CharField(
        max_length=12, blank=True, help_text="ODS code of whose people decide; empty: the hub's"
    )
    proposed_by = models.ForeignKey(
        Membership,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="proposed",
        help_text="Empty while it comes from the command line and nobody has put it forward",
    )
    proposed_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING, db_index=True)
    decided_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_why = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-proposed_at"]

    def __str__(self) -> str:
        return f"{self.kind}, {self.status}"
