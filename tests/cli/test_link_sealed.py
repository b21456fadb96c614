"""``joinedup link --sealed``: a batch run obeys pairs that nobody can read, and names none."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from joinedup.cli.link import command as link
from joinedup.identities.tokens import Tokens

KEY = b"s" * 40
BEFORE, AFTER = "9990000018", "9990000026"
HEADINGS = ["Id", "Given", "Family", "DOB", "Gender", "PostCode", "Phone", "NhsNumber"]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """One child's records before and after: everything but the number is the same."""
    child = ["Amy", "Smith", "2012-03-04", "F", "LS1 4AP", "0131 496 0781"]
    rows = {
        "health": [["H1", *child, BEFORE]],
        "schools": [["S1", *child, AFTER]],
        "police": [["P1", "Nora", "Elsewhere", "2011-01-05", "F", "YO1 1AA", "", ""]],
    }
    for name, lines in rows.items():
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([HEADINGS, *lines])
    return [str(tmp_path / f"{name}.csv") for name in rows]


@pytest.fixture
def sealed(tmp_path: Path) -> list[str]:
    tokens = Tokens(KEY)
    pair = "0f2f0f0e-5a51-4e7c-8f0e-0e8d3a0f7f11"
    lines = [
        json.dumps({"token": tokens.number(number).hex(), "pair": pair, "side": side})
        for side, number in enumerate((BEFORE, AFTER))
    ]
    (tmp_path / "sealed.jsonl").write_text("\n".join(lines))
    (tmp_path / "key").write_bytes(KEY)
    return ["--sealed", str(tmp_path / "sealed.jsonl"), "--sealed-key", str(tmp_path / "key")]


def run(*args: object):
    return CliRunner().invoke(link, [str(arg) for arg in args], catch_exceptions=False)


def clusters(out: Path) -> dict[str, str]:
    return {r["id"]: r["cluster_id"] for r in pq.read_table(out / "clusters.parquet").to_pylist()}


def test_a_sealed_pair_is_not_joined_and_nothing_says_so(files, sealed, tmp_path):
    out = tmp_path / "out"
    result = run(*files, "-o", out, *sealed, "--json")
    assert result.exit_code == 0, result.output
    found = clusters(out)
    assert found["H1"] != found["S1"]
    assert json.loads(result.stdout)["cuts"] == {}
    assert pq.read_table(out / "conflicts.parquet").num_rows == 0
    assert "never to be joined" not in (out / "report.html").read_text()


def test_a_third_record_that_looks_like_both_is_no_way_from_one_to_the_other(
    files, sealed, tmp_path
):
    third = ["C1", "Amy", "Smith", "2012-03-04", "F", "LS1 4AP", "0131 496 0781", ""]
    with (tmp_path / "census.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADINGS, third])
    out = tmp_path / "out"
    all_files = [*files, str(tmp_path / "census.csv")]
    result = run(*all_files, "-o", out, *sealed, "--json")
    found = clusters(out)
    assert found["H1"] != found["S1"]
    assert json.loads(result.stdout)["cuts"] == {}
    assert (out / "cuts.csv").read_text().count("\n") == 1
    assert "never to be joined" not in (out / "report.html").read_text()
    # Without the sealed pair the same records are joined, or cut for what anybody can see.
    run(*all_files, "-o", tmp_path / "open", "-q")
    assert clusters(tmp_path / "open")["C1"] == clusters(tmp_path / "open")["H1"]


def test_without_it_they_are(files, tmp_path):
    out = tmp_path / "out"
    assert run(*files, "-o", out, "-q").exit_code == 0
    found = clusters(out)
    assert found["H1"] == found["S1"]


def test_what_cannot_be_used_is_said(files, sealed, tmp_path):
    alone = run(*files, "-o", tmp_path / "out", *sealed[:2])
    assert alone.exit_code == 2
    assert "go together" in alone.output
    (tmp_path / "sealed.jsonl").write_text('{"token": "zz"}')
    broken = run(*files, "-o", tmp_path / "out", *sealed)
    assert broken.exit_code == 2
    assert "line 1 is not of a sealed file" in broken.output
