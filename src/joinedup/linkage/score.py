"""Weighing one pair of records, online. The batch engines give the same number."""

import math
from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import NamedTuple

from joinedup.linkage.conditions import Condition, compiled, known, python
from joinedup.linkage.model import STRANGER, Comparison, Level, Model
from joinedup.linkage.record import LinkRecord

NOT_KNOWN = -1
_KEPT = 1 << 16
_PLACE = {name: place for place, name in enumerate(LinkRecord._fields)}
# What a condition takes, in look-ups; similarity and edits are calls.
_COSTS = {"alike": 10, "edits": 10, "exchanged": 4}
_DEAR = 10
_ROUNDING = 1e-9  # sums of floats in another order

Levels = tuple[int, ...]


class Weighed(NamedTuple):
    """A pair's evidence: ``weight`` in bits, and the level of each comparison.

    ``levels`` holds, in the model's order, a place in ``Comparison.levels``, or ``NOT_KNOWN``.
    """

    weight: float
    levels: Levels

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
        self._order = sorted(
            range(len(model.comparisons)), key=lambda at: _cost(model.comparisons[at])
        )
        self._levels = compiled(_source(model, self._order, with_bound=False), "levels")
        self._levels_least = compiled(_source(model, self._order, with_bound=True), "levels")
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
        self._bounds = lru_cache(maxsize=_KEPT)(self._bound)

    def __reduce__(self) -> tuple[type["Scorer"], tuple[Model]]:
        """Another process makes it ready anew."""
        return Scorer, (self.model,)

    def weigh(self, one: LinkRecord, other: LinkRecord) -> Weighed:
        """Weigh two records. The order of the two makes no difference."""
        levels = self._levels(one, other)
        return Weighed(self._weight(one, levels), levels)

    def weigh_least(self, one: LinkRecord, other: LinkRecord, least: float) -> Weighed | None:
        """Give what ``weigh`` gives, or ``None`` when the weight is below ``least``.

        What is dear to compare is not looked at once the rest cannot come to that much.
        """
        levels = self._levels_least(one, other, self._bounds, least)
        if levels is None:
            return None
        weight = self._weight(one, levels)
        return Weighed(weight, levels) if weight >= least else None

    def _weight(self, one: LinkRecord, levels: Levels) -> float:
        stranger, rest = self._sums(levels)
        for comparison, rare in self._rare:
            column = rare.get(levels[comparison])
            if column is not None:
                stranger += column[1].of(str(one[column[0]]))
        return _together(stranger, rest)

    def weigh_levels(self, levels: Levels, holders: Sequence[LinkRecord]) -> float:
        """Weigh evidence gathered from several pairs: a level for each comparison.

        ``holders`` has for each comparison one of the two records that agree so.
        """
        stranger, rest = self._sums(levels)
        for comparison, rare in self._rare:
            column = rare.get(levels[comparison])
            if column is not None:
                stranger += column[1].of(str(holders[comparison][column[0]]))
        return _together(stranger, rest)

    def _sum(self, levels: Levels) -> tuple[float, float]:
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

    def _bound(self, found: Levels) -> float:
        """Give the most that a pair can weigh whose first levels, in order of cost, are these."""
        model = self.model
        sums = []
        for doubt in model.doubts:
            bits = [model.prior_bits(doubt)]
            for place, at in enumerate(self._order):
                values = [level.bits(doubt) for level in model.comparisons[at].levels]
                if doubt == STRANGER:
                    rare = next((each for number, each in self._rare if number == at), {})
                    values = [
                        value + (rare[number][1].most if number in rare else 0.0)
                        for number, value in enumerate(values)
                    ]
                if place >= len(found):
                    bits.append(max(0.0, *values))
                elif found[place] != NOT_KNOWN:
                    bits.append(values[found[place]])
            sums.append(math.fsum(bits))
        return reduce(_together, sums) + _ROUNDING


def _cost(comparison: Comparison) -> int:
    return sum(_condition_cost(level.when) for level in comparison.levels if level.when is not None)


def _condition_cost(condition: Condition) -> int:
    ((name, argument),) = condition.items()
    if name in {"all", "any"}:
        return sum(map(_condition_cost, argument))
    return _condition_cost(argument) if name == "not" else _COSTS.get(name, 1)


def _source(model: Model, order: Sequence[int], *, with_bound: bool) -> str:
    """Write the function that gives the level of each comparison of two records.

    ``with_bound`` it stops, giving ``None``, before what is dear to compare when the levels so far
    cannot come to ``least`` any more.
    """
    lines = ["def levels(one, other, bound=None, least=None):"]
    for place, at in enumerate(order):
        comparison = model.comparisons[at]
        if with_bound and place and _cost(comparison) >= _DEAR:
            so_far = "".join(f"level_{each}, " for each in order[:place])
            lines.append(f"    if bound(({so_far})) < least: return None")
        chosen = f"{len(comparison.levels) - 1}"
        for number, level in reversed(list(enumerate(comparison.levels))):
            if level.when is not None:
                chosen = f"{number} if {python(level.when)} else {chosen}"
        there = " and ".join(map(known, comparison.known))
        lines.append(f"    level_{at} = ({chosen}) if {there or True} else {NOT_KNOWN}")
    every = "".join(f"level_{at}, " for at in range(len(order)))
    return "\n".join([*lines, f"    return ({every})"])


class _Rarity:
    """Bits that a value's rarity adds to its level's; ``most`` is the most that any value adds."""

    def __init__(self, model: Model, level: Level) -> None:
        average = level.doubts[STRANGER]
        shares = model.shares.get(level.rarity or "", {})
        self._bits = {value: math.log2(average / share) for value, share in shares.items()}
        self._other = self._bits.get("", 0.0)
        self.most = max(self._other, *self._bits.values(), 0.0)

    def of(self, value: str) -> float:
        return self._bits.get(value, self._other)


def _together(one: float, other: float) -> float:
    """Give -log2(2 ** -one + 2 ** -other), without overflow."""
    if other < one:
        one, other = other, one
    return one - math.log2(1.0 + math.exp2(one - other))
