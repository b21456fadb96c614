"""Review cases: the question that waits for a person, who asked it, and all that was done."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from joinedup.hub.identifiers.models import IdentifierRequest
from joinedup.hub.organisations.models import MachineClient, Organisation, Person
from joinedup.hub.sealing.columns import sealed
from joinedup.hub.shields.levels import told


class Kind(models.TextChoices):
    """What a case is about."""

    IDENTIFIER = "identifier", "No NHS number yet"
    CONFLICT = "conflict", "Records that contradict each other"
    POSSIBLE = "possible", "Records that may be one child"


class Status(models.TextChoices):
    """What has become of a case. One that was undone waits to be decided again."""

    OPEN = "open", "To decide"
    DECIDED = "decided", "Decided"
    UNDONE = "undone", "To decide again"


class Decision(models.TextChoices):
    """What a person can say."""

    SAME = "same", "Same child"
    NOT_SAME = "not-same", "Not the same"
    CANNOT_TELL = "cannot-tell", "Cannot tell"


WAITING = (Status.OPEN, Status.UNDONE)


class ReviewCase(models.Model):
    """One thing for a person to decide.

    ``details`` holds what was asked, as raw text by field name, sealed: only so long as it is
    needed to decide, and until ``forget_at`` after that. ``records`` names records (source, id)
    whose details are elsewhere. ``about`` is a keyed fingerprint, by which the same question finds
    its case. ``answered_by`` is the request whose number is the answer; ``events`` are the link
    events that a decision made.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="review_cases"
    )
    kind = models.CharField(max_length=16, choices=Kind)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    opened_at = models.DateTimeField()
    about = models.CharField(max_length=64)
    outcome = models.CharField(max_length=24, blank=True, help_text="Of the last time it was asked")
    reason = models.TextField(help_text="Why a person must look, in words")
    reasons = ArrayField(models.TextField(), default=list, help_text="The evidence, in words")
    sealed_details = models.BinaryField(null=True, blank=True)
    details = sealed("sealed_details", "id")
    forget_at = models.DateTimeField(null=True, blank=True, db_index=True)
    records = models.JSONField(default=list)

    decision = models.CharField(max_length=16, choices=Decision, blank=True)
    note = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="cases_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        IdentifierRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="answers"
    )
    events = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        ordering: ClassVar = ["opened_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "status", "opened_at"], name="cases_to_decide"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "about"],
                condition=~Q(status="decided"),
                name="one_waiting_case_a_question",
            ),
            models.CheckConstraint(
                condition=Q(status="decided") ^ Q(decision=""), name="a_decided_case_says_what"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status} of {self.organisation}"

    @property
    def is_waiting(self) -> bool:
        """Whether somebody must still decide."""
        return self.status in WAITING

    @property
    def nhs_number(self) -> str:
        """The number that was found, or nothing; nothing when its child may no longer be found."""
        return told(self.answered_by.nhs_number) if self.answered_by else ""


class CaseQuestion(models.Model):
    """An identifier request that waits for a case, and the asker's records it is for."""

    case = models.ForeignKey(ReviewCase, on_delete=models.PROTECT, related_name="questions")
    request = models.OneToOneField(
        IdentifierRequest, on_delete=models.PROTECT, related_name="review"
    )
    records = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.request_id} in {self.case_id}"


class Action(models.TextChoices):
    """What was done with a case."""

    OPENED = "opened", "Opened"
    ASKED = "asked", "Asked"
    SEEN = "seen", "Seen"
    DECIDED = "decided", "Decided"
    UNDONE = "undone", "Decision undone"
    COLLECTED = "collected", "Answer collected"


class CaseEntry(models.Model):
    """One thing done with a case, written before its result is shown. Rows are never changed."""

    case = models.ForeignKey(ReviewCase, on_delete=models.PROTECT, related_name="entries")
    at = models.DateTimeField(auto_now_add=True)
    action = models.CharField(max_length=16, choices=Action)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT)
    role = models.CharField(max_length=32, blank=True)
    client = models.ForeignKey(MachineClient, null=True, blank=True, on_delete=models.PROTECT)
    request = models.ForeignKey(
        IdentifierRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decision = models.CharField(max_length=16, choices=Decision, blank=True)
    note = models.TextField(blank=True)
    events = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"
