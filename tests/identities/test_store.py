"""Identities over time: what becomes of records, and what people decide about them."""

from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from joinedup.identities.index import Link
from joinedup.identities.store import Identities, Outcome, Refused, Standing, Unknown
from joinedup.linkage.constraints import Constraints, Ref
from joinedup.linkage.history import HistoryError, Kind
from tests.identities.children import moved, record, twin
from tests.identities.conftest import MakeIdentities

SCHOOL, HEALTH, POLICE = Ref("schools", "1"), Ref("health", "1"), Ref("police", "1")


def who(identities: Identities, *records: Ref) -> list[UUID | None]:
    return [identities.identity_of(*each) for each in records]


def test_records_of_one_child_share_an_identity_and_a_twin_has_another(
    identities: Identities,
) -> None:
    first = identities.add(record(*SCHOOL))
    second = identities.add(record(*HEALTH))
    third = identities.add(twin(*POLICE))
    assert (first.outcome, second.outcome, third.outcome) == ("new", "joined", "possible")
    assert second.identity == first.identity != third.identity
    assert second.candidates[0].record.source == "schools"
    assert identities.members(first.identity) == [SCHOOL, HEALTH]
    assert identities.rebuild() == []


def test_the_same_record_again_changes_nothing(identities: Identities) -> None:
    placed = identities.add(record(*SCHOOL))
    again = identities.add(record(*SCHOOL))
    assert again == (placed.identity, Outcome.KEPT, ())
    assert len(identities.history(placed.identity)) == 1


def test_what_is_not_certain_is_asked_and_the_answer_is_kept_and_can_be_undone(
    identities: Identities,
) -> None:
    known = identities.add(record(*SCHOOL)).identity
    placed = identities.add(moved(*HEALTH))
    assert placed.outcome is Outcome.POSSIBLE
    assert placed.identity != known
    (conflict,) = identities.conflicts()
    assert conflict.event.records == (HEALTH, SCHOOL)
    assert conflict.identities == (placed.identity, known)
    assert conflict.event.evidence.weight == placed.candidates[0].weighed.weight
    assert conflict.event.evidence.reasons == ("possible",)

    merged = identities.decide(Kind.MERGE, [HEALTH, SCHOOL], by="reviewer 7", note="asked the GP")
    assert [(m.record, m.before, m.after) for m in merged.moved] == [
        (HEALTH, placed.identity, known)
    ]
    assert identities.conflicts() == []
    assert identities.resolve(placed.identity) == known

    undone = identities.undo(merged.number, by="reviewer 7")
    assert [m.after for m in undone.moved] == [placed.identity]
    assert who(identities, SCHOOL, HEALTH) == [known, placed.identity]
    assert identities.resolve(placed.identity) == placed.identity
    assert identities.conflicts() == [conflict]
    assert identities.rebuild() == []


def test_a_split_keeps_later_arrivals_with_the_one_they_were_linked_to(
    identities: Identities,
) -> None:
    one = identities.add(record(*SCHOOL)).identity
    other = identities.add(twin(*HEALTH)).identity
    merge = identities.decide(Kind.MERGE, [one, other], by="reviewer 7")
    assert identities.add(twin(*POLICE)).identity == one
    split = identities.decide(Kind.SPLIT, [other, one], by="reviewer 8")
    assert who(identities, SCHOOL, HEALTH, POLICE) == [one, other, other]
    assert {past.event.number: past.standing for past in identities.history(other)}[
        merge.number
    ] is Standing.UNDONE
    with pytest.raises(Refused, match="undone already"):
        identities.undo(merge.number, by="reviewer 8")
    identities.undo(split.number, by="reviewer 8")
    assert who(identities, SCHOOL, HEALTH, POLICE) == [one, one, one]
    assert identities.rebuild() == []


def test_the_model_does_not_join_what_a_person_keeps_apart(identities: Identities) -> None:
    one = identities.add(record(*SCHOOL)).identity
    identities.add(record(*HEALTH))
    apart = identities.decide(Kind.CANNOT_LINK, [SCHOOL, HEALTH], by="reviewer 7")
    other = identities.identity_of(*HEALTH)
    assert other not in {one, None}
    # A new version, and a third record that fits both: nobody is moved, a person is asked.
    changed = identities.change(record(*HEALTH, phone=None))
    assert (changed.identity, changed.outcome) == (other, "kept")
    third = identities.add(record(*POLICE))
    assert third.outcome is Outcome.POSSIBLE
    assert {c.event.evidence.reasons for c in identities.conflicts()} == {("rival",)}
    assert {c.event.records[1] for c in identities.conflicts()} == {SCHOOL, HEALTH}
    identities.undo(apart.number, by="reviewer 7")
    assert who(identities, SCHOOL, HEALTH) == [one, one]
    assert identities.rebuild() == []


def test_a_source_that_holds_each_child_once_gets_a_question_not_a_second_record(
    make_identities: MakeIdentities,
) -> None:
    identities = make_identities(Constraints(one_each=frozenset({"schools"})))
    identities.add(record(*SCHOOL))
    identities.add(record(*HEALTH))
    second = identities.add(record("schools", "2"))
    assert second.outcome is Outcome.POSSIBLE
    (conflict,) = identities.conflicts()
    assert conflict.event.evidence.reasons == ("one-each",)
    assert conflict.event.records == (Ref("schools", "2"), SCHOOL)


def test_two_verified_nhs_numbers_are_never_joined_by_the_model(
    make_identities: MakeIdentities,
) -> None:
    identities = make_identities(Constraints(verified_sources=frozenset({"schools", "health"})))
    one = identities.add(record(*SCHOOL, nhs_numbers=("9990000018",))).identity
    identities.add(record(*POLICE))
    other = identities.add(record(*HEALTH, nhs_numbers=("9990000026",)))
    assert other.identity != one
    assert other.outcome is not Outcome.JOINED


def test_nobody_is_added_to_an_identity_that_a_person_disputes(identities: Identities) -> None:
    one = identities.add(record(*SCHOOL)).identity
    dispute = identities.decide(Kind.DISPUTE, [one], by="social worker 3", note="two children?")
    placed = identities.add(record(*HEALTH))
    assert placed.outcome is Outcome.POSSIBLE
    assert [c.event.evidence.reasons for c in identities.conflicts()] == [(), ("contested",)]
    identities.undo(dispute.number, by="social worker 3")
    assert identities.add(record(*POLICE)).candidates


def test_a_changed_record_stays_and_a_person_is_asked_once(identities: Identities) -> None:
    one = identities.add(record(*SCHOOL)).identity
    identities.add(record(*HEALTH))
    elsewhere = identities.add(record(*POLICE, child=5)).identity
    changed = identities.change(record(*HEALTH, child=5))
    assert (changed.identity, changed.outcome) == (one, "possible")
    reasons = {c.event.evidence.reasons: c.event.records for c in identities.conflicts()}
    assert reasons == {("changed",): (HEALTH, SCHOOL), ("rival",): (HEALTH, POLICE)}
    identities.change(record(*HEALTH, child=5, email="a@example.org"))
    assert len(identities.conflicts()) == 2
    # The person moves it: both questions are answered.
    identities.decide(Kind.LINK, [HEALTH, elsewhere], by="reviewer 7")
    assert who(identities, SCHOOL, HEALTH, POLICE) == [one, elsewhere, elsewhere]
    assert identities.conflicts() == []
    assert identities.rebuild() == []


def test_a_record_by_itself_joins_once_a_new_version_is_certain(identities: Identities) -> None:
    one = identities.add(record(*SCHOOL)).identity
    alone = identities.add(moved(*HEALTH)).identity
    joined = identities.change(record(*HEALTH))
    assert (joined.identity, joined.outcome) == (one, "joined")
    assert identities.resolve(alone) == one
    assert identities.conflicts() == []
    assert identities.rebuild() == []


def test_a_record_that_is_gone_comes_back_to_its_place(identities: Identities) -> None:
    one = identities.add(record(*SCHOOL)).identity
    identities.add(record(*HEALTH))
    assert identities.remove(*SCHOOL)
    assert not identities.remove(*SCHOOL)
    assert identities.identity_of(*SCHOOL) is None
    assert identities.members(one) == [HEALTH]
    assert identities.rebuild() == []
    assert identities.add(record(*SCHOOL)).identity == one
    assert identities.rebuild() == []
    with pytest.raises(Unknown):
        identities.change(record(*POLICE))


def test_a_record_taken_out_does_not_come_back_by_itself(identities: Identities) -> None:
    one = identities.add(record(*SCHOOL)).identity
    identities.add(record(*HEALTH))
    identities.add(record(*POLICE))
    out = identities.decide(Kind.UNLINK, [SCHOOL], by="reviewer 7")
    assert who(identities, HEALTH, POLICE) == [one, one]
    alone = identities.identity_of(*SCHOOL)
    assert alone != one
    assert identities.change(record(*SCHOOL, email="a@example.org")).identity == alone
    with pytest.raises(Refused, match="by itself already"):
        identities.decide(Kind.UNLINK, [SCHOOL], by="reviewer 7")
    # Joining it to one of the others would tear that one off: the earlier decision is named.
    with pytest.raises(Refused, match=f"event {out.number}"):
        identities.decide(Kind.MERGE, [SCHOOL, POLICE], by="reviewer 8")
    identities.undo(out.number, by="reviewer 8")
    assert who(identities, SCHOOL, HEALTH, POLICE) == [one] * 3
    assert identities.rebuild() == []


def test_an_extract_adds_changes_and_removes(identities: Identities) -> None:
    identities.sync("health", [record("health", str(n), n) for n in range(6)])
    told: list[str] = []
    first = identities.sync(
        "schools", [record("schools", str(n), n) for n in range(1, 9)], progress=told.append
    )
    assert (first.joined, first.new, first.same, first.gone) == (5, 3, 0, 0)
    assert sorted(told) == ["joined"] * 5 + ["new"] * 3
    identity = identities.identity_of("schools", "8")
    rows = [record("schools", str(n), n) for n in range(2, 9)]
    rows[0] = rows[0]._replace(email="a@example.org")
    second = identities.sync("schools", [*rows, rows[0]], most_gone=0.2)
    assert second == (0, 0, 0, 1, 6, 1, 0, (Ref("schools", "2"),))
    assert identities.identity_of("schools", "1") is None
    third = identities.sync("schools", [*rows, record("schools", "1", 1)])
    assert (third.same, third.changed) == (7, 1)
    assert identities.identity_of("schools", "8") == identity
    assert identities.rebuild() == []


def test_an_extract_cut_short_takes_nobody_away(identities: Identities) -> None:
    rows = [record("schools", str(n), n) for n in range(6)]
    identities.sync("schools", rows)
    with pytest.raises(Refused, match="5 of the 6"):
        identities.sync("schools", rows[:1])
    assert all(who(identities, *(Ref("schools", str(n)) for n in range(6))))
    with pytest.raises(ValueError, match="health 1 is in an extract of schools"):
        identities.sync("schools", [record(*HEALTH)])


def test_the_log_only_grows(identities: Identities, pool: ConnectionPool[Link]) -> None:
    identities.add(record(*SCHOOL))
    for statement in (
        "UPDATE identities.event SET note = ''",
        "DELETE FROM identities.event_record",
        "TRUNCATE identities.event CASCADE",
    ):
        with (
            pytest.raises(psycopg.errors.RaiseException, match="only grows"),
            pool.connection() as c,
        ):
            c.execute(statement)


def test_the_rebuild_finds_what_was_written_past_the_log(
    identities: Identities, pool: ConnectionPool[Link]
) -> None:
    one = identities.add(record(*SCHOOL)).identity
    other = uuid4()
    with pool.connection() as link:
        link.execute("UPDATE identities.place SET identity = %s", (other,))
    assert {(d.table, d.live, d.row) for d in identities.rebuild()} == {
        ("place", True, (*SCHOOL, one, other)),
        ("place", False, (*SCHOOL, one, one)),
    }


def test_what_cannot_be_decided_says_why(identities: Identities) -> None:
    one = identities.add(record(*SCHOOL)).identity
    number = identities.history(one)[0].event.number
    with pytest.raises(Unknown, match="health 1"):
        identities.decide(Kind.MERGE, [SCHOOL, HEALTH], by="reviewer 7")
    with pytest.raises(Unknown, match="ever given out"):
        identities.decide(Kind.MERGE, [one, uuid4()], by="reviewer 7")
    with pytest.raises(HistoryError, match="itself"):
        identities.decide(Kind.MERGE, [one, SCHOOL], by="reviewer 7")
    with pytest.raises(Refused, match="see undo"):
        identities.decide(Kind.UNDO, [SCHOOL], by="reviewer 7")
    with pytest.raises(Refused, match="add or remove"):
        identities.undo(number, by="reviewer 7")
    with pytest.raises(Unknown, match="no event"):
        identities.undo(10**9, by="reviewer 7")
    identities.add(moved(*HEALTH))
    with pytest.raises(Refused, match="person"):
        identities.decide(Kind.DISPUTE, [SCHOOL], by="model 9")
    merge = identities.decide(Kind.MERGE, [SCHOOL, HEALTH], by="reviewer 7").number
    identities.undo(merge, by="reviewer 7")
    with pytest.raises(Refused, match="undone already"):
        identities.undo(merge, by="reviewer 7")


def test_nobody_found_among_too_many_to_look_at_is_a_question_not_an_answer(
    identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    identities.add(record(*SCHOOL, given="OTHER", phone=None))
    identities.add(record(*HEALTH, given="ANOTHER", phone=None))
    monkeypatch.setattr(identities._index, "_most", 1)
    placed = identities.add(record(*POLICE, phone=None))
    assert (placed.outcome, placed.candidates) == (Outcome.POSSIBLE, ())
    assert [c.event.records for c in identities.conflicts()][-1] == (POLICE,)
