"""The CIN census is what DfE's schemas say, of 2024 (figures for sex) and of 2026 (letters)."""

from datetime import date
from pathlib import Path

import pytest

from joinedup.simulate.formats import cin
from tests.simulate_formats.conftest import Written
from tests.simulate_formats.xsd import Schema

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "cin"
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the public sample files are not here"
)
YEARS = (2024, 2026)


def _document(written: Written, year: int) -> bytes:
    if year >= cin.LETTERS_FROM:
        return (written.folder / cin.PATH).read_bytes()
    setting = written.settings[0]
    form = cin.form(setting.rates.as_at)
    children = "".join(cin.child(setting, row, year) for row in setting.rows["childrens_services"])
    return (form.head + children + form.tail).encode()


@needs_samples
@pytest.mark.parametrize("year", YEARS)
def test_the_census_fits_its_schema(written: Written, year: int) -> None:
    schema = Schema(SAMPLES / f"CIN_schema_{year}.xsd")
    assert schema.faults(_document(written, year)) == []


@needs_samples
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"<Sex>M</Sex>", b"<Sex>1</Sex>"),
        (b"<ReferralNFA>0</ReferralNFA>", b"<ReferralNFA>false</ReferralNFA>"),
        (b"<PrimaryNeedCode>N1</PrimaryNeedCode>", b""),
        (b"</ChildIdentifiers>", b"stray</ChildIdentifiers>"),
        (b"<Ethnicity>WBRI</Ethnicity>", b""),
    ],
)
def test_the_check_of_the_schema_finds_faults(written: Written, right: bytes, wrong: bytes) -> None:
    document = _document(written, 2026)
    assert right in document
    faults = Schema(SAMPLES / "CIN_schema_2026.xsd").faults(document.replace(right, wrong, 1))
    # A primary need may be left out; all else must be found.
    assert bool(faults) == (right != b"<PrimaryNeedCode>N1</PrimaryNeedCode>")


@needs_samples
@pytest.mark.parametrize("year", YEARS)
def test_a_full_validator_agrees(written: Written, year: int) -> None:
    etree = pytest.importorskip("lxml.etree")
    schema = etree.XMLSchema(etree.parse(SAMPLES / f"CIN_schema_{year}.xsd"))
    schema.assertValid(etree.fromstring(_document(written, year)))


def test_the_census_that_runs_ends_the_next_31_march() -> None:
    assert cin.census_year(date(2026, 3, 31)) == 2026
    assert cin.census_year(date(2026, 4, 1)) == 2027
