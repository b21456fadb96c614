"""Dates of birth as agencies write them."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from joinedup.people.cell import TooLong, tidy
from joinedup.people.checked import Checked, Quality
from joinedup.people.placeholders import is_placeholder

# Midnight, as systems add it to a date that never had a time.
_MIDNIGHT = r"(?:[T ]00?:00(?::00(?:[.,]0+)?)?(?: ?(?:Z|AM|[+-]00:?00))?|[T ]12:00(?::00)? ?AM)?"
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})" + _MIDNIGHT, re.I)
_DAY_FIRST = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4})" + _MIDNIGHT, re.I)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})" + _MIDNIGHT, re.I)
_MONTH_WORD = re.compile(
    r"(?:([0-9]{1,2})(?:st|nd|rd|th)?[- /]([a-z]{3,9})\.?,?[- /]([0-9]{4})"
    r"|([0-9]{4})[- /]([a-z]{3,9})[- /]([0-9]{1,2}))" + _MIDNIGHT,
    re.I,
)
_TWO_DIGIT_YEAR = re.compile(
    r"[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2}|[0-9]{1,2}[- ][a-z]{3,9}[- ][0-9]{2}", re.I
)
_WITH_TIME = re.compile(r"[0-9]{1,4}[-/.][0-9a-z]{1,9}[-/.][0-9]{1,4}[T ][0-9]{1,2}:.*", re.I)
_PARTIAL = re.compile(
    r"[0-9]{4}(?:[-/][0-9]{1,2})?|[0-9]{1,2}[-/][0-9]{4}|[a-z]{3,9} [0-9]{4}", re.I
)
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
_MONTH_LIST = """
    january february march april may june july august september october november december
"""
_MONTHS = {
    name: number
    for number, names in enumerate(_MONTH_LIST.split(), start=1)
    for name in (names, names[:3])
} | {"sept": 9}

_FIRST = frozenset({"first-of-january"})
_PLACEHOLDER = frozenset({"placeholder"})
_EARLIEST = 1900
_HOW = "write it as day/month/year with four digits of year, such as 31/12/2015, or as 2015-12-31"


def read_birth_date(raw: str | None) -> Checked[date]:
    """Read a date of birth: ISO, day/month/year or yyyymmdd, never in the future."""
    if raw is not None and len(raw) <= 40:
        checked = _read(raw)
    else:
        try:
            text = tidy(raw, 40)
        except TooLong:
            return Checked.invalid(f"is far longer than a date: {_HOW}")
        checked = _read(text)
    born = checked.value
    # The clock is asked outside the cache: a process may live past midnight.
    if born is not None and born > datetime.now(UTC).date():
        return Checked.invalid("is in the future: check the year, and day and month")
    return checked


@lru_cache(maxsize=50_000)
def _read(raw: str | None) -> Checked[date]:
    text = tidy(raw, 40)
    if text is None:
        return Checked.missing()
    parts = _parts(text)
    if isinstance(parts, str):
        if is_placeholder("birth_date", text):
            return Checked(
                None, Quality.NOT_PROVIDED, "says that the date is not known", _PLACEHOLDER
            )
        return Checked.invalid(parts)
    year, month, day = parts
    if year == month == day == 0:
        return Checked.invalid("is all zeros: leave it empty when not known", _PLACEHOLDER)
    try:
        born = date(year, month, day)
    except ValueError:
        return Checked.invalid(_impossible(month, day))
    if is_placeholder("birth_date", born.isoformat()):
        return Checked.invalid(
            "is a date that systems fill in when none is known: ask for the real one", _PLACEHOLDER
        )
    if year < _EARLIEST:
        return Checked.invalid("is before 1900: check the year")
    if month == day == 1:
        return Checked.valid(
            born, "is 1 January, which often stands for a day that is not known: check it", _FIRST
        )
    return Checked.valid(born)


def _parts(text: str) -> tuple[int, int, int] | str:
    """Give year, month and day as written, or the reason why they cannot be told."""
    if found := _YEAR_FIRST.fullmatch(text):
        return int(found[1]), int(found[3]), int(found[4])
    if found := _DAY_FIRST.fullmatch(text):
        return int(found[4]), int(found[3]), int(found[1])
    if found := _COMPACT.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _MONTH_WORD.fullmatch(text):
        year, word, day = (found[3], found[2], found[1]) if found[1] else found.group(4, 5, 6)
        month = _MONTHS.get(word.lower())
        return (int(year), month, int(day)) if month else f"names no month: {_HOW}"
    if _TWO_DIGIT_YEAR.fullmatch(text):
        return "has a year of two digits, which can mean two centuries: write all four"
    if _PARTIAL.fullmatch(text):
        return "has no day: a full date of birth is needed"
    if _SERIAL.fullmatch(text):
        return "is a spreadsheet's day number: format the column as a date and export again"
    if _WITH_TIME.fullmatch(text):
        return (
            "has a time that is not midnight, so the day may have moved when clocks changed: "
            "export the date alone"
        )
    return f"is not a date that can be read: {_HOW}"


def _impossible(month: int, day: int) -> str:
    if month > 12 and 1 <= day <= 12:
        return f"has no such month, as if the month came before the day: {_HOW}"
    return "is no date of the calendar: check day and month"
