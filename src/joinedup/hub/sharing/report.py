"""How an organisation answers requests, in counts: the line that leads look at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

from joinedup.hub.organisations.models import Organisation
from joinedup.hub.sharing import course, escalating
from joinedup.hub.sharing.models import Origin, ShareEvent, ShareRequest

OVER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Report:
    """Of requests that came to the organisation in the time, but for ``incomplete``: its own."""

    received: int
    decided: int
    in_time: int
    open: int
    overdue: int
    escalated: int
    median_hours: float | None
    withheld: dict[str, int]
    reviews_due: int
    incomplete: int


def report(organisation: Organisation, now: datetime) -> Report:
    """Count what came in the last 90 days."""
    ours = ShareRequest.objects.filter(holder=organisation, origin=Origin.ASKED)
    came = list(ours.filter(received_at__gt=now - OVER))
    first = _first_decisions([each.pk for each in came])
    took = [first[each.pk] - each.received_at for each in came if each.pk in first]
    in_time = sum(
        first[each.pk] - each.received_at <= course.ANSWER_WITHIN[course.Urgency(each.urgency)]
        for each in came
        if each.pk in first
    )
    return Report(
        received=len(came),
        decided=len(took),
        in_time=in_time,
        open=sum(each.state in _OPEN for each in came),
        overdue=escalating.overdue(now).filter(holder=organisation).count(),
        escalated=sum(each.escalations > 0 for each in came),
        median_hours=round(median(each.total_seconds() for each in took) / 3600, 1)
        if took
        else None,
        withheld=_withheld(came),
        reviews_due=escalating.reviews_due(now).filter(holder=organisation).count(),
        incomplete=escalating.incomplete(now).filter(asker=organisation).count(),
    )


_OPEN = {each.value for each in course.OPEN}


def _first_decisions(keys: list[UUID]) -> dict[UUID, datetime]:
    decided = ShareEvent.objects.filter(request__in=keys, step=course.Step.DECIDE.value)
    rows = decided.order_by("-number").values_list("request_id", "at")
    return dict(rows)  # the first of each comes last


def _withheld(came: list[ShareRequest]) -> dict[str, int]:
    """Items withheld by the decisions that count, by reason."""
    counts = {each.value: 0 for each in course.Why}
    last: dict[UUID, list[str]] = {}
    decided = ShareEvent.objects.filter(request__in=came, step=course.Step.DECIDE.value)
    for event in decided.order_by("number"):
        last[event.request_id] = event.answers
    for answers in last.values():
        for why in answers:
            if why:
                counts[why] += 1
    return counts
