"""The clock, who may ask, and what leaves an item: rules without a hub."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.hub.subject_access.authority import Asker, Evidence, missing
from joinedup.hub.subject_access.clock import (
    Happened,
    Kind,
    acknowledgement,
    clock,
    months_later,
    working_day,
)
from joinedup.hub.subject_access.parts import NEVER, Choice, Concern, Part, leaks
from joinedup.hub.subject_access.parts import given as leaves

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


def steps(*given):
    return [Happened(Kind(kind), day) for kind, day in given]


@pytest.mark.parametrize(
    ("begun", "due"),
    [
        ((2026, 9, 3), (2026, 10, 5)),  # 3 October is a Saturday
        ((2027, 1, 31), (2027, 3, 1)),  # the last of February is a Sunday
        ((2028, 1, 31), (2028, 2, 29)),
        ((2026, 11, 23), (2026, 12, 23)),
    ],
)
def test_a_month_ends_on_the_corresponding_day(begun, due):
    found = clock(steps(("received", date(*begun)), ("identity-shown", date(*begun))))
    assert found.due == date(*due)


def test_without_proof_of_identity_the_time_has_not_begun():
    found = clock(steps(("received", date(2026, 1, 5))))
    assert found.due is None
    assert found.waits_for == "proof of identity"
    assert not found.late(date(2030, 1, 1))


@given(DAYS, st.integers(0, 60), st.integers(0, 60))
def test_a_pause_moves_the_end_by_its_length(begun, before, length):
    asked = begun + timedelta(days=before)
    told = asked + timedelta(days=length)
    plain = steps(("identity-shown", begun))
    paused = clock([*plain, *steps(("clarity-asked", asked), ("clarity-given", told))])
    waiting = clock([*plain, *steps(("clarity-asked", asked))])
    assert paused.due == working_day(months_later(begun, 1) + timedelta(days=length))
    assert waiting.waits_for
    assert not waiting.late(date(2100, 1, 1))


@given(DAYS, st.integers(1, 12))
def test_months_later_never_skips_a_month(day, months):
    found = months_later(day, months)
    assert (found.year - day.year) * 12 + found.month - day.month == months
    assert found.day <= day.day


@pytest.mark.parametrize(
    ("day", "standing"), [(24, "waiting"), (25, "soon"), (30, "soon"), (31, "late")]
)
def test_a_complaint_is_acknowledged_in_thirty_days(day, standing):
    received = date(2026, 6, 1)
    assert acknowledgement(received, None, received + timedelta(days=day)) == standing
    assert acknowledgement(received, received, received + timedelta(days=day)) == "done"


def test_an_estranged_parent_shows_responsibility_orders_and_what_the_child_wants():
    seen = {Evidence.IDENTITY, Evidence.RESPONSIBILITY}
    assert len(missing(Asker.PARENT, 9, seen)) == 2
    seen |= {Evidence.COURT_ORDERS, Evidence.CHILD_ASKED}
    assert missing(Asker.PARENT, 9, seen) == []
    assert len(missing(Asker.PARENT, 12, seen)) == 1, "at 12 the right is the child's own"
    assert missing(Asker.PARENT, 12, seen | {Evidence.CHILD_AGREES}) == []


def test_a_child_of_twelve_asks_alone_and_a_younger_one_must_understand():
    assert missing(Asker.CHILD, 12, {Evidence.IDENTITY}) == []
    assert missing(Asker.CHILD, 8, {Evidence.IDENTITY})


def test_a_solicitors_letter_alone_is_not_authority():
    letter = {Evidence.IDENTITY, Evidence.AUTHORITY}
    assert len(missing(Asker.SOLICITOR, 15, letter)) == 1
    assert missing(Asker.SOLICITOR, 15, letter | {Evidence.CONFIRMED}) == []


PARTS = st.lists(
    st.builds(Part, st.just("x"), st.text(min_size=1, max_size=20), st.sampled_from(Concern)),
    max_size=6,
)


@given(PARTS, st.sampled_from(["", "disclose", "redact", "withhold"]), st.text(max_size=5))
def test_whatever_is_marked_some_parts_never_leave(parts, mark, agreed):
    texts = {place: part.text for place, part in enumerate(parts)}
    lines = leaves(parts, Choice(mark, texts, agreed))
    may = [part.text for part in parts if part.concern not in NEVER]
    assert len(lines) <= len(may)
    if mark in ("", "withhold"):
        assert lines == []
    if not agreed.strip():
        others = sum(part.concern is Concern.THIRD_PARTY for part in parts)
        assert len(lines) <= len(may) - others


def test_a_struck_out_name_is_found_in_the_words_of_another_item():
    one = [Part("Source", "Gillian NEIGHBOUR", Concern.PROTECTED)]
    other = [Part("Note", "It was gillian, neighbour, who rang.", Concern.WORDS)]
    lines = [leaves(one, Choice("disclose")), leaves(other, Choice("disclose"))]
    assert leaks([(one, lines[0]), (other, lines[1])]) == [(1, "Note")]
    edited = leaves(other, Choice("redact", {0: "It was [somebody] who rang."}))
    assert leaks([(one, []), (other, edited)]) == []
