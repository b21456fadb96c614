"""Many writers at once: one identity for one child, no deadlock, nothing half done."""

import multiprocessing
from collections.abc import Callable
from random import Random
from uuid import uuid4

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from joinedup.identities.index import Link
from joinedup.identities.store import Identities, Outcome, Placed, Refused, Subject, Unknown
from joinedup.linkage.constraints import Constraints, Ref
from joinedup.linkage.history import HistoryError, Kind
from tests.identities.children import moved, record, twin
from tests.identities.conftest import MakeIdentities
from tests.identities.races import WRITERS, at_once, race
from tests.linkage.models import small_model


def test_eight_writers_of_one_new_child_make_one_identity(identities: Identities) -> None:
    found = [race(identities, child) for child in range(50)]
    assert [len(each) for each in found] == [1] * 50
    assert len(set.union(*found)) == 50
    assert identities.rebuild() == []


@pytest.mark.slow
def test_eight_writers_of_one_new_child_make_one_identity_a_thousand_times(
    identities: Identities,
) -> None:
    found = [race(identities, child) for child in range(1000)]
    assert [len(each) for each in found] == [1] * 1000
    assert identities.rebuild() == []


def test_one_record_added_by_eight_at_once_is_one_record(identities: Identities) -> None:
    same = record("schools", "1")
    placed = at_once(*[lambda: identities.add(same)] * WRITERS)
    outcomes = [each.outcome for each in placed if isinstance(each, Placed)]
    assert sorted(outcomes) == [Outcome.KEPT] * 7 + [Outcome.NEW]
    assert len(identities.history(placed[0].identity)) == 1  # type: ignore[attr-defined]


def test_a_source_that_holds_each_child_once_holds_even_when_two_arrive_at_once(
    make_identities: MakeIdentities,
) -> None:
    """The two share no key with each other, only with the record they both fit."""
    identities = make_identities(Constraints(one_each=frozenset({"schools"})))
    for child in range(20):
        known = record("health", str(child), child, nhs_numbers=("9990000018",))
        identities.add(known)
        by_phone = record("schools", f"{child} a", child, birth_date=None)
        by_date = record("schools", f"{child} b", child, phone=None)
        at_once(lambda r=by_phone: identities.add(r), lambda r=by_date: identities.add(r))  # type: ignore[misc]
        members = identities.members(identities.identity_of("health", str(child)))  # type: ignore[arg-type]
        assert len([each for each in members if each.source == "schools"]) <= 1


def random_act(identities: Identities, chance: Random) -> None:
    """Do anything that can be done, to a few records of a few children."""
    child = chance.randint(0, 3)
    ref = Ref(chance.choice(("schools", "health", "police")), str(child))
    kind = chance.choice(("add", "add", "add", "remove", "decide", "decide", "undo"))
    try:
        if kind == "add":
            who = chance.choice((child, chance.randint(0, 3)))
            identities.add(chance.choice((record, moved, twin))(*ref, who))
        elif kind == "remove":
            identities.remove(*ref)
        elif kind == "decide":
            other = Ref(chance.choice(("schools", "health", "police")), str(chance.randint(0, 3)))
            what = chance.choice([each for each in Kind if each is not Kind.UNDO])
            identity = identities.identity_of(*ref) if chance.random() < 0.4 else None
            first: Subject = ref if identity is None or what is Kind.SPLIT else identity
            subjects = [first] if what is Kind.UNLINK else [first, other]
            identities.decide(what, subjects, by="reviewer 7")
        else:
            past = identities.history(identities.identity_of(*ref) or uuid4())
            number = chance.choice(past).event.number
            identities.undo(number, by="reviewer 7")
    except (Refused, Unknown, HistoryError):
        pass


@pytest.mark.parametrize("seed", range(6))
def test_the_state_kept_is_the_state_folded_whatever_happens(
    identities: Identities, seed: int
) -> None:
    chance = Random(seed)
    for _ in range(8):
        for _ in range(8):
            random_act(identities, chance)
        assert identities.rebuild() == []


def test_many_who_do_everything_at_once_neither_deadlock_nor_leave_a_difference(
    identities: Identities,
) -> None:
    def worker(seed: int) -> Callable[[], object]:
        def work() -> None:
            chance = Random(seed)
            for _ in range(25):
                random_act(identities, chance)

        return work

    at_once(*map(worker, range(WRITERS)))
    assert identities.rebuild() == []


def test_an_addition_that_breaks_off_leaves_nothing(
    identities: Identities, pool: ConnectionPool[Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(conn: Link, each: object) -> None:
        raise psycopg.OperationalError("the connection is lost")

    with monkeypatch.context() as patch:
        patch.setattr(identities._index, "put", fail)
        with pytest.raises(psycopg.OperationalError):
            identities.add(record("schools", "1"))
    assert identities.identity_of("schools", "1") is None
    with pool.connection() as link:
        assert link.execute("SELECT count(*) FROM identities.event").fetchone() == (0,)
    assert identities.add(record("schools", "1")).outcome is Outcome.NEW


def _add(url: str, agency: int, children: int) -> None:
    with ConnectionPool[Link](url, min_size=1, max_size=1, open=True) as pool:
        identities = Identities(pool, small_model())
        identities.create()
        for child in range(children):
            identities.add(record(f"agency {agency}", str(child), child))


def test_processes_too_make_one_identity(make_identities: MakeIdentities, store_url: str) -> None:
    identities = make_identities()
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as workers:
        workers.starmap(_add, [(store_url, agency, 25) for agency in range(4)])
    for child in range(25):
        found = {identities.identity_of(f"agency {agency}", str(child)) for agency in range(4)}
        assert len(found) == 1
        assert None not in found
    assert identities.rebuild() == []
