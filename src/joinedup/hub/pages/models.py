"""What a signed-in session holds of others' records: closed, and gone with the session.

Every column is in ``data_inventory.toml``; a test refuses any other.
"""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.models import Session
from django.db import models

from joinedup.hub.discovery.models import Search, WorkItem
from joinedup.hub.organisations.models import Membership, Organisation


class SessionKey(models.Model):
    """The key pair of one sign-in. Its private half is closed with a secret in the cookie."""

    # The database itself deletes it with the session, whoever ends that (migration 0001): those
    # who tidy up others' sessions may not see these rows.
    session = models.OneToOneField(
        Session,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        primary_key=True,
        related_name="record_key",
    )
    public_key = models.JSONField()
    thumbprint = models.CharField(max_length=43, help_text="RFC 7638")
    wrapped_key = models.BinaryField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return "a session's key"


class SignedIn(models.Model):
    """Whose a session is, and in what kind of browser; it goes with its session (see above)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.OneToOneField(
        Session, on_delete=models.DO_NOTHING, db_constraint=False, related_name="signed_in"
    )
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="+")
    began_at = models.DateTimeField()
    browser = models.CharField(max_length=60)

    def __str__(self) -> str:
        return "a session"


class Answer(models.TextChoices):
    """What has come of asking for a record."""

    WAITING = "waiting"
    GIVEN = "given"
    NOTHING = "nothing"
    NOT_AGREED = "not-agreed"
    NOT_RELEVANT = "not-relevant"
    OTHER_LEGAL_BAR = "other-legal-bar"
    ASK_US = "ask-us"
    FAILED = "failed"
    SILENT = "silent"
    NOT_OPENED = "not-opened"


class AskedRecord(models.Model):
    """A record that was asked for in this session; its content as the custodian closed it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.ForeignKey(
        SessionKey, on_delete=models.DO_NOTHING, db_constraint=False, related_name="records"
    )
    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="+")
    fetch_id = models.CharField(max_length=128)
    custodian = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    record_type = models.CharField(max_length=64)
    system_id = models.CharField(max_length=128)
    record_id = models.CharField(max_length=128)
    items = ArrayField(models.CharField(max_length=128), default=list)
    reason = models.TextField()
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=16, choices=Answer, default=Answer.WAITING)
    work_item = models.ForeignKey(WorkItem, null=True, on_delete=models.CASCADE, related_name="+")
    content = models.TextField(blank=True, help_text="JWE; opened for one request at a time")
    received_at = models.DateTimeField(null=True)
    shared_entry_id = models.UUIDField(null=True, help_text="The ledger's entry of the sharing")

    class Meta:
        constraints: ClassVar = [
            # Asked again, the new answer takes the old one's place.
            models.UniqueConstraint(
                fields=["key", "search", "custodian", "record_type", "system_id", "record_id"],
                name="a_record_is_asked_once_in_a_session",
            ),
        ]

    def __str__(self) -> str:
        return f"asked record {self.id}"
