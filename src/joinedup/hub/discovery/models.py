"""Searches, the work items they become, what came back, and who wants to be told.

Every column is in ``data_inventory.toml``; a test refuses any other.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from joinedup.hub.organisations.models import MachineClient, Membership, Organisation
from joinedup.hub.sealing.columns import sealed


class Search(models.Model):
    """A searcher's question about a child: who asks, for whom, why, until when."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="searches", db_index=False
    )
    client = models.ForeignKey(
        MachineClient, null=True, on_delete=models.PROTECT, related_name="searches"
    )
    membership = models.ForeignKey(
        Membership, null=True, on_delete=models.PROTECT, related_name="searches"
    )
    on_behalf_of = models.CharField(
        max_length=128, blank=True, help_text="Whom a client acts for, by the client's own id"
    )
    role = models.CharField(max_length=32, blank=True)
    sui = models.CharField("SUI", max_length=10)
    purpose = models.CharField(max_length=64)
    legal_basis = models.CharField(max_length=64)
    reason = models.TextField(blank=True)
    case_reference = models.CharField(max_length=60, blank=True)
    record_types = ArrayField(models.CharField(max_length=64))
    emergency = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    cancelled_at = models.DateTimeField(null=True)
    correlation_id = models.UUIDField()
    trace_id = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(client__isnull=False, membership__isnull=True)
                | Q(client__isnull=True, membership__isnull=False),
                name="searched_by_a_machine_or_a_person",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "created_at"], name="searches_of_organisation"),
        ]

    def __str__(self) -> str:
        return f"search {self.id}"


class Kind(models.TextChoices):
    """What a custodian is asked for."""

    FIND = "find", "Whether it holds records"
    FETCH = "fetch", "The content of one record"


class Outcome(models.TextChoices):
    """What has come of a work item. The first seven are a custodian's words."""

    HAS_RECORDS = "hasRecords"
    NO_RECORDS = "noRecords"
    TEMPORARY_ERROR = "temporaryError"
    PERMANENT_ERROR = "permanentError"
    SHARED = "shared"
    WITHHELD = "withheld"
    CANCELLED = "cancelled"
    REVOKED = "revoked"  # the agreement ended before the custodian was told


class WorkItem(models.Model):
    """What one custodian is asked for one record type.

    It can be claimed while it is not answered, has not expired and ``visible_at`` is past: a claim
    moves ``visible_at`` to the lease's end, a temporary error to the next try, and nothing sweeps.
    ``claims`` counts, and is the fencing token: what comes with an older number came too late.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="work_items")
    custodian = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="work_items", db_index=False
    )
    record_type = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    visible_at = models.DateTimeField()
    leased = models.BooleanField(default=False)
    claims = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=16, blank=True, choices=Outcome)
    answered_at = models.DateTimeField(null=True, help_text="Set when nothing more is awaited")
    entry_id = models.UUIDField(null=True, help_text="The ledger's entry of the answer")

    class Meta:
        indexes: ClassVar = [
            # A poll reads this alone. What expires first comes first, and what has expired is
            # left behind by the range, so that nobody has to sweep.
            models.Index(
                fields=["custodian", "expires_at"],
                name="work_to_do",
                condition=Q(answered_at__isnull=True),
            ),
            # What was asked of a custodian of late, answered or not.
            models.Index(fields=["custodian", "expires_at"], name="work_of_a_custodian"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["search", "custodian", "record_type"],
                condition=Q(kind="find"),
                name="a_custodian_is_asked_once_in_a_search",
            ),
        ]

    def __str__(self) -> str:
        return f"work item {self.id}"


class FoundRecord(models.Model):
    """A record that a custodian says it holds. Every one is kept, also several of one type."""

    work_item = models.ForeignKey(
        WorkItem, on_delete=models.CASCADE, related_name="records", db_index=False
    )
    system_id = models.CharField(max_length=128)
    record_id = models.CharField(max_length=128)
    first_seen = models.DateField(null=True)
    last_seen = models.DateField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["work_item", "system_id", "record_id"], name="a_record_is_found_once"
            ),
        ]

    def __str__(self) -> str:
        return f"a record of {self.work_item}"


class Fetch(models.Model):
    """A request for one record's content. The content passes through as ciphertext alone.

    It is closed to the key that the searcher sent, and is gone once it is delivered.
    """

    work_item = models.OneToOneField(
        WorkItem, on_delete=models.CASCADE, primary_key=True, related_name="fetch"
    )
    system_id = models.CharField(max_length=128)
    record_id = models.CharField(max_length=128)
    public_key = models.JSONField()
    key_thumbprint = models.CharField(max_length=43, help_text="RFC 7638")
    items = ArrayField(models.CharField(max_length=128), default=list)
    reason = models.TextField(blank=True)
    duties = ArrayField(models.CharField(max_length=32), default=list)
    withheld_reason = models.CharField(max_length=16, blank=True)
    content = models.TextField(blank=True, help_text="JWE; empty once delivered")
    delivered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"fetch of {self.work_item}"


class FetchDecision(models.Model):
    """What a custodian's people decided on a record that a searcher wants; only added to.

    The last one for a searcher and a record counts, for 30 days.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    custodian = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    searcher = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    system_id = models.CharField(max_length=128)
    record_type = models.CharField(max_length=64)
    record_id = models.CharField(max_length=128)
    answer = models.CharField(max_length=16, help_text="share, or why not: from the closed list")
    items = ArrayField(models.CharField(max_length=128), default=list)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    sealed_words = models.BinaryField("Why")
    words = sealed("sealed_words", "id")
    at = models.DateTimeField(db_index=True)
    entry_id = models.UUIDField(help_text="The ledger's entry")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["custodian", "searcher", "record_id"], name="decisions_on_a_record"
            ),
        ]

    def __str__(self) -> str:
        return f"decision {self.id}"


class Event(models.TextChoices):
    """What somebody can subscribe to."""

    WORK_AVAILABLE = "work.available", "A custodian: there is work"
    RESULT_AVAILABLE = "result.available", "A searcher: a search has news"


class Subscription(models.Model):
    """Where an organisation wants to be told that there is something to ask for."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="subscriptions", db_index=False
    )
    event = models.CharField(max_length=20, choices=Event)
    url = models.URLField(max_length=500)
    sealed_secret = models.BinaryField(help_text="Signs what is sent; closed to the database")
    secret = sealed("sealed_secret", "organisation_id", "event")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "event"], name="one_subscription_per_event"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.organisation}"


class Hint(models.Model):
    """A message that waits to be sent. It says that there is news, and nothing of a child."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="hints", db_index=False
    )
    search = models.ForeignKey(Search, null=True, on_delete=models.CASCADE)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            # Many pieces of news before the first is told are one.
            models.UniqueConstraint(
                fields=["subscription", "search"],
                nulls_distinct=False,
                name="one_hint_for_news_of_one_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"hint to {self.subscription}"


class Notice(models.Model):
    """An organisation is told that somebody looked for a child whose details are restricted.

    Written before anything is shown: to the shield's organisation and to the searcher's own.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="discovery_notices", db_index=False
    )
    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="notices")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "search"], name="a_search_is_noticed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"notice to {self.organisation}"
