"""What happens to a person, as it truly was: the ground that all agencies' events stand on.

An agency's format tells of events that another agency may tell of too (a child in care goes
missing: the authority returns it, the police record it), so these are made once for a person.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TypeVar

from joinedup.simulate.people import Person, Role
from joinedup.simulate.places import Map
from joinedup.simulate.rates import Rates

_T = TypeVar("_T")

# SSDA903 guide: codes of placement and of who provides it.
_FOSTER = (("U1", "PR1"), ("U4", "PR1"), ("U4", "PR4"), ("U6", "PR4"), ("U6", "PR1"))
_OTHER = (("K2", "PR4"), ("K2", "PR1"), ("P1", "PR0"))
_FROM_16 = (("K3", "PR4"), ("K3", "PR3"), ("U4", "PR4"))
_CHANGES = ("CARPL", "LAREQ", "CHILD", "CREQB", "STAND", "PLACE")
_MISSING_FROM = 11 * 365  # days of age: younger children seldom go missing from care
_ENDS = ("E4A", "E4B", "E13", "E8")


@dataclass(frozen=True, slots=True)
class Placement:
    """Part of a time in care in one placement, in the codes of SSDA903."""

    start: date
    end: date | None
    reason: str  # RNE, why it begins
    legal: str  # LS
    need: str  # CIN
    place: str  # PLACE
    provider: str  # PLACE_PROVIDER
    ceased: str  # REC, why it ends
    change: str  # REASON_PLACE_CHANGE
    postcode: str


@dataclass(frozen=True, slots=True)
class Absence:
    """A time missing from care."""

    start: date
    end: date | None


@dataclass(frozen=True, slots=True)
class Life:
    """The days that agencies tell of, and what is true whoever tells."""

    since: date
    until: date
    care: tuple[Placement, ...]
    missing: tuple[Absence, ...]


def between(rng: Random, first: date, last: date) -> date:
    """A day from ``first`` to ``last``; ``first`` where there is none."""
    days = (last - first).days
    return first + timedelta(days=int(rng.random() * (days + 1))) if days > 0 else first


def after(rng: Random, day: date, least: int, most: int) -> date:
    """A day from ``least`` to ``most`` days later."""
    return day + timedelta(days=least + int(rng.random() * (most - least + 1)))


def pick(rng: Random, options: Sequence[_T]) -> _T:
    """One of these."""
    return options[int(rng.random() * len(options))]


class Lives:
    """The lives of a block's people.

    ``in_view`` are the ids of those whom children's services know: nobody else is in care.
    """

    def __init__(self, rates: Rates, region: Map, seed: int, in_view: Set[str]) -> None:
        self._as_at = rates.as_at
        self._window = timedelta(days=int(rates.happenings["all"]["window_days"]))
        self._rates = rates.happenings["childrens_services"]
        self._map = region
        self._seed = seed
        self._in_view = in_view
        self._made: dict[str, Life] = {}

    def of(self, person: Person) -> Life:
        """The life of a person; the same one each time."""
        life = self._made.get(person.id)
        if life is None:
            life = self._made[person.id] = self._make(person)
        return life

    def _make(self, person: Person) -> Life:
        since, until = person.born, person.died or self._as_at
        if person.role is Role.BEFORE_ADOPTION and person.adopted_on:
            until = person.adopted_on
        elif person.adopted_on:
            since = person.adopted_on
        elif person.unaccompanied and person.homes:
            since = person.homes[0].start
        since = min(max(since, until - self._window), until)
        if person.id not in self._in_view:
            return Life(since, until, (), ())
        rng = Random(f"{self._seed} life {person.id}")  # noqa: S311 - invented people
        if not self._in_care(rng, person):
            return Life(since, until, (), ())
        care = tuple(self._care(rng, person, since, until))
        return Life(since, until, care, tuple(self._missing(rng, person, care, until)))

    def _in_care(self, rng: Random, person: Person) -> bool:
        if person.unaccompanied or person.role is Role.BEFORE_ADOPTION:
            return True
        return not person.adopted_on and rng.random() < self._rates["looked_after"]

    def _care(self, rng: Random, person: Person, since: date, until: date) -> Iterable[Placement]:
        adopted = person.role is Role.BEFORE_ADOPTION
        start = since if person.unaccompanied else between(rng, since, until - timedelta(days=14))
        end: date | None = None
        ceased = ""
        if adopted:
            end, ceased = until, "E11" if rng.random() < 0.6 else "E12"
        elif person.died:
            end, ceased = until, "E2"
        elif not person.unaccompanied and rng.random() < self._rates["care_ended"]:
            end, ceased = between(rng, start + timedelta(days=10), until), pick(rng, _ENDS)
            if end > until:
                end, ceased = None, ""
        legal = "V2" if person.unaccompanied else pick(rng, ("C2", "C2", "C2", "C1", "V2", "V2"))
        need = "N8" if person.unaccompanied else pick(rng, ("N1", "N1", "N1", "N5", "N4", "N2"))
        last_day = end or until
        reason, at = "S", start
        while True:
            follows = after(rng, at, 20, 400)
            goes_on = follows < last_day and rng.random() < self._rates["moved_placement"]
            for_adoption = adopted and not goes_on
            place, provider = self._place(rng, person, at, for_adoption)
            postcode = self._map.postcode(
                int(rng.random() * self._map.blocks), int(rng.random() * 100)
            )
            if for_adoption:
                # The court's placement order changes the legal status too: B in place of P.
                reason, legal = "S" if reason == "S" else "B", "E1"
                postcode = ""  # where a child is placed for adoption is not for the file
            if not goes_on:
                yield Placement(at, end, reason, legal, need, place, provider, ceased, "", postcode)
                return
            yield Placement(
                at, follows, reason, legal, need, place, provider, "X1", pick(rng, _CHANGES),
                postcode,
            )  # fmt: skip
            reason, at = "P", follows

    def _place(self, rng: Random, person: Person, day: date, for_adoption: bool) -> tuple[str, str]:
        if for_adoption:
            return "A5", "PR1"
        if (day - person.born).days > 16 * 365.25:
            return pick(rng, _FROM_16)
        return pick(rng, _FOSTER) if rng.random() < 0.8 else pick(rng, _OTHER)

    def _missing(
        self, rng: Random, person: Person, care: tuple[Placement, ...], until: date
    ) -> Iterable[Absence]:
        a_year = self._rates["missing"]
        start = max(care[0].start, person.born + timedelta(days=_MISSING_FROM))
        last = care[-1].end or until
        years = (last - start).days / 365.25
        if years <= 0 or rng.random() < (1 - a_year) ** years:
            return
        day = between(rng, start, last)
        while day < last:
            back = after(rng, day, 0, 3 if rng.random() < 0.9 else 20)
            # Still away when care ends or the file is made: nobody has written a return.
            yield Absence(day, back if back <= last else None)
            if back > last or rng.random() >= self._rates["missing_again"]:
                return
            day = after(rng, back, 2, 36)
