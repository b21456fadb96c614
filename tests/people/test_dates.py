"""Dates of birth as agencies write them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.people.checked import Quality
from joinedup.people.dates import read_birth_date

FIFTH_OF_MARCH = date(2012, 3, 5)


@pytest.mark.parametrize(
    "raw",
    [
        "2012-03-05", "2012/03/05", "05/03/2012", "5/3/2012", "05-03-2012", "05.03.2012",
        "20120305", "2012-03-05T00:00:00", "2012-03-05T00:00:00Z", "2012-03-05T00:00:00.000Z",
        "2012-03-05T00:00:00+00:00", "2012-03-05 00:00:00", "2012-03-05 00:00:00.000",
        "05/03/2012 00:00", "05/03/2012 00:00:00", " 05/03/2012 ", "5 Mar 2012", "5th March 2012",
        "05-Mar-2012", "2012-Mar-05 00:00:00", "０５/０３/２０１２",
    ],
)  # fmt: skip
def test_the_styles_in_use_give_the_same_day(raw: str) -> None:
    checked = read_birth_date(raw)
    assert checked.value == FIFTH_OF_MARCH
    assert not checked.flags


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("05/03/12", "two digits"),
        ("5-3-12", "two digits"),
        ("05 Mar 12", "two digits"),
        ("30/02/2012", "calendar"),
        ("31/04/2012", "calendar"),
        ("29/02/2011", "calendar"),
        ("00/03/2012", "calendar"),
        ("03/25/2012", "month"),
        ("20121332", "calendar"),
        ("31/12/1899", "fill in"),
        ("01/02/1850", "before 1900"),
        ("2999-01-02", "future"),
        ("2012", "no day"),
        ("2012-03", "no day"),
        ("03/2012", "no day"),
        ("March 2012", "no day"),
        ("40973", "day number"),
        ("40973.0", "day number"),
        ("2012-03-04T23:00:00Z", "midnight"),
        ("05/03/2012 14:30", "midnight"),
        ("soon", "not a date"),
        ("05/03-2012", "not a date"),
        ("9" * 1_000_000, "far longer"),
    ],
)
def test_what_is_no_date_says_why(raw: str, said: str) -> None:
    checked = read_birth_date(raw)
    assert checked.quality is Quality.INVALID
    assert said in checked.reason


@pytest.mark.parametrize(
    "raw", ["1900-01-01", "01/01/1900", "1901-01-01", "01/01/1970", "00/00/0000", "1899-12-30"]
)
def test_a_date_that_systems_fill_in_is_refused(raw: str) -> None:
    checked = read_birth_date(raw)
    assert checked.quality is Quality.INVALID
    assert checked.flags == {"placeholder"}


def test_the_first_of_january_is_flagged_and_valid() -> None:
    checked = read_birth_date("01/01/2012")
    assert checked.value == date(2012, 1, 1)
    assert checked.flags == {"first-of-january"}
    assert checked.reason


def test_born_today_is_valid_and_tomorrow_is_not() -> None:
    today = datetime.now(UTC).date()
    assert read_birth_date(today.isoformat()).value == today
    assert read_birth_date((today + timedelta(days=1)).isoformat()).value is None


@pytest.mark.parametrize("raw", [None, "", " ", "NULL", "-", "unknown", "Not known", "n/a"])
def test_nothing_is_not_provided(raw: str | None) -> None:
    assert read_birth_date(raw).quality is Quality.NOT_PROVIDED


@given(st.dates(date(1902, 1, 2), date(2020, 12, 31)))
def test_every_date_is_read_in_every_style(born: date) -> None:
    for style in ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d.%m.%Y", "%Y-%m-%dT00:00:00"):
        if born != date(1970, 1, 1) and born != date(1904, 1, 1):
            assert read_birth_date(born.strftime(style)).value == born


@given(st.text(max_size=60) | st.text(alphabet="0123456789/-. T:Z", max_size=30))
def test_reading_never_raises_and_is_settled_after_once(raw: str) -> None:
    checked = read_birth_date(raw)
    assert (checked.value is not None) == (checked.quality is Quality.VALID)
    if checked.value is not None:
        assert read_birth_date(checked.value.isoformat()) == checked
