"""Weighing one pair of records, online. The batch engines give the same number."""

import math
from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import NamedTuple

from joinedup.linkage.conditions import python
from joinedup.linkage.model import STRANGER, Level, Model
from joinedup.linkage.record import LinkRecord

NOT_KNOWN = -1
_KEPT = 1 << 16
_PLACE = {name: place for place, name in enumerate(LinkRecord._fields)}


class Weighed(NamedTuple):
    """A pair's evidence: ``weight`` in bits, and the level of each comparison.

    ``levels`` holds, in the model's order, a place in ``Comparison.levels``, or ``NOT_KNOWN``.
    """

    weight: float
    levels: tuple[int, ...]

    @property
    def probability(self) -> float:
        """The probability of a match that the weight stands for."""
        return probability(self.weight)


def probability(weight: float) -> float:
    """Give the probability of a match for a weight in bits."""
    return 1.0 / (1.0 + math.exp2(-max(-1000.0, min(1000.0, weight))))


class Scorer:
    """A model made ready to weigh pairs. It keeps no state between pairs but sums it has made."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._tests = [
            (
                [_PLACE[column] for column in comparison.known],
                [python(level.when) for level in comparison.levels if level.when is not None],
            )
            for comparison in model.comparisons
        ]
        self._rare = [
            (
                at,
                {
                    number: (_PLACE[level.rarity], _Rarity(model, level))
                    for number, level in enumerate(comparison.levels)
                    if level.rarity is not None
                },
            )
            for at, comparison in enumerate(model.comparisons)
            if any(level.rarity for level in comparison.levels)
        ]
        # Pairs agree in few ways: what they come to is worked out once for each.
        self._sums = lru_cache(maxsize=_KEPT)(self._sum)

    def weigh(self, one: LinkRecord, other: LinkRecord) -> Weighed:
        """Weigh two records. The order of the two makes no difference."""
        found = []
        for known, tests in self._tests:
            for at in known:
                mine, theirs = one[at], other[at]
                if (not mine and mine != 0) or (not theirs and theirs != 0):
                    found.append(NOT_KNOWN)
                    break
            else:
                level = 0
                for test in tests:
                    if test(one, other):
                        break
                    level += 1
                found.append(level)
        levels = tuple(found)
        stranger, rest = self._sums(levels)
        for comparison, rare in self._rare:
            column = rare.get(levels[comparison])
            if column is not None:
                stranger += column[1].of(str(one[column[0]]))
        return Weighed(_together(stranger, rest), levels)

    def weigh_levels(self, levels: tuple[int, ...], holders: Sequence[LinkRecord]) -> float:
        """Weigh evidence gathered from several pairs: a level for each comparison.

        ``holders`` has for each comparison one of the two records that agree so.
        """
        stranger, rest = self._sums(levels)
        for comparison, rare in self._rare:
            column = rare.get(levels[comparison])
            if column is not None:
                stranger += column[1].of(str(holders[comparison][column[0]]))
        return _together(stranger, rest)

    def _sum(self, levels: tuple[int, ...]) -> tuple[float, float]:
        """Give the weight against a stranger, rarity aside, and against all other doubts."""
        model = self.model
        sums = [
            math.fsum(
                [
                    model.prior_bits(doubt),
                    *(
                        comparison.levels[level].bits(doubt)
                        for comparison, level in zip(model.comparisons, levels, strict=True)
                        if level != NOT_KNOWN
                    ),
                ]
            )
            for doubt in model.doubts
        ]
        # The stranger's doubt is the first.
        return sums[0], reduce(_together, sums[1:], math.inf)


class _Rarity:
    """Bits that a value's rarity adds to its level's."""

    def __init__(self, model: Model, level: Level) -> None:
        average = level.doubts[STRANGER]
        shares = model.shares.get(level.rarity or "", {})
        self._bits = {value: math.log2(average / share) for value, share in shares.items()}
        self._other = self._bits.get("", 0.0)

    def of(self, value: str) -> float:
        return self._bits.get(value, self._other)


def _together(one: float, other: float) -> float:
    """Give -log2(2 ** -one + 2 ** -other), without overflow."""
    if other < one:
        one, other = other, one
    return one - math.log2(1.0 + math.exp2(one - other))
