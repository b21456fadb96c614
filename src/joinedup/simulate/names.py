"""Names, with each group's own habits of giving them."""

import tomllib
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from random import Random
from typing import Any

from joinedup.simulate.places import split_list
from joinedup.simulate.variants import other_spelling, plain, same_name, twin_pairs

MALE, FEMALE = "male", "female"
_RESPELT = 0.35  # of names that have several spellings, how many parents choose another than ours


class Pool:
    """Names to draw from, the first the most common, with a long tail."""

    def __init__(self, names: Sequence[str], first: float, fall: float) -> None:
        self.names = list(dict.fromkeys(names))
        self._cumulative: list[float] = []
        total = 0.0
        for rank in range(len(self.names)):
            total += 1.0 / (rank + 1 + first) ** fall
            self._cumulative.append(total)
        self._total = total

    def draw(self, rng: Random) -> str:
        return self.names[bisect(self._cumulative, rng.random() * self._total)]


@dataclass(frozen=True)
class GroupNames:
    """One name group: its pools, and its habits as numbers and words."""

    key: str
    label: str
    given: Mapping[str, Pool]  # by sex
    parents: Mapping[str, Pool]  # first names of the parents' generation, by sex
    rare: Mapping[str, Pool]
    english: Mapping[str, Pool]
    surnames: Pool
    surname_parts: tuple[Pool, Pool] | None  # beginnings and ends of rare surnames
    given_parts: Mapping[str, tuple[Pool, Pool]]  # of hyphenated first names, by sex
    girl_surnames: Pool | None
    day_names: Mapping[str, tuple[str, ...]]  # by sex, from Sunday
    endings: tuple[tuple[str, str], ...]  # a son's ending and a daughter's
    habits: Mapping[str, float]
    boy_prefix: str


def _flat_pool(text: str) -> Pool:
    return Pool(split_list(text), 50.0, 0.3)


def _load(key: str) -> GroupNames:
    path = files(__package__).joinpath("data", "names", f"{key}.toml")
    raw: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    habits = raw["habits"]
    first, fall = raw["given_shape"]
    given = {
        FEMALE: Pool(split_list(raw["girls"]), first, fall),
        MALE: Pool(split_list(raw["boys"]), first, fall),
    }

    def by_sex(girls: str, boys: str) -> dict[str, Pool]:
        if girls not in raw:
            return {}
        return {FEMALE: _flat_pool(raw[girls]), MALE: _flat_pool(raw[boys])}

    parts: dict[str, tuple[Pool, Pool]] = {}
    if "parts_first_girls" in raw:
        for sex, word in ((FEMALE, "girls"), (MALE, "boys")):
            parts[sex] = (
                _flat_pool(raw[f"parts_first_{word}"]),
                _flat_pool(raw[f"parts_second_{word}"]),
            )
    surname_parts = None
    if "surname_starts" in raw:
        surname_parts = (_flat_pool(raw["surname_starts"]), _flat_pool(raw["surname_ends"]))
    return GroupNames(
        key=key,
        label=raw["label"],
        given=given,
        parents=by_sex("mothers", "fathers") or given,
        rare=by_sex("rare_girls", "rare_boys"),
        english=by_sex("english_girls", "english_boys"),
        surnames=Pool(split_list(raw["surnames"]), *raw["surname_shape"]),
        surname_parts=surname_parts,
        given_parts=parts,
        girl_surnames=(_flat_pool(habits["girl_surnames"]) if "girl_surnames" in habits else None),
        day_names={
            sex: tuple(split_list(raw[name]))
            for sex, name in ((FEMALE, "day_names_girls"), (MALE, "day_names_boys"))
            if name in raw
        },
        endings=tuple(
            (son, daughter)
            for son, daughter in (
                item.split(":") for item in split_list(habits.get("gendered_endings", ""))
            )
        ),
        habits={k: float(v) for k, v in habits.items() if isinstance(v, int | float)},
        boy_prefix=habits.get("boy_prefix", ""),
    )


@lru_cache(maxsize=1)
def name_groups() -> dict[str, GroupNames]:
    """Every name group that the data folder has, by key."""
    folder = files(__package__).joinpath("data", "names")
    keys = sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name[-5:] == ".toml")
    return {key: _load(key) for key in keys}


@dataclass(frozen=True, slots=True)
class FamilyNames:
    """What a family's children take their names from."""

    group: GroupNames
    surname: str  # the father's or the shared one, in a son's form
    mother_surname: str
    father_given: str
    grandfather_given: str
    accents: bool  # whether this family's records carry letters outside A to Z
    boy_prefix: str  # this family's spelling of an honorific first name


def _first_name(rng: Random, group: GroupNames, sex: str) -> str:
    habits = group.habits
    chance = rng.random()
    if group.given_parts and chance < habits.get("hyphenated_given", 0.0):
        start, end = group.given_parts[sex]
        return f"{start.draw(rng)}-{end.draw(rng)}"
    if group.rare and chance > 1.0 - habits.get("rare_given", 0.0):
        name = group.rare[sex].draw(rng)
    else:
        name = group.given[sex].draw(rng)
    if not group.given_parts and chance < habits.get("hyphenated_given", 0.0):
        second = group.given[sex].draw(rng)
        if second != name:
            return f"{name}-{second}"
    if rng.random() < _RESPELT:
        return other_spelling(rng, name) or name
    return name


def surname(rng: Random, group: GroupNames) -> str:
    """A family's surname, in a son's form."""
    habits = group.habits
    if group.surname_parts and rng.random() < habits.get("rare_surname", 0.0):
        start, end = group.surname_parts
        return start.draw(rng) + end.draw(rng)
    if rng.random() < habits.get("father_given_as_surname", 0.0):
        return group.given[MALE].draw(rng)
    name = group.surnames.draw(rng)
    if rng.random() < 0.12:
        return other_spelling(rng, name) or name
    return name


def prefix_spelling(rng: Random, group: GroupNames) -> str:
    """How a family spells the honorific that may come before a boy's name, "" without one."""
    other = rng.random() < _RESPELT and other_spelling(rng, group.boy_prefix)
    return other or group.boy_prefix


def by_sex(group: GroupNames, name: str, sex: str) -> str:
    """A surname as a son or a daughter bears it: Kowalski, Kowalska."""
    if sex == FEMALE:
        for son, daughter in group.endings:
            if name.endswith(son):
                return name[: -len(son)] + daughter
    return name


def given_names(
    rng: Random, family: FamilyNames, sex: str, born: date, taken: set[str], first: str | None
) -> tuple[str, ...]:
    """A child's given names in order; ``taken`` are brothers' and sisters' first names.

    ``first`` is a name already chosen (a twin's, a parent's), or None.
    """
    group, habits = family.group, family.group.habits
    names: list[str] = []
    if first is None:
        if group.day_names and rng.random() < habits["day_name"]:
            weekday = (born.weekday() + 1) % 7  # the lists run from Sunday
            first = group.day_names[sex][weekday]
        else:
            first = _first_name(rng, group, sex)
        for _ in range(6):
            if not any(same_name(first, other) for other in taken):
                break
            first = _first_name(rng, group, sex)
    if group.english and rng.random() < habits.get("english_first", 0.0):
        other = group.english[sex].draw(rng)
        if other != first and other not in taken:
            names.append(other)
    names.append(first)
    if (
        sex == MALE
        and group.boy_prefix
        and first[:3].lower() not in ("muh", "moh")
        and rng.random() < habits["boy_prefix_share"]
    ):
        names.insert(0, family.boy_prefix)
    if rng.random() < habits.get("religious_name", 0.0):
        names.append("Singh" if sex == MALE else "Kaur")
    from_father = habits.get("patronymic", 0.0) or habits.get("father_given_as_middle", 0.0)
    if rng.random() < from_father:
        names.append(family.father_given)
    elif rng.random() < habits.get("middle_names", 0.0):
        pool = group.parents if rng.random() < 0.3 else group.given
        middle = pool[sex].draw(rng)
        if middle not in names:
            names.append(middle)
        if rng.random() < habits.get("second_middle", 0.0):
            another = group.given[sex].draw(rng)
            if another not in names:
                names.append(another)
    return tuple(name if family.accents else plain(name) for name in names)


def family_name(rng: Random, family: FamilyNames, sex: str, barrelled: bool) -> str:
    """The surname a child is registered with; ``barrelled`` where this family joins two."""
    group, habits = family.group, family.group.habits
    name = family.surname
    if habits.get("patronymic", 0.0) > 0:
        name = (
            family.father_given
            if rng.random() < habits["known_by_father"]
            else family.grandfather_given
        )
    elif habits.get("two_surnames", 0.0) > 0 and barrelled:
        name = f"{family.mother_surname} {family.surname}"
    elif barrelled and family.mother_surname != family.surname:
        name = f"{family.mother_surname}-{family.surname}"
    elif sex == FEMALE:
        if group.girl_surnames and rng.random() < habits["girl_surname_share"]:
            name = group.girl_surnames.draw(rng)
        else:
            name = by_sex(group, name, sex)
    return name if family.accents else plain(name)


def twin_first_names(rng: Random, sexes: Sequence[str]) -> list[str] | None:
    """First names that sound well together for twins of one sex, or None to choose freely."""
    if len(set(sexes)) != 1 or len(sexes) != 2:
        return None
    pairs = twin_pairs()[sexes[0]]
    return list(pairs[int(rng.random() * len(pairs))])
