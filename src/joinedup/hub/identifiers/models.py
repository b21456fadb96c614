"""The record of every identifier request, and of each record an identifier was issued for."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from joinedup.hub.organisations.models import MachineClient, Organisation, Person
from joinedup.hub.sealing.columns import sealed


class Channel(models.TextChoices):
    """Where a question came in."""

    API = "api", "API"
    PAGE = "page", "Page"
    MATCH = "match", "FHIR $match"


class IdentifierRequest(models.Model):
    """One question: who asked, for whom, why, when, and what came of it.

    Written in two steps, both committed: before the source of truth is asked, and before the
    answer leaves. A row without ``status`` is a question whose answer never left the hub.
    What was asked is kept here as field names, never as values (a review case holds those, for as
    long as it needs them); the child is known by the number that was given out, and only then.
    """

    sequence = models.BigAutoField(primary_key=True)  # gaps show that something went missing
    id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    correlation_id = models.UUIDField(db_index=True)
    trace_id = models.CharField(max_length=32, blank=True, help_text="From W3C traceparent")
    channel = models.CharField(max_length=8, choices=Channel)

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="identifier_requests"
    )
    client = models.ForeignKey(
        MachineClient,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="identifier_requests",
    )
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="identifier_requests"
    )
    role = models.CharField(max_length=32, blank=True)
    purpose = models.CharField(
        max_length=200, help_text="Why: a client's purpose, or a reason code"
    )
    case_reference = models.CharField(max_length=60, blank=True)
    reason = models.TextField(blank=True, help_text="In the person's own words")
    fields_given = ArrayField(models.CharField(max_length=32), default=list)

    asked_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=24, blank=True)
    score = models.FloatField(null=True, blank=True)
    calls = models.PositiveSmallIntegerField(null=True, blank=True)
    sealed_number = models.BinaryField("NHS number given out", null=True, blank=True)
    number_index = models.BinaryField(max_length=32, null=True, blank=True, db_index=True)
    nhs_number = sealed("sealed_number", "id", index="number_index", empty="")
    identities = ArrayField(
        models.UUIDField(), default=list, help_text="Those that the answer to $match named"
    )

    class Meta:
        ordering: ClassVar = ["-sequence"]
        indexes: ClassVar = [
            models.Index(fields=["client", "asked_at"], name="requests_by_client_and_time"),
            models.Index(fields=["person", "asked_at"], name="requests_by_person_and_time"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(client__isnull=False, person__isnull=True)
                | Q(client__isnull=True, person__isnull=False),
                name="asked_by_a_machine_or_a_person",
            ),
            models.CheckConstraint(
                condition=Q(status="Match", sealed_number__isnull=False)
                | ~Q(status="Match") & Q(sealed_number__isnull=True),
                name="a_number_for_match_alone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.channel} {self.status or 'not answered'}"


class IssuedIdentifier(models.Model):
    """A number given out for one record of a caller's system.

    When a number is superseded, these rows say who holds the old one, and where.
    """

    request = models.ForeignKey(IdentifierRequest, on_delete=models.PROTECT, related_name="issued")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="issued_identifiers"
    )
    sealed_number = models.BinaryField("NHS number")
    number_index = models.BinaryField(max_length=32, db_index=True)
    nhs_number = sealed(
        "sealed_number", "request_id", "system_id", "record_id", index="number_index"
    )
    record_type = models.CharField(max_length=64)
    system_id = models.CharField(max_length=128)
    record_id = models.CharField(max_length=128)
    issued_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["organisation", "system_id", "record_id"], name="issued_by_callers_record"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_type} of {self.organisation}"


class KeptAnswer(models.Model):
    """An answer kept for a day under the caller's ``Idempotency-Key``.

    Holds the finished response, and of the question only a keyed fingerprint, from which the
    question cannot be worked out. The response is sealed, and empty while the first call is still
    being answered.
    """

    client = models.ForeignKey(MachineClient, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    sealed_body = models.BinaryField(null=True, blank=True)
    body = sealed("sealed_body", "client_id", "key")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "key"], name="one_answer_per_client_and_key"),
        ]

    def __str__(self) -> str:
        return f"{self.client} until {self.expires_at:%Y-%m-%d %H:%M}"
