"""Shields with their events, what they are attached to, and who looked through one.

No row says in clear who is shielded: a shield is attached to keyed tokens (``identities.tokens``).
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from joinedup.hub.organisations.models import MachineClient, Membership, Organisation
from joinedup.policy.question import Level
from joinedup.policy.shield import Kind, Standing

LEVELS = [
    (0, "U"),
    (1, "R: nothing that says where the child is"),
    (2, "V: not found at all"),
]


class Criterion(models.TextChoices):
    """Why a child is to be hidden (ContactPoint's shielding criteria, shortened)."""

    SIGNIFICANT_HARM = "significant-harm", "Somebody who must not find the child could harm them"
    DOMESTIC_ABUSE = "domestic-abuse", "The child is in refuge, or a MARAC concerns the family"
    ADOPTION = "adoption", "The child has been or will be adopted"
    WITNESS = "witness", "The child or a carer is a protected witness"
    OTHER = "other", "Another reason, which I explain"


class Shield(models.Model):
    """A child's protection as it stands: the fold of its events, kept with each new one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(
        Organisation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        help_text="Who asked first; empty when the source of truth's flag began it",
    )
    opened_at = models.DateTimeField()
    level = models.SmallIntegerField(choices=LEVELS, default=0)
    standing = models.CharField(
        max_length=12, choices=[(s.value, s.value) for s in Standing], default=Standing.NONE.value
    )
    review_by = models.DateField(null=True, blank=True, db_index=True)

    class Meta:
        ordering: ClassVar = ["review_by", "opened_at"]

    def __str__(self) -> str:
        return f"{self.id} {Level(self.level).letter} {self.standing}"


class ShieldEvent(models.Model):
    """One thing that happened to a shield. Rows are never changed: a trigger refuses it."""

    number = models.BigAutoField(primary_key=True)
    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    shield = models.ForeignKey(Shield, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=[(k.value, k.value) for k in Kind])
    by = models.CharField(max_length=64, blank=True, help_text="person or client, by our own id")
    level = models.SmallIntegerField(choices=LEVELS, default=0)
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    criterion = models.CharField(max_length=20, choices=Criterion, blank=True)
    reason = models.BinaryField(default=b"", help_text="In their own words, sealed")

    class Meta:
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class ShieldMark(models.Model):
    """What a shield is attached to, as a token: a number, a record, a person's details.

    ``reviewed_at`` is empty while people have yet to say that what merely resembled the child is.
    """

    token = models.BinaryField(max_length=32)
    shield = models.ForeignKey(Shield, on_delete=models.PROTECT, related_name="marks")
    why = models.CharField(max_length=12)
    since = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["token", "shield"], name="a_mark_once_for_each_shield"),
        ]

    def __str__(self) -> str:
        return f"{self.why} of {self.shield_id}"


class HiddenCase(models.Model):
    """A review case that only those who review shields may see: it names a shielded record."""

    case = models.OneToOneField(
        "reconciliation.ReviewCase", on_delete=models.CASCADE, related_name="hidden"
    )
    since = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.case_id)


class ShieldKey(models.Model):
    """What tells whether the hub was started with the key that tokens were made with."""

    check_value = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return "shield key"


class SealedPair(models.Model):
    """Two sides that one person proposed to keep apart, until another decides. Sealed, then gone.

    An approved change is kept for good, so what it is about cannot be in it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    box = models.BinaryField()
    since = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.id)


class BreakGlass(models.Model):
    """One person's look at what a shield hides, of one child, for half an hour."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    session = models.CharField(max_length=64, help_text="A fingerprint of the session it is for")
    subject = models.BinaryField(help_text="The child's number, sealed")
    emergency = models.CharField(max_length=32)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.membership_id} until {self.ends_at:%Y-%m-%d %H:%M}"


class Alert(models.Model):
    """What an organisation's information governance leads are told. It never names a child."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="shield_alerts"
    )
    break_glass = models.ForeignKey(BreakGlass, on_delete=models.PROTECT, related_name="alerts")
    at = models.DateTimeField(auto_now_add=True)
    review_by = models.DateField(help_text="One working day on")
    words = models.TextField()
    read_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-at"]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.at:%Y-%m-%d %H:%M}"


class ContactRequest(models.Model):
    """Somebody asks the desk to connect them with whoever works with a child.

    Taken for any number, whether or not anything is known: the answer is the same.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    membership = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    client = models.ForeignKey(
        MachineClient, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    content = models.BinaryField(help_text="The number, why, and how to reach them: sealed")
    at = models.DateTimeField(auto_now_add=True)
    done_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return str(self.id)
