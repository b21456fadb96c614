"""How long things are kept, read from ``periods.toml``."""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).with_name("periods.toml")


@dataclass(frozen=True, slots=True)
class Period:
    """A period: of what, how long, and in which law or by whose choice."""

    code: str
    what: str
    years: int
    days: int
    note: str

    def end(self, begins: date) -> date:
        """Give the day on which a period that begins then is over; 29 February ends on 1 March."""
        year = begins.year + self.years
        try:
            day = begins.replace(year=year)
        except ValueError:
            day = date(year, 3, 1)
        return day + timedelta(days=self.days)

    def began_before(self, today: date) -> date:
        """Give the last day on which a period that is over by now can have begun."""
        begins = today - timedelta(days=self.days)
        year = begins.year - self.years
        try:
            return begins.replace(year=year)
        except ValueError:
            return date(year, 2, 28)


class PeriodsError(ValueError):
    """The file of periods cannot be used; the text says what to put right."""


def read(text: str) -> dict[str, Period]:
    """Read periods from TOML; raises ``PeriodsError``."""
    try:
        given = tomllib.loads(text)["period"]
        found = {
            code: Period(
                code, each["what"], each.get("years", 0), each.get("days", 0), each["note"]
            )
            for code, each in given.items()
        }
    except (tomllib.TOMLDecodeError, KeyError, AttributeError) as error:
        raise PeriodsError(f"The periods cannot be read: {error}.") from error
    for each in found.values():
        if each.years < 0 or each.days < 0 or not each.years + each.days or not each.note:
            raise PeriodsError(
                f"The period {each.code} needs years or days, and a note of the law."
            )
    return found


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Period]:
    return read(FILE.read_text("utf-8"))


def period(code: str) -> Period:
    """Give a period by its code; raises ``KeyError``."""
    return _shipped()[code]
