"""What a search may look at in one person's record, drawn from a FHIR Patient."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from joinedup.pds.emulator.forms import (
    day_range,
    email_form,
    has_ended,
    name_form,
    phone_form,
    postcode_form,
)
from joinedup.pds.emulator.problems import Json
from joinedup.people.keys import soundex

_soundex = lru_cache(maxsize=100_000)(soundex)  # a million people share few names

OLD_NAME_USES = ("old", "maiden")


@dataclass(frozen=True, slots=True)
class HeldName:
    """One name instance; all text in ``name_form``."""

    family: str
    given: tuple[str, ...]
    current: bool
    family_sound: str
    given_sound: str


@dataclass(frozen=True, slots=True)
class Record:
    """The searchable facts of one person. Pairs are (value, is it current?)."""

    security: str  # U, R or V
    born: tuple[int, int]  # first and last possible day, (0, 0) if not held
    died: tuple[int, int]
    gender: str
    names: tuple[HeldName, ...]
    postcodes: tuple[tuple[str, bool], ...]
    phones: tuple[tuple[str, bool], ...]
    emails: tuple[tuple[str, bool], ...]
    practices: tuple[str, ...]

    def packed(self) -> bytes:
        """A compact form for the index; ``unpacked`` reads it."""
        names = [
            (name.family, name.given, name.current, name.family_sound, name.given_sound)
            for name in self.names
        ]
        return orjson.dumps(
            (
                self.security,
                self.born,
                self.died,
                self.gender,
                names,
                self.postcodes,
                self.phones,
                self.emails,
                self.practices,
            )
        )

    @classmethod
    def unpacked(cls, facts: bytes) -> "Record":
        security, born, died, gender, names, postcodes, phones, emails, practices = orjson.loads(
            facts
        )
        return cls(
            security,
            tuple(born),
            tuple(died),
            gender,
            tuple(
                HeldName(family, tuple(given), current, family_sound, given_sound)
                for family, given, current, family_sound, given_sound in names
            ),
            tuple(map(tuple, postcodes)),
            tuple(map(tuple, phones)),
            tuple(map(tuple, emails)),
            tuple(practices),
        )


def security_of(patient: Json) -> str:
    """V, R or U: the most careful of the labels in ``meta.security``; U when there is none."""
    codes = {label.get("code") for label in (patient.get("meta") or {}).get("security") or ()}
    return "V" if "V" in codes else "R" if "R" in codes else "U"


def read_record(patient: Json, today: str) -> Record:
    """Draw the searchable facts from a FHIR Patient, as things stand on ``today`` (ISO)."""
    contacts = _elements(patient, "telecom")
    return Record(
        security=security_of(patient),
        born=day_range(patient.get("birthDate")),
        died=day_range(patient.get("deceasedDateTime")),
        gender=str(patient.get("gender") or ""),
        names=_names(_elements(patient, "name"), today),
        postcodes=_distinct(
            (postcode_form(str(held.get("postalCode") or "")), is_current(held, today))
            for held in _elements(patient, "address")
        ),
        phones=_distinct(
            (phone_form(str(held.get("value") or "")), is_current(held, today))
            for held in contacts
            if held.get("system") in ("phone", "sms")
        ),
        emails=_distinct(
            (email_form(str(held.get("value") or "")), is_current(held, today))
            for held in contacts
            if held.get("system") == "email"
        ),
        practices=tuple(
            code.upper()
            for held in _elements(patient, "generalPractitioner")
            if not has_ended(held.get("identifier"), today)
            and (code := str((held.get("identifier") or {}).get("value") or ""))
        ),
    )


def is_current(element: Json, today: str) -> bool:
    """Whether an address or contact is held as current: not ended and not marked old."""
    return element.get("use") != "old" and not has_ended(element, today)


def current_names(names: Iterable[Json], today: str) -> list[Json]:
    """The usual, nickname and temporary names in force.

    A person always has a usual name: if every one has ended, the last is still in force (C12).
    """
    living = [name for name in names if name.get("use") not in OLD_NAME_USES]
    current = [name for name in living if not has_ended(name, today)]
    if current or not living:
        return current
    return [max(living, key=lambda name: str(name["period"]["end"]))]


def _names(names: list[Json], today: str) -> tuple[HeldName, ...]:
    in_force = current_names(names, today)
    usual = next((n for n in in_force if n.get("use", "usual") == "usual"), None)
    usual_family = str((usual or {}).get("family") or "")
    usual_given = [str(given) for given in (usual or {}).get("given") or () if given]
    held = []
    for name in names:
        # A name held in part (a nickname without a family name) is completed from the usual one
        # (C4), so that family and given can be compared on one instance.
        family = name_form(str(name.get("family") or usual_family))
        given = tuple(name_form(str(part)) for part in (name.get("given") or usual_given) if part)
        if not family and not given:
            continue
        current = any(name is one for one in in_force)
        held.append(
            HeldName(family, given, current, _soundex(family), _soundex(given[0]) if given else "")
        )
    return tuple(held)


def _elements(patient: Json, name: str) -> list[dict[str, Any]]:
    return [element for element in patient.get(name) or () if isinstance(element, dict)]


def _distinct(values: Iterable[tuple[str, bool]]) -> tuple[tuple[str, bool], ...]:
    """Each non-empty value once, current if any of its occurrences is."""
    seen: dict[str, bool] = {}
    for value, current in values:
        if value:
            seen[value] = seen.get(value, False) or current
    return tuple(seen.items())
