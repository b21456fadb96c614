"""What the worker does for discovery."""

from datetime import timedelta

from django.utils import timezone

from joinedup.hub.discovery import hints
from joinedup.hub.discovery.models import Fetch, FetchDecision, Hint, Search
from joinedup.hub.worker import every

KEPT = timedelta(days=30)
"""A search stays readable for so long after it ended; the ledger keeps the fact for good."""
HINTS_KEPT = timedelta(days=1)
DECISIONS_KEPT = timedelta(days=365)
_AT_ONCE = 1_000


@every("* * * * * */2")
def send_hints() -> None:
    """Tell custodians of work and searchers of results."""
    hints.send_due()


@every("*/5 * * * *")
def drop_expired_content() -> None:
    """Delete sealed content that nobody came for in time."""
    Fetch.objects.filter(work_item__expires_at__lte=timezone.now()).exclude(content="").update(
        content=""
    )


@every("15 4 * * *")
def forget_old_searches() -> None:
    """Delete searches that ended long enough ago, with their work items and results.

    And what was decided on fetches, a year later.
    """
    now = timezone.now()
    Hint.objects.filter(created_at__lt=now - HINTS_KEPT).delete()
    old = Search.objects.filter(expires_at__lt=now - KEPT).order_by("expires_at")
    while keys := list(old.values_list("id", flat=True)[:_AT_ONCE]):
        Search.objects.filter(id__in=keys).delete()
    FetchDecision.objects.filter(at__lt=now - DECISIONS_KEPT).delete()
