"""What link events come to: a few histories told through, one for each rule."""

from datetime import datetime
from uuid import UUID

import pytest

from joinedup.linkage.history import (
    Event,
    Evidence,
    HistoryError,
    Kind,
    Settled,
    brought_together,
    by_model,
    fold,
)
from tests.linkage.histories import (
    MODEL,
    apart,
    arrival,
    link,
    make,
    merge,
    ref,
    take_out,
    undo,
)

A, B, C, D, E = map(ref, "ABCDE")


def identities(settled: Settled) -> set[str]:
    """Who is with whom, such as {"AB", "C"}."""
    found: dict[UUID, list[str]] = {}
    for record, placed in settled.placed.items():
        found.setdefault(placed.identity, []).append(record.id)
    return {"".join(sorted(names)) for names in found.values()}


ABCDE = [arrival(number, record) for number, record in enumerate((A, B, C, D, E), 1)]


def test_a_record_stands_alone_until_it_is_joined_and_the_oldest_identity_shows() -> None:
    settled = fold([*ABCDE, link(9, C, B)])
    assert identities(settled) == {"A", "BC", "D", "E"}
    assert settled.placed[C] == (UUID(int=3), UUID(int=2))
    assert settled.names[UUID(int=3)].goes_by == UUID(int=2)
    assert settled.members(UUID(int=3)) == {B, C}


def test_a_merge_keeps_the_older_identity_and_a_split_gives_back_the_absorbed_one() -> None:
    joined = [*ABCDE, link(6, D, C), merge(7, D, A)]
    assert identities(fold(joined)) == {"ACD", "B", "E"}
    assert fold(joined).names[UUID(int=3)].goes_by == UUID(int=1)
    cause = brought_together(joined, C, A)
    assert cause is not None
    assert cause.number == 7
    # A record that came after the merge goes with the one it was linked to.
    later = link(8, E, D)
    parted = fold([*joined, later, make(9, Kind.SPLIT, C, A, undoes=7)])
    assert identities(parted) == {"A", "B", "CDE"}
    assert parted.placed[E].identity == parted.placed[C].identity == UUID(int=3)


def test_links_alone_were_brought_together_by_no_merge() -> None:
    linked = [*ABCDE, link(6, B, A), link(7, C, B)]
    assert brought_together(linked, A, C) is None
    assert brought_together(linked, A, D) is None


def test_a_person_beats_the_model_whoever_speaks_first() -> None:
    no, yes = apart(6, A, B), link(7, B, A, weight=90)
    assert identities(fold([*ABCDE, no, yes])) == {"A", "B", "C", "D", "E"}
    assert fold([*ABCDE, no, yes]).overruled == {7}
    assert identities(fold([*ABCDE, link(6, B, A, 90), apart(7, A, B)])) >= {"A", "B"}


def test_of_two_people_the_later_one_is_heard_and_undoing_that_restores_the_earlier() -> None:
    no, yes = apart(6, A, B), merge(7, A, B)
    assert "AB" in identities(fold([*ABCDE, no, yes]))
    assert fold([*ABCDE, no, yes]).overruled == {6}
    assert fold([*ABCDE, no, yes, undo(8, yes)]) == fold([*ABCDE, no])


def test_the_weakest_of_the_models_links_gives_way() -> None:
    chain = [link(6, B, A, 12), link(7, C, B, 30), apart(8, A, C)]
    assert identities(fold([*ABCDE, *chain])) == {"A", "BC", "D", "E"}


def test_a_record_that_is_taken_out_leaves_the_others_and_their_identity_as_they_were() -> None:
    held = [link(6, B, A), link(7, C, A), link(8, D, B)]
    out = fold([*ABCDE, *held, take_out(9, A)])
    assert identities(out) == {"A", "BCD", "E"}
    assert out.placed[B].identity == UUID(int=1)  # as before, though A had brought it
    assert out.placed[A] == (UUID(int=9), UUID(int=9))
    # The model cannot bring it back.
    again = fold([*ABCDE, *held, take_out(9, A), link(10, A, C, 10)])
    assert again.overruled == {10}
    assert identities(again) == identities(out)


def test_what_was_kept_apart_stays_apart_from_a_record_that_begins_anew() -> None:
    events = [*ABCDE, apart(6, A, E), link(7, A, B), take_out(8, A)]
    assert "A" in identities(fold(events))
    assert "A" in identities(fold([*events, link(9, A, E, 99)]))


def test_a_record_that_is_gone_keeps_its_identity_until_it_returns() -> None:
    events = [*ABCDE, link(6, B, A), make(7, Kind.UNLINK, A, by=MODEL)]
    gone = fold(events)
    assert identities(gone) == {"B", "C", "D", "E"}
    assert gone.placed[B].identity == UUID(int=1)
    back = fold([*events, make(8, Kind.LINK, A, by=MODEL)])
    assert back.placed[A].identity == UUID(int=1)


def test_a_person_moves_a_record_with_a_link() -> None:
    moved = fold([*ABCDE, link(6, C, A, 50), link(7, C, B, by="reviewer 7")])
    assert identities(moved) == {"A", "BC", "D", "E"}
    # It takes the identity it is moved to, even when its own is older.
    assert fold([*ABCDE, link(6, A, E, by="reviewer 7")]).placed[A].identity == UUID(int=5)
    assert moved.overruled == frozenset()


def test_a_dispute_is_open_until_a_person_has_decided() -> None:
    question = make(6, Kind.DISPUTE, A, B, by=MODEL, evidence=Evidence(8.0, (), ("possible",)))
    asked = [*ABCDE, question]
    assert fold(asked).disputes == {6}
    assert identities(fold(asked)) == {"A", "B", "C", "D", "E"}
    no = apart(7, A, B)
    assert fold([*asked, no]).disputes == frozenset()
    assert fold([*asked, no, undo(8, no)]).disputes == {6}
    # Joined through another record: nothing is left to ask.
    assert fold([*asked, merge(7, A, C), merge(8, C, B)]).disputes == frozenset()
    contested = make(7, Kind.DISPUTE, A)
    assert fold([*ABCDE, contested]).disputes == {7}
    assert fold([*ABCDE, contested, undo(8, contested)]).disputes == frozenset()


def test_a_record_that_no_longer_fits_is_asked_about_while_it_stays() -> None:
    doubt = make(7, Kind.DISPUTE, A, B, by=MODEL, evidence=Evidence(-3.0, (), ("changed",)))
    asked = [*ABCDE, link(6, B, A), doubt]
    assert fold(asked).disputes == {7}
    assert fold([*asked, take_out(8, B)]).disputes == frozenset()


NOW = datetime.fromisoformat("2026-09-01T09:00:00+00:00")


@pytest.mark.parametrize(
    ("why", "event"),
    [
        ("time zone", (1, NOW.replace(tzinfo=None), "x", Kind.MERGE, (A, B))),
        ("names 2 records", (1, NOW, "x", Kind.MERGE, (A,))),
        ("itself", (1, NOW, "x", Kind.MERGE, (A, A))),
        ("people to decide", (1, NOW, by_model("1"), Kind.CANNOT_LINK, (A, B))),
        ("people to decide", (1, NOW, by_model("1"), Kind.UNLINK, (A,), UUID(int=1))),
        ("names the event", (1, NOW, "x", Kind.UNDO, (A, B))),
        ("undoes no other", (2, NOW, "x", Kind.MERGE, (A, B), None, 1)),
        ("before this one", (1, NOW, "x", Kind.UNDO, (A, B), None, 1)),
        ("no identity begins", (1, NOW, "x", Kind.MERGE, (A, B), UUID(int=1))),
    ],
)
def test_an_event_that_cannot_be_is_refused(why: str, event: tuple[object, ...]) -> None:
    with pytest.raises(HistoryError, match=why):
        Event(*event)  # type: ignore[arg-type]


def test_two_events_of_one_number_are_refused() -> None:
    with pytest.raises(HistoryError, match="number 1"):
        fold([arrival(1, A), arrival(1, B)])
