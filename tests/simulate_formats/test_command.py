"""``joinedup simulate`` writes the formats unless told not to."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from joinedup.cli.simulate import command
from joinedup.simulate import demo_people, simulate


@pytest.mark.parametrize(("option", "there"), [([], True), (["--no-formats"], False)])
def test_formats_are_on_unless_refused(tmp_path: Path, option: list[str], there: bool) -> None:
    out = tmp_path / "region"
    result = CliRunner().invoke(
        command, ["-o", str(out), "--children", "300", "--json", "--workers", "1", *option]
    )
    assert result.exit_code == 0, result.output
    files = json.loads(result.stdout)["files"]
    assert ("childrens_services/children_in_need.xml" in files) is there
    assert (out / "schools").is_dir() is there
    assert "schools.csv" in files


def test_no_file_of_an_earlier_region_stays(tmp_path: Path) -> None:
    simulate(tmp_path, 400, seed=1, workers=1, formats=True)
    assert (tmp_path / "police" / "events.csv").is_file()
    simulate(tmp_path, 400, seed=2, workers=1)
    assert not [path for path in tmp_path.glob("*/*") if path.is_file()]


def test_the_demo_does_not_pay_for_them(tmp_path: Path) -> None:
    region = demo_people(tmp_path, children=60)
    assert not any(path.is_dir() for path in region.iterdir())
