"""The log as PostgreSQL keeps it: entries, the tree over them, checkpoints, and who has them.

Nothing here is ever changed or deleted but ``Waiting`` (which entries have no place yet) and a
``SubjectKey`` when it is destroyed. Triggers refuse the rest, and ``hub.rights`` leaves the hub's
own database user no right to it.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class SubjectKey(models.Model):
    """The key that one subject's entries are sealed under, wrapped with the ledger's own.

    ``about`` is the subject's blind index. A destroyed key has no ``wrapped``; a subject who turns
    up again gets a new one.
    """

    about = models.BinaryField(max_length=32)
    wrapped = models.BinaryField(null=True)
    made_at = models.DateTimeField(db_default=Now())
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["about"], condition=Q(wrapped__isnull=False), name="one_live_key_a_subject"
            ),
            models.CheckConstraint(
                condition=Q(wrapped__isnull=True, destroyed_at__isnull=False)
                | Q(wrapped__isnull=False, destroyed_at__isnull=True),
                name="a_key_is_there_or_destroyed",
            ),
        ]

    def __str__(self) -> str:
        return f"key {self.pk}"


class Entry(models.Model):
    """One entry. ``content`` is the leaf of the log, byte for byte; the rest is to find it by.

    ``about``, ``others`` and ``person`` are blind indexes. ``key`` is not a foreign key: entries
    are written without a lock on the subject's key.
    """

    number = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(db_index=True)
    organisation = models.CharField(max_length=32, blank=True)
    action = models.CharField(max_length=64)
    content = models.BinaryField()
    sealed = models.BinaryField(null=True)
    key = models.BigIntegerField(null=True)
    about = models.BinaryField(max_length=32, null=True)
    others = ArrayField(models.BinaryField(max_length=32), null=True)
    person = models.BinaryField(max_length=32, null=True)
    correlation_id = models.UUIDField(null=True, db_index=True)

    class Meta:
        ordering: ClassVar = ["number"]
        indexes: ClassVar = [
            models.Index(
                fields=["about", "number"],
                name="entries_about_a_subject",
                condition=Q(about__isnull=False),
            ),
            GinIndex(
                fields=["others"], name="entries_about_others", condition=Q(others__isnull=False)
            ),
            models.Index(
                fields=["person", "at"],
                name="entries_by_a_person",
                condition=Q(person__isnull=False),
            ),
            models.Index(fields=["organisation", "at"], name="entries_of_an_organisation"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"


class Disclosed(models.Model):
    """An entry disclosed something of this custodian's records to somebody else."""

    pk = models.CompositePrimaryKey("holder", "entry_id")
    holder = models.CharField(max_length=32)
    entry = models.ForeignKey(
        Entry, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.holder} {self.entry_id}"


class Waiting(models.Model):
    """An entry that has no place in the log yet; a trigger puts it here with the entry."""

    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, primary_key=True, db_constraint=False, related_name="+"
    )

    def __str__(self) -> str:
        return str(self.pk)


class Leaf(models.Model):
    """An entry's place in the log, from 0."""

    place = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, db_constraint=False, related_name="leaf"
    )

    def __str__(self) -> str:
        return str(self.place)


class Node(models.Model):
    """The hash of a full subtree: ``level`` 0 is the leaves, ``place`` counts within the level."""

    pk = models.CompositePrimaryKey("level", "place")
    level = models.SmallIntegerField()
    place = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.level}/{self.place}"


class SignedCheckpoint(models.Model):
    """A checkpoint that was signed: ``note`` is the whole of it."""

    size = models.BigIntegerField(db_index=True)
    root = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    note = models.TextField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.size} at {self.at:%Y-%m-%d %H:%M:%S}"


class Witnessed(models.Model):
    """A witness has a checkpoint. ``signature`` is its own line over it, where it gives one."""

    checkpoint = models.ForeignKey(
        SignedCheckpoint, on_delete=models.PROTECT, related_name="witnessed"
    )
    witness = models.CharField(max_length=200)
    at = models.DateTimeField()
    signature = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["checkpoint", "witness"], name="a_witness_has_a_checkpoint_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint} with {self.witness}"


class HoldBack(models.Model):
    """An entry is, or is no longer, kept from the family when it asks who looked.

    The newest row of an entry counts. Why, and who decided, is in the ledger (``record``).
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="hold_backs")
    held = models.BooleanField()
    code = models.CharField(max_length=32)
    record = models.UUIDField(unique=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.entry_id} {'held back' if self.held else 'shown'}"
