"""What the worker does for notices."""

from datetime import timedelta

from django.utils import timezone

from joinedup.hub.notifications import delivering, mailing
from joinedup.hub.notifications.models import Allocation, Notice, Quiet
from joinedup.hub.worker import every

KEPT = timedelta(days=365)


@every("* * * * * */5")
def deliver_notices() -> None:
    """Tell what waits to be told."""
    delivering.deliver_due()


@every("*/5 * * * *")
def write_emails() -> None:
    """Write to those who have something to read."""
    mailing.send_due()


@every("35 3 * * *")
def forget_old_notices() -> None:
    """Delete notices, and allocations and quiet that ended, after a year."""
    long_ago = timezone.now() - KEPT
    Notice.objects.filter(shown_from__lt=long_ago).delete()
    Allocation.objects.filter(ended_at__lt=long_ago).delete()
    Quiet.objects.filter(until__lt=long_ago).delete()
