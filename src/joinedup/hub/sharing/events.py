"""Adding to what happened to a request, and keeping on its row what that comes to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from joinedup.hub.organisations.models import MachineClient, Membership
from joinedup.hub.sharing import course
from joinedup.hub.sharing.models import ShareEvent, ShareRequest

Actor = Membership | MachineClient | None


@contextmanager
def held(request_id: UUID) -> Iterator[ShareRequest]:
    """The request as it is now, with nobody else adding to it until the transaction ends."""
    with transaction.atomic():
        yield (
            ShareRequest.objects.select_for_update(of=("self",))
            .select_related("asker__principal", "holder__principal", "membership", "client")
            .get(id=request_id)
        )


def course_of(request: ShareRequest) -> course.Course:
    """What a request's events come to."""
    happened = [_event(each) for each in request.events.all()]
    return course.fold(course.Urgency(request.urgency), request.items.count(), happened)


def add(
    request: ShareRequest,
    event: course.Event,
    by: Actor,
    words: str = "",
    entry: Callable[[], UUID] | None = None,
) -> course.Course:
    """Add an event to a request that is held; raises ``course.NotNow``, and nothing is added.

    ``entry`` writes the ledger's entry of it, once it is known that it may happen.
    """
    number = request.events.count()
    if number:
        come_to = course.after(course_of(request), event)
    else:
        urgency = course.Urgency(request.urgency)
        come_to = course.begin(urgency, request.items.count(), event.at)
    row = ShareEvent(
        request=request,
        number=number,
        step=event.step.value,
        at=event.at,
        side=event.side.value,
        membership=by if isinstance(by, Membership) else None,
        client=by if isinstance(by, MachineClient) else None,
        answers=[each.why.value if each.why else "" for each in _in_order(event)],
        review_by=event.review_by,
        entry_id=entry() if entry else None,
    )
    row.words = words
    row.save(force_insert=True)
    keep(request, come_to)
    return come_to


def keep(request: ShareRequest, come_to: course.Course) -> None:
    """Keep on the row what the events come to."""
    request.state = come_to.state.value
    request.due_at = come_to.due_at
    request.escalations = come_to.escalations
    request.decided_at = come_to.decided_at
    request.review_by = come_to.review_by
    request.save(update_fields=["state", "due_at", "escalations", "decided_at", "review_by"])


def _in_order(event: course.Event) -> list[course.Answer]:
    return sorted(event.answers, key=lambda each: each.item)


def _event(row: ShareEvent) -> course.Event:
    return course.Event(
        course.Step(row.step),
        row.at,
        course.Side(row.side),
        tuple(
            course.Answer(at, course.Why(why) if why else None)
            for at, why in enumerate(row.answers)
        ),
        row.review_by,
    )
