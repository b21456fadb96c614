"""What holds of every history: exact undoing, one fold however it is made, who beats whom."""

from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.linkage.history import (
    Kind,
    State,
    brought_together,
    fold,
    live,
    settle,
)
from tests.linkage.histories import (
    apart,
    arrival,
    history,
    link,
    make,
    merge,
    ref,
    together,
    undo,
)

# A seed, not `st.randoms`, which is far slower; a failing history is short already.
CHANCES = st.integers(0, 2**32).map(Random)
LENGTHS = st.integers(2, 25)


def merge_and_back(chance: Random) -> None:
    """Merge two records of a random history, let others arrive, and take the merge back."""
    log = history(chance, chance.randint(4, 30))
    before = fold(log)
    number = log[-1].number
    one, other = chance.sample(sorted({r for event in log for r in event.records}), 2)
    joining = merge(number + 1, one, other)
    merged = State([*log, joining])

    undone = fold([*log, joining, undo(number + 2, joining)])
    assert undone == before

    # Later arrivals, linked to any of the records, go where they were linked to.
    late = []
    for at in range(chance.randint(0, 3)):
        new = ref(f"late {at}")
        late += [arrival(number + 3 + 2 * at, new)]
        late += [link(number + 4 + 2 * at, new, chance.choice((one, other)))]
    merged.add(late)
    merged.add([undo(number + 20, joining)])
    after = merged.settled()
    old = before.placed.keys()
    assert {record: after.placed[record] for record in old} == before.placed
    assert {name: after.names[name] for name in before.names} == before.names
    for event in late:
        if len(event.records) == 2 and event.records[1] in after.placed:
            assert (
                after.placed[event.records[0]].identity == after.placed[event.records[1]].identity
            )

    # A split says the same, and keeps the two apart from then on.
    together_now = together(fold([*log, joining]), (one, other))
    if together_now and not together(before, (one, other)):
        assert brought_together([*log, joining], one, other) == joining
        parted = fold([*log, joining, make(number + 2, Kind.SPLIT, one, other, undoes=number + 1)])
        assert (parted.placed, parted.names) == (before.placed, before.names)
        pair = {before.placed[one].own, before.placed[other].own}
        assert any({each.one, each.other} == pair for each in parted.apart)


@settings(max_examples=400, deadline=None)
@given(CHANCES)
def test_merge_and_unmerge_restore_exactly(chance: Random) -> None:
    merge_and_back(chance)


@pytest.mark.slow
def test_merge_and_unmerge_restore_exactly_ten_thousand_times() -> None:
    for seed in range(10_000):
        merge_and_back(Random(seed))


@settings(max_examples=150, deadline=None)
@given(CHANCES, LENGTHS)
def test_undoing_any_event_leaves_what_would_have_been_without_it(
    chance: Random, length: int
) -> None:
    log = history(chance, length)
    event = chance.choice(log)
    last = undo(log[-1].number + 1, event)
    # A split that undid the event still says that the two are apart.
    kept = [
        replace(each, undoes=None) if each.undoes == event.number else each
        for each in log
        if each is not event and not (each.kind is Kind.UNDO and each.undoes == event.number)
    ]
    assert fold([*log, last]) == fold(kept)


@settings(max_examples=150, deadline=None)
@given(CHANCES, LENGTHS)
def test_a_fold_in_parts_is_the_fold_of_the_whole(chance: Random, length: int) -> None:
    log = history(chance, length, records=12)
    state = State()
    whole = settle(log)
    at = 0
    while at < len(log):
        step = chance.randint(1, 4)
        state.add(log[at : at + step])
        at += step
        assert state.settled() == settle(log[:at])
    shuffled = chance.sample(log, len(log))
    assert settle(shuffled) == fold(shuffled) == whole


@settings(max_examples=150, deadline=None)
@given(CHANCES, LENGTHS)
def test_no_number_of_model_events_moves_what_people_decided(chance: Random, length: int) -> None:
    log = history(chance, length)
    settled = fold(log)
    for event in live(log):
        if not event.manual or event.number in settled.overruled:
            continue
        if event.kind in {Kind.CANNOT_LINK, Kind.SPLIT}:
            assert not together(settled, event.records)
    # Whatever the model says next, no decision of a person loses its effect.
    records = sorted({record for event in log for record in event.records})
    more, number = [], log[-1].number
    for _ in range(6):
        number += 1
        one, other = chance.sample(records, 2)
        more.append(link(number, one, other, weight=1000.0))
    after = fold([*log, *more])
    decided = {event.number for event in log if event.manual}
    assert after.overruled & decided == settled.overruled & decided


@settings(max_examples=150, deadline=None)
@given(CHANCES, LENGTHS)
def test_the_last_decision_of_a_person_holds(chance: Random, length: int) -> None:
    log = history(chance, length)
    records = sorted({record for event in log for record in event.records})
    one, other = chance.sample(records, 2)
    decision = chance.choice((merge, apart))(log[-1].number + 1, one, other)
    after = fold([*log, decision])
    assert decision.number not in after.overruled
    if decision.kind is Kind.CANNOT_LINK:
        assert not together(after, (one, other))
    elif {one, other} <= after.placed.keys():
        assert together(after, (one, other))


@settings(max_examples=150, deadline=None)
@given(CHANCES, LENGTHS)
def test_every_identity_ever_given_leads_to_one_that_goes_by_its_own_name(
    chance: Random, length: int
) -> None:
    log = history(chance, length)
    settled = fold(log)
    given_out: set[UUID] = {event.identity for event in log if event.identity is not None}
    for name in settled.names.values():
        assert settled.names[name.goes_by].goes_by == name.goes_by
    for record, placed in settled.placed.items():
        assert settled.names[placed.own].record == record
        assert settled.names[placed.own].goes_by == placed.identity
    assert settled.names.keys() <= given_out
