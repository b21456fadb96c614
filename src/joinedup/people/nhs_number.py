"""The NHS number: ten digits, the last of them a check."""

import re

from joinedup.people.cell import TooLong, tidy
from joinedup.people.checked import Checked, Quality
from joinedup.people.placeholders import is_placeholder

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212.]")
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_POINT_ZERO = re.compile(r"[0-9]{10}[.,]0+")
_DIGITS = re.compile(r"[0-9]+")
_WEIGHTS = tuple(range(10, 1, -1))

_SCIENTIFIC_REASON = (
    "was turned into a rounded number by a spreadsheet (such as 9.99E+09) and its digits are "
    "lost: format the column as text and export again"
)
_ZERO_REASON = "had a .0 added by a spreadsheet, which was taken off: format the column as text"


def check_digit(nine: str) -> int | None:
    """Give the check digit of nine digits by modulus 11, or ``None`` when they cannot be used.

    NHS Data Dictionary, NHS NUMBER: weights 10 down to 2, 11 less the remainder; 11 becomes 0 and
    10 is never issued.
    """
    total = sum(weight * (ord(digit) - 48) for weight, digit in zip(_WEIGHTS, nine, strict=True))
    check = (11 - total % 11) % 11
    return None if check == 10 else check


def _sums(weights: tuple[int, int, int]) -> dict[str, int]:
    """The weighted sum of every three digits, so that a number takes four look-ups."""
    one, two, three = weights
    return {
        f"{n:03d}": one * (n // 100) + two * (n // 10 % 10) + three * (n % 10) for n in range(1000)
    }


_HUNDREDS, _MIDDLE, _UNITS = _sums((10, 9, 8)), _sums((7, 6, 5)), _sums((4, 3, 2))
_CHECKS = {str(digit): digit for digit in range(10)}


def well_formed(text: str) -> bool:
    """Say whether text is ten digits of which the last is the right check digit, and no more."""
    try:
        # The check digit counts once: all ten digits together leave nothing over.
        total = _HUNDREDS[text[:3]] + _MIDDLE[text[3:6]] + _UNITS[text[6:9]] + _CHECKS[text[9:]]
    except KeyError:  # some of it is no digit, or it is too long or short
        return False
    return total % 11 == 0


def is_plain_nhs_number(text: str) -> bool:
    """Say, fast, whether ``read_nhs_number`` would give text as it is; "no" may mean "perhaps"."""
    return well_formed(text) and text != text[0] * 10


def read_nhs_number(raw: str | None) -> Checked[str]:
    """Read an NHS number to ten digits without spaces."""
    try:
        text = tidy(raw, 60)
    except TooLong:
        return Checked.invalid("is far longer than an NHS number, which has 10 digits")
    if text is None:
        return Checked.missing()
    if is_placeholder("nhs_number", text):
        return Checked(
            None,
            Quality.NOT_PROVIDED,
            "says that the number is not known",
            frozenset({"placeholder"}),
        )
    reason = ""
    if _POINT_ZERO.fullmatch(text):
        text, reason = text[:10], _ZERO_REASON
    elif _SCIENTIFIC.fullmatch(text):
        return Checked.invalid(_SCIENTIFIC_REASON)
    digits = _SEPARATORS.sub("", text)
    if not _DIGITS.fullmatch(digits):
        return Checked.invalid("holds something other than digits: an NHS number is 10 digits")
    if len(digits) != 10:
        return Checked.invalid(
            f"has {len(digits)} digits: an NHS number has 10"
            + (" (a spreadsheet may have dropped a leading zero)" if len(digits) == 9 else "")
        )
    # A run of one digit is what people type to get past a compulsory box; several such runs
    # satisfy the check digit.
    if digits == digits[0] * 10:
        return Checked.invalid(
            "is one digit ten times, which stands for no number: leave it empty when not known",
            frozenset({"placeholder"}),
        )
    if check_digit(digits[:9]) != int(digits[9]):
        return Checked.invalid("fails its check digit: a digit is wrong or two are swapped")
    return Checked.valid(digits, *_range(digits, reason))


def _range(digits: str, reason: str) -> tuple[str, frozenset[str]]:
    """Say what the range tells: test numbers, and numbers that other nations issue.

    Ranges as published with the NHS number library of NHS Wales: 999 is kept for tests, Scotland's
    CHI begins with a date of birth (up to 311299), Northern Ireland's H&C is 320 to 399.
    """
    if digits.startswith("999"):
        return reason or "is in the range kept for test patients", frozenset({"test-range"})
    if digits < "3200000000":
        return reason or "is in Scotland's range of numbers", frozenset({"other-nation"})
    if digits < "4000000000":
        return reason or "is in Northern Ireland's range of numbers", frozenset({"other-nation"})
    return reason, frozenset()
