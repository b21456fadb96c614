"""A pupil's time at school: which school, since when, absence and suspensions of a term."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from joinedup.simulate.agency_files import Row
from joinedup.simulate.events import Lives, after, between, pick
from joinedup.simulate.numbers import upn
from joinedup.simulate.rates import Rates

# A block is a thousand children: three primary schools and a secondary serve them.
_SCHOOLS = 4
_SECONDARY = 3
_REASONS = ("DB", "DB", "DB", "VA", "VP", "PP", "PA", "OT", "DM", "BU", "MT")
_SCHOOLS_BEFORE = 2000  # numbers of the schools that gave former UPNs: none serves pupils today
_SESSIONS = 124  # of a summer term of 62 days
_RECEPTION, _SECONDARY_YEAR, _LAST_YEAR = 0, 7, 13


@dataclass(frozen=True, slots=True)
class School:
    """An invented school; ``number`` counts from 1 through the region."""

    number: int

    @property
    def name(self) -> str:
        return f"SCH{self.number}"

    @property
    def establishment(self) -> str:
        """Four figures, as DfE numbers schools within an authority."""
        return f"{1000 + self.number % 9000:04d}"

    @property
    def urn(self) -> str:
        """Six figures from 990000 on, where no school of England is."""
        return f"{990000 + self.number % 10000}"


@dataclass(frozen=True, slots=True)
class Suspension:
    start: date
    sessions: int
    reason: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class Schooling:
    """``year`` is the national curriculum year: 0 is reception, below are nursery years."""

    school: School
    entered: date
    left: date | None
    year: int
    special_needs: str  # N none, K support, E plan
    possible: int
    absent: dict[str, int]  # sessions by code of absence
    suspensions: list[Suspension]
    former_upn: str
    learner_number: str


def school_year(as_at: date) -> int:
    """The calendar year in which the school year of a day began."""
    return as_at.year if as_at.month >= 9 else as_at.year - 1


def year_group(born: date, as_at: date) -> int:
    """The national curriculum year of a birth date, by 1 September."""
    return school_year(as_at) - (born.year if born.month >= 9 else born.year - 1) - 5


class Schools:
    """Makes the time at school behind the rows of schools."""

    def __init__(self, rates: Rates, seed: int, block: int, lives: Lives) -> None:
        self._rates = rates.happenings["schools"]
        self._as_at = rates.as_at
        self._seed = seed
        self._block = block
        self._lives = lives
        year = school_year(rates.as_at)
        self.term = (date(year, 4, 13), date(year, 7, 21))

    def school_of(self, row: Row, year: int) -> School:
        """The school that serves the child's home."""
        homes = row.person.homes
        home = homes[-1].place.postcode if homes and homes[-1].place else row.person.family_id
        nth = _SECONDARY if year >= _SECONDARY_YEAR else ord(home[-1]) % _SECONDARY
        return School(self._block * _SCHOOLS + nth + 1)

    def of(self, row: Row) -> Schooling:
        """The pupil behind a row, at the school of today."""
        rng = Random(f"{self._seed} school {row.id}")  # noqa: S311 - invented people
        rates, person = self._rates, row.person
        life = self._lives.of(person)
        year = max(-2, min(year_group(person.born, life.until), _LAST_YEAR))
        left = life.until if life.until < self._as_at else None
        if left is None and rng.random() < rates["left"]:
            left = between(rng, self._as_at - timedelta(days=120), self._as_at - timedelta(days=1))
        entered = self._entered(rng, row, year, left)
        needs = rng.random()
        plan = rates["special_needs_plan"]
        special = "E" if needs < plan else "K" if needs < plan + rates["special_needs"] else "N"
        possible, absent, suspensions = 0, {}, []
        if entered <= self.term[0] and (left is None or left > self.term[1]) and year >= 1:
            possible = _SESSIONS
            absent = self._absent(rng)
            suspensions = self._suspended(rng, year)
        return Schooling(
            self.school_of(row, year), entered, left, year, special, possible, absent, suspensions,
            self._former_upn(rng, row),
            self._learner_number(rng, row) if year >= 9 else "",
        )  # fmt: skip

    def _entered(self, rng: Random, row: Row, year: int, left: date | None) -> date:
        """1 September of the year the school begins with, or soon after a move."""
        person, begun = row.person, school_year(self._as_at)
        if year < _RECEPTION:
            years_back = 0
        else:
            years_back = year - (_SECONDARY_YEAR if year >= _SECONDARY_YEAR else _RECEPTION)
        entered = date(begun - years_back, 9, 1)
        last = left or self._as_at
        if len(person.homes) > 1 and rng.random() < self._rates["moved_school"]:
            entered = max(entered, after(rng, person.homes[-1].start, 2, 40))
        elif person.homes:
            # Nobody is at school here before living here, or before being this person in law.
            entered = max(entered, min(person.homes[0].start, last))
        return min(entered, last)

    def _absent(self, rng: Random) -> dict[str, int]:
        """Sessions missed, by the codes of the attendance register."""
        if rng.random() < self._rates["absent_never"]:
            return {}
        if rng.random() < self._rates["absent_severely"]:
            share = 0.5 + 0.45 * rng.random()
        else:
            share = min(rng.expovariate(1 / self._rates["absence"]), 0.5)
        missed = int(share * _SESSIONS + 0.5)
        authorised = int(missed * self._rates["absence_authorised"] + rng.random())
        authorised = min(authorised, missed)
        ill = int(authorised * (0.6 + 0.4 * rng.random()) + 0.5)
        unauthorised = missed - authorised
        holiday = unauthorised if unauthorised >= 8 and rng.random() < 0.3 else 0
        counts = {"I": ill, "M": authorised - ill, "G": holiday, "O": unauthorised - holiday}
        return {code: count for code, count in counts.items() if count > 0}

    def _suspended(self, rng: Random, year: int) -> list[Suspension]:
        rates = self._rates
        secondary = year >= _SECONDARY_YEAR
        rate = rates["suspended_secondary"] if secondary else rates["suspended_primary"]
        out: list[Suspension] = []
        if rng.random() >= rate:
            return out
        day = between(rng, *self.term)
        while day <= self.term[1]:
            permanent = rng.random() < rates["excluded_permanently"]
            sessions = 0 if permanent else 1 + int(rng.random() * 10)
            out.append(Suspension(day, sessions, pick(rng, _REASONS), permanent))
            if permanent or rng.random() >= rates["suspended_again"]:
                break
            day = after(rng, day, 6, 30)
        return out

    def _former_upn(self, rng: Random, row: Row) -> str:
        """The temporary number of before, where there was one.

        Never the number from before an adoption, which nobody may join to this one.
        """
        held, own = row.values["upn"], row.person.upn
        if not own or not held[-1:].isdigit() or rng.random() >= self._rates["former_upn"]:
            return ""
        school = self._block + _SCHOOLS_BEFORE
        return upn(school, int(own[10:]), int(own[8:10]), temporary=True)

    def _learner_number(self, rng: Random, row: Row) -> str:
        """A Unique Learner Number: weights 10 to 2, the sum modulo 11 taken from 10."""
        if rng.random() >= self._rates["learner_number"]:
            return ""
        thousands, rest = divmod(self._block, 1000)
        nine = f"{9 - thousands}{rest:03d}{row.person.id[-5:]}"
        left = sum(int(d) * weight for d, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
        return f"{nine}{10 - left}" if left else ""
