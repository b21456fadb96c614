"""How an agency writes a child's names."""

from collections.abc import Mapping
from datetime import date
from random import Random

from joinedup.simulate import variants
from joinedup.simulate.names import name_groups
from joinedup.simulate.people import Person

_RELIGIOUS = frozenset({"Singh", "Kaur"})
_SLIPS = (
    ("keyboard", variants.keyboard_slip),
    ("scanner", variants.scanner_slip),
    ("sound", variants.sound_slip),
)


class NamesOnFile:
    """One agency's way with names: which it has heard of, and its slips in writing them."""

    def __init__(
        self, rng: Random, mistakes: Mapping[str, float], as_at: date, *, keeps_baby_names: bool
    ) -> None:
        self._rng = rng
        self._mistakes = mistakes
        self._as_at = as_at
        self._keeps_baby_names = keeps_baby_names

    def _happens(self, kind: str) -> bool:
        return self._rng.random() < self._mistakes[kind]

    def of(self, child: Person, kinds: list[str]) -> tuple[str, str]:
        """Given and family name as written; what is wrong with them is added to ``kinds``."""
        rng = self._rng
        names, family = list(child.given), child.family
        age_days = (self._as_at - child.born).days
        if child.former and self._happens("former_family"):
            if child.former.family != family:
                kinds.append("former_family")
            if child.former.given != child.given:
                kinds.append("former_given")
            names, family = list(child.former.given), child.former.family
        elif child.known_family and self._happens("known_family"):
            family = child.known_family
            kinds.append("known_family")
        elif child.other_parent_family and self._happens("parent_family"):
            family = child.other_parent_family
            kinds.append("parent_family")
        if child.unnamed or (age_days < 183 and self._baby_on_file(child)):
            kinds.append("baby_name")
            baby = ("Baby", "Baby Boy" if child.sex == "male" else "Baby Girl", "Infant", "")
            given = baby[int(rng.random() * 4)]
            if child.multiple and rng.random() < 0.6:
                given = f"Twin {child.multiple}"
            return given, child.other_parent_family or family
        given = self._given(child, names, kinds)
        family = self._family(child, names, family, kinds)
        given, family = self._swapped(child, given, family, kinds)
        if rng.random() < self._mistakes["upper_case"]:
            given, family = given.upper(), family.upper()
        return given, family

    def _baby_on_file(self, child: Person) -> bool:
        """Records opened at birth keep "Baby" for some, less often as months pass."""
        if not self._keeps_baby_names:
            return False
        months = (self._as_at - child.born).days / 30.4
        return self._rng.random() < self._mistakes["baby_name"] * max(0.0, 1 - months / 6) ** 2

    def _given(self, child: Person, names: list[str], kinds: list[str]) -> str:
        rng = self._rng
        given = names[0]
        two_names = len(names) > 1 and names[1] not in _RELIGIOUS
        if two_names and _called_by_second(child, names[0]) and self._happens("call_name_alone"):
            given = names[1]
            kinds.append("middle_as_given")
        elif two_names and self._happens("middle_as_given"):
            given = names[1] if rng.random() < 0.6 else f"{names[1]} {names[0]}"
            kinds.append("middle_as_given")
        elif len(names) > 1 and self._happens("middle_kept"):
            given = " ".join(names)
        if self._happens("given_missing"):
            kinds.append("given_missing")
            return ""
        if self._happens("given_placeholder"):
            kinds.append("given_placeholder")
            return ("Unknown", "Child 1", "Not Known")[int(rng.random() * 3)]
        if self._happens("given_initial"):
            kinds.append("given_initial")
            return given[0]
        short = variants.short_form(rng, names[0])
        if short and given.startswith(names[0]):
            if self._happens("nickname"):
                kinds.append("nickname")
                given = short
            elif self._happens("known_as_noted"):
                kinds.append("known_as_noted")
                given = f"{given} ({short})"
        if self._happens("given_spelling"):
            other = variants.other_spelling(rng, given, heard=True)
            if other:
                kinds.append("given_spelling")
                given = other
        return self._written(given, "given", kinds)

    def _family(self, child: Person, names: list[str], family: str, kinds: list[str]) -> str:
        rng = self._rng
        if names[-1] in _RELIGIOUS and self._happens("religious_family"):
            kinds.append("religious_family")
            return names[-1]
        halves = family.replace("-", " ").split(" ")
        double = len(halves) == 2 and min(map(len, halves)) > 2
        if double and self._happens("barrel_part"):
            kinds.append("barrel_part")
            family = halves[int(rng.random() * 2)]
        if self._happens("family_spelling"):
            other = variants.other_spelling(rng, family, heard=True)
            if other:
                kinds.append("family_spelling")
                family = other
        return self._written(family, "family", kinds)

    def _written(self, name: str, field: str, kinds: list[str]) -> str:
        """A name as hand, ear, scanner and form leave it."""
        rng = self._rng
        for slip, change in _SLIPS:
            kind = f"{field}_{slip}"
            if rng.random() < self._mistakes[kind]:
                changed = change(rng, name)
                if changed != name:
                    kinds.append(kind)
                    name = changed
        if ("'" in name or "-" in name) and self._happens("punctuation_lost"):
            kinds.append("punctuation_lost")
            name = name.replace("'", "").replace("-", " " if rng.random() < 0.7 else "")
        if not name.isascii() and self._happens("accents_lost"):
            kinds.append("accents_lost")
            name = variants.plain(name)
        return name

    def _swapped(self, child: Person, given: str, family: str, kinds: list[str]) -> tuple[str, str]:
        chance = self._mistakes["names_swapped"]
        chance += self._mistakes["family_first_swapped"] * _family_first(child)
        if given and self._rng.random() < chance:
            kinds.append("names_swapped")
            return family, given
        return given, family


def _called_by_second(child: Person, first: str) -> bool:
    """Whether the first name is one people leave out: an honorific, or one for English ears."""
    group = name_groups()[child.group]
    if group.boy_prefix and child.sex == "male":
        return first[:3].lower() in ("muh", "moh")
    return bool(group.english) and first in group.english[child.sex].names


def _family_first(child: Person) -> float:
    """How much of the group writes the family name first, against a tenth."""
    return name_groups()[child.group].habits.get("family_first_share", 0.0) / 0.10
