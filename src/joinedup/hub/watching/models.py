"""Alerts for those who review looks at children, and what staff said is near to them.

No table here names a child: an alert names entries of the ledger, a mark is a keyed token.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from joinedup.hub.organisations.models import Membership, Organisation, Person


class MarkKind(models.TextChoices):
    """What a mark is of."""

    POSTCODE = "postcode", "Where the person lives"
    HOME = "home", "The person's own home"
    CHILD = "child", "A child of the person's family"


class Mark(models.Model):
    """Something near to a member of staff, as a keyed token that can be compared and no more."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="marks")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=MarkKind)
    token = models.BinaryField(max_length=32)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "person", "kind", "token"], name="a_mark_of_staff_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id}"


class AlertKind(models.TextChoices):
    """Why somebody is asked to look."""

    RULE = "rule", "A rule was met"
    SAMPLE = "sample", "Drawn by lot"
    SHIELD = "shield", "A shield was opened"


class Outcome(models.TextChoices):
    """What a reviewer found."""

    EXPLAINED = "explained", "Explained: it was part of the person's work"
    CONCERN = "concern", "A concern: taken up with the person and their manager"
    REPORT = "report", "Reported: to the ICO or the police, or as gross misconduct"


class Alert(models.Model):
    """One person's looks of one day that somebody should ask about."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=AlertKind)
    rule = models.CharField(max_length=32, help_text="The rule's code; empty for a sample")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="alerts_about")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="watching_alerts"
    )
    day = models.DateField()
    entries = ArrayField(models.UUIDField(), help_text="Of the ledger")
    raised_at = models.DateTimeField()
    due_by = models.DateField()
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    closed_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        ordering: ClassVar = ["due_by", "raised_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "rule", "person", "organisation", "day"],
                name="an_alert_once_a_day",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", closed_at__isnull=True)
                | ~Q(outcome="") & Q(closed_at__isnull=False),
                name="a_closed_alert_says_what",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.rule} {self.day}"


class Judged(models.Model):
    """Up to which entry of the ledger the looks have been judged as they came in."""

    up_to = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"up to {self.up_to}"
