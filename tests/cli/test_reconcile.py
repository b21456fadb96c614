"""``joinedup reconcile`` as people run it, against the PDS emulator over HTTP."""

import csv
import io
import json
import re
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.cli.match import command as match_command
from joinedup.cli.reconcile import command
from joinedup.identify.journal import Journal
from joinedup.identify.match_file import Run
from joinedup.identify.reconcile_file import ADDED, HEADINGS, reconcile_file
from joinedup.pds.emulator.serve import Emulator, running_emulator
from joinedup.standards.tabular import TableError, open_table
from tests.identify import region as r
from tests.match.fakes import Child, FakeSource, read_csv

HEAD = ["Id", "Given", "Family", "DOB", "Sex", "PostCode", "NhsNumber", "AddressHistory"]
UNISSUED = r.nhs_number(900)
ROWS = [
    ["same", "Seraphina", "Thistlewood", "2012-03-04", "F", "LS11 6AD", r.nhs_number(r.CLEAN),
     "1~1 Mill Lane~LS11 6AD"],
    ["moved", "Ottoline", "Brackenbury", "2011-10-23", "F", "LS1 4AP", r.nhs_number(r.MOVED),
     "1~1 Mill Lane~M1 1AA|2~3 Low Road~LS1 4AP"],
    ["nobody", "Zebedee", "Nonesuch", "2012-01-01", "M", "LS11 6AD", "", ""],
    ["mistyped", "Imogen", "Larkspur", "2012-11-19", "F", "S1 2HE", "9990000001", ""],
    ["unissued", "Robert", "Quillfeather", "2013-02-11", "M", "HU1 2AA", UNISSUED, ""],
    ["replaced", "Rosalind", "Merryweather", "2011-01-22", "F", "PL1 2AA", r.nhs_number(r.OLD),
     ""],
    ["restricted", "Marigold", "Featherstone", "2010-02-03", "F", "YO1 7HH",
     r.nhs_number(r.RESTRICTED), "1~1 Mill Lane~YO1 7HH"],
    ["half", "Beatrix", "", "2010-07-08", "F", "S1 2HE", "", ""],
]  # fmt: skip
STATUSES = {
    "same": "NoDifferences",
    "moved": "Differences",
    "nobody": "LocalDemographicsDidNotMatchToAnNhsNumber",
    "mistyped": "LocalNhsNumberIsNotValid",
    "unissued": "LocalNhsNumberIsNotFoundInNhs",
    "replaced": "LocalNhsNumberIsSuperseded",
    "restricted": "NoDifferences",
    "half": "LocalDemographicsDidNotMatchToAnNhsNumber",
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return r.write(tmp_path_factory.mktemp("people") / "pds.ndjson")


@pytest.fixture(scope="module")
def emulator(people: Path):
    with running_emulator(people, tps=0) as running:
        yield running


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "API_KEY", "KEY_ID", "PRIVATE_KEY_FILE"):
        monkeypatch.delenv(f"JOINEDUP_PDS_{name}", raising=False)
    for name, value in {"DEADLINE": "0.5", "ATTEMPTS": "2", "REST": "0.2"}.items():
        monkeypatch.setenv(f"JOINEDUP_PDS_{name}", value)


@pytest.fixture
def children(tmp_path: Path) -> Path:
    path = tmp_path / "kids.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEAD, *ROWS])
    return path


def reconcile(emulator: Emulator | str, *args: object) -> Result:
    url = emulator if isinstance(emulator, str) else emulator.url
    return CliRunner().invoke(
        command, ["--pds-url", url, "--pds-tps", "0", *map(str, args)], catch_exceptions=False
    )


def test_every_row_says_what_is_wrong_with_it(emulator, children) -> None:
    result = reconcile(emulator, children)
    assert result.exit_code == 1, result.output  # a number is mistyped and a row is half empty
    rows = {row["Id"]: row for row in read_csv(children.with_name("kids_reconciled.csv"))}
    assert {name: row["SUI_ReconcileStatus"] for name, row in rows.items()} == STATUSES
    assert list(rows["same"])[-len(HEADINGS) :] == list(HEADINGS)
    assert rows["moved"]["SUI_Differences"] == "postcode"
    assert rows["moved"]["SUI_PrimaryAddressSame"] == "Unmatched"
    assert rows["moved"]["SUI_AddressHistoriesIntersect"] == "Matched"
    assert rows["same"]["SUI_PrimaryAddressSame"] == "Matched"
    assert rows["same"]["SUI_MissingLocalFields"] == "phone; email"
    assert rows["same"]["SUI_MissingNhsFields"] == "phone; email"
    assert rows["restricted"]["SUI_MissingNhsFields"] == ""
    assert rows["restricted"]["SUI_PrimaryAddressSame"] == "NoComparison"
    assert "does not show where the child lives" in rows["restricted"]["SUI_Reason"]
    assert rows["replaced"]["SUI_NHSNo"] == r.nhs_number(r.NEW)
    assert rows["half"]["SUI_Status"] == "Invalid"
    assert rows["nobody"]["SUI_NHSNo"] == rows["half"]["SUI_NHSNo"] == ""
    assert not children.with_name("kids_reconciled.csv.journal").exists()


def test_json_is_alone_on_stdout_and_adds_up(emulator, children, tmp_path) -> None:
    result = reconcile(emulator, children, "--json", "-o", tmp_path / "o.csv")
    summary = json.loads(result.stdout)
    assert summary["command"] == "reconcile"
    assert summary["rows"] == len(ROWS) == sum(summary["statuses"].values())
    assert summary["rows"] == sum(summary["outcomes"].values())
    assert summary["differences"] == {"nhs_number": 3, "postcode": 1}
    assert summary["calls"] == sum(int(row["SUI_Calls"]) for row in read_csv(tmp_path / "o.csv"))
    assert summary["exit_status"] == result.exit_code == 1


def test_differences_are_what_was_asked_for_and_no_failure(emulator, tmp_path) -> None:
    path = tmp_path / "kids.csv"
    path.write_text(",".join(HEAD) + "\n" + "\n".join(",".join(row) for row in ROWS[:2]) + "\n")
    result = reconcile(emulator, path, "-q")
    assert result.exit_code == 0
    assert result.output == ""


def test_a_source_that_is_down_is_unavailable_for_every_row_and_asked_again_later(
    people, children, tmp_path
) -> None:
    with running_emulator(people, tps=0) as gone:
        url = gone.url
    out = tmp_path / "o.csv"
    result = reconcile(url, children, "-o", out, "--patience", "0", "--json")
    assert result.exit_code == 3
    assert "same command again" in result.stderr
    rows = read_csv(out)
    # What was never asked about is not the source's silence: it cannot be asked.
    asked = [row for row in rows if row["Id"] != "half"]
    assert {row["SUI_ReconcileStatus"] for row in asked} == {"Unavailable"}
    assert {row["SUI_Status"] for row in asked} == {"Unavailable"}
    assert {row["SUI_Differences"] + row["SUI_MissingNhsFields"] for row in asked} == {""}
    port = int(url.rsplit(":", 1)[1])
    with running_emulator(people, tps=0, port=port):
        again = reconcile(url, children, "-o", out)
    assert again.exit_code == 1, again.output
    assert {row["Id"]: row["SUI_ReconcileStatus"] for row in read_csv(out)} == STATUSES


@pytest.mark.parametrize("fault", ["429:retry_after=0.1", "503", "html", "malformed", "cut"])
def test_a_source_in_trouble_is_never_another_status(people, children, tmp_path, fault) -> None:
    with running_emulator(people, tps=0, faults=[fault]) as ill:
        result = reconcile(ill, children, "-o", tmp_path / "o.csv", "--patience", "0")
    assert result.exit_code == 3
    rows = [row for row in read_csv(tmp_path / "o.csv") if row["Id"] != "half"]
    assert {row["SUI_ReconcileStatus"] for row in rows} == {"Unavailable"}


def test_a_source_that_throttles_now_and_then_is_waited_for(people, children, tmp_path) -> None:
    with running_emulator(people, tps=0, faults=["429:requests=3,retry_after=0.1"]) as busy:
        reconcile(busy, children, "-o", tmp_path / "o.csv")
    assert {row["Id"]: row["SUI_ReconcileStatus"] for row in read_csv(tmp_path / "o.csv")} == (
        STATUSES
    )


def test_answers_of_a_match_are_not_taken_for_those_of_a_comparison(
    people, children, tmp_path
) -> None:
    with running_emulator(people, tps=0) as gone:
        url = gone.url
    args = ["--pds-url", url, "--pds-tps", "0", str(children), "-o", str(tmp_path / "o.csv")]
    CliRunner().invoke(match_command, [*args, "--patience", "0"], catch_exceptions=False)
    result = reconcile(url, children, "-o", tmp_path / "o.csv")
    assert result.exit_code == 2
    assert "the command was match and is now reconcile" in result.stderr


def test_without_a_source_the_demos_emulator_is_started_and_said_so(
    people, children, monkeypatch
) -> None:
    monkeypatch.setattr("joinedup.simulate.demo_people", lambda: people.parent)
    result = CliRunner().invoke(command, [str(children)], catch_exceptions=False)
    assert "starting the PDS emulator" in result.stderr
    rows = read_csv(children.with_name("kids_reconciled.csv"))
    assert {row["Id"]: row["SUI_ReconcileStatus"] for row in rows} == STATUSES


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["-o", "kids.csv"], "never overwritten"),
        (["-o", "out.xlsx"], "output is CSV"),
        (["-o", "nowhere/out.csv"], "does not exist"),
        (["-o", "."], "folder"),
        (["--map", "given"], "name=column"),
    ],
)
def test_wrong_usage_is_status_2_and_harms_nothing(
    emulator, children, monkeypatch, args, words
) -> None:
    monkeypatch.chdir(children.parent)
    before = children.read_bytes()
    result = reconcile(emulator, "kids.csv", *args)
    assert result.exit_code == 2
    assert words in result.stderr
    assert children.read_bytes() == before
    assert list(children.parent.iterdir()) == [children]


def test_nothing_on_the_screen_is_about_a_child(emulator, children) -> None:
    shown = reconcile(emulator, children).output
    for row in ROWS:
        assert row[2] not in shown or not row[2]
    assert not re.search(r"\b\d{10}\b", shown.replace(str(children.parent), ""))


def test_the_output_names_fields_and_holds_nothing_of_the_record_but_the_number(
    emulator, children
) -> None:
    reconcile(emulator, children)
    for row in read_csv(children.with_name("kids_reconciled.csv")):
        ours = " ".join(row[name] for name in ("SUI_Reason", *ADDED))
        for personal in ("Mill Lane", "M1 1AA", *row["NhsNumber"].split(), row["Family"] or "-"):
            assert personal not in ours


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.lists(
    st.sampled_from(["", "x", "=1+1", "31/02/2012", "2012-05-04", "9991000010", "é,\n\"", "LS1"])
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    min_size=1, max_size=6), max_size=10))  # fmt: skip
def test_rows_out_are_rows_in_whatever_is_in_them(tmp_path_factory, rows) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["Given", "Family", "DOB", "NhsNumber", "AddressHistory"], *rows])
    folder = tmp_path_factory.mktemp("r")
    (folder / "in.csv").write_bytes(text.getvalue().encode())
    try:
        table = open_table(folder / "in.csv")
    except TableError:
        return
    journal = Journal.open(folder / "journal", content=table.digest, settings={})
    run = Run(source=FakeSource(1), strategy="adaptive", journal=journal, workers=2,
              progress=lambda done: None, stop=threading.Event())  # fmt: skip
    tally = reconcile_file(table, folder / "out.csv", run)
    journal.remove()
    out = read_csv(folder / "out.csv")
    assert len(out) == table.row_count == tally.matched.rows == sum(tally.statuses.values())
    for row in out:
        assert row["SUI_ReconcileStatus"] in STATUSES.values()
        assert row["SUI_NHSNo"] in ("", Child(0).nhs)
