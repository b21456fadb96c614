"""Identifiers that look right and belong to nobody."""

from array import array
from functools import lru_cache
from random import Random

from joinedup.people.upn import check_letter

# 9999999999 passes the check digit but is the NHS's own "several matched": never a person's.
_NOT_A_PERSON = 9999999999
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # DfE guidance: no I, O or S
# Ofcom keeps these numbers for drama, so nobody can be rung by mistake.
_PHONES = (
    ("07700 900", 1000), ("0113 496 0", 1000), ("0114 496 0", 1000), ("0115 496 0", 1000),
    ("0116 496 0", 1000), ("0117 496 0", 1000), ("0118 496 0", 1000), ("0121 496 0", 1000),
    ("0131 496 0", 1000), ("0141 496 0", 1000), ("0151 496 0", 1000), ("0161 496 0", 1000),
    ("020 7946 0", 1000), ("0191 498 0", 1000), ("01632 960", 1000),
)  # fmt: skip


@lru_cache(maxsize=1)
def spare_numbers() -> "array[int]":
    """Every NHS number from 999 000 0000 to 999 999 9999 that can be a test person's, in order.

    NHS England keeps this range for testing; the check digit is modulus 11 with weights 10 to 2,
    and a number whose check would be 10 is never issued.
    """
    found = array("q")
    for first_nine in range(999_000_000, 1_000_000_000):
        rest, total = first_nine, 0
        for weight in range(2, 11):
            rest, digit = divmod(rest, 10)
            total += weight * digit
        check = 11 - total % 11
        if check == 11:
            check = 0
        if check != 10:
            number = first_nine * 10 + check
            if number != _NOT_A_PERSON:
                found.append(number)
    return found


class NumberPlan:
    """Gives each block of children its own share of the numbers, so that workers never meet.

    ``of(block, nth)`` is the nth number of a block, as text. The order is scattered by the seed:
    brothers and sisters do not have neighbouring numbers. A large region's share is smaller than
    its block: whoever asks sees to it that ``nth`` stays below ``per_block``.
    """

    def __init__(self, blocks: int, block_children: int, seed: int) -> None:
        self._numbers = spare_numbers()
        size = len(self._numbers)
        # Room for everyone in a usual block: children, parents, other adults, numbers replaced.
        self.per_block = min(block_children * 4, size // blocks)
        rng = Random(f"numbers {seed}")  # noqa: S311 - invented people, not secrets
        # An affine permutation needs a step with no factor in common with the size.
        self._step = rng.randrange(1, size)
        while _gcd(self._step, size) != 1:
            self._step += 1
        self._start = rng.randrange(size)

    def of(self, block: int, nth: int) -> str:
        size = len(self._numbers)
        at = (self._start + self._step * (block * self.per_block + nth)) % size
        return str(self._numbers[at])


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


def upn(school: int, pupil: int, year: int, *, temporary: bool = False) -> str:
    """A Unique Pupil Number with the right check letter, from a local authority numbered 990.

    DfE: check letter, three digits of the authority, four of the school, two of the year, three
    of the pupil; a temporary number ends in a letter that carries the last figure.
    """
    body = f"990{1000 + school % 9000:04d}{year % 100:02d}{pupil % 1000:03d}"
    if temporary:
        body = body[:-1] + UPN_LETTERS[int(body[-1])]
    return check_letter(body) + body


def phone(rng: Random) -> str:
    """A number from the ranges Ofcom sets aside for drama."""
    prefix, count = _PHONES[int(rng.random() * len(_PHONES))]
    return f"{prefix}{int(rng.random() * count):03d}"
