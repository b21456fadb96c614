"""The hub's own file commands, as `joinedup manage` offers them."""

import pytest
from click.testing import CliRunner

from joinedup.cli.manage import command


@pytest.mark.parametrize(
    "name", ["open-review-cases", "review-answers", "load-staff", "export-sealed"]
)
def test_each_has_its_own_help(db, capfd, name):
    result = CliRunner().invoke(command, [name, "--help"])
    said = result.output + capfd.readouterr().out
    assert result.exit_code == 0
    assert f"joinedup manage {name}" in said


def test_a_fault_in_a_file_is_said_in_one_line(db, organisation, tmp_path):
    staff = tmp_path / "staff.csv"
    staff.write_text("subject,postcode\n,LS1 1AA\n")
    result = CliRunner().invoke(command, ["load-staff", str(staff), "--organisation", "NONE"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "Traceback" not in result.output


def test_wrong_usage_ends_with_two(db, capfd):
    result = CliRunner().invoke(command, ["export-sealed"])
    assert result.exit_code == 2
    assert "file" in result.output + capfd.readouterr().err
