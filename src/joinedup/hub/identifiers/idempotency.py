"""One answer for one ``Idempotency-Key``: a caller that repeats itself is not asked about twice.

Follows the IETF draft "The Idempotency-Key HTTP Header Field": the same key with the same
question gives the stored answer; with another question, or while the first is still being
answered, it is a conflict.
"""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from joinedup.hub.identifiers.models import KeptAnswer
from joinedup.hub.organisations.models import MachineClient

KEPT_FOR = timedelta(hours=24)
# Longer than any question takes; after it, the process that was answering must have died.
STARTED_BUT_LOST = timedelta(minutes=2)


class OtherQuestion(Exception):
    """The key was used before, for a different question."""


class StillBeingAnswered(Exception):
    """The same question with this key has not been answered yet."""


def fingerprint(body: Any) -> str:
    """A keyed fingerprint of a question: without the hub's secret it says nothing about it."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def begin(client: MachineClient, key: str, question: str) -> KeptAnswer:
    """Claim the key for this question, or find the answer it already has (``body`` is set).

    Takes the question's fingerprint. Raises ``OtherQuestion`` or ``StillBeingAnswered``.
    """
    now = timezone.now()
    KeptAnswer.objects.filter(expires_at__lte=now).delete()
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(
                client=client,
                key=key,
                fingerprint=question,
                started_at=now,
                expires_at=now + KEPT_FOR,
            )
    except IntegrityError:
        kept = KeptAnswer.objects.get(client=client, key=key)
    if not hmac.compare_digest(kept.fingerprint, question):
        raise OtherQuestion
    if kept.body is None:
        lost = KeptAnswer.objects.filter(
            pk=kept.pk, sealed_body__isnull=True, started_at__lt=now - STARTED_BUT_LOST
        )
        if not lost.update(started_at=now):
            raise StillBeingAnswered
    return kept


def finish(kept: KeptAnswer, body: dict[str, Any]) -> None:
    """Keep the answer under the key."""
    kept.body = body
    kept.save(update_fields=["sealed_body"])


def give_up(kept: KeptAnswer) -> None:
    """Free the key: there was no answer, so the next call asks again."""
    kept.delete()
