"""What the register keeps. Every column is in ``data_inventory.toml``; a test refuses any other.

Nothing here says anything about a child but that a custodian holds, or held, a record of one type
(data minimisation, UK GDPR Art. 5(1)(c); ContactPoint's promise of no case data).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from joinedup.hub.organisations.models import Organisation


class Provenance(models.TextChoices):
    """How the custodian came by the child's identifier."""

    ISSUED = "issued-by-service", "Given out by this hub"
    HELD = "already-held", "Held already by the custodian"
    FOUND = "found-by-search", "Learnt when the custodian was asked"


class Custodianship(models.Model):
    """A custodian that answers for one record type, and since when."""

    custodian = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="custodianships", db_index=False
    )
    record_type = models.CharField(max_length=64)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["custodian", "record_type"],
                condition=Q(ended_at__isnull=True),
                name="a_custodian_answers_once_for_a_record_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_type} at {self.custodian}"


class Holding(models.Model):
    """One system of one custodian with records of one type, and how fresh its pointers are."""

    custodian = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="holdings", db_index=False
    )
    system_id = models.CharField(max_length=128)
    record_type = models.CharField(max_length=64)
    refreshed_at = models.DateTimeField(help_text="As at when the newest pointers were true")
    complete_as_of = models.DateTimeField(
        null=True, blank=True, help_text="All that it holds was here, and nothing else, as at then"
    )
    last_batch = models.CharField(max_length=128, blank=True, help_text="The custodian's own name")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["custodian", "system_id", "record_type"],
                name="one_holding_per_system_and_record_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_type} at {self.custodian}"


class Pointer(models.Model):
    """A custodian holds, or held, a record of this type for this SUI.

    ``first_seen`` and ``last_seen`` are the days between which the custodian's own record is of
    use; ``refreshed_at`` is as at when the custodian last said so.
    """

    holding = models.ForeignKey(
        Holding, on_delete=models.CASCADE, related_name="pointers", db_index=False
    )
    record_id = models.CharField(max_length=128, help_text="The custodian's own")
    sui = models.CharField("SUI", max_length=10)
    first_seen = models.DateField(null=True, blank=True)
    last_seen = models.DateField(null=True, blank=True)
    provenance = models.CharField(max_length=20, choices=Provenance)
    identifier_delivered_at = models.DateTimeField(
        null=True, blank=True, help_text="When this hub last gave out an identifier for the record"
    )
    refreshed_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["sui"], name="pointers_of_a_child")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["holding", "record_id"], name="one_pointer_per_record_of_a_holding"
            ),
        ]

    def __str__(self) -> str:
        return f"a record of {self.holding}"


class Supersession(models.Model):
    """The source of truth replaced one number by another, from when it said so until it did not.

    Keyed tokens and sealed text: ``supersession`` reads and follows them, and nothing else does.
    """

    old = models.BinaryField(max_length=32)
    new = models.BinaryField(max_length=32)
    box = models.BinaryField(help_text="Both numbers, sealed")
    source = models.CharField(max_length=16, help_text="Who said so")
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["old", "new"],
                condition=Q(ended_at__isnull=True),
                name="a_number_is_replaced_once_by_another",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["new"], name="what_a_number_replaced", condition=Q(ended_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"a number replaced {self.since:%Y-%m-%d}"


class Version(models.Model):
    """Changes with every change to what it names: what is kept in memory is checked by it."""

    name = models.CharField(max_length=32, primary_key=True)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.number}"
