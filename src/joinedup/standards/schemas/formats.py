"""Kinds of text that a pattern cannot check: dates, check digits, postcodes.

``people`` knows what these are, and its reasons never repeat a value.
"""

import re
from datetime import date

from jsonschema import FormatChecker

from joinedup.people.checked import Quality
from joinedup.people.nhs_number import read_nhs_number
from joinedup.people.postcode import read_postcode

FORMATS = FormatChecker(formats=())

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Unfit(ValueError):
    """The text is not of its kind; says why, continuing the name of the field."""


@FORMATS.checks("date", raises=Unfit)
def _is_date(value: object) -> bool:
    if isinstance(value, str):
        if not _DAY.fullmatch(value):
            raise Unfit("is not written as year-month-day, such as 2026-03-31")
        try:
            date.fromisoformat(value)
        except ValueError:
            raise Unfit("is a day that the calendar does not have") from None
    return True


@FORMATS.checks("nhs-number", raises=Unfit)
def _is_nhs_number(value: object) -> bool:
    if isinstance(value, str):
        checked = read_nhs_number(value)
        if checked.value is None:
            raise Unfit(checked.reason or "is empty")
    return True


@FORMATS.checks("uk-postcode", raises=Unfit)
def _is_postcode(value: object) -> bool:
    if isinstance(value, str):
        checked = read_postcode(value)
        if checked.quality is Quality.INVALID:
            raise Unfit(checked.reason)
        if checked.value is None:
            raise Unfit("says that there is none: leave the field out")
    return True
