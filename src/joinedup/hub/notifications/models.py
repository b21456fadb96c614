"""Caseloads, who wants to be told of what, what waits to be told, and what was.

Every column is in ``data_inventory.toml``; a test refuses any other.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.hub.sealing.columns import sealed


class Kind(models.TextChoices):
    """What somebody can be told."""

    # Of a child in one's caseload:
    INVOLVEMENT = "involvement", "Another organisation is involved"
    SEARCH = "search", "Somebody searched"
    IDENTIFIER = "identifier", "An NHS number has changed"
    SHIELD = "shield", "A shield was put in force"
    # Of one's own organisation:
    REQUEST = "request", "A request for information has come"
    MESSAGE = "message", "There is a message about a request"
    ANSWER = "answer", "A request was answered"
    ESCALATED = "escalated", "A request needs the safeguarding lead"
    OFFER = "offer", "Somebody offers information"
    CORRECTION = "correction", "Something you were given may be of another child"
    REVIEW_DUE = "review-due", "A decision to withhold is due for review"
    SHIELDED_READ = "shielded-read", "Something about a shielded child was read"
    INCOMPLETE = "incomplete", "An emergency request was not completed"


OF_A_CHILD = (Kind.INVOLVEMENT, Kind.SEARCH, Kind.IDENTIFIER, Kind.SHIELD)
"""What a lead professional can subscribe to."""


class Allocation(models.Model):
    """A child in a worker's caseload, as the organisation's own system says.

    The worker is known by what their sign-in provider calls them (``Person.subject``), so they
    need not have signed in here yet.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="allocations", db_index=False
    )
    worker = models.CharField(max_length=255)
    sui = models.CharField("SUI", max_length=10)
    token = models.BinaryField(max_length=32, help_text="By which a shield knows the number")
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    follows = models.ForeignKey(
        "self", null=True, on_delete=models.CASCADE, related_name="followers",
        help_text="The same child under the number that the organisation gave",
    )  # fmt: skip

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "worker", "sui"],
                condition=Q(ended_at__isnull=True),
                name="a_child_is_allocated_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["sui"], name="workers_of_a_child", condition=Q(ended_at__isnull=True)
            ),
            models.Index(
                fields=["token"], name="workers_of_a_token", condition=Q(ended_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"a child of {self.organisation_id}"


class How(models.TextChoices):
    """When a notice is shown."""

    AT_ONCE = "at-once", "As it happens"
    DAILY = "daily", "Once a day, together"


class Subscriber(models.Model):
    """What a person wants to be told about the children in their caseload, and how."""

    membership = models.OneToOneField(
        Membership, on_delete=models.CASCADE, primary_key=True, related_name="subscriber"
    )
    kinds = ArrayField(models.CharField(max_length=16, choices=Kind), default=list)
    how = models.CharField(max_length=8, choices=How, default=How.AT_ONCE)
    purpose = models.CharField(max_length=64, help_text="Why they work with these children")
    email = models.EmailField(blank=True)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"subscriber {self.membership_id}"


class Outbox(models.Model):
    """Something that happened and has not been told yet: written where it happened.

    About a child, or to an organisation's people (in roles, or one of them). Database triggers
    write the rows of pointers, searches and shields, so nothing can happen without its row.
    """

    event = models.UUIDField(unique=True, db_default=models.Func(function="gen_random_uuid"))
    kind = models.CharField(max_length=16, choices=Kind)
    at = models.DateTimeField(db_default=Now())
    sui = models.CharField(max_length=10, blank=True, db_default="")
    actor = models.ForeignKey(
        Organisation, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    by = models.ForeignKey(
        Membership, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    record_type = models.CharField(max_length=64, blank=True, db_default="")
    purpose = models.CharField(max_length=64, blank=True, db_default="")
    reference = models.UUIDField(null=True)
    to_organisation = models.ForeignKey(
        Organisation, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    to_membership = models.ForeignKey(
        Membership, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    to_roles = ArrayField(models.CharField(max_length=32), db_default="{}", default=list)

    def __str__(self) -> str:
        return f"{self.kind} {self.event}"


class Notice(models.Model):
    """What somebody was told; to one person, or to an organisation's people in some roles."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.UUIDField()
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="notices", db_index=False
    )
    membership = models.ForeignKey(
        Membership, null=True, on_delete=models.CASCADE, related_name="notices"
    )
    roles = ArrayField(models.CharField(max_length=32), default=list)
    kind = models.CharField(max_length=16, choices=Kind)
    at = models.DateTimeField()
    shown_from = models.DateTimeField()
    sealed_sui = models.BinaryField("SUI", null=True)
    sui = sealed("sealed_sui", "id", empty="")
    actor = models.ForeignKey(
        Organisation, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    record_type = models.CharField(max_length=64, blank=True)
    purpose = models.CharField(max_length=64, blank=True)
    reference = models.UUIDField(null=True)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "organisation", "membership"],
                nulls_distinct=False,
                name="a_notice_is_given_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "shown_from"], name="notices_of_organisation"),
        ]

    def __str__(self) -> str:
        return f"notice {self.id}"


class Quiet(models.Model):
    """An organisation's searches about one child are told to nobody (rule L31).

    Set before the search: for an enquiry that concerns a member of staff, or that being known
    would harm.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="quiet", db_index=False
    )
    token = models.BinaryField(max_length=32, help_text="The child's number, keyed")
    code = models.CharField(max_length=16)
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "token"], name="quiet_about_a_child"),
        ]

    def __str__(self) -> str:
        return f"quiet of {self.organisation_id}"
