"""Blocks of columns say the same as the records that are made of them."""

import tracemalloc
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.people.checked import Quality
from joinedup.people.nhs_number import is_plain_nhs_number, read_nhs_number, well_formed
from joinedup.people.postcode import is_plain_postcode, read_postcode
from joinedup.people.upn import is_plain_upn, read_upn
from joinedup.standards import Child, Event, Issue, Record, read, registry
from joinedup.standards.checks import Checks
from tests.standards.files import MAKERS, SAMPLES, episodes_903, needs_samples
from tests.standards.test_fuzz import mutated

# Digests of all records of public sample files, taken on the day of ``_AS_AT`` from the reader that
# went row by row and that blocks took the place of.
_AS_AT = date(2026, 11, 23)
_GOLDEN = {
    "annex_a/Annex_A_2024_Jan.xlsx": "5bc23611468247fe",
    "cin/CIN_Census_2024.xml": "8a9fa40522c668c3",
    "cin/CIN_Census_2026.xml": "eff6227e31794421",
    "cin/CIN_header_issues_100.xml": "93574b0f0acae8be",
    "linkage/fake_1000.csv": "c1e00fb5d0b948e2",
    "linkage/fake_1000_labels.csv": "e481b84b3fe5297c",
    "school_census/2024_autumn_pupilnolongeronroll.csv": "12c4163166fdaa58",
    "school_census/2024_autumn_pupilonroll.csv": "742ca9deed99dec8",
    "school_census/2024_autumn_termlyexclusionsonroll.csv": "f85932d6e5156c99",
    "school_census/2024_autumn_termlysessiondetailsonroll.csv": "edd91fc64246393d",
    "ssda903/episodes.csv": "9e2b5dabd22db6c0",
    "ssda903/header.csv": "9c1f75441fd1047c",
    "ssda903/missing.csv": "5a13b8f45d3e9ccd",
    "ssda903/reviews.csv": "09ed56986b70d9b2",
    "ssda903/uasc.csv": "9f8ee38eadb2cada",
    "vaccination_csv/class_import_duplicates.csv": "a8a0d9843c0b7a8e",
    "vaccination_csv/class_import_invalid_fields.csv": "68337098dd3f6270",
    "vaccination_csv/class_import_malformed.csv": "587fea930599ec7d",
    "vaccination_csv/class_import_valid_with_bom.csv": "4213f9a8b56e28ce",
    "vaccination_csv/cohort_import_duplicate_except_postcode.csv": "17966f40ff4825bd",
    "vaccination_csv/cohort_import_invalid_minimal.csv": "f55377168244368d",
    "vaccination_csv/cohort_import_valid.csv": "a25c8d5450f5d3aa",
    "vaccination_csv/cohort_import_valid_iso_8859_1_encoding.csv": "a79c4b63c869792a",
}


def plain(record: Record) -> tuple[Any, ...]:
    return type(record).__name__, *(
        sorted(value.items(), key=repr) if hasattr(value, "items") else str(value)
        for value in record
    )


@needs_samples
@pytest.mark.parametrize("name", _GOLDEN)
def test_real_files_give_what_they_always_gave(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "Checks", partial(Checks, today=_AS_AT))
    digest = sha256()
    for record in read(SAMPLES / name):
        digest.update(repr(plain(record)).encode())
    assert digest.hexdigest()[:16] == _GOLDEN[name]


@pytest.mark.parametrize("kind", MAKERS)
def test_columns_hold_what_the_records_hold(kind: str, tmp_path: Path) -> None:
    standard, _, make = MAKERS[kind]
    path = tmp_path / "file"
    for seed in range(40):
        path.write_bytes(mutated(make(6), seed))
        records = list(read(path, standard))
        blocks = list(read(path, standard).blocks())
        children = [record for record in records if isinstance(record, Child)]
        columns = [part for block in blocks if (part := block.children)]
        assert [row for part in columns for row in part.rows] == [c.row for c in children]
        assert [id_ for part in columns for id_ in part.ids] == [c.id for c in children]
        for field in ("given", "family", "birth_date", "upn", "nhs_number", "postcode"):
            assert [
                text for part in columns for text in part.fields.get(field, [""] * len(part))
            ] == [child.fields.get(field, "") for child in children]
        events = [record for record in records if isinstance(record, Event)]
        assert sum(len(part) for block in blocks for part in block.events) == len(events)
        issues = [record for record in records if isinstance(record, Issue)]
        assert [issue for block in blocks for issue in block.issues()] == issues


ALMOST_UPN = st.text("ABCDEFGHJKLMNPQRTUVWXYZ0123456789IOS- ", min_size=10, max_size=15) | (
    st.from_regex(r"[A-HJ-NP-RT-Z][0-9]{11}[0-9A-Z]", fullmatch=True)
)


@given(text=st.text(max_size=15) | ALMOST_UPN)
def test_a_plain_upn_is_read_as_it_is(text: str) -> None:
    if is_plain_upn(text):
        assert read_upn(f" {text} ").value == text
        assert not read_upn(f" {text} ").flags


@given(text=st.text(max_size=12) | st.from_regex(r"[0-9]{10}|[0-9٠-٩]{10}", fullmatch=True))
def test_a_plain_nhs_number_is_read_as_it_is(text: str) -> None:
    if is_plain_nhs_number(text):
        assert read_nhs_number(text).value == text
    elif well_formed(text):
        assert len(set(text)) == 1


@given(
    text=st.from_regex(r"[A-Z]{1,2}[0-9]{1,2}[A-Z]? ?[0-9][A-Z]{2}", fullmatch=True)
    | st.text("ABCLSEZ019O ", max_size=8)
)
def test_a_plain_postcode_is_not_invalid(text: str) -> None:
    if is_plain_postcode(text):
        assert read_postcode(text).quality is not Quality.INVALID


@pytest.mark.parametrize(
    ("text", "plain"), [("LS11 6AD", True), ("LS116AD", True), ("LS016AD", False), ("ls1", False)]
)
def test_plain_postcodes_are_known_as_such(text: str, plain: bool) -> None:
    assert is_plain_postcode(text) is plain


def test_memory_does_not_grow_with_a_table(tmp_path: Path) -> None:
    peaks = []
    for times in (1, 3):
        path = tmp_path / f"episodes{times}.csv"
        heading, _, rows = episodes_903(8_000).partition("\n")
        path.write_text(heading + "\n" + rows * times)
        tracemalloc.start()
        for _ in read(path, "ssda903").blocks():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.1
