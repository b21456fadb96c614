"""A node that reads an agency's database: a real PostgreSQL, and SQLite."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import sqlalchemy
from click.testing import CliRunner

from joinedup.cli.custodian import command
from joinedup.custodian.config import ConfigError, Source, read_config
from joinedup.custodian.conformance.stub import RunningStub, StubHub
from joinedup.custodian.node import Node
from joinedup.custodian.tables import TableAway, write_table
from joinedup.database import database_url
from tests.custodian.agency import AMY, BEN, write_config

SYSTEM = """
    [[systems]]
    id = "cms"
    name = "Case management"
    database = "env:AGENCY_DATABASE"
    record_types = ["personal.details"]
    {source}
    [systems.mapping]
    id = "id"
    given = "first"
    family = "last"
    birth_date = "born"
    postcode = "post"
"""
TABLE = 'table = "child"'
MAKE = "CREATE TABLE child (id integer, first text, last text, born date, post text)"


class Database:
    """An agency's database."""

    def __init__(self, url: str) -> None:
        self.url = url
        kind, _, rest = url.partition("://")
        driver = "postgresql+psycopg" if kind == "postgresql" else kind
        self.engine = sqlalchemy.create_engine(f"{driver}://{rest}", poolclass=sqlalchemy.NullPool)

    def do(self, *statements: str) -> None:
        with self.engine.begin() as link:
            for each in statements:
                link.exec_driver_sql(each)

    def add(self, id: int, first: str, last: str, born: str = "2012-03-04") -> None:
        self.do(f"INSERT INTO child VALUES ({id}, '{first}', '{last}', '{born}', 'LS1 4AP')")


WORD = "h0rse"  # a password that must be said nowhere


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    server, name = database_url(), f"agency_test_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["postgresql", "sqlite"])
def agency(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Database:
    url = f"sqlite:///{tmp_path / 'agency.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql")
    made = Database(url)
    made.do("DROP TABLE IF EXISTS child", MAKE)
    made.add(1, "Amy", "Smith")
    made.add(2, "Ben", "Okoro", "2014-09-01")
    monkeypatch.setenv("AGENCY_DATABASE", url)
    return made


@pytest.fixture
def table_node(make_node: Callable[..., Node]) -> Callable[..., Node]:
    return lambda source=TABLE: make_node(
        systems=SYSTEM.format(source=source), node="settle_seconds = 0\npoll_seconds = 0.05"
    )


def registered(hub: StubHub) -> dict[str, str]:
    return {record: one["sui"] for (_, _, record), one in hub.pointers.items()}


def test_a_table_is_read_and_its_changes_followed(
    agency: Database, table_node: Callable[..., Node], hub: StubHub
) -> None:
    node = table_node()
    node.once()
    assert registered(hub) == {"1": AMY, "2": BEN}
    asked = len(hub.requests("POST", "/api/v1/get-an-identifier"))
    agency.add(3, "Amy", "Smith")
    agency.do("UPDATE child SET post = 'LS2 7AA' WHERE id = 2")
    node.once()
    assert registered(hub) == {"1": AMY, "2": BEN, "3": AMY}
    assert len(hub.requests("POST", "/api/v1/get-an-identifier")) == asked + 2
    agency.do("DELETE FROM child WHERE id = 2")
    node.once()
    assert registered(hub) == {"1": AMY, "3": AMY}


def test_what_did_not_change_is_not_taken_in_again(
    agency: Database, table_node: Callable[..., Node], said: list[str]
) -> None:
    for _ in range(3):
        table_node().once()
    assert len([line for line in said if "read cms.csv" in line]) == 1


@pytest.mark.parametrize("gone", ["", "WHERE id > 23", "WHERE id IN (1, 2)"])
def test_a_table_that_is_suddenly_empty_or_a_fifth_smaller_waits_for_a_person(
    agency: Database, table_node: Callable[..., Node], hub: StubHub, home: Path, gone: str
) -> None:
    for id in range(3, 31):
        agency.add(id, "Child", f"Number{id}")
    node = table_node()
    node.once()
    assert node.status().records == 30
    agency.do(f"DELETE FROM child {gone}")
    node.once()
    if gone.endswith("(1, 2)"):  # two of thirty leave: that is an ordinary day
        assert registered(hub) == {}
        assert node.status().records == 28
        return
    assert registered(hub) == {"1": AMY, "2": BEN}
    assert node.status().refused_files == 1
    arguments = ["--config", str(home / "node.toml")]
    done = CliRunner().invoke(command, [*arguments, "--accept-smaller", "cms.csv"])
    assert done.exit_code == 0, done.output
    node.once()
    assert node.status().records == (0 if not gone else 23)
    assert node.status().refused_files == 0


def test_two_children_all_gone_is_no_ordinary_day_either(
    agency: Database, table_node: Callable[..., Node], hub: StubHub
) -> None:
    node = table_node()
    node.once()
    agency.do("DELETE FROM child")
    node.once()
    assert registered(hub) == {"1": AMY, "2": BEN}


def test_a_changed_table_keeps_what_was_read_before(
    agency: Database, table_node: Callable[..., Node], hub: StubHub, said: list[str]
) -> None:
    node = table_node()
    node.once()
    agency.do("ALTER TABLE child RENAME COLUMN born TO birthday")
    node.once()
    assert registered(hub) == {"1": AMY, "2": BEN}
    assert any("not taken in" in line for line in said)


def test_a_query_names_its_own_columns_and_may_have_a_percent_sign(
    agency: Database, table_node: Callable[..., Node], hub: StubHub
) -> None:
    query = "SELECT id, first, last, born, post FROM child WHERE last LIKE 'S%' ORDER BY id"
    table_node(f'query = "{query}"').once()
    assert registered(hub) == {"1": AMY}


def test_a_query_cannot_change_anything(agency: Database, tmp_path: Path) -> None:
    for change in ("DELETE FROM child", "DELETE FROM child RETURNING id"):
        with pytest.raises(TableAway):
            write_table(Source("AGENCY_DATABASE", {}, 1), change, tmp_path / "t.csv")
    assert not (tmp_path / "t.csv").exists()
    assert write_table(Source("AGENCY_DATABASE", {}, 1), "SELECT * FROM child",
                       tmp_path / "t.csv") == 2  # fmt: skip
    assert (tmp_path / "t.csv").stat().st_mode & 0o077 == 0


def test_a_database_that_is_away_is_said_once_and_costs_nothing(
    agency: Database,
    table_node: Callable[..., Node],
    hub: StubHub,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = table_node()
    node.once()
    good = os.environ["AGENCY_DATABASE"]
    bad = f"postgresql://reader:{WORD}@127.0.0.1:9/x" if "post" in good else "sqlite:////no/such/db"
    monkeypatch.setenv("AGENCY_DATABASE", bad)
    for _ in range(2):
        node.once()
    assert node.status().tables_away == 1
    about = [line for line in said if "What was read before stays" in line]
    assert len(about) == 1
    assert WORD not in str(said)
    assert registered(hub) == {"1": AMY, "2": BEN}
    monkeypatch.setenv("AGENCY_DATABASE", good)
    node.once()
    assert node.status().tables_away == 0


def test_once_says_by_its_status_that_a_database_did_not_answer(
    home: Path, running: RunningStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AGENCY_DATABASE", raising=False)
    path = write_config(home, running.url, systems=SYSTEM.format(source=TABLE))
    done = CliRunner().invoke(command, ["--config", str(path), "--once"])
    assert done.exit_code == 3
    assert "AGENCY_DATABASE is not set" in done.output


def test_a_running_node_reads_by_its_timetable(
    agency: Database, table_node: Callable[..., Node], said: list[str]
) -> None:
    node = table_node(f"{TABLE}\n    every_minutes = 60")
    assert node._tables.look() == 1
    assert node._tables.look() == 0
    assert node._tables.look(now=True) == 1


def test_a_long_table_is_read_in_blocks(agency: Database, tmp_path: Path) -> None:
    numbers = (
        "SELECT x AS id FROM generate_series(1, 5001) AS x"
        if agency.engine.dialect.name == "postgresql"
        else "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 5001)"
        " SELECT id FROM n"
    )
    path = tmp_path / "long.csv"
    assert write_table(Source("AGENCY_DATABASE", {}, 1), numbers, path) == 5001
    assert path.read_text().splitlines() == ["id", *map(str, range(1, 5002))]


@pytest.mark.parametrize(
    ("source", "database", "said"),
    [
        ('table = "child"', f"postgresql://me:{WORD}@x/y", "must be env:"),
        ('table = "child; DROP"', "env:X", "must be a name"),
        ("", "env:X", "needs one of table, query and queries"),
        ('table = "a"\nquery = "SELECT 1"', "env:X", "needs one of"),
        ('table = "a"\nfolder = "inbox"', "env:X", "not both"),
        ('table = "a"\n[systems.mapping]\nnickname = "x"', "env:X", "nickname is none of"),
        ('table = "a"\nevery_minutes = 0', "env:X", "every_minutes must be from"),
    ],
)
def test_a_mistake_is_named(home: Path, source: str, database: str, said: str) -> None:
    text = (
        SYSTEM.partition("[systems.mapping]")[0]
        .format(source=source)
        .replace("env:AGENCY_DATABASE", database)
    )
    with pytest.raises(ConfigError) as error:
        read_config(write_config(home, "https://hub.example.org", systems=text))
    assert said in str(error.value)
    assert WORD not in str(error.value)
