"""Groups of records that are not one child for sure: divided, and every cut explained."""

import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import copy
from dataclasses import dataclass
from itertools import combinations
from multiprocessing import get_context

import pyarrow as pa

from joinedup.linkage.components import Places, components
from joinedup.linkage.constraints import ConstraintError, Constraints, Reason, Ref, words
from joinedup.linkage.household import Households
from joinedup.linkage.partition import APART, Contest, Graph, divide
from joinedup.linkage.places import Edges, Names, columns_of
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import NOT_KNOWN, Levels, Scorer

_PAYS = 6_000  # groups above which a second process is worth its start
_LAST = 1 << 30  # instead of `NOT_KNOWN`, so that the lowest is the best that is known


class Decided:
    """What people decided about pairs, as places in the order."""

    def __init__(self, names: Names, constraints: Constraints) -> None:
        self.notes: list[str] = []
        self.apart = self._places(names, constraints.cannot_link, "never to be joined")
        self.together = self._places(names, constraints.must_link, "decided to be one child")
        left, right = columns_of(self.together)
        # Everything a person's decisions join, through others too.
        self.joined = components(len(names), left, right)
        for one, other in sorted(self.apart):
            if self.joined[one] == self.joined[other]:
                raise ConstraintError(
                    f"{names.ref(one)} and {names.ref(other)} are never to be joined, and are "
                    "decided to be one child as well (perhaps through other records). "
                    "Undo one of the two decisions."
                )

    def _places(
        self, names: Names, pairs: Iterable[tuple[Ref, Ref]], what: str
    ) -> frozenset[tuple[int, int]]:
        listed = sorted(pairs)
        if not listed:
            return frozenset()
        places = names.find(
            pa.array([ref.source for pair in listed for ref in pair], pa.string()),
            pa.array([ref.id for pair in listed for ref in pair], pa.string()),
        ).reshape(-1, 2)
        found = [(min(ends), max(ends)) for ends in places.tolist()]
        strays = sum(low < 0 for low, _ in found)
        if strays:
            self.notes.append(
                f"{strays:,} of {len(found):,} pairs {what} name a record that is not in the files."
            )
        return frozenset(each for each in found if each[0] >= 0 and each[0] != each[1])


@dataclass(slots=True)
class Cut:
    left: int
    right: int
    weight: float
    reason: Reason
    words: str
    against: float | None
    direct: bool  # the two themselves cannot be one child
    context: float  # of the weight, the part from the household


@dataclass(slots=True)
class Case:
    reason: Reason
    words: str
    records: tuple[int, ...]
    weight: float | None
    against: float | None


class OpenGroups:
    """Divides groups of records one by one, and keeps what was cut and what was contested."""

    def __init__(
        self,
        names: Names,
        people: dict[int, LinkRecord],
        edges: Edges,
        constraints: Constraints,
        decided: Decided,
        scorer: Scorer,
        least: float,
        label: Places,
        households: Households | None = None,
    ) -> None:
        self._names = names
        self._people = people
        self._weights = edges.known()
        self._context = edges.known_context()
        self._constraints = constraints
        self._decided = decided
        self._scorer = scorer
        self._least = least
        self._label = label
        self._households = households
        self._levels: dict[tuple[int, int], Levels] = {}
        self.weighed: dict[tuple[int, int], tuple[float, float]] = {}
        self.cuts: list[Cut] = []
        self.cases: list[Case] = []

    def settle_all(self, groups: Sequence[list[int]]) -> None:
        """Divide these groups; of many, a second process divides every other one."""
        if len(groups) < _PAYS:
            for group in groups:
                self.settle(group)
            return
        with ProcessPoolExecutor(1, get_context("spawn")) as helper:
            away = helper.submit(_settled, self._part(groups[1::2]), groups[1::2])
            for group in groups[::2]:
                self.settle(group)
            labels, weighed, cuts, cases = away.result()
        self._label[[record for group in groups[1::2] for record in group]] = labels
        self.weighed |= weighed
        self.cuts += cuts
        self.cases += cases

    def labels(self, groups: Sequence[list[int]]) -> Places:
        """Give the labels of the groups' records, one after the other."""
        return self._label[[record for group in groups for record in group]]

    def _part(self, groups: Sequence[list[int]]) -> "OpenGroups":
        """The same for these groups only, to be sent to another process."""
        inside = {record for group in groups for record in group}
        part = copy(self)
        part._people = {record: self._people[record] for record in inside}
        part._weights = {pair: each for pair, each in self._weights.items() if pair[0] in inside}
        part._context = {pair: each for pair, each in self._context.items() if pair[0] in inside}
        part._levels, part.weighed, part.cuts, part.cases = {}, {}, [], []
        return part

    # ------------------------------------------------------------------ one open group
    def settle(self, members: list[int]) -> None:
        units: list[list[int]] = []
        place: dict[int, int] = {}
        for record in members:
            first = int(self._decided.joined[record])
            if first == record:
                units.append([])
                place[record] = len(units) - 1
            place[record] = place[first]
            units[place[record]].append(record)
        near: list[set[int]] = [set() for _ in units]
        strong: list[tuple[int, int]] = []
        for pair in self._within(members):
            if self._weights[pair] >= self._least:
                strong.append(pair)
            one, other = place[pair[0]], place[pair[1]]
            if one != other and self._weights[pair] > 0:
                near[one].add(other)
                near[other].add(one)
        graph = Graph(
            len(units),
            near,
            lambda a, b: self._between(units[a], units[b]),
            lambda some, others: self._together(
                [record for unit in some for record in units[unit]],
                [record for unit in others for record in units[unit]],
            ),
        )
        groups, contests = divide(graph, self._least)
        for group in groups:
            records = [record for unit in group for record in units[unit]]
            self._label[records] = min(records)
        self._doubted_decisions(units)
        contests = [contest for contest in contests if contest.rivals]
        aside = {units[contest.record][0] for contest in contests}
        for one, other in strong:
            if self._label[one] != self._label[other]:
                self.cuts.append(self._cut(one, other, aside, members))
        for contest in contests:
            self.cases.append(self._contest(contest, units))

    def _within(self, members: list[int]) -> Iterable[tuple[int, int]]:
        """The known pairs of a group, in order."""
        if len(members) <= 40:
            return [pair for pair in combinations(members, 2) if pair in self._weights]
        inside = set(members)
        return sorted(pair for pair in self._weights if pair[0] in inside)

    def _weight(self, one: int, other: int) -> float:
        """The weight of two records' details, weighed now when nobody has."""
        key = (one, other) if one < other else (other, one)
        found = self._weights.get(key)
        if found is None:
            weight, levels = self._scorer.weigh(self._people[key[0]], self._people[key[1]])
            self._levels[key] = _in_order(levels)
            context = 0.0
            if self._households is not None:
                context = self._households.between(
                    weight, levels, [key] * len(levels), key[:1], key[1:]
                )
            found = self._weights[key] = weight + context
            self.weighed[key] = found, context
            self._context[key] = context
        return found

    def _apart(self, one: int, other: int) -> Reason | None:
        key = (one, other) if one < other else (other, one)
        if key in self._decided.apart:
            return Reason.CANNOT_LINK
        return self._constraints.apart(self._people[key[0]], self._people[key[1]])

    def _between(self, some: Sequence[int], others: Sequence[int]) -> float:
        """The weight of joining two sets of records that people's decisions hold together."""
        for one in some:
            for other in others:
                if self._apart(one, other) is not None:
                    return APART
        return math.fsum(self._weight(one, other) for one in some for other in others)

    def _together(self, some: Sequence[int], others: Sequence[int]) -> float:
        """The weight of two groups: of each comparison the best agreement between them, once.

        A child who has moved agrees by one of the addresses; two of one name and birth date differ
        in the one pair that shows both NHS numbers, however many pairs agree in the name.
        """
        pairs = [(a, b) for a in some for b in others]
        columns = list(zip(*[self._levels_of(a, b) for a, b in pairs], strict=True))
        best = [min(column) for column in columns]
        # Of several pairs that agree as well, the first.
        holders = [pairs[column.index(level)] for column, level in zip(columns, best, strict=True)]
        levels = tuple([NOT_KNOWN if level == _LAST else level for level in best])
        weight = self._scorer.weigh_levels(levels, [self._people[one] for one, _ in holders])
        if self._households is None:
            return weight
        return weight + self._households.between(weight, levels, holders, some, others)

    def _levels_of(self, one: int, other: int) -> Levels:
        """The levels of two records; what is not known comes after every level."""
        key = (one, other) if one < other else (other, one)
        found = self._levels.get(key)
        if found is None:
            levels = self._scorer.weigh(self._people[key[0]], self._people[key[1]]).levels
            found = self._levels[key] = _in_order(levels)
        return found

    # ------------------------------------------------------------------ explain
    def _doubted_decisions(self, units: list[list[int]]) -> None:
        """Decisions of a person that a rule, or the details, speak against."""
        for unit in units:
            for one, other in combinations(unit, 2):
                if (one, other) not in self._decided.together:
                    continue
                weight = self._weight(one, other)
                reason = self._apart(one, other)
                refs = self._names.ref(one), self._names.ref(other)
                if reason is not None:
                    why = words(reason, *refs)
                elif weight < 0:
                    why = f"Their details differ (weight {weight:.1f})."
                else:
                    continue
                self.cases.append(
                    Case(
                        Reason.DECISION,
                        f"A person decided that {refs[0]} and {refs[1]} are one child. {why}",
                        (one, other), None, weight,
                    )
                )  # fmt: skip

    def _cut(self, one: int, other: int, aside: set[int], members: list[int]) -> Cut:
        weight, context = self._weights[one, other], self._context.get((one, other), 0.0)
        refs = self._names.ref(one), self._names.ref(other)
        reason = self._apart(one, other)
        if reason is not None:
            return Cut(one, other, weight, reason, words(reason, *refs), None, True, context)
        ours = [record for record in members if self._label[record] == self._label[one]]
        theirs = [record for record in members if self._label[record] == self._label[other]]
        for reason in (Reason.CANNOT_LINK, None):  # what must never be joined goes first
            for a in ours:
                for b in theirs:
                    found = self._apart(a, b)
                    if found is not None and reason in (None, found):
                        chain = words(found, self._names.ref(a), self._names.ref(b))
                        text = f"Joining {refs[0]} and {refs[1]} would join others too. {chain}"
                        return Cut(one, other, weight, found, text, None, False, context)
        for end in (one, other):
            unit = int(self._decided.joined[end])
            if unit in aside:
                text = (
                    f"{self._names.ref(end)} fits two children nearly as well and is left on its "
                    "own for a person to decide."
                )
                return Cut(one, other, weight, Reason.CONTESTED, text, None, False, context)
        lowest, a, b = min((self._weight(a, b), a, b) for a in ours for b in theirs)
        against = self._together(ours, theirs)
        text = (
            f"Joining {refs[0]} and {refs[1]} would join {self._names.ref(a)} and "
            f"{self._names.ref(b)} too, which fit least (weight {lowest:.1f}). All that is known "
            f"of the two groups, each kind of evidence once, comes to {against:.1f}."
        )
        if self._households is not None:
            text = f"{text} {self._households.words(one, other)}".strip()
        return Cut(one, other, weight, Reason.EVIDENCE, text, against, False, context)

    def _contest(self, contest: Contest, units: list[list[int]]) -> Case:
        def records(group: Iterable[int]) -> list[int]:
            return [record for unit in group for record in units[unit]]

        alone = units[contest.record]
        own = [record for record in records(contest.group) if record not in alone]
        rivals = [records(rival) for rival in contest.rivals]
        name = self._names.ref(alone[0])
        best = max(self._weight(alone[0], record) for record in own)
        rival = max(self._weight(alone[0], record) for group in rivals for record in group)
        secret = any(
            self._apart(a, b) is Reason.CANNOT_LINK
            for a, b in combinations([*own, *(r for group in rivals for r in group)], 2)
        )
        if secret:
            text = (
                f"{name} fits records that must never be joined, and is left on its own. Ask those "
                "who keep that list."
            )
            return Case(Reason.CONTESTED, text, tuple(alone), best, rival)
        theirs = " and ".join(str(self._names.ref(group[0])) for group in rivals)
        text = (
            f"{name} fits {self._names.ref(own[0])} (weight {best:.1f}) and {theirs} (weight "
            f"{rival:.1f}), who are not one child: a probability of {contest.chance:.0%} for the "
            "first. It is left on its own."
        )
        shown = (*alone, *own, *(record for group in rivals for record in group))
        return Case(Reason.CONTESTED, text, shown, best, rival)


def _settled(
    part: OpenGroups, groups: Sequence[list[int]]
) -> tuple[Places, dict[tuple[int, int], tuple[float, float]], list[Cut], list[Case]]:
    """Divide groups in a process of their own: gives the labels of their records, and the rest."""
    for group in groups:
        part.settle(group)
    return part.labels(groups), part.weighed, part.cuts, part.cases


def _in_order(levels: Levels) -> Levels:
    return tuple([_LAST if level == NOT_KNOWN else level for level in levels])
