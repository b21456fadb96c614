"""Whether two addresses, or two histories of them, are the same place."""

from collections.abc import Sequence

from rapidfuzz.distance import JaroWinkler

from joinedup.people.address import Address
from joinedup.people.agreement import Agreement, Level

_FIELD = "address"
_RANK = (Level.EXACT, Level.POSSIBLE, Level.DIFFERENT, Level.MISSING)


def compare_addresses(asked: Address, held: Address) -> Agreement:
    """Compare two addresses: ``EXACT``, ``POSSIBLE``, ``DIFFERENT`` or ``MISSING``.

    Different flats of one building are different addresses; a flat on one side only is possible.
    """
    level, words = _compare(asked, held)
    return Agreement(_FIELD, level, words)


def in_history(address: Address, history: Sequence[Address]) -> Agreement:
    """Compare an address with each of a history and give the best agreement."""
    return compare_histories((address,), history)


def compare_histories(asked: Sequence[Address], held: Sequence[Address]) -> Agreement:
    """Say whether two histories share an address: the best of all pairs.

    Every pair is looked at, so that a possible one seen first hides no sure one after it.
    """
    best = Agreement(_FIELD, Level.MISSING, "one side has no address")
    for one in asked:
        for other in held:
            found = compare_addresses(one, other)
            if found.level is Level.EXACT:
                return found
            if _RANK.index(found.level) < _RANK.index(best.level):
                best = found
    return best


def _compare(asked: Address, held: Address) -> tuple[Level, str]:
    if not asked.postcode or not held.postcode:
        return Level.MISSING, "an address has no postcode"
    if asked.postcode != held.postcode:
        return Level.DIFFERENT, "postcodes differ"
    if not asked.lines or not held.lines:
        return Level.POSSIBLE, "the postcode is the same and one side has nothing else"
    if asked.flat and held.flat and asked.flat != held.flat:
        return Level.DIFFERENT, "flats differ"
    number = _compare_numbers(asked, held)
    if number is Level.DIFFERENT:
        return Level.DIFFERENT, "building numbers differ"
    if asked.street and held.street and not _same_street(asked.street, held.street):
        return Level.DIFFERENT, "streets differ"
    if bool(asked.flat) != bool(held.flat):
        return Level.POSSIBLE, "the building is the same and one side does not say which flat"
    if number is Level.POSSIBLE:
        return Level.POSSIBLE, "one building number lies in the other's range"
    if number is Level.EXACT:
        return Level.EXACT, "address is the same"
    if _plain(asked) == _plain(held):
        return Level.EXACT, "address is the same"
    if not asked.number and not held.number:
        if _plain(asked)[:1] == _plain(held)[:1]:
            return Level.EXACT, "address is the same"
        return Level.POSSIBLE, "the postcode is the same and no building number is given"
    return Level.POSSIBLE, "the postcode is the same and one side has no building number"


def _compare_numbers(asked: Address, held: Address) -> Level:
    if not asked.number or not held.number:
        return Level.MISSING
    if asked.number == held.number:
        return Level.EXACT
    one, other = _span(asked.number), _span(held.number)
    is_range = one[0] != one[1] or other[0] != other[1]
    if is_range and one[0] <= other[1] and other[0] <= one[1]:
        return Level.POSSIBLE
    return Level.DIFFERENT


def _span(number: str) -> tuple[int, int]:
    first, _, last = number.partition("-")
    low = int("".join(filter(str.isdigit, first)) or 0)
    return low, int("".join(filter(str.isdigit, last)) or 0) if last else low


def _same_street(one: str, other: str) -> bool:
    return (
        one == other
        or one.startswith(other)
        or other.startswith(one)
        or JaroWinkler.similarity(one, other) >= 0.9
    )


def _plain(address: Address) -> tuple[str, ...]:
    return tuple(line.upper() for line in address.lines)
