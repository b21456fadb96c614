"""``joinedup match`` as people run it, against the PDS emulator over HTTP."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from joinedup.cli.match import command
from joinedup.pds.emulator.serve import Emulator, running_emulator
from tests.match.fakes import HEADINGS, Child, read_csv, write_children, write_people

CHILDREN = 120


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_people(tmp_path_factory.mktemp("people") / "pds.ndjson", CHILDREN)


@pytest.fixture(scope="module")
def emulator(people: Path):
    with running_emulator(people, tps=0) as running:
        yield running


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "API_KEY", "KEY_ID", "PRIVATE_KEY_FILE"):
        monkeypatch.delenv(f"JOINEDUP_PDS_{name}", raising=False)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DEADLINE": "0.5", "ATTEMPTS": "2", "REST": "0.2"}.items():
        monkeypatch.setenv(f"JOINEDUP_PDS_{name}", value)


def match(emulator: Emulator | str, *args: object) -> Result:
    url = emulator if isinstance(emulator, str) else emulator.url
    return CliRunner().invoke(
        command, ["--pds-url", url, "--pds-tps", "0", *map(str, args)], catch_exceptions=False
    )


def test_a_file_of_children_gets_their_numbers(tmp_path, emulator) -> None:
    path = write_children(tmp_path / "kids.csv", range(CHILDREN))
    before = path.read_bytes()
    result = match(emulator, path)
    assert result.exit_code == 0, result.output
    rows = read_csv(tmp_path / "kids_matched.csv")
    assert [row["SUI_NHSNo"] for row in rows] == [Child(i).nhs for i in range(CHILDREN)]
    assert path.read_bytes() == before
    assert f"{CHILDREN} rows" in result.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "kids.csv", "kids_matched.csv", "kids_matched.csv.report.html",
    ]  # fmt: skip


def test_json_is_alone_on_stdout_and_adds_up(tmp_path, emulator) -> None:
    path = write_children(tmp_path / "kids.csv", [*range(20), 3, 3])
    result = match(emulator, path, "--json", "-o", tmp_path / "o.csv")
    summary = json.loads(result.stdout)
    assert summary["rows"] == sum(summary["outcomes"].values()) == 22
    assert summary["outcomes"]["Match"] == 22
    assert summary["duplicates"] == 2
    assert summary["calls"] == sum(int(r["SUI_Calls"]) for r in read_csv(tmp_path / "o.csv"))
    assert summary["exit_status"] == result.exit_code == 0


def test_quiet_says_nothing_when_all_is_well(tmp_path, emulator) -> None:
    result = match(emulator, write_children(tmp_path / "kids.csv", range(3)), "-q")
    assert result.output == ""


def test_rows_with_problems_are_reported_by_status_1(tmp_path, emulator) -> None:
    path = write_children(tmp_path / "kids.csv", range(3))
    with path.open("a") as file:
        file.write("Ann,Bell,31/02/2012,,9\n")
    result = match(emulator, path, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["outcomes"]["Invalid"] == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("Name,Born\nx,y\n", "Columns found: Name, Born"),
        ("Given,Family,DOB,DOB\n", "DOB is there 2 times"),
        ("Given,Forename,Family,DOB\n", "More than one column looks like Given"),
    ],
)
def test_a_file_that_cannot_be_used_ends_with_status_2_and_the_fix(
    tmp_path, emulator, content, words
) -> None:
    path = tmp_path / "kids.csv"
    path.write_text(content)
    result = match(emulator, path)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["-o", "kids.csv"], "never overwritten"),
        (["--report", "kids.csv"], "never overwritten"),
        (["-o", "out.xlsx"], "output is CSV"),
        (["-o", "nowhere/out.csv"], "does not exist"),
        (["-o", "out.csv", "--report", "out.csv"], "same file"),
        (["--map", "given"], "name=column"),
        (["--strategy", "magic"], "adaptive"),
        (["--workers", "0"], "workers"),
        (["-o", "."], "folder"),
    ],
)
def test_wrong_usage_is_status_2_and_harms_nothing(
    tmp_path, emulator, monkeypatch, args, words
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_children(tmp_path / "kids.csv", range(3))
    before = path.read_bytes()
    result = match(emulator, "kids.csv", *args)
    assert result.exit_code == 2
    assert words in result.stderr
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_to_the_input_is_the_input(tmp_path, emulator) -> None:
    path = write_children(tmp_path / "kids.csv", range(3))
    (tmp_path / "link.csv").symlink_to(path)
    assert match(emulator, path, "-o", tmp_path / "link.csv").exit_code == 2


def test_a_source_that_stays_away_is_status_3_and_the_next_run_asks_only_the_rest(
    tmp_path, people, impatient
) -> None:
    path = write_children(tmp_path / "kids.csv", range(30))
    out = tmp_path / "o.csv"
    args = (path, "-o", out, "--patience", "0.5")
    with running_emulator(people, tps=0) as gone:
        url = gone.url
    result = match(url, *args, "--json")
    assert result.exit_code == 3
    assert "did not answer for 30 of 30 rows" in result.stderr
    assert "same command again" in result.stderr
    assert {row["SUI_Status"] for row in read_csv(out)} == {"Unavailable"}
    assert json.loads(result.stdout)["outcomes"]["NoMatch"] == 0
    assert out.with_name("o.csv.journal").exists()
    port = int(url.rsplit(":", 1)[1])
    with running_emulator(people, tps=0, port=port):
        again = match(url, *args)
    assert again.exit_code == 0, again.output
    assert {row["SUI_Status"] for row in read_csv(out)} == {"Match"}
    assert not out.with_name("o.csv.journal").exists()


def test_answers_of_another_source_are_not_mixed_in(tmp_path, emulator, people, impatient) -> None:
    path = write_children(tmp_path / "kids.csv", range(3))
    with running_emulator(people, tps=0) as gone:
        url = gone.url
    assert match(url, path, "--patience", "0").exit_code == 3
    result = match(emulator, path)
    assert result.exit_code == 2
    assert "source was" in result.stderr
    assert "--restart" in result.stderr
    assert match(emulator, path, "--restart").exit_code == 0


def test_a_changed_input_is_not_finished_with_old_answers(tmp_path, people, impatient) -> None:
    path = write_children(tmp_path / "kids.csv", range(3))
    with running_emulator(people, tps=0) as gone:
        url = gone.url
    assert match(url, path, "--patience", "0").exit_code == 3
    write_children(path, range(4))
    result = match(url, path)
    assert result.exit_code == 2
    assert "input file is not the same" in result.stderr


def test_a_prototype_strategy_warns_even_when_quiet(tmp_path, emulator) -> None:
    path = write_children(tmp_path / "kids.csv", range(3))
    result = match(emulator, path, "-q", "--strategy", "s1")
    assert "comparison" in result.stderr
    assert "warning" not in match(emulator, path, "-q").stderr.lower()


def test_columns_can_be_mapped(tmp_path, emulator) -> None:
    path = tmp_path / "kids.csv"
    write_children(path, range(3))
    path.write_text(path.read_text().replace(",".join(HEADINGS[:2]), "First one,Last one"))
    result = match(emulator, path, "--map", "given=First one", "--map", "Surname=Last one")
    assert result.exit_code == 0, result.output
    assert list(read_csv(tmp_path / "kids_matched.csv")[0])[:2] == ["First one", "Last one"]


def test_wrong_settings_for_the_source_are_status_2(tmp_path, monkeypatch) -> None:
    path = write_children(tmp_path / "kids.csv", range(3))
    assert match("ftp://pds", path).exit_code == 2
    monkeypatch.setenv("JOINEDUP_PDS_API_KEY", "key-without-the-rest")
    result = match("http://localhost:1", path)
    assert result.exit_code == 2
    assert "JOINEDUP_PDS_KEY_ID" in result.stderr


def test_without_a_source_the_demos_emulator_is_started_and_said_so(
    tmp_path, people, monkeypatch
) -> None:
    monkeypatch.setattr("joinedup.simulate.demo_people", lambda: people.parent)
    path = write_children(tmp_path / "kids.csv", range(5))
    result = CliRunner().invoke(command, [str(path)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "starting the PDS emulator" in result.stderr
    assert {row["SUI_Status"] for row in read_csv(tmp_path / "kids_matched.csv")} == {"Match"}


def test_the_help_has_examples_and_the_exit_statuses() -> None:
    text = CliRunner().invoke(command, ["--help"]).output
    assert "joinedup match children.csv" in text
    assert "Exit status" in text


def test_nothing_on_the_screen_is_about_a_child(tmp_path, emulator) -> None:
    path = write_children(tmp_path / "kids.csv", range(40))
    with path.open("a") as file:
        file.write("Peregrine,Wigglesworth,31/02/2012,ZZ1,9\nx\n")
    shown = match(emulator, path).output
    for i in range(40):
        child = Child(i)
        assert child.family not in shown
        assert child.nhs not in shown
    assert "Wigglesworth" not in shown
    assert not re.search(r"\b\d{10}\b", shown.replace(str(tmp_path), ""))
