"""FHIR's date search parameters: a prefix, and a moment that is as long as it is precise."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

_DATE = re.compile(
    r"(eq|ge|le|gt|lt|sa|eb)?(\d{4})(?:-(\d\d)(?:-(\d\d)"
    r"(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?)?)?"
)


class Period(NamedTuple):
    """From and until a moment; ``None`` where it has no bound. ``until`` is not in it."""

    since: datetime | None
    until: datetime | None


def read_period(text: str) -> Period | None:
    """Read a search parameter of type date (FHIR R4, 3.1.1.4.7); ``None`` when it cannot be read.

    A day without a time is a day of the hub's own time zone.
    """
    # A plus sign in a query string is read as a space.
    found = _DATE.fullmatch(text.replace(" ", "+"))
    if found is None:
        return None
    try:
        start, end = _moment(*found.groups()[1:])
    except (ValueError, OverflowError):
        return None
    match found[1] or "eq":
        case "eq":
            return Period(start, end)
        case "ge":
            return Period(start, None)
        case "le":
            return Period(None, end)
        case "lt" | "eb":
            return Period(None, start)
        case _:
            return Period(end, None)


def _moment(
    year: str, month: str | None, day: str | None,
    hour: str | None, minute: str | None, second: str | None, part: str | None, zone: str | None,
) -> tuple[datetime, datetime]:  # fmt: skip
    """The first moment of it, and the first after it."""
    if hour is None or minute is None:
        first = datetime(int(year), int(month or 1), int(day or 1))  # noqa: DTZ001 - made aware below
        if day:
            after = first + timedelta(days=1)
        elif month:
            after = (first + timedelta(days=31)).replace(day=1)
        else:
            after = first.replace(year=first.year + 1)
        return timezone.make_aware(first), timezone.make_aware(after)
    whole = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{part or ''}{zone}"
    first = datetime.fromisoformat(whole).astimezone(UTC)
    digits = len(part) - 1 if part else 0
    long = timedelta(minutes=1) if second is None else timedelta(seconds=10**-digits)
    return first, first + long
