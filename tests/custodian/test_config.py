"""The configuration: every mistake is said with its place, before anything is done."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from joinedup.cli.custodian import command
from joinedup.custodian.config import ConfigError, read_config
from joinedup.custodian.conformance.stub import RunningStub
from tests.custodian.agency import CHILDREN, settled, write_config

GOOD = "https://hub.example.org"


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        (GOOD, "http://hub.example.org", "https"),
        (GOOD, "hub.example.org", "address such as"),
        ('client_id = "agency"', "client_id = 7", "[hub] client_id"),
        ("poll_seconds", "pol_seconds", "[node] pol_seconds is not a setting"),
        ("poll_seconds = 0.05", "poll_seconds = -1", "poll_seconds must be from"),
        ('"personal.details", ', '"personal.detail", ', "personal.detail is none of"),
        ('id = "cms"', "", "[[systems]] 1 id is missing"),
        ("[[contacts]]", "[other]", "other is not a setting"),
        ("[[share]]", '[[withhold]]\nreason = "because"', "reason must be one of detriment"),
        ("[node]", "[node", "is not TOML"),
    ],
)
def test_a_mistake_is_named(home: Path, was: str, becomes: str, said: str) -> None:
    path = write_config(home, GOOD)
    text = path.read_text()
    assert was in text
    path.write_text(text.replace(was, becomes, 1))
    with pytest.raises(ConfigError) as error:
        read_config(path)
    assert said in str(error.value)


def test_the_command_says_so_too(home: Path) -> None:
    path = write_config(home, GOOD)
    (home / "key.pem").write_text("no key")
    done = CliRunner().invoke(command, ["--config", str(path), "--once"])
    assert done.exit_code == 2
    assert "private key" in done.output


def test_once_gives_numbers_for_scripts(home: Path, running: RunningStub) -> None:
    path = write_config(home, running.url)
    settled(home / "inbox" / "children.csv", CHILDREN)
    done = CliRunner().invoke(command, ["--config", str(path), "--once", "--json", "-q"])
    assert done.exit_code == 0, done.output
    assert '"records": 3, "verified": 2' in done.stdout


def test_a_hub_that_is_away_is_status_3(home: Path) -> None:
    path = write_config(home, "http://127.0.0.1:9")
    settled(home / "inbox" / "children.csv", CHILDREN)
    done = CliRunner().invoke(command, ["--config", str(path), "--once"])
    assert done.exit_code == 3
    assert "Smith" not in done.output


def test_the_key_and_the_store_are_for_their_owner_alone(home: Path, running: RunningStub) -> None:
    path = write_config(home, running.url)
    CliRunner().invoke(command, ["--config", str(path), "--once", "-q"])
    for file in (home / "state").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file.name
