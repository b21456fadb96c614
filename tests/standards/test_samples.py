"""Real public files, where they are: every row comes out or is reported."""

import csv
import re
from pathlib import Path

import pytest

from tests.standards.files import SAMPLES, everything, needs_samples, samples

pytestmark = needs_samples


@pytest.mark.parametrize("path", samples("*/*.csv"), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_csv_is_read_to_its_end(path: Path) -> None:
    data = path.read_bytes().decode("utf-8-sig", "replace")
    lines = len(list(csv.reader(data.splitlines(keepends=True)))) - 1
    _, reading = everything(path)
    assert reading.count.rows_in == lines


@pytest.mark.parametrize("path", samples("cin/*.xml"), ids=lambda p: p.name)
def test_every_cin_child_is_read(path: Path) -> None:
    _, reading = everything(path)
    assert reading.standard == "cin"
    assert reading.count.rows_out == len(re.findall(r"<Child>", path.read_text()))


@pytest.mark.parametrize(
    ("folder", "standard"),
    [("ssda903", "ssda903"), ("school_census", "school_census"), ("annex_a", "annex_a")],
)
def test_every_file_is_known(folder: str, standard: str) -> None:
    for path in sorted((SAMPLES / folder).iterdir()):
        _, reading = everything(path)
        assert reading.standard == standard
        assert reading.count.rows_out == reading.count.rows_in


def test_the_whole_of_annex_a_is_read() -> None:
    _, reading = everything(SAMPLES / "annex_a" / "Annex_A_2024_Jan.xlsx")
    assert reading.count.rows_in == 59
    assert reading.count.rules["columns-unknown"] == 0


def test_accents_of_an_iso_8859_1_file_are_right() -> None:
    path = SAMPLES / "vaccination_csv" / "cohort_import_valid_iso_8859_1_encoding.csv"
    expected = path.read_bytes().decode("iso-8859-1")
    records, _ = everything(path)
    names = [r.fields.get("family", "") for r in records if hasattr(r, "fields")]
    assert names
    assert all(name in expected for name in names)
