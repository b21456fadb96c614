"""What linking compares: the columns that every engine reads, prepared once by ``people``."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from joinedup.people.address import Address
from joinedup.people.demographics import Demographics
from joinedup.people.gender import Gender
from joinedup.people.keys import soundex
from joinedup.people.listed import name_tokens, shared_given
from joinedup.people.names import Name, plain_words

EPOCH = date(1970, 1, 1)


class LinkRecord(NamedTuple):
    """One record of one child, as columns. ``None`` or ``()`` means that nothing is known.

    ``source`` and ``id`` name the record: the system that holds it and its own number there.
    Names are upper-case plain letters, hyphens and spaces taken out. ``given_forms`` and
    ``family_forms`` hold tokens of which two records share one when the names are forms of one
    name (``people.listed.name_tokens``); ``given_words`` and ``family_words`` hold every single
    word of every name given, other and former names too, but no given name that brothers or sisters
    often share (Muhammad, Kaur). ``birth_date`` is ISO text,
    ``birth_swapped`` the same with day and month exchanged when that is a date (else ``None``),
    ``birth_day`` days since 1970. ``postcodes`` and ``homes`` are the current one first, then the
    former; a home is number, street and postcode. ``upns`` and ``nhs_numbers`` hold the current
    identifier first, then former or superseded ones.
    """

    source: str
    id: str
    given: str | None = None
    given_forms: tuple[str, ...] = ()
    given_words: tuple[str, ...] = ()
    given_sound: str | None = None
    family: str | None = None
    family_forms: tuple[str, ...] = ()
    family_words: tuple[str, ...] = ()
    family_sound: str | None = None
    birth_date: str | None = None
    birth_swapped: str | None = None
    birth_day: int | None = None
    gender: str | None = None
    postcode: str | None = None
    postcodes: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()
    phone: str | None = None
    email: str | None = None
    upns: tuple[str, ...] = ()
    nhs_numbers: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: str, id: str, child: Demographics) -> "LinkRecord":
        """Prepare one child's details; fields that are missing or invalid are left empty."""
        given, given_forms, given_words, given_sound = given_columns(child.given.value)
        family, family_forms, family_words, family_sound = family_columns(child.family.value)
        birth_date, birth_swapped, birth_day = birth_columns(child.birth_date.value)
        postcode, postcodes, homes = home_columns(
            child.postcode.value, child.address_history.value or ()
        )
        return cls(
            source, id,
            given, given_forms, given_words, given_sound,
            family, family_forms, family_words, family_sound,
            birth_date, birth_swapped, birth_day,
            gender_column(child.gender.value),
            postcode, postcodes, homes,
            child.phone.value, child.email.value,
            (child.upn.value,) if child.upn.value else (),
            (child.nhs_number.value,) if child.nhs_number.value else (),
        )  # fmt: skip


LIST_COLUMNS = frozenset(
    name for name, kind in LinkRecord.__annotations__.items() if kind == tuple[str, ...]
)

Names = tuple[str | None, tuple[str, ...], tuple[str, ...], str | None]
_NO_NAMES: Names = (None, (), (), None)


def given_columns(name: Name | None) -> Names:
    """Give ``given``, ``given_forms``, ``given_words`` and ``given_sound`` of given names."""
    return _name_columns("given", name) if name is not None else _NO_NAMES


def family_columns(name: Name | None) -> Names:
    """Give ``family``, ``family_forms``, ``family_words`` and ``family_sound`` of a name."""
    return _name_columns("family", name) if name is not None else _NO_NAMES


@lru_cache(maxsize=100_000)
def _name_columns(kind: str, name: Name) -> Names:
    if not name.words:
        return _NO_NAMES
    first = plain_words(name.first) if kind == "given" else name.words
    whole = "".join(first or name.words)
    known = [plain_words(other) for other in name.known_as]
    forms = dict.fromkeys(
        token for one in (whole, *map("".join, known)) for token in name_tokens(kind, one)
    )
    words = dict.fromkeys((*name.words, *(word for other in known for word in other)))
    if kind == "given":
        words = dict.fromkeys(word for word in words if word not in shared_given())
    return whole, tuple(forms), tuple(words), soundex(whole) or None


@lru_cache(maxsize=20_000)
def birth_columns(born: date | None) -> tuple[str | None, str | None, int | None]:
    """Give ``birth_date``, ``birth_swapped`` and ``birth_day``."""
    if born is None:
        return None, None, None
    swapped = f"{born.year:04d}-{born.day:02d}-{born.month:02d}" if born.day <= 12 else None
    return born.isoformat(), swapped, (born - EPOCH) // timedelta(days=1)


def gender_column(gender: Gender | None) -> str | None:
    """Give ``gender``: male or female; anything else says too little to compare."""
    return str(gender) if gender in {Gender.MALE, Gender.FEMALE} else None


def home_columns(
    postcode: str | None, history: Sequence[Address]
) -> tuple[str | None, tuple[str, ...], tuple[str, ...]]:
    """Give ``postcode``, ``postcodes`` and ``homes`` of the current postcode and the history."""
    postcode = postcode or next((a.postcode for a in history if a.postcode), None)
    postcodes = dict.fromkeys(filter(None, (postcode, *(a.postcode for a in history))))
    homes = dict.fromkeys(
        f"{a.flat} {a.number} {a.street} {a.postcode}".strip()
        for a in history
        if a.street and a.postcode
    )
    return postcode, tuple(postcodes), tuple(homes)
