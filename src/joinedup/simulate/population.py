"""Families: who is born to whom, where they live, and what happens to their names."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from joinedup.simulate.lives import Lives
from joinedup.simulate.names import (
    FEMALE,
    MALE,
    FamilyNames,
    GroupNames,
    by_sex,
    family_name,
    given_names,
    name_groups,
    prefix_spelling,
    surname,
    twin_first_names,
)
from joinedup.simulate.numbers import NumberPlan, phone
from joinedup.simulate.people import Home, Person, Role
from joinedup.simulate.places import POSTCODES_PER_BLOCK, Map, Place
from joinedup.simulate.rates import Rates
from joinedup.simulate.variants import plain

_YEAR = 365.25
_CHILDHOOD = 18 * _YEAR
_CHILDREN_PER_FAMILY = 1.75
_SECTOR_POSTCODES = 10  # kin and name groups gather in stretches of ten postcodes


@dataclass(frozen=True)
class World:
    """What all blocks share."""

    rates: Rates
    map: Map
    numbers: NumberPlan
    seed: int


@dataclass
class _Family:
    """One household being made."""

    id: str
    names: FamilyNames
    mother: Person | None
    father: Person | None
    homes: list[Home]
    gp: str
    phone: str
    barrelled: bool
    children: list[Person] = field(default_factory=list)


def _day(as_at: date, days_before: float) -> date:
    return as_at - timedelta(days=int(days_before))


def _weighted(rng: Random, shares: dict[str, float]) -> str:
    at = rng.random()
    for key, share in shares.items():
        at -= share
        if at < 0:
            return key
    return next(iter(shares))


class Block:
    """A neighbourhood of up to a thousand children: families, then their numbers.

    A block depends on the seed and its own place alone, so that any number of workers makes the
    same region. Its random streams are separate for what people are and for what becomes of them,
    so that a new feature need not change everybody.
    """

    def __init__(self, world: World, number: int, children: int) -> None:
        self.world = world
        self.number = number
        self.wanted = children
        self.children: list[Person] = []
        self.adults: list[Person] = []
        self.before_adoption: list[Person] = []
        self._rng = Random(f"{world.seed} people {number}")  # noqa: S311 - invented people
        self._serial = 0
        self._families: list[_Family] = []

    def people(self) -> list[Person]:
        """Everyone in the block, with NHS numbers."""
        rates = self.world.rates
        unaccompanied = rates.table("events")["unaccompanied"]
        while len(self.children) < self.wanted:
            if self._rng.random() < unaccompanied * _CHILDREN_PER_FAMILY:
                self._alone()
            else:
                self._family()
        self._namesakes()
        lives = Lives(
            self._rng, rates, self.number,
            another_family=lambda: self._group(dict(rates.groups)),
            another_home=lambda group: self._home(self.number, self._postcode_for(group)),
            next_id=self._next_id,
        )  # fmt: skip
        for at, child in enumerate(self.children):
            if before := lives.befall(child, at):
                self.before_adoption.append(before)
        self._give_numbers()
        return [*self.children, *self.before_adoption, *self.adults]

    # ------------------------------------------------------------------ making people
    def _next_id(self) -> str:
        self._serial += 1
        return f"P{self.number:04d}{self._serial:05d}"

    def _group(self, shares: dict[str, float]) -> GroupNames:
        return name_groups()[_weighted(self._rng, shares)]

    def _home(self, block: int, nth: int) -> Place:
        return self.world.map.home(self._rng, block, nth, self.world.rates.table("homes")["flats"])

    def _postcode_for(self, group: GroupNames) -> int:
        """Most name groups gather: three in five families in the group's own stretches."""
        rng = self._rng
        families = self.wanted / _CHILDREN_PER_FAMILY
        in_postcode = self.world.rates.table("homes")["families_per_postcode"]
        used = min(POSTCODES_PER_BLOCK, max(3, int(families / in_postcode)))
        if group.key != "british" and rng.random() < 0.6:
            stretches = max(1, used // _SECTOR_POSTCODES)
            # A stable spread over stretches that differs from block to block.
            start = sum(map(ord, group.key)) + self.number * 3
            stretch = (start + (rng.random() < 0.3)) % stretches
            return (stretch * _SECTOR_POSTCODES + int(rng.random() * _SECTOR_POSTCODES)) % used
        return int(rng.random() * used)

    def _homes_since(self, first: date, group: GroupNames) -> list[Home]:
        """A family's homes, oldest first, from the birth of the eldest child."""
        rng, homes = self._rng, self.world.rates.table("homes")
        as_at = self.world.rates.as_at
        if rng.random() < homes["no_address"]:
            return []
        moves: list[date] = []
        at = first
        while True:
            young = (at - first).days < 2 * _YEAR
            rate = homes["moves_per_year_under_2"] if young else homes["moves_per_year"]
            gap = rng.expovariate(rate) * _YEAR
            if young and gap > 2 * _YEAR:
                gap = 2 * _YEAR + rng.expovariate(homes["moves_per_year"]) * _YEAR
            at += timedelta(days=int(gap) + 30)
            if at >= as_at or len(moves) == 8:
                break
            moves.append(at)
        out: list[Home] = []
        starts = [first, *moves]
        for i, start in enumerate(starts):
            end = starts[i + 1] if i + 1 < len(starts) else None
            block = self.number
            if end is not None and rng.random() > homes["move_within_area"]:
                block = int(rng.random() * self.world.map.blocks)
            nth = self._postcode_for(group)
            out.append(Home(start, end, self._home(block, nth)))
        return out

    def _gp(self, group_at: int) -> str:
        practice = (self.number * 3 + group_at) % 9000
        return f"Y{90000 + practice}"

    def _adult(self, family: _Family, sex: str, born: date, given: str, last: str) -> Person:
        names = family.names
        rng = self._rng
        middle = names.group.parents[sex].draw(rng) if rng.random() < 0.6 else ""
        given_list = tuple(n for n in (given, middle) if n and n != "")
        if not names.accents:
            given_list, last = tuple(plain(n) for n in given_list), plain(last)
        adult = Person(
            id=self._next_id(), role=Role.ADULT, family_id=family.id, group=names.group.key,
            sex=sex, born=born, given=given_list, family=last, homes=family.homes,
            gp=family.gp, phone=family.phone,
        )  # fmt: skip
        self.adults.append(adult)
        return adult

    def _births(self) -> list[tuple[date, int]]:
        """The family's births, eldest first: the date, and how many at once."""
        rng, rates = self._rng, self.world.rates
        multiple = rates.table("multiple_births")
        values, weights = rates.children
        at, count = rng.random() * sum(weights), values[-1]
        for value, weight in zip(values, weights, strict=True):
            at -= weight
            if at < 0:
                count = value
                break
        sizes: list[int] = []
        while count > 0:
            chance, size = rng.random(), 1
            if chance < multiple["triplets"]:
                size = 3
            elif chance < multiple["triplets"] + multiple["twins"]:
                size = 2
            sizes.append(size)
            count -= 1
        # One of the births, at an even age; the others before and after it. Some are not yet born,
        # and some have grown up: so every age has its share of children.
        gaps = [max(320.0, rng.gauss(2.9, 1.5) * _YEAR) for _ in sizes[1:]]
        chosen = int(rng.random() * len(sizes))
        ages = [rng.random() * (_CHILDHOOD - 2) + 1 + sum(gaps[:chosen])]
        for gap in gaps:
            ages.append(ages[-1] - gap)
        return [
            (_day(rates.as_at, age), size)
            for age, size in zip(ages, sizes, strict=True)
            if age >= 1
        ]

    def _family(self) -> None:
        rng, rates = self._rng, self.world.rates
        shape = rates.table("shape")
        births = self._births()
        grown_up = _day(rates.as_at, _CHILDHOOD)
        grown = [born for born, size in births if born <= grown_up for _ in range(size)]
        births = [birth for birth in births if birth[0] > grown_up]
        group = self._group(dict(rates.groups))
        kin = None
        last = surname(rng, group)
        if self._families and rng.random() < shape["cousins_nearby"]:
            kin = self._families[int(rng.random() * len(self._families))]
            group, last = kin.names.group, kin.names.surname
        mothers_group = group
        if rng.random() < shape["mixed_names"]:
            mothers_group = self._group(dict(rates.groups))
        habits = group.habits
        differs = (
            rng.random() < shape["mother_other_surname"]
            or "patronymic" in habits
            or "two_surnames" in habits
        )
        mother_last = surname(rng, mothers_group) if differs else by_sex(group, last, FEMALE)
        names = FamilyNames(
            group=group, surname=last, mother_surname=mother_last,
            father_given=group.parents[MALE].draw(rng),
            grandfather_given=(
                last if "patronymic" in habits else group.parents[MALE].draw(rng)
            ),
            accents=rng.random() >= habits.get("strip_accents", 0.3),
            boy_prefix=prefix_spelling(rng, group),
        )  # fmt: skip
        homes = self._homes_since(births[0][0], group)
        if kin and kin.homes and homes and rng.random() < 0.25:
            homes = [*homes[:-1], Home(homes[-1].start, None, kin.homes[-1].place)]
        family = _Family(
            id=f"F{self.number:04d}{len(self._families):04d}", names=names, mother=None,
            father=None, homes=homes, gp=self._gp(int(rng.random() * 3)), phone=phone(rng),
            barrelled=rng.random() < max(
                habits.get("two_surnames", 0.0), habits.get("double_barrelled", 0.0)
            ),
        )  # fmt: skip
        self._families.append(family)
        eldest = grown[0] if grown else births[0][0]
        self._parents(family, eldest, mothers_group, mother_last)
        for born in grown:
            sex = MALE if rng.random() < 0.5 else FEMALE
            brother_or_sister = group.given[sex].draw(rng)
            self._adult(family, sex, born, brother_or_sister, by_sex(group, last, sex))
        self._children(family, births)

    def _parents(
        self, family: _Family, eldest: date, mothers_group: GroupNames, mother_last: str
    ) -> None:
        rng, shape, names = self._rng, self.world.rates.table("shape"), family.names
        age = min(45.0, max(16.5, rng.gauss(29.0, 5.6)))
        born = eldest - timedelta(days=int(age * _YEAR))
        mother_given = mothers_group.parents[FEMALE].draw(rng)
        family.mother = self._adult(family, FEMALE, born, mother_given, mother_last)
        if rng.random() >= shape["one_parent"]:
            born -= timedelta(days=int(rng.gauss(2.4, 4.0) * _YEAR))
            born = min(born, eldest - timedelta(days=int(17 * _YEAR)))
            family.father = self._adult(family, MALE, born, names.father_given, names.surname)
        if rng.random() < shape["other_adult_at_home"]:
            sex = MALE if rng.random() < 0.5 else FEMALE
            years = rng.choice((22.0, 30.0, 55.0, 62.0)) + rng.random() * 8
            last = by_sex(names.group, names.surname, sex)
            given = names.group.parents[sex].draw(rng)
            self._adult(family, sex, _day(self.world.rates.as_at, years * _YEAR), given, last)

    def _children(self, family: _Family, births: list[tuple[date, int]]) -> None:
        rng, shape, names = self._rng, self.world.rates.table("shape"), family.names
        multiple = self.world.rates.table("multiple_births")
        taken: set[str] = set()
        step = len(births) > 1 and rng.random() < shape["step_family"] * 1.6
        step_last = surname(rng, names.group) if step else ""
        step_until = int(rng.random() * (len(births) - 1)) + 1 if step else 0
        for place, (born, size) in enumerate(births):
            sexes = [MALE if rng.random() < 0.512 else FEMALE for _ in range(size)]
            if size > 1:
                same = rng.random() < multiple["twins_same_sex"]
                sexes = [sexes[0]] * size if same else [MALE, FEMALE, sexes[0]][:size]
            chosen: list[str | None] = [None] * size
            if size == 2 and rng.random() < multiple["twins_named_alike"]:
                pair = twin_first_names(rng, sexes)
                # The pair must suit the family: its names are ones the group uses.
                if pair and any(n in names.group.given[sexes[0]].names for n in pair):
                    chosen = [pair[0], pair[1]]
            for order in range(size):
                if len(self.children) >= self.wanted:
                    return
                sex = sexes[order]
                first = chosen[order]
                parent = family.father if sex == MALE else family.mother
                eldest = first is None and place == 0 and size == 1
                if eldest and parent and rng.random() < shape["parent_same_name"]:
                    first = parent.given[0]
                given = given_names(rng, names, sex, born, taken, first)
                taken.update(given[:2] if len(given) > 1 and given[0] in taken else given[:1])
                last = family_name(rng, names, sex, family.barrelled)
                child = Person(
                    id=self._next_id(), role=Role.CHILD, family_id=family.id,
                    group=names.group.key, sex=sex, born=born, given=given, family=last,
                    homes=[
                        Home(max(home.start, born), home.end, home.place)
                        for home in family.homes
                        if home.end is None or home.end > born
                    ],
                    gp=family.gp, phone=family.phone,
                    multiple=order + 1 if size > 1 else None,
                )  # fmt: skip
                if names.mother_surname != names.surname:
                    child.other_parent_family = names.mother_surname
                if names.group.habits.get("religious_as_surname", 0.0) and (
                    given[-1] in ("Singh", "Kaur")
                    and rng.random() < names.group.habits["religious_as_surname"]
                ):
                    child.given, child.family = given[:-1], given[-1]
                if place < step_until:
                    child.family = plain(by_sex(names.group, step_last, sex))
                    child.other_parent_family = names.surname
                family.children.append(child)
                self.children.append(child)
        for child in family.children:
            child.siblings = [other for other in family.children if other is not child]
            if not child.siblings:
                child.multiple = None  # the block was full before the twin

    def _alone(self) -> None:
        """An unaccompanied child: no family, a birth date that may be an assessment."""
        rng, rates = self._rng, self.world.rates
        events = rates.table("events")
        group = self._group(dict(rates.groups_unaccompanied))
        sex = MALE if rng.random() < 0.95 else FEMALE
        age = rng.choice((14, 15, 16, 16, 17, 17, 17)) + rng.random() * 0.99
        born = _day(rates.as_at, age * _YEAR)
        if rng.random() < events["assessed_first_january"]:
            # An assessment never makes a child an adult.
            year = born.year + (born.replace(month=1, day=1) <= _day(rates.as_at, _CHILDHOOD))
            born = born.replace(year=year, month=1, day=1)
        arrived = _day(rates.as_at, rng.uniform(20, 700))
        names = FamilyNames(
            group, surname(rng, group), "", group.parents[MALE].draw(rng),
            group.parents[MALE].draw(rng), False, prefix_spelling(rng, group),
        )  # fmt: skip
        child = Person(
            id=self._next_id(), role=Role.CHILD, family_id=f"A{self.number:04d}{self._serial:05d}",
            group=group.key, sex=sex, born=born,
            given=given_names(rng, names, sex, born, set(), None),
            family=family_name(rng, names, sex, False),
            homes=[Home(arrived, None, self._home(self.number, self._postcode_for(group)))],
            gp=self._gp(int(rng.random() * 3)), phone=phone(rng), unaccompanied=True,
        )  # fmt: skip
        self.children.append(child)

    def _namesakes(self) -> None:
        """Only children given the name of a neighbour's child, a few of them the birth date too."""
        rng, shape = self._rng, self.world.rates.table("shape")
        alone = [c for c in self.children if not c.siblings and not c.unaccompanied and c.homes]
        if not alone:
            return
        of_alone = len(self.children) / len(alone)
        same_day = shape["namesake_same_birth_date"] * of_alone
        same = same_day + shape["namesake"] * of_alone
        taken: set[str] = set()
        for child in alone:
            chance = rng.random()
            if chance >= same:
                continue
            models = [
                other
                for other in rng.sample(self.children, min(12, len(self.children)))
                if other.sex == child.sex and other is not child and other.id not in taken
            ]
            if not models:
                continue
            model = models[0]
            taken.update((child.id, model.id))
            child.given, child.family, child.group = model.given, model.family, model.group
            child.other_parent_family = ""
            if chance < same_day:
                child.born = model.born
                start = max(child.homes[-1].start, child.born)
                child.homes = [Home(start, None, child.homes[-1].place)]

    # ------------------------------------------------------------------ numbers
    def _give_numbers(self) -> None:
        """Children first, then the numbers they had before, then adults while numbers last."""
        rng, pds = self._rng, self.world.rates.table("pds")
        numbers = self.world.numbers
        used = 0
        for child in self.children:
            absent = pds["child_absent"]
            if child.unaccompanied:
                absent = pds["child_absent_unaccompanied"]
            elif not child.homes:
                absent = pds["child_absent_no_address"]
            child.never_registered = rng.random() < absent
            child.in_pds = not child.never_registered
        beyond = self._beyond_the_numbers()
        for child in self.children:
            child.in_pds = child.in_pds and child.id not in beyond
            if child.in_pds:
                child.nhs_number = numbers.of(self.number, used)
                used += 1
        for person in self.before_adoption:
            person.in_pds = person.never_join not in beyond and used < numbers.per_block
            if person.in_pds:
                person.nhs_number = numbers.of(self.number, used)
                used += 1
        for child in self.children:
            if (
                child.in_pds
                and child.adopted_on is None
                and rng.random() < pds["number_superseded"]
                and used < numbers.per_block
            ):
                child.superseded = numbers.of(self.number, used)
                used += 1
        for adult in self.adults:
            adult.in_pds = rng.random() >= pds["adult_absent"] and used < numbers.per_block
            if adult.in_pds:
                adult.nhs_number = numbers.of(self.number, used)
                used += 1

    def _beyond_the_numbers(self) -> set[str]:
        """The ids of the children for whom no number is left: of whole families, evenly spread.

        None while the block's share of the test numbers is enough for its children. The order in
        which families go without is drawn apart, so that nothing else in the region hangs on it.
        """
        earlier = {person.never_join for person in self.before_adoption}
        cost: dict[str, int] = {}
        for child in self.children:
            numbers = child.in_pds + (child.id in earlier)
            cost[child.family_id] = cost.get(child.family_id, 0) + numbers
        over = sum(cost.values()) - self.world.numbers.per_block
        if over <= 0:
            return set()
        families = list(cost)
        Random(f"{self.world.seed} unnumbered {self.number}").shuffle(families)  # noqa: S311
        without: set[str] = set()
        for family in families:
            if over <= 0:
                break
            without.add(family)
            over -= cost[family]
        return {child.id for child in self.children if child.family_id in without}
