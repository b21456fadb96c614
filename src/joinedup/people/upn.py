"""The Unique Pupil Number: a check letter and twelve more characters."""

import re
from operator import mul

from joinedup.people.cell import TooLong, tidy
from joinedup.people.checked import Checked, Quality
from joinedup.people.placeholders import is_placeholder

# DfE, Unique pupil numbers guide: I, O and S are never used; the order gives each letter's value.
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_VALUES = {str(digit): digit for digit in range(10)} | {
    letter: place for place, letter in enumerate(_LETTERS)
}
_SHAPE = re.compile(rf"[{_LETTERS}][0-9]{{11}}[0-9{_LETTERS}]")
_SEPARATORS = re.compile(r"[\s\-]")
# DfE's returns say why a UPN is not known in its place: UN1 (too young), UN3 (abroad)...
_UNKNOWN = re.compile(r"UN(?:[1-9]|10)")


def check_letter(twelve: str) -> str:
    """Give the check letter of a UPN's other twelve characters.

    DfE, Unique pupil numbers guide: characters 2 to 13 weighted 2 to 13, sum modulo 23; the letter
    that ends a temporary number counts by its place in the list of letters.
    """
    return _LETTERS[sum(map(mul, range(2, 14), map(_VALUES.__getitem__, twelve))) % 23]


def _sums(weight: int) -> dict[str, int]:
    """The weighted sum of every three digits, so that a number takes four look-ups."""
    return {
        f"{n:03d}": weight * (n // 100) + (weight + 1) * (n // 10 % 10) + (weight + 2) * (n % 10)
        for n in range(1000)
    }


_SUMS_2, _SUMS_5, _SUMS_8, _SUMS_11 = map(_sums, (2, 5, 8, 11))


def is_plain_upn(text: str) -> bool:
    """Say, fast, whether text is a permanent UPN as ``read_upn`` gives it."""
    try:
        total = _SUMS_2[text[1:4]] + _SUMS_5[text[4:7]] + _SUMS_8[text[7:10]] + _SUMS_11[text[10:]]
    except KeyError:  # some of it is no digit, or it is too long or short
        return False
    return text[0] == _LETTERS[total % 23]


def read_upn(raw: str | None) -> Checked[str]:
    """Read a UPN to thirteen upper-case characters."""
    if raw is not None and is_plain_upn(raw):
        return Checked.valid(raw)
    try:
        text = tidy(raw, 60)
    except TooLong:
        return Checked.invalid("is far longer than a UPN, which has 13 characters")
    if text is None:
        return Checked.missing()
    if is_placeholder("upn", text):
        return Checked(
            None,
            Quality.NOT_PROVIDED,
            "says that the number is not known",
            frozenset({"placeholder"}),
        )
    upn = _SEPARATORS.sub("", text).upper()
    if _UNKNOWN.fullmatch(upn):
        return Checked.missing("says that the child has no UPN, or why it is not known")
    if len(upn) != 13:
        return Checked.invalid(f"has {len(upn)} characters: a UPN has 13")
    if not _SHAPE.fullmatch(upn):
        return Checked.invalid(
            "is not a letter, eleven digits and a digit (or, when temporary, a letter); "
            "the letters I, O and S are never used"
        )
    if check_letter(upn[1:]) != upn[0]:
        return Checked.invalid(
            "has the wrong check letter: a character is wrong or two are swapped"
        )
    if upn[12].isalpha():
        return Checked.valid(
            upn,
            "is a temporary number: it changes when the school learns the permanent one",
            frozenset({"temporary-upn"}),
        )
    return Checked.valid(upn)
