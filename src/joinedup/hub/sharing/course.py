"""The course of a request: what may happen next, when it is due, and what it has come to.

Pure: no clock of its own, no database. A request's state is a fold over its events, and an event
that may not happen raises ``NotNow``, so nothing is ever lost on the way: an open request is in
somebody's list, and past its due time it is in the safeguarding lead's.

The closed list of reasons is trust rule L4's; that detriment lifts the duty is Children Act 2004
s.16LA(3). No law sets the times: they are ours (docs/sharing.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum


class Urgency(StrEnum):
    """How soon an answer is needed."""

    ORDINARY = "ordinary"
    URGENT = "urgent"
    EMERGENCY = "emergency"


ANSWER_WITHIN = {
    Urgency.ORDINARY: timedelta(days=7),
    Urgency.URGENT: timedelta(days=1),
    Urgency.EMERGENCY: timedelta(hours=1),
}
COMPLETE_WITHIN = timedelta(hours=24)
"""What an emergency left out is completed by then (ICO, data sharing in an emergency; L23)."""


class State(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    IN_DIALOGUE = "in-dialogue"
    ESCALATED = "escalated"  # with the safeguarding lead
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


OPEN = frozenset({State.RECEIVED, State.IN_DIALOGUE, State.ESCALATED})


class Step(StrEnum):
    """What can happen to a request."""

    RECEIVE = "receive"
    MESSAGE = "message"
    HAND_ON = "hand-on"  # a person at the custodian asks the safeguarding lead to decide
    ESCALATE = "escalate"  # the clock does
    DECIDE = "decide"
    WITHDRAW = "withdraw"


class Side(StrEnum):
    """Who did it."""

    ASKER = "asker"
    HOLDER = "holder"
    CLOCK = "clock"


class Why(StrEnum):
    """Why something is withheld: the closed list."""

    DETRIMENT = "detriment"
    NOT_RELEVANT = "not-relevant"
    NOT_HELD = "not-held"
    OTHER_LEGAL_BAR = "other-legal-bar"


class Told(StrEnum):
    """What whoever asked is told of one item."""

    GIVEN = "given"
    NOTHING = "nothing"  # not held and withheld for detriment: never told apart
    NOT_RELEVANT = "not-relevant"
    OTHER_LEGAL_BAR = "other-legal-bar"


_TOLD = {
    Why.DETRIMENT: Told.NOTHING,
    Why.NOT_HELD: Told.NOTHING,
    Why.NOT_RELEVANT: Told.NOT_RELEVANT,
    Why.OTHER_LEGAL_BAR: Told.OTHER_LEGAL_BAR,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided of one item: shared when there is no reason to withhold it."""

    item: int
    why: Why | None = None

    @property
    def told(self) -> Told:
        """What whoever asked is told of it."""
        return Told.GIVEN if self.why is None else _TOLD[self.why]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. ``answers`` and ``review_by`` come with a decision alone."""

    step: Step
    at: datetime
    side: Side
    answers: tuple[Answer, ...] = ()
    review_by: date | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """What the events so far come to. ``due_at`` is when the clock acts, while it is open."""

    urgency: Urgency
    items: int
    state: State
    due_at: datetime
    escalations: int = 0
    decided_at: datetime | None = None
    answers: tuple[Answer, ...] = ()
    review_by: date | None = None

    @property
    def is_open(self) -> bool:
        """Whether an answer is still owed."""
        return self.state in OPEN

    def overdue(self, now: datetime) -> bool:
        """Whether the clock must act."""
        return self.is_open and now >= self.due_at


class NotNow(ValueError):
    """This cannot happen to the request as it stands; the message says why."""


_WHO = {
    Step.MESSAGE: {Side.ASKER, Side.HOLDER},
    Step.HAND_ON: {Side.HOLDER},
    Step.ESCALATE: {Side.CLOCK},
    Step.DECIDE: {Side.HOLDER},
    Step.WITHDRAW: {Side.ASKER},
}


def begin(urgency: Urgency, items: int, at: datetime) -> Course:
    """A request that was received just now, with so many items."""
    if items < 1:
        raise NotNow("Select at least one item.")
    return Course(urgency, items, State.RECEIVED, at + ANSWER_WITHIN[urgency])


def after(course: Course, event: Event) -> Course:
    """What the request comes to with one more event; raises ``NotNow``."""
    if event.side not in _WHO.get(event.step, set()):
        raise NotNow("That is for the other side.")
    if event.step is Step.DECIDE:
        return _decided(course, event)
    if not course.is_open:
        if event.step is Step.MESSAGE and course.state is State.DECIDED:
            return course  # one may speak about an answer
        raise NotNow("This request is over.")
    if event.step is Step.MESSAGE:
        spoken = State.IN_DIALOGUE if course.state is State.RECEIVED else course.state
        return replace(course, state=spoken)
    if event.step is Step.WITHDRAW:
        return replace(course, state=State.WITHDRAWN)
    if event.step is Step.HAND_ON and course.state is State.ESCALATED:
        raise NotNow("The safeguarding lead has this request already.")
    if event.step is Step.ESCALATE and not course.overdue(event.at):
        raise NotNow("This request is not overdue.")
    return replace(
        course,
        state=State.ESCALATED,
        escalations=course.escalations + 1,
        # Each time the clock has run out the lead is reminded anew: it never stops by itself.
        due_at=event.at + ANSWER_WITHIN[course.urgency],
    )


def fold(urgency: Urgency, items: int, events: Sequence[Event]) -> Course:
    """What all events come to, the first of which is that it was received."""
    if not events or events[0].step is not Step.RECEIVE:
        raise NotNow("A request begins with being received.")
    course = begin(urgency, items, events[0].at)
    for event in events[1:]:
        course = after(course, event)
    return course


def needs_review(answers: Iterable[Answer]) -> bool:
    """Whether a date to look at the decision again belongs to it (L3): something is withheld."""
    return any(each.why not in (None, Why.NOT_HELD) for each in answers)


def _decided(course: Course, event: Event) -> Course:
    """A decision covers each item once. A later one counts; the earlier stays on record."""
    if course.state is State.WITHDRAWN:
        raise NotNow("This request was withdrawn.")
    if sorted(each.item for each in event.answers) != list(range(course.items)):
        raise NotNow("Decide on each item.")
    if needs_review(event.answers) != (event.review_by is not None):
        raise NotNow("Give the date on which to look at this again, where something is withheld.")
    return replace(
        course,
        state=State.DECIDED,
        decided_at=event.at,
        answers=tuple(sorted(event.answers, key=lambda each: each.item)),
        review_by=event.review_by,
    )
