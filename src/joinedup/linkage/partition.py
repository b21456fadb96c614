"""The most probable consistent way of dividing a few records into children.

Given the weight of each pair (log2 odds that the two are one child) and pairs that cannot be, it
is correlation clustering (Bansal, Blum and Chawla 2004): the division whose pairs within a child
have the highest sum of weights. Equal sums go to the division that joins less.

The best division may still be little better than the next. So no group stands without a pair that
reaches the threshold by itself, and a record whose place is less sure than the threshold, because
it fits another child nearly as well, is set aside on its own for a person to look at.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

APART = -math.inf  # the weight of two records that cannot be one child
EXACT = 9  # up to so many records every division is looked at (21,147 of nine)
_SAME = 1e-9  # sums closer than this are equal: the order of adding makes no difference


@dataclass(slots=True)
class Graph:
    """Records, by number, and what speaks for and against joining them.

    ``weigh`` gives the weight of two records, ``APART`` when they cannot be one child; it is asked
    at most once for a pair. ``near`` holds for each record those that it may belong with.
    ``together`` weighs two groups with each kind of evidence counted once: ten pairs that agree in
    the same name and date are no more proof than one.
    """

    size: int
    near: Sequence[Iterable[int]]
    weigh: Callable[[int, int], float]
    together: Callable[[Sequence[int], Sequence[int]], float] | None = None
    _known: dict[tuple[int, int], float] = field(default_factory=dict)

    def weight(self, one: int, other: int) -> float:
        key = (one, other) if one < other else (other, one)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self.weigh(*key)
        return found

    def between(self, some: Iterable[int], others: Sequence[int]) -> float:
        """The sum of the weights between two groups, ``APART`` when they cannot be joined."""
        return _sum(self.weight(one, other) for one in some for other in others)


@dataclass(frozen=True, slots=True)
class Contest:
    """A record whose place in a group is not sure.

    ``chance`` is the probability that it belongs there, given its ``rivals``: groups that it fits
    too and that are not the same child. Without rivals, part of the group speaks against it.
    """

    record: int
    group: tuple[int, ...]
    rivals: tuple[tuple[int, ...], ...]
    chance: float


def divide(graph: Graph, least: float) -> tuple[list[tuple[int, ...]], list[Contest]]:
    """Give the groups of records, each one child, in order of their first, and what was contested.

    ``least`` is the weight of the probability that a join needs.
    """
    rest = list(range(graph.size))
    contests: list[Contest] = []
    groups = _best(graph, rest, least)
    while (worst := _least_sure(graph, groups, rest, least)) is not None:
        contests.append(worst)
        rest.remove(worst.record)
        if len(rest) <= EXACT:
            groups = _best(graph, rest, least)
        else:  # the others stand as they were
            groups.remove(worst.group)
            left = [record for record in worst.group if record != worst.record]
            groups = sorted(groups + _best(graph, left, least))
    groups += [(contest.record,) for contest in contests]
    return sorted(groups), contests


def _best(graph: Graph, records: Sequence[int], least: float) -> list[tuple[int, ...]]:
    find = exact if len(records) <= EXACT else agglomerate
    return sorted(
        whole
        for group in find(graph, records)
        for part in _held(graph, group, least)
        for whole in _whole(graph, part, least)
    )


def _whole(graph: Graph, group: tuple[int, ...], least: float) -> list[tuple[int, ...]]:
    """The parts of a group that cannot be split in two that do not fit each other as groups."""
    if graph.together is None or len(group) < 3:
        return [group]
    worst = min(
        ((graph.together(some, others), some, others) for some, others in _halves(group)),
        default=None,
    )
    if worst is None or worst[0] >= least - _SAME:
        return [group]
    return [
        whole
        for part in worst[1:]
        for held in _held(graph, part, least)
        for whole in _whole(graph, held, least)
    ]


def _halves(group: tuple[int, ...]) -> Iterable[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Every way to split a small group in two; of a large one, each record from the rest."""
    for some, others in _halves_of(len(group)):
        yield tuple([group[at] for at in some]), tuple([group[at] for at in others])


@lru_cache(maxsize=EXACT)
def _halves_of(total: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    most = (total - 1) // 2 + 1 if total <= EXACT else 1
    return [
        (some, tuple(at for at in range(total) if at not in some))
        for size in range(1, most + 1)
        for some in combinations(range(total), size)
        if 2 * size < total or some[0] == 0
    ]


def _held(graph: Graph, group: tuple[int, ...], least: float) -> list[tuple[int, ...]]:
    """The parts of a group that pairs at or above the threshold hold together."""
    parts: list[set[int]] = []
    for record in group:
        linked = {
            other for other in group if other < record and graph.weight(other, record) >= least
        }
        joined = [part for part in parts if part & linked]
        parts = [part for part in parts if not part & linked]
        parts.append({record}.union(*joined))
    return [tuple(sorted(part)) for part in parts]


# ---------------------------------------------------------------------- small: every division
@lru_cache(maxsize=EXACT)
def _divisions(size: int) -> tuple[list[tuple[int, ...]], npt.NDArray[np.float64]]:
    """Every division of ``size`` records as labels, and which pairs each joins; few joins first."""
    labels: list[tuple[int, ...]] = [(0,)]
    for _ in range(size - 1):
        labels = [(*each, label) for each in labels for label in range(max(each) + 2)]
    array = np.array(labels)
    one, other = np.triu_indices(size, 1)
    joins = (array[:, one] == array[:, other]).astype(np.float64)
    order = np.argsort(joins.sum(axis=1), kind="stable")
    return [labels[at] for at in order], joins[order]


def exact(graph: Graph, records: Sequence[int]) -> list[tuple[int, ...]]:
    """The best division of at most ``EXACT`` records."""
    if len(records) < 2:
        return [tuple(records)] if records else []
    labels, joins = _divisions(len(records))
    weights = np.array(
        [graph.weight(one, other) for at, one in enumerate(records) for other in records[at + 1 :]]
    )
    apart = np.isneginf(weights)
    sums = joins @ np.where(apart, 0.0, weights)
    if apart.any():
        sums[joins @ apart > 0] = -np.inf
    best = labels[int(np.argmax(sums >= sums.max() - _SAME))]
    groups: dict[int, list[int]] = {}
    for record, label in zip(records, best, strict=True):
        groups.setdefault(label, []).append(record)
    return [tuple(group) for group in groups.values()]


# ---------------------------------------------------------------------- large: join, then move
def agglomerate(graph: Graph, records: Sequence[int]) -> list[tuple[int, ...]]:
    """A good division of many records: join the groups that fit best, then move single records.

    Groups are joined by the average weight between them while joining gains; then each record goes
    where it gains most, until none does.
    """
    home = {record: record for record in records}
    groups = {record: [record] for record in records}
    near: dict[int, set[int]] = {one: home.keys() & set(graph.near[one]) for one in records}
    queue: list[tuple[float, int, int, int]] = []

    def offer(one: int, other: int) -> None:
        one, other = min(one, other), max(one, other)
        gain = graph.between(groups[one], groups[other])
        if gain > _SAME:
            members = len(groups[one]) + len(groups[other])
            average = gain / len(groups[one]) / len(groups[other])
            heapq.heappush(queue, (-average, one, other, members))

    for one in records:
        for other in near[one]:
            if one < other:
                offer(one, other)
    while queue:
        _, keep, gone, members = heapq.heappop(queue)
        if keep not in groups or gone not in groups:
            continue
        if len(groups[keep]) + len(groups[gone]) != members:
            continue  # an offer from before one of the two grew
        for record in groups[gone]:
            home[record] = keep
        groups[keep] += groups.pop(gone)
        near[keep] = (near[keep] | near.pop(gone)) - {keep, gone}
        for other in near[keep]:
            near[other].discard(gone)
            near[other].add(keep)
            offer(keep, other)
    _move(graph, groups, home)
    return sorted(tuple(sorted(group)) for group in groups.values() if group)


def _move(graph: Graph, groups: dict[int, list[int]], home: dict[int, int]) -> None:
    moved = True
    while moved:  # each move adds to a sum that is bounded, so this ends
        moved = False
        for record in sorted(home):
            mine = [other for other in groups[home[record]] if other != record]
            now = graph.between([record], mine)
            # On its own is a place too: a name that no group has.
            places = {home[near] for near in graph.near[record] if near in home} - {home[record]}
            options = [(graph.between([record], groups[place]), -place) for place in places]
            gain, place = max(options, default=(APART, 0))
            if max(gain, 0.0) <= now + _SAME:
                continue
            moved = True
            groups[home[record]].remove(record)
            to = -place if gain > 0.0 else next(free for free in home if not groups.get(free))
            groups.setdefault(to, []).append(record)
            home[record] = to


# ---------------------------------------------------------------------- contested records
def _least_sure(
    graph: Graph, groups: list[tuple[int, ...]], rest: Sequence[int], least: float
) -> Contest | None:
    """The record whose place is least sure, when less than ``least`` asks for.

    Against its own group stand: on its own, and with each rival group that it may belong to. Being
    one child with group and rival both counts for its own group.
    """
    home = {record: group for group in groups for record in group}
    worst: Contest | None = None
    lowest = least - _SAME
    for record in rest:
        group = home[record]
        if len(group) == 1:
            continue
        mine = [other for other in group if other != record]
        own = graph.between([record], mine)
        stays, leaves, rivals = [own], [0.0], []
        for rival in sorted({home[near] for near in graph.near[record] if near in home} - {group}):
            weight = graph.between([record], rival)
            if weight > 0.0:
                rivals.append(rival)
                leaves.append(weight)
                stays.append(own + weight + graph.between(mine, rival))
        sure = _log2_sum(stays) - _log2_sum(leaves)
        if sure < lowest:
            lowest = sure - _SAME
            chance = 1.0 / (1.0 + math.exp2(-max(sure, -1000.0)))
            worst = Contest(record, group, tuple(rivals), chance)
    return worst


def _log2_sum(values: Sequence[float]) -> float:
    highest = max(values)
    return highest + math.log2(
        math.fsum(math.exp2(max(each - highest, -1000.0)) for each in values)
    )


def _sum(values: Iterable[float]) -> float:
    total = 0.0
    for value in values:
        if value == APART:
            return APART
        total += value
    return total
