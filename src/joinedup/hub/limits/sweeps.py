"""What a sweep of the population looks like, and an ordinary day does not. Pure.

Numbers of different children lie far apart: about 12 million children's numbers among 300 million
or more that were ever issued, and among the test numbers, which are a million in all, a list
of 30,000 children sorted by number still leaves 33 between neighbours. Whoever walks through the
numbers asks for neighbours, in whatever order.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter

CIRCLE = 10**9
"""Numbers are compared by their first nine digits; the tenth is a check."""

WINDOW = 64
"""How many of an asker's last numbers are looked at; one in eleven nine digits is never issued."""

NEIGHBOURS = 3  # one and the next, with room for one or two that are never issued
STRIDE = 20  # "every tenth number"
MANY = 20  # so that a sweep is met before it has 50
MANY_IN_ORDER = 36  # a list sorted by number has neighbours by chance, where numbers lie dense
SORTED_SPAN = 10 * WINDOW  # a list in the order of its numbers that leaves no more than 10 between
NARROW = 10_000  # half of a list in no order, within so few numbers
ENOUGH = 32


def sweep(numbers: Sequence[int]) -> str:
    """In words, what makes these numbers a sweep, or nothing.

    Takes the first nine digits of each, oldest first, all moved by one unknown distance around
    the circle if need be.
    """
    if len(numbers) <= MANY:
        return ""
    on_line = _unrolled(numbers)
    ordered = sorted(on_line)
    gaps = [after - before for before, after in pairwise(ordered)]
    in_order = _in_order(on_line)
    many = MANY_IN_ORDER if in_order else MANY
    near = sum(gap <= NEIGHBOURS for gap in gaps)
    if near >= many:
        return f"{near} of {len(numbers)} numbers are next to one another"
    strides = Counter(gap for gap in gaps if gap <= STRIDE)
    stride, times = max(strides.items(), key=itemgetter(1), default=(0, 0))
    if times >= many:
        return f"{times} of {len(numbers)} numbers are {stride} apart"
    if len(numbers) < ENOUGH:
        return ""
    if in_order:
        if (ordered[-1] - ordered[0]) * WINDOW < SORTED_SPAN * len(numbers):
            return f"{len(numbers)} numbers in order, few apart"
        return ""
    quarter = len(ordered) // 4
    if ordered[-1 - quarter] - ordered[quarter] < NARROW:
        return f"half of {len(numbers)} numbers lie within {NARROW}"
    return ""


def shared_sweep(numbers: Sequence[int], latest: int) -> str:
    """In words, what makes these numbers of many askers a sweep that the latest one is part of.

    A sweep that is spread over accounts is met by whoever asks for the next of its numbers; a
    colleague's ordinary child is far from all of them.
    """
    distances = ((number - latest) % CIRCLE for number in numbers if number != latest)
    if not any(min(far, CIRCLE - far) <= STRIDE for far in distances):
        return ""
    return sweep(numbers)


def _unrolled(numbers: Sequence[int]) -> list[int]:
    """The numbers on a line, cut where the circle has its widest gap."""
    around = sorted(set(numbers))
    gaps = [
        ((after - before) % CIRCLE, after)
        for before, after in zip(around, around[1:] + around[:1], strict=True)
    ]
    start = max(gaps)[1]
    seen: dict[int, None] = dict.fromkeys(numbers)
    return [(number - start) % CIRCLE for number in seen]


def _in_order(numbers: Sequence[int]) -> bool:
    """Whether nearly all go one way, as a sorted list does."""
    up = sum(after > before for before, after in pairwise(numbers))
    return max(up, len(numbers) - 1 - up) >= 0.9 * (len(numbers) - 1)
