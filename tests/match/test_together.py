"""Several agencies' files: a child whom several know is asked about once, and never wrongly."""

import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from joinedup.cli.match import command
from joinedup.identify.batch import Stopped
from joinedup.identify.gather import gather
from joinedup.identify.journal import Journal
from joinedup.identify.match_file import Run, match_files
from joinedup.pds.search import Unavailable
from joinedup.standards.tabular import open_table
from tests.match.fakes import Child, FakeSource, read_csv

COUNT = 60


def write(path: Path, rows: list[list[str]]) -> Path:
    lines = [["Id", "Given", "Family", "DOB", "PostCode", "Gender"], *rows]
    path.write_text("\n".join(",".join(line) for line in lines) + "\n")
    return path


def row(i: int, **other: str) -> list[str]:
    child = Child(i)
    said = {"given": child.given, "family": child.family, "dob": child.birth.isoformat()}
    said |= {"postcode": child.postcode, "gender": "F"} | other
    return [f"R{i}", *said.values()]


def run(tmp_path: Path, paths: list[Path], source: FakeSource, stop=None, progress=lambda _: None):
    tables = [open_table(path) for path in paths]
    (tmp_path / "work").mkdir(exist_ok=True)
    groups = gather(tables, tmp_path / "work", progress=lambda *_: None)
    outs = [path.with_name(f"{path.stem}_out.csv") for path in paths]
    journal = Journal.open(tmp_path / "journal", content=b"these files", settings={})
    one = Run(source, "adaptive", journal, 4, progress, stop or threading.Event())
    try:
        tallies = match_files(tables, outs, groups, one)
    finally:
        journal.close()
    return [read_csv(out) for out in outs], tallies


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [
        write(tmp_path / "schools.csv", [row(i) for i in range(COUNT)]),
        write(tmp_path / "health.csv", [row(i) for i in reversed(range(COUNT))]),
        write(tmp_path / "police.csv", [row(i, gender="") for i in range(0, COUNT, 3)]),
    ]


def test_a_child_in_three_files_is_asked_about_once(tmp_path, paths):
    source = FakeSource(COUNT)
    outs, tallies = run(tmp_path, paths, source)
    assert sum(tally.calls for tally in tallies) == len(source.asked)
    alone = FakeSource(COUNT)
    (tmp_path / "one").mkdir()
    run(tmp_path / "one", [paths[0]], alone)
    assert len(source.asked) == len(alone.asked)
    for out in outs:
        for each in out:
            assert each["SUI_NHSNo"] == Child(int(each["Id"][1:])).nhs
    assert [tally.rows for tally in tallies] == [COUNT, COUNT, COUNT // 3]


def test_a_shared_answer_says_whose_it_is_and_costs_nothing(tmp_path, paths):
    outs, _ = run(tmp_path, paths, FakeSource(COUNT))
    shared = [each for each in outs[2] if each["SUI_Calls"] == "0"]
    assert shared
    assert all("schools.csv, which is the same child" in each["SUI_Reason"] for each in shared)
    assert all(0.9 < float(each["SUI_Score"]) <= 1 for each in shared)


def test_what_one_agency_wrote_badly_is_found_by_what_another_wrote_well(tmp_path):
    paths = [
        write(tmp_path / "a.csv", [row(i, postcode="") for i in range(8)]),
        write(tmp_path / "b.csv", [row(i) for i in range(8)]),
    ]
    outs, _ = run(tmp_path, paths, FakeSource(8))
    assert [each["SUI_Status"] for out in outs for each in out] == ["Match"] * 16


def test_a_twin_does_not_take_the_number_along(tmp_path):
    """The twin is in one file alone and not on the source: nothing of it may be given out."""
    paths = [
        write(tmp_path / "a.csv", [row(i) for i in range(8)]),
        write(tmp_path / "b.csv", [row(i, given="Zebedee", gender="M") for i in range(8)]),
    ]
    outs, _ = run(tmp_path, paths, FakeSource(8))
    assert all(each["SUI_NHSNo"] == "" for each in outs[1])
    assert all(each["SUI_NHSNo"] for each in outs[0])


def test_a_row_that_holds_another_number_is_asked_about_itself(tmp_path):
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, number in zip(paths, (Child(0).nhs, Child(40).nhs), strict=True):
        path.write_text(
            "Given,Family,DOB,PostCode,NHSNo\n" + ",".join([*Child(0).row(), number]) + "\n"
        )
    source = FakeSource(50)
    outs, _ = run(tmp_path, paths, source)
    assert outs[0][0]["SUI_NHSNo"] == Child(0).nhs
    assert outs[1][0]["SUI_NHSNo"] in {"", Child(0).nhs}
    assert outs[1][0]["SUI_Calls"] != "0"


def test_a_stopped_run_goes_on_and_asks_nothing_twice(tmp_path, paths):
    stop, seen = threading.Event(), 0

    def progress(_) -> None:
        nonlocal seen
        seen += 1
        if seen == 20:
            stop.set()

    first = FakeSource(COUNT, delay=0.001)
    with pytest.raises(Stopped):
        run(tmp_path, paths, first, stop, progress)
    second = FakeSource(COUNT)
    outs, tallies = run(tmp_path, paths, second)
    whole = FakeSource(COUNT)
    (tmp_path / "whole").mkdir()
    run(tmp_path / "whole", paths, whole)
    assert (
        len(first.asked) + len(second.asked) <= len(whole.asked) + 4
    )  # what four workers had in hand
    assert sum(tally.earlier for tally in tallies) >= 20
    assert all(each["SUI_NHSNo"] for out in outs for each in out)


def test_a_silent_source_is_never_shared_as_an_answer(tmp_path, paths):
    class Silent(FakeSource):
        def search(self, search):
            return Unavailable("timeout")

    one = Silent(COUNT)
    tables = [open_table(path) for path in paths[:2]]
    (tmp_path / "w").mkdir()
    groups = gather(tables, tmp_path / "w", progress=lambda *_: None)
    journal = Journal.open(tmp_path / "j", content=b"x", settings={})
    outs = [tmp_path / "o1.csv", tmp_path / "o2.csv"]
    settings = Run(one, "adaptive", journal, 2, lambda _: None, threading.Event(), patience=0.0)
    match_files(tables, outs, groups, settings)
    assert {each["SUI_Status"] for out in outs for each in read_csv(out)} == {"Unavailable"}
    assert journal.resumed == 0
    journal.remove()


def test_rows_that_cannot_be_read_are_in_the_output(tmp_path):
    paths = [
        write(tmp_path / "a.csv", [row(0), ["R1", "Only", "three"], row(2)]),
        write(tmp_path / "b.csv", [row(2), row(0, dob="31/02/2015")]),
    ]
    outs, tallies = run(tmp_path, paths, FakeSource(5))
    assert [each["SUI_Status"] for each in outs[0]] == ["Match", "Invalid", "Match"]
    assert outs[1][0]["SUI_NHSNo"] == Child(2).nhs
    assert [tally.rows for tally in tallies] == [3, 2]


def test_the_command_takes_several_files(tmp_path, paths, monkeypatch):
    from joinedup.pds.emulator.serve import running_emulator
    from tests.match.fakes import write_people

    for name in ("URL", "API_KEY", "KEY_ID", "PRIVATE_KEY_FILE"):
        monkeypatch.delenv(f"JOINEDUP_PDS_{name}", raising=False)
    with running_emulator(write_people(tmp_path / "pds.ndjson", COUNT), tps=0) as emulator:
        done = CliRunner().invoke(
            command,
            ["--pds-url", emulator.url, "--pds-tps", "0", *map(str, paths), "-o",
             str(tmp_path / "results")],
            catch_exceptions=False,
        )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "results").glob("*.csv")) == [
        "health_matched.csv", "police_matched.csv", "schools_matched.csv",
    ]  # fmt: skip
    assert "140 rows of 60 children" in done.stdout


def test_two_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "x").mkdir()
    paths = [write(tmp_path / "a.csv", [row(0)]), write(tmp_path / "x" / "a.csv", [row(0)])]
    done = CliRunner().invoke(command, [*map(str, paths), "-o", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "same name" in done.output
