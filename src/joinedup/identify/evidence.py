"""How well a person the source returned agrees with the child who was asked about.

The method is Fellegi and Sunter's (1969): each field's agreement is worth so many bits. Three
doubts are kept apart, because evidence against one says nothing of the others: a stranger of the
same name; a brother, sister or parent at the same address; and the child's own identity before or
after an adoption. ``weights.toml`` holds the figures.
"""

import math
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from rapidfuzz.distance import JaroWinkler

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
    family_elsewhere,
    given_beside,
    names_swapped,
)
from joinedup.people.demographics import Demographics
from joinedup.people.frequency import BIRTHS_A_DAY, expected_namesakes, family_share
from joinedup.people.keys import soundex
from joinedup.people.names import Name, plain_words
from joinedup.people.placeholders import is_placeholder_name

WEIGHTS: dict[str, Any] = tomllib.loads(
    files("joinedup.identify").joinpath("weights.toml").read_text("utf-8")
)

_NO_NAME = {Level.MISSING, Level.DIFFERENT, Level.POSSIBLE}

DOUBTS = ("stranger", "relative", "adopted")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One person compared with the question, field by field.

    ``stranger``, ``relative`` and ``adopted`` are bits in favour of this being the child, against
    each doubt.
    """

    patient: PdsPatient
    agreements: tuple[Agreement, ...]
    stranger: float
    relative: float
    adopted: float

    def level(self, field: str) -> Level:
        """How that field agrees."""
        return next(a.level for a in self.agreements if a.field == field)

    @property
    def weight(self) -> float:
        """Bits in favour against the strongest doubt."""
        return min(self.stranger, self.relative, self.adopted)

    @property
    def accepted(self) -> bool:
        """Strong enough against every doubt to give out the number.

        A record that shows no family name or no date of birth cannot be compared, only believed.
        """
        shown = self.patient.birth_date is not None and self.level("family") is not Level.MISSING
        return shown and all(getattr(self, doubt) >= WEIGHTS["accept"][doubt] for doubt in DOUBTS)

    @property
    def confidence(self) -> float:
        """The probability that ``weight`` stands for, four decimals."""
        return round(1 / (1 + 2 ** -max(-60.0, min(60.0, self.weight))), 4)

    def reasons(self) -> tuple[str, ...]:
        """The agreements in words, what differs first."""
        order = sorted(self.agreements, key=lambda a: a.level is Level.EXACT)
        words = tuple(a.words for a in order if a.level is not Level.MISSING)
        if self.adopted < WEIGHTS["accept"]["adopted"]:
            words += (
                "the record may be the child's under another identity, "
                "as when a record is replaced",
            )
        return words


@lru_cache(maxsize=50_000)
def _name_bits(given: Name | None, family: Name) -> float:
    """Bits that a full agreement of the names is worth against a stranger: the rarer, the more."""
    if given is None:
        share = sum(family_share(word) for word in family.words)
    else:
        share = expected_namesakes(given, family) / BIRTHS_A_DAY
    return min(float(WEIGHTS["names"]["most"]), -math.log2(max(share, 1e-12)))


def _alike(asked: Name, held: str | None) -> bool:
    """Whether a part of one family name looks or sounds like a part of the other.

    Looser than a close agreement: it only says that the name was written down badly, not changed.
    """
    return any(
        JaroWinkler.similarity(one, other) >= 0.75 or soundex(one) == soundex(other)
        for one in asked.words
        for other in plain_words(held or "")
    )


def _missing(field: str, words: str) -> Agreement:
    return Agreement(field, Level.MISSING, f"no {words} to compare")


def _compare_names(question: Demographics, patient: PdsPatient) -> tuple[Agreement, Agreement]:
    """Given and family name against each name on the record; the best name counts, as a pair."""
    given, family = question.given.value, question.family.value
    best = (_missing("given", "given name"), _missing("family", "family name"))
    best_worth = -math.inf
    for name in patient.names:
        if family is None or not name.family:
            continue
        held = [one for one in name.given if not is_placeholder_name("given", one)]
        if given is None or not held:
            # A newborn is "Baby" at first, in an agency's file or on the PDS.
            pair = (best[0], compare_family(family, name.family))
        elif names_swapped(given, family, held, name.family):
            words = "given and family name are exchanged"
            part = compare_given(family, held).level is Level.PART
            level = Level.PART if part else Level.EXACT
            pair = (Agreement("given", level, words), Agreement("family", Level.EXACT, words))
        else:
            pair = (compare_given(given, held), compare_family(family, name.family))
            if pair[1].level is Level.DIFFERENT:
                pair = (pair[0], family_elsewhere(given, family, held, name.family) or pair[1])
            families = (family.text, name.family)
            pair = (given_beside(pair[0], given, held, families), pair[1])
        if name.use in {"old", "maiden"}:
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


@dataclass(frozen=True, slots=True)
class Said:
    """What the source's answers said beyond the record that came back."""

    only_one: bool = False
    """A search without the postcode found nobody else with these names and date."""
    only_of_family: bool = False
    """A search by family name and date alone found nobody else."""
    held_number: bool = False
    """The person was read by the number held, not searched for."""
    postcode_known: bool = False
    """The source found the person by the question's postcode, so it is one of theirs even when the
    record shows another (former addresses are searched, not shown)."""
    no_rival: bool = False
    """A search for anybody of the family name and date at their home found only this person."""
    unnamed: bool = False
    """A search for a child of the given name asked at their home found nobody."""


_NOTHING = Said()


def weigh(question: Demographics, patient: PdsPatient, said: Said = _NOTHING) -> Evidence:
    """Compare a returned person with the question, in the light of what the searches said."""
    agreements = _compare(question, patient, said.postcode_known)
    given, family, birth, gender = agreements[:4]
    prior = WEIGHTS["prior"]

    def bits(doubt: str) -> float:
        return sum(
            float(WEIGHTS[agreement.field].get(doubt, {}).get(str(agreement.level), 0.0))
            for agreement in agreements
        )

    stranger = bits("stranger") - math.log2(prior["population"])
    if question.family.value and family.level is not Level.MISSING:
        # A given name that differs is worth nothing, however rare; the family name still is.
        known = question.given.value if given.level not in _NO_NAME else None
        if known or family.level is not Level.DIFFERENT:
            stranger += _name_bits(known, question.family.value)
    stranger += prior["only_of_family"] * said.only_of_family + prior["only_one"] * said.only_one
    stranger += prior["held_number"] * said.held_number
    if "first-of-january" in question.birth_date.flags:
        stranger += prior["first_of_january"]

    relative = bits("relative") + prior["relative"]
    if patient.multiple_birth is not None and 1 <= patient.multiple_birth <= 7:
        # The record is one of a multiple birth: there is a twin, whether or not a search shows one.
        table, twin = WEIGHTS["birth_date"]["relative"], WEIGHTS["birth_date"]["twin"]
        relative += twin.get(birth.level, table.get(birth.level, 0.0)) - table.get(birth.level, 0.0)
    elif said.unnamed and given.level is Level.POSSIBLE and gender.level is Level.EXACT:
        relative += prior["unnamed"]
    elif said.no_rival:
        relative += prior["no_rival"]

    # A number held and still valid joins nothing that was not joined before.
    adopted = bits("adopted") + prior["adopted"] + prior["held_number"] * said.held_number
    if family.level is Level.DIFFERENT and any(
        _alike(question.family.value, name.family)
        for name in patient.names
        if question.family.value
    ):
        adopted = prior["adopted"]
    return Evidence(patient, agreements, stranger, relative, adopted)
