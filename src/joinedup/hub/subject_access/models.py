"""Requests for what is held about a child, with their clock, their items, and complaints.

Whatever says who anybody is, is sealed under the request's own key; when the request is purged the
key is destroyed.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.hub.subject_access.authority import Asker
from joinedup.hub.subject_access.clock import Kind
from joinedup.hub.subject_access.exemptions import Exemption


class SubjectRequest(models.Model):
    """Somebody asks for what is held. ``box`` holds who asks, about whom, and on what evidence."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="subject_requests"
    )
    asker = models.CharField(max_length=16, choices=[(each.value, each.value) for each in Asker])
    officer = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    key = models.BinaryField(null=True)
    box = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"request {self.id}"


class Step(models.Model):
    """Something that happened to a request; its clock is what these come to."""

    request = models.ForeignKey(SubjectRequest, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Kind])
    on = models.DateField()
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} on {self.on}"


class Mark(models.TextChoices):
    """What is done with an item."""

    UNDECIDED = "", "To decide"
    DISCLOSE = "disclose", "Disclose"
    REDACT = "redact", "Disclose in part"
    WITHHOLD = "withhold", "Withhold"


class Item(models.Model):
    """One thing that is held. ``box`` is what it says, ``decision`` what of it is given and why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(SubjectRequest, on_delete=models.CASCADE, related_name="items")
    source = models.CharField(max_length=32)
    name = models.CharField(max_length=64, help_text="The source's own, so that it is taken once")
    box = models.BinaryField()
    mark = models.CharField(max_length=8, choices=Mark, blank=True, default=Mark.UNDECIDED)
    exemption = models.CharField(
        max_length=24, blank=True, choices=[(each.value, each.value) for each in Exemption]
    )
    decision = models.BinaryField(null=True)
    marked_by = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")
    signed_by = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["source", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request", "source", "name"], name="an_item_is_gathered_once"
            ),
            models.CheckConstraint(
                condition=Q(mark="withhold") & ~Q(exemption="") | ~Q(mark="withhold"),
                name="withheld_under_an_exemption",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.id}"


class Complaint(models.Model):
    """Somebody complains about how data were used. ``box`` holds who, and about what."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="data_complaints"
    )
    received_on = models.DateField()
    acknowledged_on = models.DateField(null=True)
    answered_on = models.DateField(null=True)
    key = models.BinaryField(null=True)
    box = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["received_on", "id"]

    def __str__(self) -> str:
        return f"complaint {self.id}"
