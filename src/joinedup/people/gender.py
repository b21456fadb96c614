"""Gender codes of health, education and social care, as FHIR's four."""

from enum import StrEnum

from joinedup.people.cell import TooLong, tidy
from joinedup.people.checked import Checked


class Gender(StrEnum):
    """FHIR R4 administrative gender."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


# NHS Data Dictionary, Person Stated Gender Code: 1, 2, 9, X and 0 (not known).
# DfE, Common Basic Data Set, sex: M, F, U (unborn or unknown), I (indeterminate).
_WORDS = {
    Gender.MALE: "1 m male boy man b",
    Gender.FEMALE: "2 f female girl woman g",
    Gender.OTHER: "i other indeterminate non-binary nonbinary o",
    Gender.UNKNOWN: "0 9 u x unknown unk unborn unspecified undisclosed ?",
}
_PHRASES = {
    Gender.OTHER: ("non binary", "indeterminate sex"),
    Gender.UNKNOWN: (
        "not known", "not specified", "not stated", "not recorded", "not provided", "not given",
        "prefer not to say", "n/a",
    ),
}  # fmt: skip
_GENDERS = {word: gender for gender, words in _WORDS.items() for word in words.split()}
_GENDERS |= {phrase: gender for gender, phrases in _PHRASES.items() for phrase in phrases}
# A column of whole numbers with gaps comes out of a spreadsheet as 1.0 and 2.0; files of
# fixed-width codes carry 01 and 02.
for _code in "0129":
    _GENDERS[f"{_code}.0"] = _GENDERS[f"0{_code}"] = _GENDERS[_code]

_READ = {gender: Checked.valid(gender) for gender in Gender}
_MISSING: Checked[Gender] = Checked.missing()
_INVALID: Checked[Gender] = Checked.invalid(
    "is not a gender code that is known here: use 1, 2, 0, 9, M, F, U, I, X or a word such as "
    "female, male, other or unknown"
)


def read_gender(raw: str | None) -> Checked[Gender]:
    """Read a gender code or word; "not known" and "not specified" are a valid ``UNKNOWN``."""
    try:
        text = tidy(raw, 60)
    except TooLong:
        return _INVALID
    if text is None:
        return _MISSING
    gender = _GENDERS.get(text.lower())
    return _INVALID if gender is None else _READ[gender]
