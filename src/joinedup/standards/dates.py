"""Dates of events as agencies write them. (Birth dates are ``people.dates``'.)"""

import re
from datetime import date
from functools import lru_cache

_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:Z|[AP]M|[+-]\d{2}:?\d{2}))?)?"
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME, re.I | re.A)
_DAY_FIRST = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})" + _TIME, re.I | re.A)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})" + _TIME, re.I | re.A)
_WORD = re.compile(
    r"(?:(\d{1,2})[- /]([a-z]{3,9})[- /](\d{4})|(\d{4})[- /]([a-z]{3,9})[- /](\d{1,2}))" + _TIME,
    re.I | re.A,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@lru_cache(maxsize=100_000)
def read_date(text: str) -> date | None:
    """The day: ISO, day/month/year, yyyymmdd or with the month's name, a time left off.

    None when it is no date of the calendar, or when two readings are possible (two-digit years).
    """
    if len(text) > 40:
        return None
    text = text.strip()
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found[1], found[3], found[4]
    elif found := _DAY_FIRST.fullmatch(text):
        year, month, day = found[4], found[3], found[1]
    elif found := _COMPACT.fullmatch(text):
        year, month, day = found[1], found[2], found[3]
    elif found := _WORD.fullmatch(text):
        day, name, year = (found[1], found[2], found[3]) if found[1] else found.group(6, 5, 4)
        if name[:3].lower() not in _MONTHS:
            return None
        month = str(_MONTHS.index(name[:3].lower()) + 1)
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
