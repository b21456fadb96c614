"""The index in PostgreSQL answers as the one in memory does, whatever was done to both."""

import os
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from joinedup.database import database_url
from joinedup.identities.index import PostgresIndex
from joinedup.linkage.index import MemoryIndex
from joinedup.linkage.record import LIST_COLUMNS, LinkRecord
from tests.linkage.models import small_model

MODEL = small_model()
INDEX = PostgresIndex(MODEL)
AMY = LinkRecord(
    "schools", "1", given="AMY", given_forms=("AMY", "AIMEE"), family="O'NEIL", birth_day=0,
    birth_date="1970-01-01", postcode="LS1 4AB", postcodes=("LS1 4AB", "LS2"), phone="+44",
    homes=("1 \"HIGH\" ST, LS1", "{2 é}"),
)  # fmt: skip


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The address of an empty database, dropped afterwards."""
    server = database_url()
    name = f"index_test_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        link.execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    """A transaction with an empty index, undone afterwards."""
    with psycopg.connect(database) as conn:
        INDEX.create(conn)
        yield conn
        if not conn.closed:
            conn.rollback()


VALUES = st.sampled_from(["A", "B", "C"])
NAMES = st.tuples(st.sampled_from("xy"), st.sampled_from("123"))


@st.composite
def records(draw: st.DrawFn) -> LinkRecord:
    columns = {
        "given": st.sampled_from([None, "AMY", "AMI", "BETH"]),
        "family": st.sampled_from([None, "SMITH", ""]),
        "birth_date": st.sampled_from([None, "2012-03-04", "2013-03-04"]),
        "birth_day": st.sampled_from([None, 0, -400]),
        "postcodes": st.lists(VALUES, max_size=2, unique=True).map(tuple),
        "homes": st.lists(VALUES, max_size=2, unique=True).map(tuple),
        "phone": st.none() | VALUES,
        "nhs_numbers": st.lists(VALUES, max_size=2, unique=True).map(tuple),
    }
    return LinkRecord(*draw(NAMES), **{name: draw(each) for name, each in columns.items()})


class Twice(RuleBasedStateMachine):
    """Does the same to both indexes; both look at seven records at most."""

    database = ""

    @initialize(loaded=st.lists(records(), max_size=8))
    def start(self, loaded: list[LinkRecord]) -> None:
        self.conn = psycopg.connect(self.database)
        self.memory = MemoryIndex(MODEL, most=7)
        self.index = PostgresIndex(MODEL, most=7)
        self.load(loaded)

    @rule(loaded=st.lists(records(), max_size=8))
    def load(self, loaded: list[LinkRecord]) -> None:
        self.index.load(self.conn, loaded)
        for record in loaded:
            self.memory.put(record)

    @rule(record=records())
    def put(self, record: LinkRecord) -> None:
        self.index.put(self.conn, record)
        self.memory.put(record)

    @rule(name=NAMES)
    def remove(self, name: tuple[str, str]) -> None:
        assert self.index.remove(self.conn, *name) == self.memory.remove(*name)

    @rule(name=NAMES)
    def get(self, name: tuple[str, str]) -> None:
        assert self.index.get(self.conn, *name) == self.memory.get(*name)

    @rule(query=records(), least=st.sampled_from([-1000.0, 0.0, 10.0]), limit=st.integers(1, 8))
    def match(self, query: LinkRecord, least: float, limit: int) -> None:
        there = self.index.match(self.conn, query, least=least, limit=limit)
        here = self.memory.match(query, least=least, limit=limit)
        assert there == here
        assert there.complete == here.complete
        assert self.index.count(self.conn) == len(self.memory)

    def teardown(self) -> None:
        if hasattr(self, "conn"):
            held = self.conn.execute("SELECT key, record FROM identities.linkage_key").fetchall()
            said = self.conn.execute(
                "SELECT unnest(keys), record FROM identities.linkage_record"
            ).fetchall()
            assert sorted(held) == sorted(said)
            self.conn.close()


def test_both_indexes_answer_alike_after_any_changes(database: str):
    Twice.database = database
    with psycopg.connect(database) as conn:
        INDEX.create(conn)
    run_state_machine_as_test(
        Twice, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )
    with psycopg.connect(database) as conn:
        conn.execute("DROP SCHEMA identities CASCADE")


def test_a_record_comes_back_as_it_was(conn: psycopg.Connection):
    full = AMY._replace(
        **dict.fromkeys(LIST_COLUMNS, ("a,b", "")),
        **dict.fromkeys(("given_sound", "email", "gender"), "é \\N\t"),
    )
    INDEX.put(conn, full)
    INDEX.load(conn, [AMY._replace(id="2")])
    assert INDEX.get(conn, "schools", "1") == full
    assert INDEX.get(conn, "schools", "2") == AMY._replace(id="2")
    assert INDEX.get(conn, "schools", "3") is None


def test_nothing_is_kept_until_the_caller_commits(conn: psycopg.Connection):
    conn.commit()
    steps = [
        lambda: INDEX.load(conn, [AMY]),
        lambda: INDEX.put(conn, AMY._replace(id="2")),
        lambda: INDEX.put(conn, AMY._replace(given="BETH")),
        lambda: INDEX.remove(conn, "schools", "1"),
    ]
    for step in steps:
        conn.commit()
        before = INDEX.count(conn), INDEX.get(conn, "schools", "1")
        conn.commit()
        step()
        assert (INDEX.count(conn), INDEX.get(conn, "schools", "1")) != before
        conn.rollback()
        assert (INDEX.count(conn), INDEX.get(conn, "schools", "1")) == before
        step()
    conn.execute("DROP SCHEMA identities CASCADE")
    conn.commit()


def test_loading_tells_how_far_it_is(conn: psycopg.Connection):
    told: list[int] = []
    INDEX.load(conn, (AMY._replace(id=str(i)) for i in range(20_001)), told.append)
    assert told == [20_000, 20_001]
    assert INDEX.count(conn) == 20_001


def test_another_models_rules_make_the_keys_anew(conn: psycopg.Connection):
    INDEX.load(conn, [AMY, AMY._replace(id="2", given="BETH", phone=None)])
    query = AMY._replace(source="police", given="BETH", birth_date=None, phone=None)
    by_postcode = PostgresIndex(small_model(block=(("postcodes",),)))
    assert by_postcode.match(conn, query, least=-100) == []
    by_postcode.create(conn)
    assert {c.record.id for c in by_postcode.match(conn, query, least=-100)} == {"1", "2"}
    by_postcode.remove(conn, "schools", "1")
    by_postcode.put(conn, AMY._replace(id="2", postcodes=()))
    assert by_postcode.match(conn, query, least=-100) == []
    assert conn.execute("SELECT count(*) FROM identities.linkage_key").fetchone() == (0,)


def test_a_database_that_does_not_answer_is_not_nobody(conn: psycopg.Connection):
    conn.close()
    with pytest.raises(psycopg.Error):
        INDEX.match(conn, AMY)


def test_writers_of_one_record_at_once_leave_one_with_its_own_keys(database: str):
    """Eight writers put different versions of one record, others remove it, all at once."""
    with psycopg.connect(database) as conn:
        INDEX.create(conn)
    versions = [AMY._replace(phone=str(i), birth_date=f"2012-01-0{i + 1}") for i in range(8)]
    start = threading.Barrier(8)
    problems: list[Exception] = []

    def write(mine: LinkRecord) -> None:
        try:
            with psycopg.connect(database, autocommit=True) as conn:
                for turn in range(21):
                    start.wait(20)
                    if turn % 5 == 4 and mine.phone in {"0", "1"}:
                        INDEX.remove(conn, *mine[:2])
                    else:
                        INDEX.put(conn, mine)
        except Exception as error:
            problems.append(error)
            start.abort()

    writers = [threading.Thread(target=write, args=(version,)) for version in versions]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert problems == []
    with psycopg.connect(database) as conn:
        kept = conn.execute("SELECT unnest(keys), record FROM identities.linkage_record").fetchall()
        held = conn.execute("SELECT key, record FROM identities.linkage_key").fetchall()
        assert sorted(held) == sorted(kept)
        assert INDEX.count(conn) == 1
        found = INDEX.get(conn, "schools", "1")
        assert found in versions
        conn.execute("DROP SCHEMA identities CASCADE")
