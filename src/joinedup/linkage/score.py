"""Weighing one pair of records, online. The batch engines give the same number."""

import math
from typing import NamedTuple

from joinedup.linkage.conditions import Test, python
from joinedup.linkage.model import STRANGER, Comparison, Level, Model
from joinedup.linkage.record import LinkRecord

NOT_KNOWN = -1


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
    """A model made ready to weigh pairs. It keeps no state between pairs."""

    def __init__(self, model: Model) -> None:
        self.model = model
        place = {name: at for at, name in enumerate(LinkRecord._fields)}
        self._doubts = model.doubts
        self._priors = [model.prior_bits(doubt) for doubt in model.doubts]
        self._comparisons = [
            (
                [place[column] for column in comparison.known],
                [python(level.when) for level in comparison.levels if level.when is not None],
                [
                    (
                        [level.bits(doubt) for doubt in model.doubts],
                        None if level.rarity is None else place[level.rarity],
                        _rarity(model, comparison, level),
                    )
                    for level in comparison.levels
                ],
            )
            for comparison in model.comparisons
        ]

    def weigh(self, one: LinkRecord, other: LinkRecord) -> Weighed:
        """Weigh two records. The order of the two makes no difference."""
        sums = self._priors.copy()
        levels = []
        for known, tests, levels_of in self._comparisons:
            for at in known:
                if (not one[at] and one[at] != 0) or (not other[at] and other[at] != 0):
                    levels.append(NOT_KNOWN)
                    break
            else:
                level = _first(tests, one, other)
                levels.append(level)
                bits, rare, rarity = levels_of[level]
                for doubt, worth in enumerate(bits):
                    sums[doubt] += worth
                if rare is not None:
                    # The stranger's doubt is the first.
                    sums[0] += rarity.of(str(one[rare]))
        return Weighed(_together(sums), tuple(levels))


class _Rarity:
    """Bits that a value's rarity adds to its level's."""

    def __init__(self, average: float, shares: dict[str, float]) -> None:
        self._bits = {value: math.log2(average / share) for value, share in shares.items()}
        self._other = self._bits.get("", 0.0)

    def of(self, value: str) -> float:
        return self._bits.get(value, self._other)


def _rarity(model: Model, comparison: Comparison, level: Level) -> _Rarity:
    if level.rarity is None:
        return _Rarity(1.0, {})
    return _Rarity(level.doubts[STRANGER], dict(model.shares.get(level.rarity, {})))


def _first(tests: list[Test], one: LinkRecord, other: LinkRecord) -> int:
    for level, test in enumerate(tests):
        if test(one, other):
            return level
    return len(tests)


def _together(sums: list[float]) -> float:
    """Give -log2 of the sum of 2 ** -each, without overflow."""
    least = min(sums)
    if len(sums) == 1:
        return least
    return least - math.log2(math.fsum(2.0 ** (least - each) for each in sums))
