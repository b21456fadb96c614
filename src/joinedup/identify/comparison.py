"""What an agency holds about a child against what the source of truth holds, field by field.

Pure: it takes both sides and asks nobody. A field is different only when both sides have it and it
is not the same once writing is set aside (capitals, accents, hyphens, how a postcode, a date or a
telephone number is written). A field that a protected record withholds is neither different nor
missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from joinedup.pds.patient import PdsAddress, PdsName, PdsPatient, Security
from joinedup.people.address import Address, address_from_lines
from joinedup.people.agreement import Agreement, Level
from joinedup.people.checked import Quality
from joinedup.people.compare import (
    compare_birth_date,
    compare_email,
    compare_family,
    compare_gender,
    compare_given,
    compare_histories,
    compare_phone,
    compare_postcode,
    names_swapped,
)
from joinedup.people.demographics import Demographics
from joinedup.people.gender import Gender
from joinedup.people.names import Name, plain_words
from joinedup.people.placeholders import is_placeholder_name

COMPARED = (
    "nhs_number", "given", "family", "birth_date", "gender", "postcode", "phone", "email",
)  # fmt: skip
"""The fields compared, as the national prototype has them."""

_LOCATING = frozenset({"postcode", "phone", "email"})
_WORDS = {
    "nhs_number": "NHS number",
    "given": "given name",
    "family": "family name",
    "birth_date": "date of birth",
    "gender": "gender",
    "postcode": "postcode",
    "phone": "telephone number",
    "email": "e-mail address",
}
_FORMER = frozenset({"old", "maiden"})
_LIVED_AT = frozenset({"home", "temp"})  # a place of work or of billing is no child's home


class Sameness(StrEnum):
    """Whether two addresses are one, in the words of the national prototype."""

    MATCHED = "Matched"
    UNMATCHED = "Unmatched"
    UNCERTAIN = "Uncertain"
    """Too little is written on one side to be sure."""
    NO_COMPARISON = "NoComparison"
    """One side has none, or the source withholds it."""


_SAMENESS = {
    Level.EXACT: Sameness.MATCHED,
    Level.POSSIBLE: Sameness.UNCERTAIN,
    Level.DIFFERENT: Sameness.UNMATCHED,
    Level.MISSING: Sameness.NO_COMPARISON,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One child's details against one record.

    ``differing`` names the fields that differ: those of ``COMPARED``, and ``address`` when the
    postcode does not differ and the rest of the home does. ``missing_nhs`` names those that the
    record lacks, ``withheld`` those that it does not show because it is protected. ``words`` say
    what differs, and hold no personal data.
    """

    differing: tuple[str, ...] = ()
    missing_nhs: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    primary_address: Sameness = Sameness.NO_COMPARISON
    histories: Sameness = Sameness.NO_COMPARISON
    words: tuple[str, ...] = ()


def missing_local(question: Demographics) -> tuple[str, ...]:
    """Name the fields of ``COMPARED`` that the agency does not hold; a wrong value is held."""
    return tuple(name for name in COMPARED if _not_held(question, name))


def compare_held(question: Demographics, patient: PdsPatient, today: date) -> Comparison:
    """Compare what is held with a record; ``today`` tells current names and addresses."""
    now = [a for a in patient.addresses if a.use in _LIVED_AT and _current(a, today)]
    has = _shown(patient, now, today)
    agreements = _agreements(question, patient, now, today)
    differing: list[str] = []
    words: list[str] = []
    for name in COMPARED:
        found = agreements[name]
        if getattr(question, name).quality is Quality.INVALID and name in has:
            # What cannot be read as such a value is not the value that the source has.
            found = Agreement(name, Level.DIFFERENT, f"the {_WORDS[name]} held cannot be used")
        if found.level not in (Level.EXACT, Level.MISSING):
            differing.append(name)
            words.append(found.words)
    lacking = [name for name in COMPARED if name not in has]
    protected = patient.security is not Security.UNRESTRICTED
    hides_all = patient.security is Security.VERY_RESTRICTED
    withheld = [name for name in lacking if hides_all or (protected and name in _LOCATING)]
    if withheld:
        hidden = "who the child is or where they live" if hides_all else "where the child lives"
        words.append(f"the record does not show {hidden}")
    lived = [a for a in patient.addresses if a.use in _LIVED_AT]
    mine = _held_addresses(question)
    primary = compare_histories(mine[:1], _addresses(now))
    at = _SAMENESS[primary.level]
    if at is Sameness.UNMATCHED and "postcode" not in differing:
        differing.append("address")
        words.append(f"address: {primary.words}")
    elif at is Sameness.UNCERTAIN and mine[0].lines:  # a postcode alone says nothing more
        words.append(f"address: {primary.words}")
    return Comparison(
        differing=tuple(differing),
        missing_nhs=tuple(name for name in lacking if name not in withheld),
        withheld=tuple(withheld),
        primary_address=at,
        histories=_SAMENESS[compare_histories(mine, _addresses(lived)).level],
        words=tuple(words),
    )


def _not_held(question: Demographics, name: str) -> bool:
    check = getattr(question, name)
    if name == "postcode" and check.quality is Quality.NOT_PROVIDED:
        return _postcode(question) is None
    return check.quality is Quality.NOT_PROVIDED or check.value is Gender.UNKNOWN


def _postcode(question: Demographics) -> str | None:
    """The postcode held, if need be that of the newest address in the history."""
    if question.postcode.quality is not Quality.NOT_PROVIDED:
        return question.postcode.value
    history = question.address_history.value
    return history[0].postcode or None if history else None


def _shown(patient: PdsPatient, now: Sequence[PdsAddress], today: date) -> frozenset[str]:
    """The fields that the record has a value for."""
    names = _current_names(patient, today)
    has = {
        "nhs_number": True,
        "given": any(map(_given, names)),
        "family": any(name.family for name in names),
        "birth_date": patient.birth_date is not None,
        "gender": patient.gender not in (None, "unknown"),
        "postcode": any(address.postcode for address in now),
        "phone": bool(patient.phones),
        "email": bool(patient.emails),
    }
    return frozenset(name for name, there in has.items() if there)


def _agreements(
    question: Demographics, patient: PdsPatient, now: Sequence[PdsAddress], today: date
) -> dict[str, Agreement]:
    found = {name: Agreement(name, Level.MISSING, "") for name in COMPARED}
    found["given"], found["family"] = _names(question, patient, today)
    if number := question.nhs_number.value:
        level = Level.EXACT if number == patient.nhs_number else Level.DIFFERENT
        words = "the NHS number held is not the number of this record"
        found["nhs_number"] = Agreement("nhs_number", level, words)
    if born := question.birth_date.value:
        found["birth_date"] = compare_birth_date(born, patient.birth_date)
    if gender := question.gender.value:
        found["gender"] = compare_gender(gender, patient.gender)
    if postcode := _postcode(question):
        codes = [address.postcode for address in now if address.postcode]
        found["postcode"] = compare_postcode(postcode, codes)
    if phone := question.phone.value:
        found["phone"] = compare_phone(phone, patient.phones)
    if email := question.email.value:
        found["email"] = compare_email(email, patient.emails)
    return found


def _names(question: Demographics, patient: PdsPatient, today: date) -> tuple[Agreement, Agreement]:
    """Given and family name against the current name that they fit best."""
    pairs = [_pair(question, name) for name in _current_names(patient, today)]
    if not pairs:
        return Agreement("given", Level.MISSING, ""), Agreement("family", Level.MISSING, "")
    # The first of the best: the usual name stands first.
    given, family = min(
        pairs, key=lambda pair: sum(a.level not in (Level.EXACT, Level.MISSING) for a in pair)
    )
    asked = question.family.value
    if asked and family.level not in (Level.EXACT, Level.MISSING):
        former = [n for n in patient.names if n.use in _FORMER or not _current(n, today)]
        if any(compare_family(asked, name.family).level is Level.EXACT for name in former):
            words = "the family name is a former one on the record"
            family = Agreement("family", Level.VARIANT, words)
    return given, family


def _pair(question: Demographics, name: PdsName) -> tuple[Agreement, Agreement]:
    given, family, held = question.given.value, question.family.value, _given(name)
    if given and family and names_swapped(given, family, held, name.family):
        words = "given and family name are exchanged"
        return Agreement("given", Level.SWAPPED, words), Agreement("family", Level.SWAPPED, words)
    nothing = Agreement("given", Level.MISSING, ""), Agreement("family", Level.MISSING, "")
    return (
        _alike(compare_given(given, held), given, held) if given else nothing[0],
        _alike(compare_family(family, name.family), family, [name.family or ""])
        if family
        else nothing[1],
    )


def _alike(found: Agreement, asked: Name, held: Sequence[str]) -> Agreement:
    """The same letters with a space or hyphen elsewhere are the same name."""
    letters = "".join(word for part in held for word in plain_words(part))
    if letters and letters == "".join(asked.words):
        return Agreement(found.field, Level.EXACT, found.words)
    return found


def _given(name: PdsName) -> list[str]:
    """The given names; a newborn's "Baby" is none."""
    return [given for given in name.given if not is_placeholder_name("given", given)]


def _current_names(patient: PdsPatient, today: date) -> list[PdsName]:
    names = [n for n in patient.names if n.use not in _FORMER and _current(n, today)]
    return sorted(names, key=lambda name: name.use != "usual")


def _current(dated: PdsName | PdsAddress, today: date) -> bool:
    """Whether the period has begun and has not ended. A FHIR date may be a year or a month, and
    ends with the last day of it."""
    now = today.isoformat()
    start, end = (dated.start or "")[:10], (dated.end or "")[:10]
    return start <= now[: len(start)] and (not end or end >= now[: len(end)])


def _held_addresses(question: Demographics) -> list[Address]:
    """The addresses that the agency holds, where the child lives now first.

    That is the newest of the history with the postcode held; a postcode that the history lacks is
    an address of which no more is known.
    """
    history = list(question.address_history.value or ())
    postcode = _postcode(question)
    if postcode is None:
        return history
    home = next((a for a in history if a.postcode == postcode), None)
    return [home or Address((), postcode=postcode), *(a for a in history if a is not home)]


def _addresses(held: Sequence[PdsAddress]) -> list[Address]:
    return [address_from_lines(address.lines, address.postcode) for address in held]
