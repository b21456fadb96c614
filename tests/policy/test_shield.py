"""A shield holds at once, and nobody weakens it alone, by waiting or by mistake."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.policy.question import Level
from joinedup.policy.shield import (
    NOTHING,
    Event,
    Kind,
    Shield,
    Standing,
    after,
    fold,
    is_overdue,
    may_lift,
    months_later,
    together,
    working_days_later,
)

FRIDAY = date(2026, 11, 20)
R, V, U = Level.NO_LOCATION, Level.NOT_DISCOVERABLE, Level.OPEN


def ask(level=R, by="nurse", on=FRIDAY):
    return Event(Kind.ASK, on, by, level)


def event(kind, by="", level=U, on=FRIDAY):
    return Event(kind, on, by, level)


CONFIRMED = [ask(), event(Kind.CONFIRM, "ann"), event(Kind.CONFIRM, "bob")]


def test_a_shield_holds_as_soon_as_it_is_asked_for_and_is_due_for_review_in_two_working_days():
    shield = fold([ask(V)])
    assert (shield.level, shield.standing) == (V, Standing.TO_REVIEW)
    assert shield.review_by == date(2026, 11, 24)  # Friday, Monday, Tuesday


def test_two_people_review_and_neither_is_who_asked():
    one = fold(CONFIRMED[:2])
    assert one.standing is Standing.TO_REVIEW
    assert after(one, event(Kind.CONFIRM, "ann")).standing is Standing.TO_REVIEW
    assert after(one, event(Kind.CONFIRM, "nurse")).standing is Standing.TO_REVIEW
    assert after(one, event(Kind.CONFIRM)).standing is Standing.TO_REVIEW
    both = fold(CONFIRMED)
    assert (both.standing, both.review_by) == (Standing.IN_FORCE, date(2027, 5, 20))
    assert both.confirmed_by == {"ann", "bob"}


def test_one_person_alone_lifts_nothing():
    shield = fold([*CONFIRMED, event(Kind.LIFT_ASKED, "ann")])
    assert (shield.level, shield.standing) == (R, Standing.LIFT_ASKED)
    assert not may_lift(shield, "ann", U)
    assert after(shield, event(Kind.LIFT, "ann")).level is R
    assert after(shield, event(Kind.LIFT)).level is R
    assert fold([*CONFIRMED, event(Kind.LIFT, "bob")]).level is R
    lifted = after(shield, event(Kind.LIFT, "bob"))
    assert (lifted.level, lifted.standing, lifted.review_by) == (U, Standing.NONE, None)


def test_a_lift_goes_no_lower_than_both_said():
    shield = fold([ask(V), event(Kind.LIFT_ASKED, "ann", R)])
    assert after(shield, event(Kind.LIFT, "bob", U)).level is V
    lowered = after(shield, event(Kind.LIFT, "bob", R))
    assert (lowered.level, lowered.standing) == (R, Standing.IN_FORCE)
    assert lowered.review_by == date(2027, 5, 20)


@pytest.mark.parametrize("between", [ask(by="school"), event(Kind.CONFIRM, "cat"),
                                     event(Kind.PARTED), event(Kind.JOINED, level=R)])  # fmt: skip
def test_whatever_speaks_for_the_shield_makes_a_lift_begin_again(between):
    shield = fold([*CONFIRMED, event(Kind.LIFT_ASKED, "ann"), between, event(Kind.LIFT, "bob")])
    assert shield.level is R
    assert shield.lift_asked_by == ""


def test_to_ask_to_lift_what_is_not_there_is_nothing():
    assert fold([event(Kind.LIFT_ASKED, "ann"), event(Kind.LIFT, "bob")]) == NOTHING
    assert fold([*CONFIRMED, event(Kind.LIFT_ASKED, "ann", V)]).standing is Standing.IN_FORCE


def test_a_date_that_goes_by_is_a_task_and_never_the_end():
    shield = fold(CONFIRMED)
    day = shield.review_by
    assert not is_overdue(shield, day)
    assert is_overdue(shield, day + timedelta(days=1))
    expired = after(shield, event(Kind.EXPIRE, on=day + timedelta(days=1)))
    assert (expired.level, expired.standing) == (R, Standing.IN_FORCE)
    assert is_overdue(expired, FRIDAY)
    kept = after(expired, event(Kind.REVIEW, "ann", on=day + timedelta(days=5)))
    assert not is_overdue(kept, day + timedelta(days=5))
    assert kept.review_by == months_later(day + timedelta(days=5))
    assert not is_overdue(NOTHING, FRIDAY)
    assert not fold([event(Kind.EXPIRE)]).overdue


def test_a_first_review_cannot_be_passed_off_as_a_later_one():
    shield = fold([ask(), event(Kind.REVIEW, "ann")])
    assert (shield.standing, shield.review_by) == (Standing.TO_REVIEW, date(2026, 11, 24))
    assert fold([*CONFIRMED, event(Kind.REVIEW)]).review_by == date(2027, 5, 20)


def test_asking_again_raises_the_level_and_wins_no_time():
    later = FRIDAY + timedelta(days=1)
    shield = fold([ask(R), event(Kind.CONFIRM, "ann"), ask(V, "police", later)])
    assert (shield.level, shield.confirmed_by) == (V, frozenset())
    assert shield.review_by == date(2026, 11, 24)
    assert shield.asked_by == {"nurse", "police"}
    assert fold([ask(V), ask(R)]).level is V
    assert fold([ask(U)]) == NOTHING


def test_the_source_of_truths_flag_and_ours_are_kept_apart_and_the_higher_counts():
    flagged = fold([event(Kind.SOURCE, level=V), ask(R)])
    assert (flagged.level, flagged.own, flagged.source) == (V, R, V)
    assert fold([ask(R), event(Kind.SOURCE, level=V), event(Kind.SOURCE, level=U)]).level is R
    still = [event(Kind.SOURCE, level=R), *CONFIRMED, event(Kind.LIFT_ASKED, "ann")]
    assert fold([*still, event(Kind.LIFT, "bob")]).level is R


def test_merged_with_an_unshielded_one_is_shielded_and_split_is_shielded_until_reviewed():
    assert together([U, V, R]) is V
    assert together([]) is U
    joined = fold([event(Kind.JOINED, level=V)])
    assert (joined.level, joined.standing) == (V, Standing.TO_REVIEW)
    parted = after(fold(CONFIRMED), event(Kind.PARTED, on=FRIDAY))
    assert (parted.level, parted.standing) == (R, Standing.TO_REVIEW)
    assert parted.review_by == date(2026, 11, 24)
    assert after(NOTHING, event(Kind.PARTED)) == NOTHING


def test_days_and_months():
    assert working_days_later(date(2026, 11, 21)) == date(2026, 11, 24)  # a Saturday
    assert working_days_later(date(2026, 11, 23)) == date(2026, 11, 25)
    assert months_later(date(2026, 8, 31)) == date(2027, 2, 28)
    assert months_later(date(2027, 8, 31)) == date(2028, 2, 29)
    assert months_later(date(2026, 12, 1)) == date(2027, 6, 1)
    assert months_later(date(2026, 5, 31)) == date(2026, 11, 30)


def test_a_review_of_july_falls_in_january_of_the_next_year():
    """The one month whose half-year ends in a January: a year early would be overdue at once."""
    assert months_later(date(2026, 7, 15)) == date(2027, 1, 15)
    assert months_later(date(2026, 6, 30)) == date(2026, 12, 30)


@pytest.mark.parametrize(
    ("months", "day"),
    [
        (0, date(2026, 1, 31)),
        (1, date(2026, 2, 28)),
        (3, date(2026, 4, 30)),
        (11, date(2026, 12, 31)),
        (12, date(2027, 1, 31)),
        (26, date(2028, 3, 31)),
    ],
)
def test_a_period_of_any_number_of_months_ends_in_its_own_month(months, day):
    """Whoever sets another period than half a year would see reviews in the wrong month."""
    assert months_later(date(2026, 1, 31), months) == day


@pytest.mark.parametrize("level", [R, V])
def test_to_ask_for_the_level_that_a_shield_has_is_no_request_to_lift_it(level):
    """Reviewers would be asked to lift what nobody wants lower."""
    shield = fold([ask(level), event(Kind.CONFIRM, "ann"), event(Kind.CONFIRM, "bob")])
    assert after(shield, event(Kind.LIFT_ASKED, "ann", level)) == shield


people = st.sampled_from(["", "ann", "bob", "cat"])
events = st.builds(Event, st.sampled_from(Kind), st.dates(date(2026, 1, 1), date(2028, 1, 1)),
                   people, st.sampled_from(Level))  # fmt: skip


@given(st.lists(events, max_size=12), events)
def test_whatever_happens_only_a_second_person_lowers_a_shield(before, then):
    was = fold(before)
    now = after(was, then)
    assert now.level == max(now.own, now.source)
    if now.own < was.own:
        assert then.kind is Kind.LIFT
        assert then.by
        assert was.lift_asked_by
        assert then.by != was.lift_asked_by
        assert (then.level, now.own) == (was.lift_to, was.lift_to)
    if now.source != was.source:
        assert then.kind is Kind.SOURCE
    if now.own is not U:
        assert now.standing is not Standing.NONE
        assert now.review_by is not None
        assert not now.confirmed_by & now.asked_by or was.own is not U
    else:
        assert now.standing is Standing.NONE


@given(st.lists(events, max_size=8), st.lists(events, max_size=8))
def test_folding_goes_on_where_it_stopped(first, second):
    assert fold(second, fold(first)) == fold([*first, *second])


def test_a_round_of_review_that_ended_needs_two_again_after_a_new_request():
    shield = fold([*CONFIRMED, ask(V, "school")])
    assert shield.standing is Standing.TO_REVIEW
    assert after(shield, event(Kind.CONFIRM, "ann")).standing is Standing.TO_REVIEW
    assert isinstance(shield, Shield)


def test_the_words_that_are_stored_never_change():
    """Shields' events and standings are rows of years: another word would not be read back."""
    assert {each.name: each.value for each in Kind} == {
        "ASK": "ask", "CONFIRM": "confirm", "LIFT_ASKED": "lift-asked", "LIFT": "lift",
        "REVIEW": "review", "EXPIRE": "expire", "SOURCE": "source", "JOINED": "joined",
        "PARTED": "parted",
    }  # fmt: skip
    assert {each.name: each.value for each in Standing} == {
        "NONE": "none", "TO_REVIEW": "to-review", "IN_FORCE": "in-force",
        "LIFT_ASKED": "lift-asked",
    }  # fmt: skip


def test_before_anything_happened_there_is_nothing():
    assert (NOTHING.overdue, NOTHING.lift_asked_by, NOTHING.standing) == (
        False, "", Standing.NONE,
    )  # fmt: skip
    assert Event(Kind.SOURCE, FRIDAY).by == ""
    assert not is_overdue(NOTHING, date(2099, 1, 1))


def test_nobody_is_no_reviewer_and_no_asker_of_a_lift():
    in_force = fold(CONFIRMED)
    later = FRIDAY + timedelta(days=9)
    assert after(in_force, event(Kind.REVIEW, on=later)) == in_force
    assert after(in_force, event(Kind.REVIEW, "ann", on=later)).review_by == months_later(later)
    assert after(in_force, event(Kind.LIFT_ASKED, "", U)) == in_force
    assert after(in_force, event(Kind.LIFT_ASKED, "ann", U)).standing is Standing.LIFT_ASKED


def test_a_flag_of_the_source_alone_is_never_overdue_nor_lifted_here():
    flagged = fold([event(Kind.SOURCE, level=V), event(Kind.EXPIRE)])
    assert (flagged.level, flagged.overdue) == (V, False)
    assert not is_overdue(flagged, date(2099, 1, 1))


def test_asking_again_keeps_the_earlier_day_and_what_is_overdue_stays_so():
    first = fold([ask(), event(Kind.EXPIRE)])
    later = after(first, ask(by="school", on=FRIDAY + timedelta(days=30)))
    assert later.review_by == first.review_by
    assert later.overdue
    # In force, a new request begins a round of its own: a new day, and nothing overdue.
    long_after = FRIDAY + timedelta(days=400)
    renewed = after(fold([*CONFIRMED, event(Kind.EXPIRE)]), ask(by="school", on=long_after))
    assert renewed.review_by == working_days_later(long_after)
    assert not renewed.overdue
    # With a flag of the source but no review begun, the first request sets the first day.
    flagged = fold([event(Kind.SOURCE, level=R)])
    assert after(flagged, ask()).review_by == working_days_later(FRIDAY)
    waiting = Shield(own=R, standing=Standing.TO_REVIEW)  # as a row without its day would read
    assert after(waiting, ask()).review_by == working_days_later(FRIDAY)


def test_what_is_open_is_never_overdue_whatever_else_is_said():
    assert not is_overdue(Shield(overdue=True, review_by=FRIDAY), date(2099, 1, 1))


def test_a_lift_that_was_done_is_asked_for_no_more():
    asked = fold([ask(V), event(Kind.EXPIRE), event(Kind.LIFT_ASKED, "ann", R)])
    lowered = after(asked, event(Kind.LIFT, "bob", R))
    assert (lowered.lift_asked_by, lowered.overdue) == ("", False)
    assert not may_lift(lowered, "bob", U)
