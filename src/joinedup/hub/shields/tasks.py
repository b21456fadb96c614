"""What the worker does each day for shields."""

import logging

from django.utils import timezone

from joinedup.hub.shields.reviewing import note_overdue
from joinedup.hub.worker import every

log = logging.getLogger("joinedup.hub.shields")


@every("30 5 * * *")
def note_overdue_shields() -> None:
    """Note the shields whose date to be looked at again has gone by; they stay in force."""
    log.info("%s shields are newly overdue for review", note_overdue(timezone.localdate()))
