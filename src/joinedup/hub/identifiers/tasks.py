"""What the worker does for identifier requests."""

import logging

from django.utils import timezone

from joinedup.hub.identifiers.models import KeptAnswer
from joinedup.hub.worker import every

log = logging.getLogger("joinedup.hub.identifiers")


@every("10 * * * *")
def forget_kept_answers() -> None:
    """Delete the answers that were kept for a day, also of a client that never came back."""
    gone, _ = KeptAnswer.objects.filter(expires_at__lte=timezone.now()).delete()
    log.info("forgot %s kept answers", gone)
