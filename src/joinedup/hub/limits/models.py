"""What each asker has asked about: keyed fingerprints and counts, kept for a week, and holds.

An asker is a person, a machine client or a whole organisation: ``person:…``, ``client:…``,
``organisation:…``. No table here holds an NHS number, a name or a date.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from joinedup.hub.organisations.models import MachineClient, Organisation, Person


class Seen(models.Model):
    """An asker asked about this on this day; the fingerprint is keyed with the hub's secret."""

    asker = models.CharField(max_length=64)
    day = models.DateField()
    measure = models.CharField(max_length=40)
    fingerprint = models.BinaryField(max_length=16)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["asker", "day", "measure", "fingerprint"], name="seen_once_a_day"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["day"], name="seen_by_day")]

    def __str__(self) -> str:
        return f"{self.asker} {self.day} {self.measure}"


class Tally(models.Model):
    """How many different things of a measure an asker asked about on a day."""

    asker = models.CharField(max_length=64)
    day = models.DateField()
    measure = models.CharField(max_length=40)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["asker", "day", "measure"], name="one_tally_a_day"),
        ]
        indexes: ClassVar = [models.Index(fields=["day"], name="tally_by_day")]

    def __str__(self) -> str:
        return f"{self.asker} {self.day} {self.measure}: {self.count}"


class Pace(models.Model):
    """Until when an asker's minute is full: each question makes it a share of a minute later."""

    asker = models.CharField(max_length=64, primary_key=True)
    full_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.asker} until {self.full_until:%Y-%m-%d %H:%M:%S}"


class Recent(models.Model):
    """An asker's last numbers, each moved by a distance only the hub can work out.

    Differences stay as they are, which is all that a sweep is recognised by; the numbers
    themselves cannot be read without the hub's secret.
    """

    asker = models.CharField(max_length=64, unique=True)
    moved = ArrayField(models.BigIntegerField(), default=list)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.asker}, {len(self.moved)}"


class Hold(models.Model):
    """An asker may not ask until then, or until two people lift it: the rule that it met, and why.

    Kept for whoever reviews it; ``asker`` is the person or the client that is held.
    """

    asker = models.CharField(max_length=64)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="holds")
    client = models.ForeignKey(
        MachineClient, null=True, blank=True, on_delete=models.PROTECT, related_name="holds"
    )
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="holds"
    )
    rule = models.CharField(max_length=24)
    evidence = models.CharField(max_length=200, help_text="In words, with counts and no child")
    at = models.DateTimeField()
    until = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-at"]
        indexes: ClassVar = [
            models.Index(fields=["asker", "until"], name="holds_by_asker"),
        ]

    def __str__(self) -> str:
        return f"{self.asker}: {self.rule}"
