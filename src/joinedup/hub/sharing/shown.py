"""A request as its page shows it to one side, and what that side may do next."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from joinedup.hub.organisations.models import Membership
from joinedup.hub.pages import purposes
from joinedup.hub.pages.involved import moment
from joinedup.hub.pages.status_words import Said
from joinedup.hub.sharing import events, people, permission, reading, words
from joinedup.hub.sharing.course import Side, State, Step, Told, Urgency
from joinedup.hub.sharing.models import Origin, ShareEvent, ShareRequest
from joinedup.hub.shields.levels import level_of
from joinedup.policy.decision import Duty
from joinedup.policy.question import Level


@dataclass(frozen=True, slots=True)
class Happened:
    """An event in words. The other side is not told what was written with a decision."""

    at: str
    who: str
    what: str
    words: str


def side_of(request: ShareRequest, membership: Membership) -> Side | None:
    """Which side the person is on; None when the request is not theirs to see."""
    if people.is_holder(request, membership):
        return Side.HOLDER
    return Side.ASKER if people.is_asker(request, membership) else None


def page(request: ShareRequest, membership: Membership, side: Side) -> dict[str, Any]:
    """What the page shows."""
    now = timezone.now()
    is_open = State(request.state) in (State.RECEIVED, State.IN_DIALOGUE, State.ESCALATED)
    answered = reading.told(request, membership) if side is Side.ASKER else []
    given = any(each.told is Told.GIVEN for each in answered)
    return {
        "request_": request,
        "is_asker": side is Side.ASKER,
        "offered": request.origin == Origin.OFFERED,
        "state": words.STATES[State(request.state)],
        "purpose": purposes.name(request.purpose),
        "urgency": Urgency(request.urgency).value,
        "received": moment(request.received_at),
        "due": moment(request.due_at) if is_open else "",
        "late": is_open and request.due_at <= now,
        "items": [words.item(each) for each in request.items.all()],
        "answers": [(words.item(each.item), _said(each.told)) for each in answered],
        "decisions": _decisions(request) if side is Side.HOLDER else [],
        "happened": _happened(request, side),
        "may_answer": side is Side.HOLDER
        and request.origin == Origin.ASKED
        and State(request.state) is not State.WITHDRAWN,
        "may_hand_on": side is Side.HOLDER and is_open and request.state != State.ESCALATED,
        "may_speak": State(request.state) is not State.WITHDRAWN,
        "may_withdraw": side is Side.ASKER and is_open and people.may_read(request, membership),
        "may_read": given and people.may_read(request, membership),
        "to_complete": moment(request.complete_by)
        if side is Side.ASKER and request.complete_by and not request.completed_at
        else "",
        "review_by": request.review_by if side is Side.HOLDER else None,
        "hide_place": side is Side.HOLDER and _hides_place(request),
        "readings": [(moment(each.at), each.entry_id) for each in request.readings.all()],
    }


def _said(told: Told) -> Said:
    return words.ANSWERS[told]


def _decisions(request: ShareRequest) -> list[tuple[str, str]]:
    """What we decided of each item, for our own people: also why."""
    come_to = events.course_of(request)
    items = list(request.items.all())
    return [
        (words.item(items[each.item]), "Shared" if each.why is None else WHYS[each.why.value])
        for each in come_to.answers
    ]


def _happened(request: ShareRequest, side: Side) -> list[Happened]:
    rows = request.events.select_related("membership__person").order_by("number")
    return [
        Happened(
            moment(each.at),
            _who(request, each),
            words.STEPS[Step(each.step)],
            each.words if _may_know(each, side) else "",
        )
        for each in rows
    ]


def _may_know(event: ShareEvent, side: Side) -> bool:
    """Messages are for both; what was written with a decision, or on handing it on, is not: its
    length alone could tell detriment from "not held".
    """
    return event.step == Step.MESSAGE or side is Side.HOLDER


def _who(request: ShareRequest, event: ShareEvent) -> str:
    if event.side == Side.CLOCK:
        return "Joinedup"
    organisation = request.asker if event.side == Side.ASKER else request.holder
    if event.membership is None or event.step == Step.DECIDE:
        return organisation.name
    return f"{event.membership.person.name}, {organisation.name}"


def _hides_place(request: ShareRequest) -> bool:
    """Whether what says where the child is must be left out. At level V nothing is said of it."""
    if level_of(request.sui) is not Level.NO_LOCATION:
        return False
    duties = permission.now_given(request, Level.NO_LOCATION).duties.values()
    return any(Duty.MASK_LOCATION in each for each in duties)


WHYS = {
    "not-held": "Not shared: we do not hold it",
    "not-relevant": "Not shared: it would not help with their purpose",
    "detriment": "Not shared: it would harm the child more than help",
    "other-legal-bar": "Not shared: another law forbids it",
}
