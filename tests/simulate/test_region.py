"""The region holds together: the same each time, nobody real, and a truth that covers it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from joinedup.cli.simulate import command
from joinedup.people.demographics import FIELDS, Demographics
from joinedup.people.nhs_number import read_nhs_number
from joinedup.simulate import SimulateError, agency_rows, demo_people, simulate
from joinedup.simulate.rates import AGENCIES
from tests.simulate.conftest import CHILDREN, Region


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_makes_the_same_bytes_whatever_the_workers(tmp_path: Path) -> None:
    one = _digests(simulate(tmp_path / "one", 3_100, seed=5, workers=1, formats=True))
    two = _digests(simulate(tmp_path / "two", 3_100, seed=5, workers=2, formats=True))
    assert one == two
    assert "childrens_services/annex_a.xlsx" in one
    other = _digests(simulate(tmp_path / "other", 3_100, seed=6, workers=1, formats=True))
    assert all(one[name] != other[name] for name in one.keys() & other.keys())


def test_the_same_seed_makes_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    # Python gives strings another hash in each process: nothing may hang on the order of a set.
    code = (
        "import sys; from pathlib import Path; from joinedup.simulate import simulate; "
        "simulate(Path(sys.argv[1]), 400, seed=5, formats=True)"
    )
    digests = []
    for hash_seed in ("1", "2"):
        folder = tmp_path / hash_seed
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env=environment)
        digests.append(_digests(folder))
    assert digests[0] == digests[1]


def test_every_nhs_number_is_a_test_number_and_given_once(region: Region) -> None:
    lines = (region.folder / "pds.ndjson").read_bytes().count(b"\n")
    assert lines == len(region.patients)
    for number in region.patients:
        assert number.startswith("999")
        assert number != "9999999999"
        assert read_nhs_number(number).value == number


def test_as_many_children_as_asked(region: Region) -> None:
    assert len(region.children) == CHILDREN
    assert all(0 <= child["age"] < 18 for child in region.children)


def test_the_truth_covers_every_row_of_every_source(region: Region) -> None:
    truth = {(row["source"], row["id"]): row for row in region.table("truth")}
    rows = [("pds", number) for number in region.patients]
    for agency in AGENCIES:
        rows += [(agency, row["id"]) for row in agency_rows(region.folder, agency)]
    assert len(rows) == len(set(rows))
    assert set(rows) == set(truth)
    for row in truth.values():
        person = region.people[row["person_id"]]
        if row["nhs_number"]:
            assert row["nhs_number"] == person["nhs_number"]
            assert region.patients[row["nhs_number"]].get("active") is not False
        elif person["role"] != "before_adoption":
            assert not person["in_pds"]


def test_mistakes_and_people_belong_to_rows_of_the_truth(region: Region) -> None:
    rows = {(row["source"], row["id"]) for row in region.table("truth")}
    assert all((row["source"], row["id"]) in rows for row in region.table("mistakes"))


@pytest.mark.parametrize("agency", AGENCIES)
def test_agency_rows_are_read_by_our_own_readers(region: Region, agency: str) -> None:
    unreadable = dict.fromkeys(FIELDS, 0)
    rows = list(agency_rows(region.folder, agency))
    for raw in rows:
        checks = Demographics.read({field: raw[field] for field in FIELDS}).checks()
        for field, check in checks.items():
            unreadable[field] += check.quality == "Invalid"
    # Slips make some values unreadable: few, and never a field as a whole.
    for field, count in unreadable.items():
        assert count <= max(4, 0.02 * len(rows)), field


def test_too_many_children_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(SimulateError, match=r"at most 2,000,000"):
        simulate(tmp_path / "region", 2_000_001)
    assert not (tmp_path / "region").exists()
    with pytest.raises(SimulateError, match="at least one"):
        simulate(tmp_path / "region", 0)


def test_one_child_is_a_region(tmp_path: Path) -> None:
    folder = simulate(tmp_path, 1)
    assert (folder / "pds.ndjson").read_bytes().count(b"\n") >= 1


def test_the_demo_region_is_made_once_and_whole(tmp_path: Path) -> None:
    first = demo_people(tmp_path, 300)
    made = (first / "pds.ndjson").stat().st_mtime_ns
    assert demo_people(tmp_path, 300) == first
    assert (first / "pds.ndjson").stat().st_mtime_ns == made
    assert [p.name for p in first.parent.iterdir()] == [first.name]  # nothing half made beside it


def test_the_command_reports_as_json_alone_on_stdout(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["-o", str(tmp_path), "--children", "50", "--json", "-q"])
    assert done.exit_code == 0
    assert done.stdout.startswith("{")
    assert '"children": 50' in done.stdout
    assert done.stderr == ""


def test_the_command_refuses_too_many_as_wrong_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["-o", str(tmp_path), "--children", "3000000"])
    assert done.exit_code == 2
    assert "at most 2,000,000 children" in done.stderr
