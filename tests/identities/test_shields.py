"""Shielded records are in no index that is searched, and every copy of them is shielded too."""

from collections.abc import Sequence

import pytest
from psycopg_pool import ConnectionPool

from joinedup.identities.index import Link, PostgresIndex
from joinedup.identities.linking_index import LinkingIndex, Side
from joinedup.identities.open_view import LOCATION, open_view
from joinedup.identities.store import Gone, Identities, Refused
from joinedup.identities.tokens import Tokens, WrongKey
from joinedup.linkage.constraints import Ref
from joinedup.linkage.history import Kind
from joinedup.linkage.record import LinkRecord
from joinedup.policy.question import Level
from tests.identities.children import moved, record
from tests.linkage.models import small_model

R, V = Level.NO_LOCATION, Level.NOT_DISCOVERABLE
TOKENS = Tokens(b"k" * 32)
BY = "person desk"


class Book:
    """Who keeps the shields, in memory: a level for each token."""

    def __init__(self) -> None:
        self.levels: dict[bytes, Level] = {}
        self.split: list[bytes] = []
        self.purged: set[tuple[str, str]] = set()

    def level(self, conn: Link, tokens: Sequence[bytes]) -> Level:
        return max((self.levels.get(t, Level.OPEN) for t in tokens), default=Level.OPEN)

    def spread(self, conn: Link, like: Sequence[bytes], to: Sequence[bytes], why: str) -> None:
        level = self.level(conn, like)
        for token in to:
            self.levels[token] = max(level, self.levels.get(token, Level.OPEN))

    def gone(self, conn: Link, record: LinkRecord) -> bool:
        return record[:2] in self.purged

    def parted(self, conn: Link, tokens: Sequence[bytes]) -> None:
        self.split += tokens


class World:
    """Identities with shields, and what an outsider sees of them."""

    def __init__(self, pool: ConnectionPool[Link]) -> None:
        self.pool, self.book = pool, Book()
        self.open = PostgresIndex(small_model())
        self.index = LinkingIndex(small_model(), TOKENS, self.book)
        self.identities = Identities(pool, small_model(), shields=self.index)
        self.identities.create()

    def shield(self, level: Level, **what) -> list[LinkRecord]:
        found = self.identities.shield(level, **what)
        for number in what.get("numbers", ()):
            self.book.levels[TOKENS.number(number)] = level
        for each in found:
            for token in TOKENS.of(each):
                self.book.levels[token] = level
        return found

    def seen(self, source: str, id: str) -> LinkRecord | None:
        with self.pool.connection() as conn:
            return self.open.get(conn, source, id)

    def found(self, question: LinkRecord) -> list[LinkRecord]:
        with self.pool.connection() as conn:
            return [each.record for each in self.open.match(conn, question, least=-99)]


@pytest.fixture
def world(pool: ConnectionPool[Link]) -> World:
    with pool.connection() as conn:
        conn.execute("DROP SCHEMA IF EXISTS identities CASCADE")
        conn.execute("DROP SCHEMA IF EXISTS sealed CASCADE")
    return World(pool)


AMY = record("schools", "S1", nhs_numbers=("9990000018",), upns=("H801200001001",))


def test_what_says_where_a_child_is_leaves_the_index_that_is_searched(world):
    world.identities.add(AMY)
    world.shield(R, numbers=["9990000018"])
    seen = world.seen("schools", "S1")
    assert seen == open_view(AMY, R)
    assert (seen.given, seen.birth_date) == (AMY.given, AMY.birth_date)
    assert not any(getattr(seen, name) for name in LOCATION)
    assert world.found(LinkRecord("", "", phone=AMY.phone)) == []
    by_place = LinkRecord("", "", birth_date=AMY.birth_date, postcodes=AMY.postcodes)
    assert world.found(by_place) == []
    assert world.found(LinkRecord("", "", nhs_numbers=AMY.nhs_numbers)) == [seen]


def test_a_child_who_is_not_discoverable_has_no_row_there(world):
    world.identities.add(AMY)
    world.identities.add(record("health", "H1"))
    assert {r.source for r in world.shield(V, numbers=["9990000018"])} == {"schools", "health"}
    assert world.seen("schools", "S1") is None
    assert world.seen("health", "H1") is None
    assert world.found(AMY._replace(source="", id="")) == []
    assert world.identities.members(world.identities.identity_of("schools", "S1"))


def test_nothing_of_a_shielded_child_is_in_the_database_in_clear(world):
    world.identities.add(AMY)
    world.shield(V, numbers=["9990000018"])
    with world.pool.connection() as conn:
        (dump,) = conn.execute("SELECT string_agg(r::text, ' ') FROM sealed.record r").fetchone()
        (keys,) = conn.execute("SELECT keys FROM sealed.record").fetchone()
        assert not set(keys) & set(world.index._keys(AMY))
        (token, content) = conn.execute("SELECT token, content FROM sealed.record").fetchone()
    for detail in (AMY.given, AMY.family, AMY.birth_date, "9990000018", "schools"):
        assert detail not in dump
        assert detail.encode().hex() not in dump
    assert TOKENS.open(content, token) == AMY
    with pytest.raises(WrongKey):
        Tokens(b"x" * 32).open(content, token)
    with pytest.raises(WrongKey):
        TOKENS.open(content, TOKENS.record(Ref("schools", "S2")))  # moved to another row
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens(b"short")


@pytest.mark.parametrize("level", [R, V])
@pytest.mark.parametrize(
    "copy",
    [
        {"given": "GIVEN0X"},
        {"nhs_numbers": ()},
        {"nhs_numbers": ("9990000026",)},
        {"postcodes": ("LS9 9ZZ",)},
        {"birth_date": "2012-01-02"},
        {"family": "OTHER"},
    ],
)
def test_a_feed_loaded_again_leaves_no_copy_that_can_be_found(world, level, copy):
    """The fault that undid ContactPoint's shields (trust rule A2)."""
    world.identities.add(AMY)
    world.shield(level, numbers=["9990000018"])
    again = AMY._replace(id="S2", **copy)
    world.identities.sync("schools", [again], most_gone=1)  # S1 is gone, S2 is new
    assert world.seen("schools", "S2") == open_view(again, level)
    assert world.book.level(None, TOKENS.of(again)) is level
    # and once more, with nothing but the copy's own details to go by
    third = again._replace(id="S3", nhs_numbers=())
    world.identities.sync("schools", [third], most_gone=1)
    assert world.seen("schools", "S3") == open_view(third, level)


def test_a_shield_asked_for_before_anything_is_known_waits_for_the_child(world):
    world.identities.add(record("health", "H1"))  # the child, without a number
    assert world.shield(V, numbers=["9990000018"]) == []
    assert world.seen("health", "H1") is not None  # nothing yet connects it with the number
    world.identities.add(AMY)
    assert world.seen("schools", "S1") is None
    assert world.seen("health", "H1") is None  # the record with the number gave it away
    assert world.book.level(None, TOKENS.of(record("health", "H1"))) is V


def test_no_machine_joins_anybody_to_a_shielded_child_and_the_question_is_the_desks(world):
    mine = world.identities.add(AMY).identity
    world.shield(R, numbers=["9990000018"])
    placed = world.identities.add(record("police", "P1"))
    assert placed.identity != mine
    assert placed.candidates == ()
    assert world.identities.conflicts() == []
    (question,) = world.identities.conflicts(shielded=True)
    assert set(question.event.records) == {Ref("police", "P1"), Ref("schools", "S1")}


def test_merged_with_a_shielded_one_is_shielded_and_both_halves_of_a_split_stay_so(world):
    world.identities.add(AMY)
    world.identities.add(record("police", "P1", 7))
    world.shield(V, numbers=["9990000018"])
    world.identities.add(record("police", "P2", 7))
    assert world.seen("police", "P1") is not None
    world.identities.decide(Kind.MERGE, [("schools", "S1"), ("police", "P1")], by=BY)
    assert world.seen("police", "P1") is None
    assert world.seen("police", "P2") is None  # of the same identity
    assert world.book.level(None, TOKENS.of(record("police", "P2", 7))) is V
    world.identities.decide(Kind.SPLIT, [("schools", "S1"), ("police", "P1")], by=BY)
    assert world.seen("schools", "S1") is None
    assert world.seen("police", "P1") is None
    assert TOKENS.record(Ref("police", "P1")) in world.book.split
    assert TOKENS.record(Ref("schools", "S1")) in world.book.split


def test_what_people_decided_is_not_the_child_is_not_shielded_for_likeness(world):
    world.identities.add(AMY)
    world.identities.add(moved("police", "P1"))
    world.identities.decide(Kind.CANNOT_LINK, [("schools", "S1"), ("police", "P1")], by=BY)
    found = world.shield(V, refs=[Ref("schools", "S1")])
    assert [each.source for each in found] == ["schools"]
    world.identities.add(moved("police", "P1")._replace(phone="+4477"))
    assert world.seen("police", "P1") is not None


def test_a_lifted_shield_gives_back_all_that_was_there(world):
    world.identities.add(AMY)
    world.shield(V, numbers=["9990000018"])
    world.identities.relevel([TOKENS.record(Ref("schools", "S1"))])
    assert world.seen("schools", "S1") is None  # it still stands
    world.book.levels.clear()
    world.identities.relevel([TOKENS.record(Ref("schools", "S1"))])
    assert world.seen("schools", "S1") == AMY
    with world.pool.connection() as conn:
        assert conn.execute("SELECT count(*) FROM sealed.record").fetchone() == (0,)


def test_a_shielded_child_whose_record_was_taken_out_is_known_when_it_comes_back(world):
    world.identities.add(AMY)
    world.shield(V, numbers=["9990000018"])
    world.identities.remove("schools", "S1")
    world.identities.add(AMY)
    assert world.seen("schools", "S1") is None


def test_the_log_still_comes_to_the_same_state(world):
    world.identities.add(AMY)
    world.identities.add(record("health", "H1"))
    world.shield(V, numbers=["9990000018"])
    world.identities.add(record("police", "P1"))
    assert world.identities.rebuild() == []


def test_what_was_purged_is_left_out_of_an_extract_and_the_rest_is_taken_in(world):
    world.book.purged.add(("schools", "S1"))
    done = world.identities.sync("schools", [AMY, record("schools", "S2", 7)])
    assert (done.new, done.purged) == (1, 1)
    assert world.seen("schools", "S1") is None
    with pytest.raises(Gone):
        world.identities.add(AMY)
    assert world.identities.rebuild() == []


# ------------------------------------------------------------------ never to be joined
BEFORE = record("health", "H1", nhs_numbers=("9990000018",))
AFTER = record("health", "H2", family="NEWNAME", nhs_numbers=("9990000026",), phone="+4499",
               postcodes=("YO1 1AA",))  # fmt: skip


@pytest.fixture
def adopted(world):
    world.identities.add(BEFORE)
    world.identities.add(AFTER)
    world.identities.forbid(Side(("9990000018",)), Side(("9990000026",)))
    return world


@pytest.mark.parametrize("name", ["FAMILY0", "NEWNAME"])
def test_a_feed_with_either_name_never_joins_the_two(adopted, name):
    """One birth date, one given name, one home, either surname, no number (trust rule A3)."""
    identities = adopted.identities
    for at, home in enumerate([BEFORE.postcodes, AFTER.postcodes, BEFORE.postcodes], 1):
        copy = record("schools", f"S{at}", family=name, postcodes=home)
        identities.add(copy)
        identities.add(copy._replace(nhs_numbers=BEFORE.nhs_numbers))
        identities.add(copy._replace(nhs_numbers=AFTER.nhs_numbers))
    assert identities.identity_of("health", "H1") != identities.identity_of("health", "H2")
    told = [e for e in identities.conflicts(shielded=True) + identities.conflicts()
            if {Ref("health", "H1"), Ref("health", "H2")} <= set(e.event.records)]  # fmt: skip
    assert told == []


def test_a_clerk_is_refused_and_not_told_why(adopted):
    pair = [("health", "H1"), ("health", "H2")]
    for kind in (Kind.MERGE, Kind.LINK):
        with pytest.raises(Refused) as refusal:
            adopted.identities.decide(kind, pair, by=BY)
        assert str(refusal.value) == "These records cannot be joined."
    assert adopted.identities.rebuild() == []


def test_nor_are_they_joined_through_a_third(adopted):
    third = adopted.identities.add(record("police", "P1", 9)).identity
    adopted.identities.decide(Kind.MERGE, [("health", "H1"), ("police", "P1")], by=BY)
    with pytest.raises(Refused, match="cannot be joined"):
        adopted.identities.decide(Kind.MERGE, [("police", "P1"), ("health", "H2")], by=BY)
    assert adopted.identities.members(third) == [Ref("health", "H1"), Ref("police", "P1")]


def test_nor_are_they_joined_while_one_of_them_is_gone(adopted):
    """A record that comes back comes back to whom it was joined to meanwhile."""
    adopted.identities.remove("health", "H2")
    for pair in ([("health", "H1"), ("health", "H2")], [("health", "H2"), ("health", "H1")]):
        for kind in (Kind.MERGE, Kind.LINK):
            with pytest.raises(Refused, match="cannot be joined"):
                adopted.identities.decide(kind, pair, by=BY)
    adopted.identities.add(AFTER)
    places = {adopted.identities.identity_of("health", id) for id in ("H1", "H2")}
    assert len(places) == 2


def test_who_is_kept_apart_stands_nowhere_in_clear(world):
    """Not in the log, not in the state, not in what is sealed: no row knows both (rule L19)."""
    world.identities.add(BEFORE)
    world.identities.add(record("schools", "S1"))
    world.identities.add(AFTER)
    world.identities.forbid(Side(("9990000018",)), Side(refs=(Ref("health", "H2"),)))
    for kind in (Kind.MERGE, Kind.LINK):
        with pytest.raises(Refused):
            world.identities.decide(kind, [("health", "H1"), ("health", "H2")], by=BY)
    numbers = [BEFORE.nhs_numbers[0], AFTER.nhs_numbers[0]]
    with world.pool.connection() as conn:
        tables = conn.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname IN ('identities', 'sealed')"
        ).fetchall()
        rows = [str(row) for (name,) in tables for row in conn.execute(f"SELECT * FROM {name}")]
        named = conn.execute(
            "SELECT number FROM identities.event_record WHERE source = 'health' "
            "GROUP BY number HAVING count(*) > 1"
        ).fetchall()
    assert len(rows) > 10
    assert named == []
    assert not any(all(number in row for number in numbers) for row in rows)
    assert not any("adopt" in row.lower() for row in rows)
    sides = [row for row in rows if any(n in row for n in (*numbers, "'H1'", "'H2'"))]
    assert not any("'H1'" in row and "'H2'" in row for row in sides)


def test_a_question_that_was_open_before_is_shown_to_nobody_after(world):
    world.identities.add(BEFORE)
    world.identities.add(record("schools", "S1", phone="+44123", postcodes=(), homes=()))
    pair = [("health", "H1"), ("schools", "S1")]
    if world.identities.identity_of(*pair[0]) == world.identities.identity_of(*pair[1]):
        world.identities.decide(Kind.UNLINK, pair[1:], by=BY)
    world.identities.decide(Kind.DISPUTE, pair, by=BY)
    assert world.identities.conflicts()
    world.identities.forbid(*(Side(refs=(Ref(*each),)) for each in pair))
    assert world.identities.conflicts() == []
    assert world.identities.conflicts(shielded=True) == []


def test_what_is_one_identity_must_be_parted_first(world):
    world.identities.add(BEFORE)
    world.identities.add(record("schools", "S1"))
    with pytest.raises(Refused, match="part them first"):
        world.identities.forbid(Side(("9990000018",)), Side(refs=(Ref("schools", "S1"),)))
    world.identities.remove("schools", "S1")  # it would come back to the same place
    with pytest.raises(Refused, match="part them first"):
        world.identities.forbid(Side(("9990000018",)), Side(refs=(Ref("schools", "S1"),)))
    with pytest.raises(Refused, match="Each side needs"):
        world.identities.forbid(Side(("9990000026",)), Side(("9990000026",)))


def test_a_shield_of_one_side_does_not_give_the_other_away(adopted):
    found = adopted.shield(V, numbers=["9990000026"])
    assert [each.id for each in found] == ["H2"]
    assert adopted.seen("health", "H1") is not None


@pytest.mark.slow
def test_a_thousand_reloads_leave_no_copy_that_can_be_found(world):
    world.identities.add(AMY)
    world.shield(V, numbers=["9990000018"])
    given = ["GIVEN0", "GIVEN0X", "GIVN0", "GIVEN00"]
    for at in range(1000):
        copy = AMY._replace(
            id=f"again {at}",
            given=given[at % 4],
            nhs_numbers=AMY.nhs_numbers if at % 3 else (),
            postcodes=(f"LS{at % 7} 4AB",),
            birth_date=AMY.birth_date if at % 5 else "2012-01-02",
        )
        world.identities.sync("schools", [copy], most_gone=1)
        assert world.found(copy._replace(source="", id="")) == [], at
    with world.pool.connection() as conn:
        assert world.open.count(conn) == 0
