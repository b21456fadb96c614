"""Agreements with their rules, the days on which duties begin, and the head of the policy.

The rows of agreements are for people to read. What counts is the head: one row that holds all of
them as they were published, with its fingerprint. A row that somebody alters by hand changes
nothing, and a head that does not fit its fingerprint denies everything.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class DepthChoice(models.TextChoices):
    """How much of a record a rule is about."""

    EXISTENCE = "existence", "That it exists"
    CONTENT = "content", "What it says"


class EffectChoice(models.TextChoices):
    """What a rule does."""

    ALLOW = "allow", "Allows"
    DENY = "deny", "Does not allow"


class Agreement(models.Model):
    """A data sharing agreement between organisations, from and until given days."""

    reference = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    document = models.CharField(
        max_length=300, blank=True, help_text="Where the signed agreement and its DPIA are kept"
    )
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="The last day; empty while open")
    published_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["reference"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="an_agreement_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}, {self.name}"


class Rule(models.Model):
    """One rule of an agreement: see ``policy.agreement.AgreementRule`` for what it means."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="rules")
    place = models.PositiveSmallIntegerField(help_text="Its number in the agreement, from 1")
    effect = models.CharField(max_length=8, choices=EffectChoice, default=EffectChoice.ALLOW)
    sources = ArrayField(
        models.CharField(max_length=40), help_text="ODS codes, kind:health, class:s11"
    )
    destinations = ArrayField(models.CharField(max_length=40))
    record_types = ArrayField(models.CharField(max_length=64))
    purposes = ArrayField(models.CharField(max_length=64))
    depth = models.CharField(max_length=16, choices=DepthChoice)

    class Meta:
        ordering: ClassVar = ["agreement", "place"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agreement", "place"], name="one_rule_per_place"),
        ]

    def __str__(self) -> str:
        return f"{self.agreement.reference}, rule {self.place}"


class DutyBegins(models.Model):
    """The first day of a duty in law, as two people set it; no row while no day is set."""

    code = models.CharField(max_length=40, unique=True)
    begins = models.DateField()
    source = models.CharField(max_length=200, help_text="The regulations that name the day")

    class Meta:
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return f"{self.code} from {self.begins}"


class Head(models.Model):
    """What is in force: one row. ``content`` is read by ``current.py`` alone."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    fingerprint = models.CharField(max_length=64)
    content = models.JSONField()
    published_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="one_head"),
        ]

    def __str__(self) -> str:
        return self.fingerprint[:12]


class KeptPolicy(models.Model):
    """A policy that decisions were made under, whole, so that they can be replayed."""

    version = models.CharField(max_length=64, primary_key=True)
    content = models.JSONField()
    kept_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-kept_at"]

    def __str__(self) -> str:
        return self.version[:12]
