"""What the police record about a child, and what youth justice adds."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from random import Random

from joinedup.simulate.agency_files import Row
from joinedup.simulate.events import after, between, pick
from joinedup.simulate.formats.form import Setting

_ROLES = {
    "missing": ("subject",), "child-concern": ("subject",), "victim": ("victim",),
    "domestic-abuse": ("present", "present", "victim"), "police-protection": ("subject",),
    "offence": ("suspect",), "arrest": ("suspect",), "stop-search": ("subject",),
    "exploitation": ("victim",),
}  # fmt: skip
_REFERRED = ("child-concern", "child-concern", "domestic-abuse")
_RESPONSIBLE = 10  # years: Children and Young Persons Act 1963, section 16


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event of docs/standards.md's contract for police and youth justice."""

    kind: str
    start: date
    end: date | None
    role: str
    grade: str = ""


class Police:
    """Makes the occurrences behind the rows of the police."""

    def __init__(self, setting: Setting) -> None:
        self._rates = setting.rates.happenings["police"]
        self._kinds = {
            name: (tuple(shares), tuple(accumulate(shares.values())))
            for name, shares in setting.rates.occurrences.items()
        }
        self._seed = setting.seed
        self._lives = setting.lives
        self._referred = setting.caseload.referred_by_police()

    def of(self, row: Row) -> list[Occurrence]:
        """What the police recorded, at least once, by day."""
        rng = Random(f"{self._seed} police {row.id}")  # noqa: S311 - invented people
        life = self._lives.of(row.person)
        out: list[Occurrence] = []
        if "duplicate" not in row.mistakes:
            # The police were told of each time that the child went missing from care.
            out = [
                Occurrence("missing", gone.start, gone.end, "subject", self._grade(rng))
                for gone in life.missing
            ]
            # What they referred a child to children's services for stands in their own book.
            out += [self._one_referred(rng, day) for day in self._referred.get(row.person.id, ())]
        while not out or rng.random() < self._rates["again"]:
            out.append(self._one(rng, row, between(rng, life.since, life.until), life.until))
        return sorted(out, key=lambda occurrence: (occurrence.start, occurrence.kind))

    def justice(self, row: Row) -> list[Occurrence]:
        """What youth justice has of the child: mostly nothing."""
        rng = Random(f"{self._seed} justice {row.id}")  # noqa: S311 - invented people
        life = self._lives.of(row.person)
        if rng.random() >= self._rates["youth_justice"]:
            return []
        day = between(rng, life.since, life.until)
        if not _responsible(row, day):
            return []
        kind = self._kind(rng, "youth_justice")
        end: date | None = None
        if kind in ("youth-justice-order", "custody", "bail"):
            end = after(rng, day, 30, 360)
            end = end if end <= life.until else None
        return [Occurrence(kind, day, end, "offender")]

    def _one(self, rng: Random, row: Row, day: date, until: date) -> Occurrence:
        kind = self._kind(rng, "from_10" if _responsible(row, day) else "under_10")
        role = pick(rng, _ROLES[kind])
        if kind != "missing":
            return Occurrence(kind, day, None, role)
        back = after(rng, day, 0, 2)
        return Occurrence(kind, day, back if back <= until else None, role, self._grade(rng))

    def _one_referred(self, rng: Random, day: date) -> Occurrence:
        kind = pick(rng, _REFERRED)
        return Occurrence(kind, day, None, pick(rng, _ROLES[kind]))

    def _kind(self, rng: Random, table: str) -> str:
        names, sums = self._kinds[table]
        return names[min(bisect_right(sums, rng.random() * sums[-1]), len(names) - 1)]

    def _grade(self, rng: Random) -> str:
        if rng.random() < self._rates["missing_high_risk"]:
            return "high"
        return pick(rng, ("medium", "medium", "low"))


def _responsible(row: Row, day: date) -> bool:
    born = row.person.born
    return (day.year - born.year - ((day.month, day.day) < (born.month, born.day))) >= _RESPONSIBLE
