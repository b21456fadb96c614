"""The one-month clock of a request, and the 30 days of a complaint. Pure: no clock of its own.

UK GDPR Art. 12(3): one month, two more for a request that is complex. The ICO counts to the
corresponding day of the next month, or its last; a weekend or bank holiday moves it to the next
working day. Until the asker's identity is shown the time has not begun, and while we wait to hear
what they mean it stands still (Data (Use and Access) Act 2025, Art. 12A). Complaints are
acknowledged within 30 days (the same Act, DPA 2018 s.164A). Our reading.
"""

from calendar import monthrange
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What can happen to a request."""

    RECEIVED = "received"
    IDENTITY_SHOWN = "identity-shown"
    CLARITY_ASKED = "clarity-asked"
    CLARITY_GIVEN = "clarity-given"
    EXTENDED = "extended"
    ANSWERED = "answered"
    REFUSED = "refused"


ENDS = (Kind.ANSWERED, Kind.REFUSED)
MONTHS, MONTHS_MORE = 1, 2
WARNING = timedelta(days=7)
ACKNOWLEDGE_WITHIN = timedelta(days=30)
ACKNOWLEDGE_SOON = timedelta(days=25)


@dataclass(frozen=True, slots=True)
class Happened:
    """One step of a request."""

    kind: Kind
    on: date


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a request stands. ``due`` is None until the asker's identity is shown."""

    due: date | None
    waits_for: str
    ended: Kind | None = None

    def late(self, today: date) -> bool:
        """Whether the time is over."""
        return self.ended is None and not self.waits_for and bool(self.due and today > self.due)

    def soon(self, today: date) -> bool:
        """Whether there is a week or less."""
        if self.ended or self.waits_for or self.due is None:
            return False
        return today <= self.due <= today + WARNING


def clock(steps: Iterable[Happened], holidays: Collection[date] = ()) -> Clock:
    """Give what the steps of a request come to, in the order in which they happened."""
    begun: date | None = None
    asked: date | None = None
    paused = timedelta()
    months = MONTHS
    ended: Kind | None = None
    for step in steps:
        if step.kind is Kind.IDENTITY_SHOWN and begun is None:
            begun = step.on
            asked = asked and step.on
        elif step.kind is Kind.CLARITY_ASKED and asked is None:
            asked = step.on
        elif step.kind is Kind.CLARITY_GIVEN and asked is not None:
            paused += step.on - asked if begun else timedelta()
            asked = None
        elif step.kind is Kind.EXTENDED:
            months = MONTHS + MONTHS_MORE
        elif step.kind in ENDS:
            ended = step.kind
    waits = "proof of identity" if begun is None else "what the asker means" if asked else ""
    due = working_day(months_later(begun, months) + paused, holidays) if begun else None
    return Clock(due, "" if ended else waits, ended)


def months_later(day: date, months: int) -> date:
    """Give the corresponding day so many months on, or the last of a shorter month."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def working_day(day: date, holidays: Collection[date] = ()) -> date:
    """Give the day, or the next that is neither a weekend nor a bank holiday."""
    while day.weekday() > 4 or day in holidays:
        day += timedelta(days=1)
    return day


def acknowledgement(received: date, acknowledged: date | None, today: date) -> str:
    """Say where a complaint's acknowledgement stands: done, waiting, soon, late."""
    if acknowledged:
        return "late" if acknowledged > received + ACKNOWLEDGE_WITHIN else "done"
    if today > received + ACKNOWLEDGE_WITHIN:
        return "late"
    return "soon" if today >= received + ACKNOWLEDGE_SOON else "waiting"
