"""The clock: what is overdue goes to the safeguarding lead, and what was put off comes back."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from joinedup.hub.ledger.writing import record
from joinedup.hub.notifications.models import Kind
from joinedup.hub.notifications.outbox import tell_organisation
from joinedup.hub.sharing import asking, events
from joinedup.hub.sharing.course import OPEN, Event, Side, State, Step
from joinedup.hub.sharing.models import ShareRequest
from joinedup.hub.sharing.people import LEADS

_OPEN = [each.value for each in OPEN]


def overdue(now: datetime) -> QuerySet[ShareRequest]:
    """Open requests whose time is up."""
    return ShareRequest.objects.filter(state__in=_OPEN, due_at__lte=now)


def reviews_due(now: datetime) -> QuerySet[ShareRequest]:
    """Decisions to withhold that are to be looked at again by now, and were not."""
    today = timezone.localdate(now)
    return ShareRequest.objects.filter(state=State.DECIDED.value, review_by__lt=today)


def incomplete(now: datetime) -> QuerySet[ShareRequest]:
    """Emergencies whose missing facts were not completed in time."""
    return ShareRequest.objects.filter(complete_by__lte=now, completed_at=None)


def tick(now: datetime | None = None) -> int:
    """Do what the clock does; each once, whoever else is at it. Gives how many it concerned."""
    now = now or timezone.now()
    return (
        _for_each(overdue(now), _escalate, now)
        + _for_each(reviews_due(now).filter(review_told_at=None), _remind, now)
        + _for_each(incomplete(now).filter(incomplete_told_at=None), _ask_to_complete, now)
    )


def _for_each(
    rows: QuerySet[ShareRequest], act: Callable[[ShareRequest, datetime], None], now: datetime
) -> int:
    done = 0
    for key in list(rows.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            # What another worker has done meanwhile is no longer among the rows.
            request = (
                rows.select_for_update(skip_locked=True, of=("self",))
                .select_related("asker", "holder", "membership")
                .filter(pk=key)
                .first()
            )
            if request is not None:
                act(request, now)
                done += 1
    return done


def _escalate(request: ShareRequest, now: datetime) -> None:
    events.add(
        request,
        Event(Step.ESCALATE, now, Side.CLOCK),
        None,
        entry=lambda: record(**asking.facts(request, Side.HOLDER), action="share.escalate"),
    )
    _tell_leads(request, Kind.ESCALATED)


def _remind(request: ShareRequest, now: datetime) -> None:
    request.review_told_at = now
    request.save(update_fields=["review_told_at"])
    _tell_leads(request, Kind.REVIEW_DUE)


def _ask_to_complete(request: ShareRequest, now: datetime) -> None:
    request.incomplete_told_at = now
    request.save(update_fields=["incomplete_told_at"])
    asking.tell_asker(request, Kind.INCOMPLETE)
    tell_organisation(request.asker, LEADS, Kind.INCOMPLETE, reference=request.id)


def _tell_leads(request: ShareRequest, kind: Kind) -> None:
    tell_organisation(request.holder, LEADS, kind, actor=request.asker, reference=request.id)
