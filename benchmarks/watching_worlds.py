"""Invented months of looks at children, with twenty ways of snooping hidden among the work.

The work is made so that innocent people look like guilty ones: night duty, a desk that sifts every
contact and acts on few, school nurses whose children are all of two schools, colleagues covering
for one another, brothers and sisters under one case, common surnames, staff who live among the
children they work with, busy days, weeks of leave, wrong spellings that find nobody.
"""

import time as clock
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random

from joinedup.hub.watching.access import Access
from joinedup.hub.watching.judging import judge
from joinedup.hub.watching.rules import shipped

BEGIN = date(2026, 3, 2)  # a Monday
DAYS = 70
AREAS = 3
CHILDREN = 6_000  # an area
HOMES_PER_POSTCODE = 4
SCHOOLS = 6
SURNAMES = 4_000


@dataclass(slots=True)
class Child:
    """A child, as the truth has it."""

    name: str
    place: int
    surname: int
    home: int
    postcode: int
    school: str
    area: int


@dataclass(slots=True)
class Worker:
    """Somebody who looks, and how their work goes."""

    name: str
    organisation: str
    role: str
    area: int
    a_day: float
    worked: float  # how often work follows
    missed: float
    hours: tuple[int, int]
    weekends: bool
    surname: int
    home: int
    postcode: int
    family: frozenset[str] = frozenset()
    schools: tuple[str, ...] = ()
    emergencies: float = 0.0
    leave: frozenset[date] = frozenset()
    cases: list[tuple[str, list[Child]]] = field(default_factory=list)


@dataclass
class World:
    """The looks of a world, and which of them belong to which hidden pattern."""

    looks: list[Access]
    seeded: dict[str, frozenset[int]]


Look = Callable[..., Access]


class _Maker:
    """One world being made."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.looks: list[Access] = []
        self.seeded: dict[str, frozenset[int]] = {}
        self.children = [self._children(area) for area in range(AREAS)]
        self.workers = [worker for area in range(AREAS) for worker in self._workers(area)]
        self.near = self._near()

    def surname(self) -> int:
        """A surname by rank; a few are very common."""
        return int(min(SURNAMES, 8 * (SURNAMES / 8) ** self.chance.random()))

    def _children(self, area: int) -> list[Child]:
        made: list[Child] = []
        places = self.chance.sample(range(area * 10**7, area * 10**7 + 10**6), CHILDREN)
        home = area * 10**6
        while len(made) < CHILDREN:
            home += 1
            surname, school = self.surname(), self.chance.randrange(SCHOOLS)
            for _ in range(self.chance.choice((1, 1, 2, 2, 3))):
                if len(made) < CHILDREN:
                    number = len(made)
                    made.append(
                        Child(
                            f"c{area}-{number}", places[number], surname, home,
                            home // HOMES_PER_POSTCODE, f"school-{area}-{school}", area,
                        )
                    )  # fmt: skip
        return made

    def _workers(self, area: int) -> list[Worker]:
        teams = [
            # team, role, people, a day, worked, missed, hours, weekends
            ("council", "social-worker", 16, 3.0, 0.80, 0.12, (8, 18), False),
            ("council", "social-worker", 5, 15.0, 0.45, 0.25, (8, 18), False),  # sifts contacts
            ("council", "social-worker", 3, 3.0, 0.70, 0.15, (18, 30), True),  # at night
            ("trust", "nurse", 6, 4.0, 0.75, 0.12, (8, 18), False),
            ("trust", "nurse", 2, 4.0, 0.70, 0.15, (0, 24), True),  # emergency department
            ("police", "police-sergeant", 6, 4.0, 0.65, 0.20, (0, 24), True),
            *(
                (f"school-{area}-{each}", "safeguarding-lead", 1, 1.0, 0.8, 0.08, (8, 17), False)
                for each in range(SCHOOLS)
            ),
        ]
        made = []
        for team, role, people, a_day, worked, missed, hours, weekends in teams:
            for each in range(people):
                organisation = team if team.startswith("school") else f"{team}-{area}"
                schools: tuple[str, ...] = ()
                if team == "trust" and not weekends and each < 3:
                    schools = tuple(f"school-{area}-{2 * each + both}" for both in (0, 1))
                elif team.startswith("school"):
                    schools = (team,)
                made.append(
                    self._worker(
                        f"{organisation}/{role}/{hours[0]}/{a_day}/{each}", organisation, role,
                        area, a_day, worked, missed, hours, weekends, schools,
                    )
                )  # fmt: skip
        return made

    def _worker(
        self, name: str, organisation: str, role: str, area: int, a_day: float, worked: float,
        missed: float, hours: tuple[int, int], weekends: bool, schools: tuple[str, ...],
    ) -> Worker:  # fmt: skip
        chance = self.chance
        family: list[Child] = []
        if chance.random() < 0.35:
            child = chance.choice(self.children[area])
            family = [each for each in self.children[area] if each.home == child.home]
        home = family[0].home if family else area * 10**6 + chance.randrange(CHILDREN // 2)
        leave: frozenset[date] = frozenset()
        if chance.random() < 0.5:
            first = BEGIN + timedelta(days=chance.randrange(DAYS - 10))
            leave = frozenset(first + timedelta(days=day) for day in range(chance.choice((5, 12))))
        return Worker(
            name, organisation, role, area, a_day * chance.uniform(0.7, 1.3),
            min(0.95, worked * chance.uniform(0.9, 1.1)), missed * chance.uniform(0.6, 1.5),
            hours, weekends, family[0].surname if family else self.surname(), home,
            home // HOMES_PER_POSTCODE, frozenset(each.name for each in family), schools,
            0.02 if role == "police-sergeant" or hours == (0, 24) else 0.0, leave,
        )  # fmt: skip

    def _near(self) -> dict[str, tuple[set[int], set[str]]]:
        """Homes and families of everybody at each organisation."""
        found: dict[str, tuple[set[int], set[str]]] = {}
        for worker in self.workers:
            homes, family = found.setdefault(worker.organisation, (set(), set()))
            homes.add(worker.home)
            family.update(worker.family)
        return found

    def look(
        self, worker: Worker, at: datetime, child: Child | None, *, worked: bool,
        case: str = "", emergency: bool = False, place: int | None = None,
    ) -> Access:  # fmt: skip
        """Add one look; ``child`` None found nobody."""
        known = None
        near = set()
        if child:
            homes, family = self.near[worker.organisation]
            near = {
                name
                for name, holds in {
                    "own-surname": child.surname == worker.surname,
                    "own-postcode": child.postcode == worker.postcode,
                    "own-child": child.name in worker.family,
                    "colleague-home": child.home in homes and child.home != worker.home,
                    "colleague-child": child.name in family - worker.family,
                }.items()
                if holds
            }
            known = child.area == worker.area or self.chance.random() < 0.15
        made = Access(
            len(self.looks), at, worker.name, worker.organisation, worker.role,
            child=child.name if child else "", home=str(child.home) if child else "",
            place=place if place is not None else child.place if child else None,
            found=child is not None, case=case, school=child.school if child else "",
            emergency=emergency, near=frozenset(near), known_here=known,
            worked=worked if child else None,
        )  # fmt: skip
        self.looks.append(made)
        return made

    def work(self) -> None:
        """Everybody's ordinary days."""
        for day in (BEGIN + timedelta(days=each) for each in range(DAYS)):
            busy = 1.6 if self.chance.random() < 0.04 else 1.0
            for worker in self.workers:
                if day in worker.leave or (day.weekday() > 4 and not worker.weekends):
                    continue
                if worker.weekends and self.chance.random() < 0.35:
                    continue  # a day off
                self._day(worker, day, busy)

    def _day(self, worker: Worker, day: date, busy: float) -> None:
        chance = self.chance
        for _ in range(_poisson(chance, worker.a_day * busy)):
            low, high = worker.hours
            if chance.random() < 0.01:
                low, high = high, high + 2  # stays late
            at = datetime.combine(day, time()) + timedelta(hours=chance.uniform(low, high))
            if chance.random() < worker.missed:
                self.look(worker, at, None, worked=False)
                if chance.random() < 0.5:
                    continue
                at += timedelta(minutes=2)  # spelt again
            case, child = self._next(worker)
            self.look(
                worker, at, child, worked=chance.random() < worker.worked, case=case,
                emergency=chance.random() < worker.emergencies,
            )  # fmt: skip

    def _next(self, worker: Worker) -> tuple[str, Child]:
        """A case of one's own again, a colleague's, or a new one."""
        chance = self.chance
        if worker.cases and chance.random() < 0.35:
            case, family = chance.choice(worker.cases[-15:])
            return case, chance.choice(family)
        if chance.random() < 0.1:
            other = chance.choice(self.workers)
            if other.organisation == worker.organisation and other.cases:
                case, family = chance.choice(other.cases[-15:])
                return case, chance.choice(family)
        area = worker.area if chance.random() < 0.97 else chance.randrange(AREAS)
        child = chance.choice(self.children[area])
        while worker.schools and child.school not in worker.schools:
            child = chance.choice(self.children[worker.area])
        family = [each for each in self._beside(child) if each.home == child.home]
        case = f"case-{chance.randrange(10**9)}" if chance.random() < 0.9 else ""
        if case:
            worker.cases.append((case, family))
        return case, child

    def _beside(self, child: Child) -> list[Child]:
        here = self.children[child.area]
        number = int(child.name.partition("-")[2])
        return here[max(0, number - 3) : number + 4]

    # --- the twenty patterns: each takes somebody who has not been taken for another -------------

    def seed(self) -> None:
        """Hide each pattern once, each with another person."""
        waiting = [worker for worker in self.workers if not worker.organisation.startswith("sch")]
        self.chance.shuffle(waiting)
        for name, pattern in PATTERNS.items():
            first = len(self.looks)
            taken = next(each for each in waiting if name not in NEEDS or NEEDS[name](each))
            waiting.remove(taken)
            pattern(self, taken)
            self.seeded[name] = frozenset(range(first, len(self.looks)))

    def at(self, worker: Worker, day: int, hour: float | None = None) -> datetime:
        """A moment of that day in the person's own hours, or at an hour."""
        low, high = worker.hours
        hour = self.chance.uniform(low, high - 0.5) if hour is None else hour
        return datetime.combine(BEGIN + timedelta(days=day), time()) + timedelta(hours=hour)

    def workday(self, worker: Worker, first: int = 30, last: int = DAYS) -> int:
        """A day on which the person works; while on leave, a weekday."""
        days = range(first, last)
        weekdays = [
            day for day in days if worker.weekends or (BEGIN + timedelta(days=day)).weekday() < 5
        ]
        there = [day for day in weekdays if BEGIN + timedelta(days=day) not in worker.leave]
        return self.chance.choice(there or weekdays)

    def child(self, worker: Worker, wanted: Callable[[Child], bool] = lambda _: True) -> Child:
        """Some child of the person's own area."""
        found = [each for each in self.children[worker.area] if wanted(each)]
        return self.chance.choice(found or self.children[worker.area])


def _poisson(chance: Random, mean: float) -> int:
    count, left = 0, chance.expovariate(1)
    while left < mean:
        count += 1
        left += chance.expovariate(1)
    return count


def _own_name(make: _Maker, worker: Worker) -> None:
    child = make.child(worker, lambda each: each.surname == worker.surname)
    if child.surname != worker.surname:  # nobody of that name here: a relative moves in
        child.surname = worker.surname
    for _ in range(make.chance.choice((1, 2))):
        make.look(worker, make.at(worker, make.workday(worker)), child, worked=False)


def _own_home(make: _Maker, worker: Worker) -> None:
    child = make.child(worker)
    child.postcode = worker.postcode
    make.look(
        worker, make.at(worker, make.workday(worker)), child, worked=make.chance.random() < 0.3
    )


def _own_child(make: _Maker, worker: Worker) -> None:
    child = make.child(worker)
    worker.family |= {child.name}
    make.look(worker, make.at(worker, make.workday(worker)), child, worked=False)


def _colleague(make: _Maker, worker: Worker) -> None:
    homes = make.near[worker.organisation][0] - {worker.home}
    child = make.child(worker)
    child.home = make.chance.choice(sorted(homes))
    make.look(worker, make.at(worker, make.workday(worker)), child, worked=False)


def _colleague_child(make: _Maker, worker: Worker) -> None:
    child = make.child(worker, lambda each: each.name not in worker.family)
    make.near[worker.organisation][1].add(child.name)
    make.look(worker, make.at(worker, make.workday(worker)), child, worked=False)


def _through_a_colleagues_case(make: _Maker, worker: Worker) -> None:
    """A7: an estranged parent, under a case that a colleague works on."""
    others = [
        (case, looks)
        for case, looks in _cases(make, worker).items()
        if sum(each.person != worker.name for each in looks) >= 4
        and all(each.person != worker.name for each in looks)
    ]
    case, _ = make.chance.choice(others or list(_cases(make, worker).items()))
    child = make.child(worker)
    for _ in range(make.chance.choice((1, 2, 3))):
        make.look(worker, make.at(worker, make.workday(worker)), child, worked=False, case=case)


def _cases(make: _Maker, worker: Worker) -> dict[str, list[Access]]:
    found: dict[str, list[Access]] = {}
    for look in make.looks:
        if look.case and look.organisation == worker.organisation:
            found.setdefault(look.case, []).append(look)
    return found


def _keeping_an_eye(make: _Maker, worker: Worker) -> None:
    child = make.child(worker)
    days = {make.workday(worker, 20) for _ in range(make.chance.choice((5, 6, 8)))}
    for day in sorted(days):
        make.look(worker, make.at(worker, day), child, worked=False)


def _no_work_at_all(make: _Maker, worker: Worker) -> None:
    worker_looks = 5 * max(3, round(worker.a_day * 1.2))
    first = make.workday(worker, 30, DAYS - 5)
    for each in range(worker_looks):
        make.look(worker, make.at(worker, first + each % 5), make.child(worker), worked=False)
    for number, look in enumerate(make.looks):  # the week's own work is left undone, too
        if look.person == worker.name and 0 <= (look.at.date() - BEGIN).days - first < 5:
            make.looks[number] = replace(look, worked=False if look.child else None)


def _sweep(make: _Maker, worker: Worker) -> None:
    at = make.at(worker, make.workday(worker), worker.hours[0] + 1)
    place = make.child(worker).place
    for each in range(30):
        place += make.chance.choice((1, 1, 2))
        found = make.child(worker) if make.chance.random() < 0.3 else None
        make.look(worker, at + timedelta(seconds=40 * each), found, worked=False, place=place)


def _slow_sweep(make: _Maker, worker: Worker) -> None:
    place = make.child(worker).place
    first = make.workday(worker, 30, DAYS - 14)
    for day in range(14):
        for _ in range(2):
            place += make.chance.choice((1, 2))
            found = make.child(worker) if make.chance.random() < 0.3 else None
            make.look(worker, make.at(worker, first + day), found, worked=False, place=place)


def _trying_out(make: _Maker, worker: Worker) -> None:
    at = make.at(worker, make.workday(worker))
    for each in range(make.chance.randrange(8, 14)):
        make.look(worker, at + timedelta(minutes=3 * each), None, worked=False)
    make.look(worker, at + timedelta(minutes=45), make.child(worker), worked=False)


def _slow_misses(make: _Maker, worker: Worker) -> None:
    first = make.workday(worker, 30, DAYS - 14)
    for day in range(14):
        for _ in range(4 + round(worker.a_day / 3)):
            make.look(worker, make.at(worker, first + day), None, worked=False)


def _a_school(make: _Maker, worker: Worker) -> None:
    area = make.children[worker.area]
    school = make.chance.choice(sorted({each.school for each in area} - set(worker.schools)))
    pupils = [each for each in area if each.school == school]
    day = make.workday(worker)
    for child in make.chance.sample(pupils, 25 + round(5 * worker.a_day)):
        make.look(worker, make.at(worker, day), child, worked=False)


def _at_night(make: _Maker, worker: Worker) -> None:
    day = make.workday(worker)
    for _ in range(make.chance.choice((1, 2, 3))):
        make.look(worker, make.at(worker, day, 3.0), make.child(worker), worked=False)


def _in_the_news(make: _Maker, worker: Worker) -> None:
    child = make.child(worker)
    others = make.chance.sample(make.workers, 9)
    day = make.workday(worker, 30, DAYS - 2)
    for each in [worker, *others]:
        at = make.at(each, day + make.chance.randrange(2))
        make.look(each, at, child, worked=False)


def _dormant(make: _Maker, worker: Worker) -> None:
    day = make.workday(worker, 60)
    make.looks[:] = [
        look
        if look.person != worker.name or (look.at.date() - BEGIN).days < 10
        else replace(look, person=f"{worker.name} (cover)")
        for look in make.looks
    ]
    for _ in range(make.chance.choice((1, 2))):
        make.look(worker, make.at(worker, day), make.child(worker), worked=False)


def _false_emergencies(make: _Maker, worker: Worker) -> None:
    for _ in range(9):
        day = make.workday(worker, 40)
        make.look(worker, make.at(worker, day), make.child(worker), worked=True, emergency=True)


def _leaver(make: _Maker, worker: Worker) -> None:
    """Takes a list along in the last days."""
    day = make.workday(worker, DAYS - 8, DAYS - 2)
    for _ in range(round(30 + 3 * worker.a_day)):
        at = make.at(worker, day + make.chance.randrange(2))
        make.look(worker, at, make.child(worker), worked=False)


def _elsewhere(make: _Maker, worker: Worker) -> None:
    area = make.chance.choice([each for each in range(AREAS) if each != worker.area])
    child = make.chance.choice(make.children[area])
    for _ in range(make.chance.choice((2, 3))):
        make.look(worker, make.at(worker, make.workday(worker)), child, worked=False)


def _partner(make: _Maker, worker: Worker) -> None:
    """A new partner's children: another name, another home; looked at again and again."""
    child = make.child(worker)
    family = [each for each in make.children[worker.area] if each.home == child.home]
    for day in sorted({make.workday(worker, 25) for _ in range(6)}):
        make.look(worker, make.at(worker, day), make.chance.choice(family), worked=False)


PATTERNS: dict[str, Callable[[_Maker, Worker], None]] = {
    "own-name": _own_name,
    "own-home": _own_home,
    "own-child": _own_child,
    "colleague": _colleague,
    "colleague-child": _colleague_child,
    "colleagues-case": _through_a_colleagues_case,
    "keeping-an-eye": _keeping_an_eye,
    "new-partner": _partner,
    "no-work-at-all": _no_work_at_all,
    "sweep": _sweep,
    "slow-sweep": _slow_sweep,
    "trying-out": _trying_out,
    "slow-misses": _slow_misses,
    "a-school": _a_school,
    "at-night": _at_night,
    "in-the-news": _in_the_news,
    "dormant": _dormant,
    "false-emergencies": _false_emergencies,
    "leaver": _leaver,
    "elsewhere": _elsewhere,
}


NEEDS: dict[str, Callable[[Worker], bool]] = {
    "at-night": lambda worker: not worker.weekends,  # others do work at night
}


def world(seed: int) -> World:
    """Make one world; the same seed gives the same world."""
    make = _Maker(seed)
    make.work()
    make.seed()
    return World(make.looks, make.seeded)


@dataclass
class Result:
    """What came of one world, or of several."""

    worlds: int = 0
    looks: int = 0
    flagged: int = 0
    right: int = 0  # of the flagged looks, those of a pattern
    alerts: int = 0
    seconds: float = 0.0
    found: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)  # flagged work, by rule

    def add(self, other: "Result") -> None:
        """Count another's in."""
        for name in ("worlds", "looks", "flagged", "right", "alerts", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.found += other.found
        self.wrong += other.wrong

    @property
    def recall(self) -> float:
        """The share of hidden patterns that were found."""
        return self.found.total() / (self.worlds * len(PATTERNS))


def measure(seed: int) -> Result:
    """Judge one world, and compare with what was hidden in it."""
    made = world(seed)
    began = clock.process_time()
    findings = judge(made.looks, shipped())
    seconds = clock.process_time() - began
    flagged = {look for finding in findings for look in finding.looks}
    hidden = frozenset().union(*made.seeded.values())
    people = {look.id: look.person for look in made.looks}
    found = Counter()
    for name, looks in made.seeded.items():
        if any(
            look in looks and people[look] == finding.person
            for finding in findings
            for look in finding.looks
        ):
            found[name] += 1
    wrong = Counter(
        finding.rule for finding in findings for look in finding.looks if look not in hidden
    )
    return Result(
        1,
        len(made.looks),
        len(flagged),
        len(flagged & hidden),
        len(findings),
        seconds,
        found,
        wrong,
    )
