"""Reading a search's query parameters, with the Spine's checks in the Spine's order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from joinedup.pds.emulator import problems
from joinedup.pds.emulator.forms import (
    ALWAYS,
    day_number,
    email_form,
    name_form,
    phone_form,
    postcode_form,
    postcode_text,
)
from joinedup.people.keys import soundex

PARAMETERS = frozenset(
    {
        "_fuzzy-match", "_exact-match", "_history", "_max-results",
        "family", "given", "gender", "birthdate", "death-date",
        "address-postalcode", "address-postcode", "general-practitioner", "email", "phone",
    }
)  # fmt: skip
_REPEATABLE = frozenset({"given", "birthdate", "death-date"})
_GENDERS = frozenset({"male", "female", "other", "unknown"})
_DATE = re.compile(r"(eq|ge|le)?([0-9]{4}-[0-9]{2}-[0-9]{2})")
_LONGEST_NAME = 35
_MOST_RESULTS = 50


@dataclass(frozen=True, slots=True)
class Pattern:
    """A value asked for, which may carry ``*``; ``text`` is upper case.

    ``prefix`` is what comes before the first ``*`` (the whole text if there is none).
    """

    text: str
    prefix: str
    expression: re.Pattern[str] | None = None

    @classmethod
    def of(cls, text: str) -> "Pattern":
        prefix, star, _ = text.partition("*")
        if not star:
            return cls(text, text)
        parts = map(re.escape, text.split("*"))
        return cls(text, prefix, re.compile(".*".join(parts), re.DOTALL))

    @property
    def wild(self) -> bool:
        return self.expression is not None

    def fits(self, held: str) -> bool:
        if self.expression is None:
            return held == self.text
        return self.expression.fullmatch(held) is not None


@dataclass(frozen=True, slots=True)
class Question:
    """One search, understood. Ranges of days are inclusive; None means not asked."""

    born: tuple[int, int]
    family: Pattern | None = None
    given: Pattern | None = None
    other_given: tuple[str, ...] = ()
    gender: str | None = None
    died: tuple[int, int] | None = None
    postcode: Pattern | None = None
    postcode_text: str = ""  # the form that is scored
    practice: str | None = None
    email: str | None = None
    phone: str | None = None
    fuzzy: bool = False
    exact: bool = False
    history: bool = False
    max_results: int = _MOST_RESULTS
    family_sound: str = ""
    given_sound: str = ""

    @property
    def by_location(self) -> bool:
        """A postcode or practice was sent: restricted people are then never found."""
        return self.postcode is not None or self.practice is not None

    @property
    def kind(self) -> str:
        """A short name for statistics."""
        if self.fuzzy:
            what = "fuzzy"
        elif any(p is not None and p.wild for p in (self.family, self.given, self.postcode)):
            what = "wildcard"
        else:
            what = "plain"
        if self.history and not self.fuzzy:
            what += "-history"
        return what if self.born[0] == self.born[1] else f"{what}-range"


def read_question(params: Sequence[tuple[str, str]]) -> Question:
    """Give the question, or raise the ``Problem`` that the Spine would answer with."""
    if not params:
        raise problems.unsupported_service()
    asked: dict[str, list[str]] = {}
    for name, value in params:
        asked.setdefault(name, []).append(value)
    unexpected = [name for name in asked if name not in PARAMETERS]
    if unexpected:
        raise problems.additional_properties(unexpected)

    born = _days(asked.get("birthdate"), "birthdate")
    died = _days(asked.get("death-date"), "death-date")
    # C9: other malformed values are refused after the dates and before what is missing.
    for name, values in asked.items():
        if len(values) > 1 and name not in _REPEATABLE:
            raise problems.invalid_value(values[1], name)
    gender = _one(asked, "gender")
    if gender is not None and gender.lower() not in _GENDERS:
        raise problems.invalid_value(gender, "gender")
    fuzzy, exact, history = (
        _flag(asked, f"_{n}") for n in ("fuzzy-match", "exact-match", "history")
    )
    max_results = _max_results(asked)
    if "address-postalcode" in asked and "address-postcode" in asked:
        raise problems.invalid_search_data("address-postcode")
    postcode = _one(asked, "address-postalcode")
    if postcode is None:
        postcode = _one(asked, "address-postcode")
    practice, email, phone = (_one(asked, n) for n in ("general-practitioner", "email", "phone"))

    if born is None:
        raise problems.missing_birth_date()
    family, given = _one(asked, "family"), asked.get("given") or []
    if fuzzy:
        if not _fuzzy_minimum(family, given, gender, postcode):
            raise problems.below_fuzzy_minimum()
    elif family is None:
        raise problems.below_minimum()

    family_pattern = _name(family, "name.family", fuzzy)
    given_patterns = [_name(value, "name.given", fuzzy) for value in given]
    postcode_pattern = _postcode(postcode, fuzzy)
    first = given_patterns[0] if given_patterns else None
    return Question(
        born=born,
        family=family_pattern,
        given=first,
        other_given=tuple(pattern.text for pattern in given_patterns[1:] if pattern),
        gender=gender.lower() if gender else None,
        died=died,
        postcode=postcode_pattern,
        postcode_text=_scored_postcode(postcode, postcode_pattern),
        practice=practice.upper() if practice else None,
        email=email_form(email) if email else None,
        phone=phone_form(phone) if phone else None,
        fuzzy=fuzzy,
        exact=exact,
        history=history,
        max_results=max_results,
        family_sound=soundex(family_pattern.text) if fuzzy and family_pattern else "",
        given_sound=soundex(first.text) if fuzzy and first else "",
    )


def _one(asked: dict[str, list[str]], name: str) -> str | None:
    values = asked.get(name)
    if values is None:
        return None
    value = values[0].strip()
    if not value and name != "family":  # a blank name is refused with the names (C9)
        raise problems.invalid_value(values[0], name)
    return value


def _flag(asked: dict[str, list[str]], name: str) -> bool:
    value = _one(asked, name)
    if value is None or value.lower() == "false":
        return False
    if value.lower() != "true":
        raise problems.invalid_value(value, name)
    return True


def _max_results(asked: dict[str, list[str]]) -> int:
    value = _one(asked, "_max-results")
    if value is None:
        return _MOST_RESULTS
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= _MOST_RESULTS):
        raise problems.invalid_value(value, "_max-results")
    return int(value)


def _days(values: list[str] | None, field: str) -> tuple[int, int] | None:
    """The days that satisfy every value given."""
    if values is None:
        return None
    low, high = ALWAYS
    for value in values:
        found = _DATE.fullmatch(value)
        try:
            day = day_number(date.fromisoformat(found[2])) if found else 0
        except ValueError:  # the 30th of February
            day = 0
        if not found or not day:
            raise problems.invalid_value(value, field)
        if found[1] != "le":
            low = max(low, day)
        if found[1] != "ge":
            high = min(high, day)
    return low, high


def _fuzzy_minimum(
    family: str | None, given: list[str], gender: str | None, postcode: str | None
) -> bool:
    """{given, family}, or {family or given, gender, postcode}; a birth date is there already."""
    if family and given:
        return True
    return bool((family or given) and gender and postcode)


def _name(value: str | None, field: str, fuzzy: bool) -> Pattern | None:
    if value is None:
        return None
    text = name_form(value)
    if not text or len(text) > _LONGEST_NAME:
        raise problems.invalid_search_data(field)  # C2
    return _pattern(text, field, fuzzy)


def _postcode(value: str | None, fuzzy: bool) -> Pattern | None:
    if value is None:
        return None
    return _pattern(postcode_form(value), "address.postalCode", fuzzy)


def _pattern(text: str, field: str, fuzzy: bool) -> Pattern:
    # C1: the documentation forbids these wildcards but does not show the error.
    if "*" in text and (fuzzy or "*" in text[:2]):
        raise problems.invalid_search_data(field)
    return Pattern.of(text)


def _scored_postcode(sent: str | None, pattern: Pattern | None) -> str:
    if sent is None or pattern is None:
        return ""
    # With a wildcard the text is scored as it was sent: recorded answers fit only so.
    return name_form(sent) if pattern.wild else postcode_text(pattern.text)
