"""How well a person the source returned agrees with the child who was asked about.

The method is Fellegi and Sunter's (1969): each field's agreement is worth so many bits. Two doubts
are kept apart, because evidence against one says nothing of the other: a stranger with the same
name, and a brother, sister or parent at the same address. ``weights.toml`` holds the figures.
"""

import math
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from joinedup.pds.patient import PdsPatient, Security
from joinedup.people.compare import (
    Agreement,
    Level,
    compare_birth_date,
    compare_email,
    compare_family,
    compare_gender,
    compare_given,
    compare_phone,
    compare_postcode,
    names_swapped,
)
from joinedup.people.demographics import Demographics
from joinedup.people.frequency import BIRTHS_A_DAY, expected_namesakes
from joinedup.people.names import Name

WEIGHTS: dict[str, Any] = tomllib.loads(
    files("joinedup.identify").joinpath("weights.toml").read_text("utf-8")
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One person compared with the question, field by field.

    ``stranger`` and ``relative`` are bits in favour of this being the child, against each doubt.
    """

    patient: PdsPatient
    agreements: tuple[Agreement, ...]
    stranger: float
    relative: float

    def level(self, field: str) -> Level:
        """How that field agrees."""
        return next(a.level for a in self.agreements if a.field == field)

    @property
    def weight(self) -> float:
        """Bits in favour against the stronger doubt."""
        return min(self.stranger, self.relative)

    @property
    def accepted(self) -> bool:
        """Strong enough against both doubts to give out the number."""
        accept = WEIGHTS["accept"]
        return bool(self.stranger >= accept["stranger"] and self.relative >= accept["relative"])

    @property
    def confidence(self) -> float:
        """The probability that ``weight`` stands for, four decimals."""
        return round(1 / (1 + 2 ** -max(-60.0, min(60.0, self.weight))), 4)

    def reasons(self) -> tuple[str, ...]:
        """The agreements in words, what differs first."""
        order = sorted(self.agreements, key=lambda a: a.level is Level.EXACT)
        return tuple(a.words for a in order if a.level is not Level.MISSING)


@lru_cache(maxsize=65536)
def _name_bits(given: Name, family: Name) -> float:
    """Bits that a full agreement of both names is worth against a stranger.

    From the number of namesakes expected on the whole PDS, whatever their age.
    """
    share = max(expected_namesakes(given, family) / BIRTHS_A_DAY, 1e-12)
    return min(float(WEIGHTS["names"]["most"]), -math.log2(share))


def _missing(field: str, words: str) -> Agreement:
    return Agreement(field, Level.MISSING, f"no {words} to compare")


def _compare_names(question: Demographics, patient: PdsPatient) -> tuple[Agreement, Agreement]:
    """Given and family name against each name on the record; the best name counts, as a pair."""
    given, family = question.given.value, question.family.value
    missing = (_missing("given", "given name"), _missing("family", "family name"))
    if given is None or family is None or not patient.names:
        return missing
    best, best_worth = missing, -math.inf
    for name in patient.names:
        if not name.family and not name.given:
            continue
        if name.family and name.given and names_swapped(given, family, name.given, name.family):
            pair = (
                Agreement("given", Level.EXACT, "given and family name are exchanged"),
                Agreement("family", Level.EXACT, "given and family name are exchanged"),
            )
        else:
            pair = (compare_given(given, name.given), compare_family(family, name.family))
        if name.use in {"old", "maiden"}:
            # A record's former name agreeing is as good as its present one, but worth saying.
            words = "the family name is a former one on the record"
            pair = (pair[0], Agreement("family", pair[1].level, words))
        worth = sum(WEIGHTS[a.field]["stranger"].get(str(a.level), 0.0) for a in pair)
        if worth > best_worth:
            best, best_worth = pair, worth
    return best


def _compare(
    question: Demographics, patient: PdsPatient, postcode_known: bool
) -> tuple[Agreement, ...]:
    given, family = _compare_names(question, patient)
    born, gender = question.birth_date.value, question.gender.value
    postcode, phone, email = question.postcode.value, question.phone.value, question.email.value
    at = _missing("postcode", "postcode")
    if patient.security is not Security.UNRESTRICTED:
        at = Agreement("postcode", Level.MISSING, "the record does not show where the child lives")
    elif postcode:
        at = compare_postcode(postcode, [a.postcode for a in patient.addresses if a.postcode])
        if postcode_known and at.level is not Level.EXACT:
            words = "the postcode is one where the child has lived"
            at = Agreement("postcode", Level.VARIANT, words)
    return (
        given,
        family,
        compare_birth_date(born, patient.birth_date)
        if born
        else _missing("birth_date", "date of birth"),
        compare_gender(gender, patient.gender) if gender else _missing("gender", "gender"),
        at,
        compare_phone(phone, patient.phones) if phone else _missing("phone", "telephone number"),
        compare_email(email, patient.emails) if email else _missing("email", "e-mail address"),
    )


def weigh(
    question: Demographics,
    patient: PdsPatient,
    *,
    only_one: bool,
    held_number: bool = False,
    postcode_known: bool = False,
) -> Evidence:
    """Compare a returned person with the question.

    ``only_one``: a search without the postcode said that nobody else fits the names and date.
    ``held_number``: the person was read by the number held, not searched for.
    ``postcode_known``: the source found the person by the question's postcode, so it is one of
    theirs even when the record shows another (former addresses are searched, not shown).
    """
    agreements = _compare(question, patient, postcode_known)
    given, birth = agreements[0], agreements[2]

    def bits(doubt: str) -> float:
        total = 0.0
        for agreement in agreements:
            table = WEIGHTS[agreement.field].get(doubt, {})
            total += table.get(str(agreement.level), 0.0)
        return total

    prior = WEIGHTS["prior"]
    stranger = bits("stranger") - math.log2(prior["population"])
    if question.given.value and question.family.value and given.level is not Level.MISSING:
        stranger += _name_bits(question.given.value, question.family.value)
    if only_one:
        stranger += prior["only_one"]
    if held_number:
        stranger += prior["held_number"]
    relative = bits("relative") + prior["relative"]
    if patient.multiple_birth is not None and 1 <= patient.multiple_birth <= 7:
        table, as_twin = WEIGHTS["birth_date"]["relative"], WEIGHTS["birth_date"]["twin"]
        level = str(birth.level)
        if level in as_twin:
            relative += as_twin[level] - table[level]
    return Evidence(patient, agreements, stranger, relative)
