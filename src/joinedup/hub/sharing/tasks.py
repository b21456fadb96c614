"""What the worker does for sharing."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from joinedup.hub.sharing import corrections, course, escalating
from joinedup.hub.sharing.models import Correction, SealedItem, ShareRequest
from joinedup.hub.worker import every

CONTENT_KEPT = timedelta(days=30)
KEPT = timedelta(days=365)
CORRECTIONS_KEPT = timedelta(days=3 * 365)


@every("* * * * *")
def mind_the_clock() -> None:
    """Take overdue requests to the safeguarding lead, and remind of what was put off."""
    escalating.tick()


@every("* * * * * */20")
def tell_corrections() -> None:
    """Tell everybody who was given something through a link that proved wrong."""
    corrections.read_links()
    corrections.tell_due()


@every("45 3 * * *")
def forget_old_requests() -> None:
    """Delete shared content after 30 days, requests a year after they were decided."""
    now = timezone.now()
    SealedItem.objects.filter(given_at__lt=now - CONTENT_KEPT).delete()
    over = Q(decided_at__lt=now - KEPT) | Q(
        state=course.State.WITHDRAWN.value, received_at__lt=now - KEPT
    )
    ShareRequest.objects.filter(over).exclude(review_by__gte=timezone.localdate(now)).delete()
    Correction.objects.filter(told_at__lt=now - CORRECTIONS_KEPT).delete()
