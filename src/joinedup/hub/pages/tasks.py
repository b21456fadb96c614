"""What the worker does for the pages."""

from django.contrib.sessions.models import Session
from django.utils import timezone

from joinedup.hub.worker import every


@every("*/5 * * * *")
def end_idle_sessions() -> None:
    """Delete sessions that ran out, with the keys and the closed records that they held."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
