"""The forms in which names, postcodes, contacts and dates are compared, asked and held alike."""

import re
from datetime import date

ALWAYS = (1, 99991231)  # a range of days that leaves nobody out

_SEPARATORS = re.compile(r"[\s().-]+")
_INWARD = re.compile(r"[0-9][A-Z]{2}")


def name_form(text: str) -> str:
    """Upper case, single spaces. Letters keep their accents (C3)."""
    return " ".join(text.split()).upper()


def postcode_form(text: str) -> str:
    """Upper case without spaces: PDS ignores spaces in a postcode."""
    return "".join(text.split()).upper()


def postcode_text(form: str) -> str:
    """The written form with one space, which is what PDS scores; anything else is left as it is."""
    if 5 <= len(form) <= 7 and _INWARD.fullmatch(form[-3:]):
        return f"{form[:-3]} {form[-3:]}"
    return form


def phone_form(text: str) -> str:
    """Without spaces and punctuation; the country code is not interpreted (C7)."""
    return _SEPARATORS.sub("", text)


def email_form(text: str) -> str:
    """PDS compares e-mail addresses without regard to case."""
    return text.strip().casefold()


def day_number(day: date) -> int:
    """A day as the number yyyymmdd, which sorts as the days do."""
    return day.year * 10000 + day.month * 100 + day.day


def day_range(fhir_date: str | None) -> tuple[int, int]:
    """First and last day of a FHIR date, which may be yyyy, yyyy-mm or a dateTime; (0, 0) if none.

    >>> day_range("2010-02")
    (20100201, 20100231)
    """
    parts = (fhir_date or "")[:10].split("-")
    if not all(part.isdigit() for part in parts):
        return (0, 0)
    numbers = [int(part) for part in parts]
    first, last = [1, 1, 1], [9999, 12, 31]
    first[: len(numbers)] = last[: len(numbers)] = numbers
    return (
        first[0] * 10000 + first[1] * 100 + first[2],
        last[0] * 10000 + last[1] * 100 + last[2],
    )


def has_ended(element: object, today: str) -> bool:
    """Whether a FHIR element's ``period.end`` lies before ``today`` (ISO); the last day counts."""
    period = element.get("period") if isinstance(element, dict) else None
    end = period.get("end") if isinstance(period, dict) else None
    if not isinstance(end, str) or not end:
        return False
    end = end[:10]
    return end < today[: len(end)]
