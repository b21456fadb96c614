"""The PDS misbehaves, over HTTP: no child becomes "nobody", nothing is lost, the status says so."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from joinedup.cli.match import command
from joinedup.pds.emulator.serve import running_emulator
from tests.match.fakes import Child, read_csv, write_children, write_people

COUNT = 24
KINDS = (
    "429", "429:retry_after=0.01", "500", "503", "cut", "malformed", "html", "changed-answer",
    "slow:seconds=1",
)  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"DEADLINE": "0.6", "TIMEOUT": "0.3", "ATTEMPTS": "2", "REST": "0.1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"JOINEDUP_PDS_{name}", value)


def match(url: str, path: Path) -> tuple[int, dict[str, int]]:
    result = CliRunner().invoke(
        command,
        [str(path), "--pds-url", url, "--pds-tps", "0", "--patience", "0.3", "--json", "-q"],
        catch_exceptions=False,
    )
    return result.exit_code, json.loads(result.stdout)["outcomes"]


@pytest.mark.parametrize("when", ["share=0.3,seed=1", "after=6"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_never_makes_a_child_nobody_and_the_next_run_finishes(
    tmp_path: Path, kind: str, when: str
) -> None:
    people = write_people(tmp_path / "pds.ndjson", COUNT)
    path = write_children(tmp_path / "kids.csv", range(COUNT))
    fault = kind + ("," if ":" in kind else ":") + when
    # A source that says "nobody" twice about one child, when no call fell out, cannot be seen
    # through: which calls it lies to depends on the order in which the threads ask.
    lied_to = 2 if kind == "changed-answer" else 0
    with running_emulator(people, tps=0, faults=[fault]) as emulator:
        status, outcomes = match(emulator.url, path)
        port = int(emulator.url.rsplit(":", 1)[1])
    rows = read_csv(tmp_path / "kids_matched.csv")
    assert [row["Id"] for row in rows] == [str(i) for i in range(COUNT)]
    assert COUNT - lied_to <= outcomes["Match"] + outcomes["Unavailable"] <= COUNT
    assert all(
        row["SUI_NHSNo"] == (Child(i).nhs if row["SUI_Status"] == "Match" else "")
        for i, row in enumerate(rows)
    )
    assert status == (3 if outcomes["Unavailable"] else 0)
    with running_emulator(people, tps=0, port=port) as emulator:
        status, outcomes = match(emulator.url, path)
    assert status == 0
    assert outcomes["Match"] >= COUNT - lied_to
