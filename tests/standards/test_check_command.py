"""`joinedup check` as a data officer and a script use it."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from joinedup.cli.check import command
from tests.standards.files import cin, cin_child, header_903


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "cin.xml"
    path.write_text(cin([cin_child(1, birth="2015-02-30", id="=1+1"), cin_child(2)]))
    return path


def test_a_good_file_gives_status_0(tmp_path: Path) -> None:
    path = tmp_path / "header.csv"
    path.write_text(header_903(3))
    result = run(path)
    assert result.exit_code == 0
    assert "SSDA903" in result.stdout


def test_issues_give_status_1_and_a_file_in_the_columns_analysts_know(
    faulty: Path, tmp_path: Path
) -> None:
    out = tmp_path / "issues.csv"
    result = run(faulty, "-o", out)
    assert result.exit_code == 1
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "child_id", "table", "columns", "row", "rule_code", "severity", "description",
    ]  # fmt: skip
    assert rows[0]["rule_code"] == "birth-date-impossible"
    assert rows[0]["child_id"] == "'=1+1", "a spreadsheet must not run what a file says"


def test_json_stands_alone_on_stdout(faulty: Path) -> None:
    result = run(faulty, "--json")
    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    assert (summary["standard"], summary["rows_in"], summary["children"]) == ("cin", 2, 2)
    assert summary["issues"]["Error"] == 1


def test_quiet_says_nothing(faulty: Path) -> None:
    assert run(faulty, "-q").stdout == ""


def test_a_standard_can_be_said_and_a_wrong_one_is_reported(faulty: Path) -> None:
    assert run(faulty, "--standard", "cin", "--json").exit_code == 1
    result = run(faulty, "--standard", "ssda903", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["children"] == 0


@pytest.mark.parametrize(
    "arguments", [["absent.csv"], ["FILE", "--standard", "nothing"], ["FILE", "--map", "given"]]
)
def test_wrong_usage_gives_status_2(arguments: list[str], faulty: Path) -> None:
    result = run(*(str(faulty) if a == "FILE" else a for a in arguments))
    assert result.exit_code == 2


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("Kid,Clan,Born\nSean,Kelly,05/06/2010\n")
    result = run(path, "--map", "given=Kid", "--map", "family=Clan", "--map", "dob=Born", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["standard"] == "mapped"
