"""Whatever happens to a request, in any order: it is never lost, and no reason is missing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from joinedup.hub.sharing.course import (
    ANSWER_WITHIN,
    Answer,
    Course,
    Event,
    NotNow,
    Side,
    State,
    Step,
    Told,
    Urgency,
    Why,
    after,
    begin,
    fold,
    needs_review,
)

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = date(2027, 1, 1)
whys = st.sampled_from([None, *Why])


class Desk(RuleBasedStateMachine):
    """One request, with two sides and a clock that goes on whether or not anybody does anything.

    ``Desk`` keeps its own simple account of what must be true, beside the course.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.urgency = Urgency.URGENT
        self.events = [Event(Step.RECEIVE, START, Side.ASKER)]
        self.course: Course = begin(self.urgency, 2, START)
        self.decisions: list[tuple[Answer, ...]] = []
        self.withdrawn = False
        self.ticked = START

    def does(self, step: Step, side: Side, **more) -> bool:
        event = Event(step, self.now, side, **more)
        try:
            self.course = after(self.course, event)
        except NotNow:
            return False
        self.events.append(event)
        return True

    @rule(hours=st.integers(0, 60))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def the_clock_acts(self) -> None:
        was_overdue = self.course.overdue(self.now)
        assert self.does(Step.ESCALATE, Side.CLOCK) == was_overdue
        self.ticked = self.now

    @rule(side=st.sampled_from([Side.ASKER, Side.HOLDER]))
    def somebody_speaks(self, side: Side) -> None:
        said = self.does(Step.MESSAGE, side)
        assert said != self.withdrawn

    @rule()
    def it_is_handed_on(self) -> None:
        self.does(Step.HAND_ON, Side.HOLDER)

    @rule(one=whys, other=whys)
    def it_is_decided(self, one, other) -> None:
        answers = (Answer(0, one), Answer(1, other))
        review = LATER if needs_review(answers) else None
        if self.does(Step.DECIDE, Side.HOLDER, answers=answers, review_by=review):
            self.decisions.append(answers)
        else:
            assert self.withdrawn

    @precondition(lambda self: not self.decisions)
    @rule()
    def it_is_withdrawn(self) -> None:
        if self.does(Step.WITHDRAW, Side.ASKER):
            self.withdrawn = True

    @rule(step=st.sampled_from(Step), side=st.sampled_from(Side))
    def the_wrong_side_tries(self, step: Step, side: Side) -> None:
        rights = {
            Step.DECIDE: Side.HOLDER, Step.WITHDRAW: Side.ASKER, Step.ESCALATE: Side.CLOCK,
            Step.HAND_ON: Side.HOLDER,
        }  # fmt: skip
        if step is Step.RECEIVE or (step in rights and rights[step] is not side):
            assert not self.does(step, side)

    @invariant()
    def it_is_owed_until_it_is_decided(self) -> None:
        assert self.course.is_open == (not self.decisions and not self.withdrawn)

    @invariant()
    def the_last_decision_counts_and_says_why(self) -> None:
        assert self.course.answers == (self.decisions[-1] if self.decisions else ())
        for answer in self.course.answers:
            assert (answer.told is Told.GIVEN) == (answer.why is None)

    @invariant()
    def after_the_clock_has_acted_nothing_open_is_overdue(self) -> None:
        if self.ticked == self.now and self.course.is_open:
            assert not self.course.overdue(self.now)
            late = self.now >= START + ANSWER_WITHIN[self.urgency]
            assert not late or self.course.state is State.ESCALATED

    @invariant()
    def its_state_is_what_its_events_come_to(self) -> None:
        assert fold(self.urgency, 2, self.events) == self.course


TestDesk = Desk.TestCase
TestDesk.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("answers", [(), (Answer(0),), (Answer(0), Answer(0))])
def test_a_decision_covers_each_item_once(answers):
    course = begin(Urgency.ORDINARY, 2, START)
    with pytest.raises(NotNow):
        after(course, Event(Step.DECIDE, START, Side.HOLDER, answers))


@given(st.lists(whys, min_size=1, max_size=6))
def test_what_is_withheld_has_a_day_to_look_again(reasons):
    answers = tuple(Answer(place, why) for place, why in enumerate(reasons))
    course = begin(Urgency.ORDINARY, len(answers), START)
    wrong = None if needs_review(answers) else LATER
    with pytest.raises(NotNow):
        after(course, Event(Step.DECIDE, START, Side.HOLDER, answers, wrong))


def test_detriment_and_not_held_are_told_alike():
    assert Answer(0, Why.DETRIMENT).told is Answer(0, Why.NOT_HELD).told is Told.NOTHING


def test_nothing_is_asked_for_without_an_item():
    with pytest.raises(NotNow):
        begin(Urgency.EMERGENCY, 0, START)
