"""Requests between organisations, what came of them, and the keys that answers are closed to.

What people write (reasons, messages, why something is withheld) is sealed; what is shared is
closed to the reader's own key and cannot be opened here. Every column is in
``data_inventory.toml``; a test refuses any other.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from joinedup.hub.organisations.models import MachineClient, Membership, Organisation
from joinedup.hub.sealing.columns import sealed
from joinedup.hub.sharing import course


class ReadingKey(models.Model):
    """The key pair that answers to one person are closed to.

    Its private half is closed with a secret that the person has: in their browser's cookie, and as
    a code that they were shown once. Neither the database nor the code alone opens anything.
    """

    membership = models.OneToOneField(
        Membership, on_delete=models.CASCADE, primary_key=True, related_name="reading_key"
    )
    public_key = models.JSONField()
    thumbprint = models.CharField(max_length=43, help_text="RFC 7638")
    wrapped_key = models.BinaryField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"reading key of {self.membership_id}"


class Origin(models.TextChoices):
    """Who began."""

    ASKED = "asked", "Asked for"
    OFFERED = "offered", "Offered"


class ShareRequest(models.Model):
    """One organisation asks another for items about a child, or is offered them.

    ``asker`` is who gets the items, ``holder`` who has them. ``state``, ``due_at``,
    ``escalations``, ``decided_at`` and ``review_by`` are what its events come to.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=12, unique=True)
    origin = models.CharField(max_length=8, choices=Origin)
    asker = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="requests_made", db_index=False
    )
    membership = models.ForeignKey(
        Membership, null=True, on_delete=models.PROTECT, related_name="requests_made"
    )
    client = models.ForeignKey(
        MachineClient, null=True, on_delete=models.PROTECT, related_name="requests_made"
    )
    holder = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="requests_received", db_index=False
    )
    sealed_sui = models.BinaryField("SUI")
    sui_index = models.BinaryField(max_length=32, db_index=True)
    sui = sealed("sealed_sui", "id", index="sui_index")
    purpose = models.CharField(max_length=64)
    legal_basis = models.CharField(max_length=64)
    sealed_reason = models.BinaryField("Why it may help")
    reason = sealed("sealed_reason", "id")
    case_reference = models.CharField(max_length=60, blank=True)
    sealed_whole_reason = models.BinaryField("Why all of a record type", null=True)
    whole_reason = sealed("sealed_whole_reason", "id", empty="")
    urgency = models.CharField(
        max_length=10, choices=[(each.value, each.value) for each in course.Urgency]
    )
    public_key = models.JSONField(null=True)
    key_thumbprint = models.CharField(max_length=43, blank=True)
    received_at = models.DateTimeField()
    state = models.CharField(
        max_length=12, choices=[(each.value, each.value) for each in course.State]
    )
    due_at = models.DateTimeField()
    escalations = models.PositiveIntegerField(default=0)
    decided_at = models.DateTimeField(null=True)
    review_by = models.DateField(null=True)
    review_told_at = models.DateTimeField(null=True)
    complete_by = models.DateTimeField(null=True, help_text="For an emergency")
    completed_at = models.DateTimeField(null=True)
    incomplete_told_at = models.DateTimeField(null=True)
    correlation_id = models.UUIDField()
    trace_id = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(client__isnull=True) | Q(membership__isnull=True),
                name="a_request_is_by_a_machine_or_a_person",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["asker", "received_at"], name="requests_by_asker"),
            models.Index(fields=["holder", "received_at"], name="requests_by_holder"),
            models.Index(
                fields=["due_at"],
                name="requests_that_are_due",
                condition=Q(state__in=["received", "in-dialogue", "escalated"]),
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class ShareItem(models.Model):
    """One item that was asked for or offered: a field of a record type, or all of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(ShareRequest, on_delete=models.CASCADE, related_name="items")
    place = models.PositiveSmallIntegerField()
    record_type = models.CharField(max_length=64)
    field = models.CharField(max_length=128, blank=True, help_text="Empty for all of the type")

    class Meta:
        ordering: ClassVar = ["place"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "place"], name="an_item_has_its_place"),
        ]

    def __str__(self) -> str:
        return f"item {self.place} of {self.request_id}"


class ShareEvent(models.Model):
    """One thing that happened to a request. Events are only added."""

    request = models.ForeignKey(ShareRequest, on_delete=models.CASCADE, related_name="events")
    number = models.PositiveIntegerField()
    step = models.CharField(
        max_length=10, choices=[(each.value, each.value) for each in course.Step]
    )
    at = models.DateTimeField()
    side = models.CharField(
        max_length=8, choices=[(each.value, each.value) for each in course.Side]
    )
    membership = models.ForeignKey(
        Membership, null=True, on_delete=models.PROTECT, related_name="+"
    )
    client = models.ForeignKey(MachineClient, null=True, on_delete=models.PROTECT, related_name="+")
    answers = ArrayField(
        models.CharField(max_length=16, blank=True),
        default=list,
        help_text="Of a decision: why each item is withheld; empty where shared",
    )
    review_by = models.DateField(null=True)
    sealed_words = models.BinaryField("What was written", null=True)
    words = sealed("sealed_words", "request_id", "number", empty="")
    entry_id = models.UUIDField(null=True, help_text="The ledger's entry")

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "number"], name="an_event_has_its_number"),
        ]

    def __str__(self) -> str:
        return f"{self.step} of {self.request_id}"


class SealedItem(models.Model):
    """What was shared of one item, closed to one reader's key (JWE); gone after some weeks."""

    item = models.ForeignKey(ShareItem, on_delete=models.CASCADE, related_name="sealed")
    key_thumbprint = models.CharField(max_length=43)
    content = models.TextField()
    given_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["item", "key_thumbprint"], name="an_item_is_closed_once_to_a_key"
            ),
        ]

    def __str__(self) -> str:
        return f"content of {self.item_id}"


class Reading(models.Model):
    """Somebody read what was shared with their organisation, with the ledger's entry of it."""

    request = models.ForeignKey(ShareRequest, on_delete=models.CASCADE, related_name="readings")
    membership = models.ForeignKey(
        Membership, null=True, on_delete=models.PROTECT, related_name="+"
    )
    client = models.ForeignKey(MachineClient, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    entry_id = models.UUIDField()

    class Meta:
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return f"reading of {self.request_id}"


class Cause(models.TextChoices):
    """How a link proved wrong."""

    PARTED = "parted", "Records that were taken for one child are not"
    RENUMBERED = "renumbered", "A custodian gave a record another number"
    SUPERSEDED = "superseded", "The NHS number was replaced by another"


class Correction(models.Model):
    """A link that proved wrong. Written where it happened; ``told_at`` is when all were told."""

    id = models.UUIDField(
        primary_key=True, db_default=models.Func(function="gen_random_uuid"), editable=False
    )
    key = models.CharField(max_length=200, unique=True, help_text="What it follows from, once")
    cause = models.CharField(max_length=12, choices=Cause)
    sui = models.CharField("SUI", max_length=10)
    holder = models.ForeignKey(
        Organisation, null=True, on_delete=models.CASCADE, related_name="corrections"
    )
    record_type = models.CharField(max_length=64, blank=True, db_default="")
    at = models.DateTimeField(db_default=Now())
    told_at = models.DateTimeField(null=True)
    entry_id = models.UUIDField(null=True, help_text="The ledger's entry")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["at"], name="corrections_to_tell", condition=Q(told_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.id}"


class LinksRead(models.Model):
    """Up to which link event was looked for links that proved wrong. One row."""

    number = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.number)
