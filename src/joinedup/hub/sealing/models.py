"""The keys that columns are sealed under, each wrapped with a key that is not in the database."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class DataKey(models.Model):
    """One data key. The newest that is not retired seals; a retired one still opens."""

    number = models.BigIntegerField(primary_key=True, help_text="Random: it says nothing")
    wrapped = models.BinaryField()
    made_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["made_at"]

    def __str__(self) -> str:
        return f"data key of {self.made_at:%Y-%m-%d}"
