"""What the household says about a pair: whether there is a twin, and how its names differ.

A pair alone cannot tell a child who goes by two names from twins: family, birth date and home agree
and the given names differ. The records around it can. Where a source lists two such children at
that home, there are twins. Where sources that rarely miss a twin list only one, there is none. How
much that proves is what each source misses, estimated from the records themselves by capture and
recapture (Sekar and Deming 1949): of the twins that another source lists, how often does this
source, listing one, not list the other?

A family name brings its custom with it. Where the children of a name have a heritage name and an
English one, a given name that differs is common and says little. How often it differs is counted
for each family name, without labels.

Neither is part of the model, whose weights are the same in every engine: what they change is named,
``context``, and added where clusters are resolved.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from joinedup.linkage.components import Places, components
from joinedup.linkage.constraints import side_by_side
from joinedup.linkage.model import STRANGER, Model
from joinedup.linkage.places import Edges, Levels, Names, Weights
from joinedup.linkage.prepare import rows
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import NOT_KNOWN, Scorer

TWIN = "twin"
LEAST = 1 / (1 + 2**6)
"""The probability from which a pair may still become likely by its household (`find_pairs`)."""

# A home of one family and birth date has few records; a date or phone that stands for "not known"
# has many.
_CROWD = 30
# Sources share their mistakes, so what several say together counts for no more than this.
_MOST_BITS = 8.0
# What all years of a source count for where a year has few twins.
_POOLED = 10.0
# What twins do not share.
_OWN = frozenset({"given", "gender", "upn", "nhs_number"})
_NEUTRAL, _ONE, _TWO = 0, 1, 2
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of a source: of ``seen`` sets of twins listed elsewhere of whom it lists at
    least one, it lists only one in ``missed``."""

    name: str
    seen: int
    missed: int


class _Place(NamedTuple):
    """Where a record is: its home, its source's part of it, and whether twins are listed there."""

    home: int
    cell: int
    twins: bool


class Households:
    """The records' households of one birth date, and what is listed there.

    ``sources`` says what the twins seen elsewhere tell of each source.
    """

    def __init__(self, names: Names, records: pa.Table, scorer: Scorer) -> None:
        model = scorer.model
        self._names = names
        self._scorer = scorer
        self._own = [at for at, each in enumerate(model.comparisons) if each.name in _OWN]
        self._known: dict[tuple[int, int], float] = {}
        self._places: dict[int, _Place] = {}
        self._doubts = _Doubts(model)
        self._twin_evident = -model.prior_bits(TWIN)
        ordered = records.select(_COLUMNS).take(names.order)
        self._home = _households(ordered)
        self._year = _codes(pc.utf8_slice_codeunits(ordered["birth_date"], 0, 4))
        self._list(records)
        self._count_misses()
        self._custom = _Custom(model, _codes(ordered["family"]))

    def __getstate__(self) -> dict[str, Any]:
        """What was looked up for single records stays here: another process looks it up itself."""
        return self.__dict__ | {"_known": {}, "_places": {}}

    # ------------------------------------------------------------------ what is listed
    def _list(self, records: pa.Table) -> None:
        """Find for each household and source whether one child is listed, or two."""
        names = self._names
        self._size = len(names.source_names)
        key = self._home * self._size + names.source_codes
        cells, at, count = np.unique(key, return_inverse=True, return_counts=True)
        self._cell: Places = at.astype(np.int64)
        self._where, self._who = cells // self._size, cells % self._size
        self._state = np.where(count == 1, _ONE, _NEUTRAL)
        several = np.flatnonzero((count[self._cell] > 1) & (count[self._cell] <= _CROWD))
        several = several[np.argsort(self._cell[several], kind="stable")]
        people = self._read(records, several)
        starts = np.flatnonzero(np.diff(self._cell[several], prepend=-1))
        self._twin_of: dict[int, list[int]] = {}
        for group in np.split(several, starts[1:]) if several.size else []:
            pairs = list(combinations(group.tolist(), 2))
            apart = [(a, b) for a, b in pairs if two_children(people[a], people[b])]
            for a, b in apart:
                self._twin_of.setdefault(a, []).append(b)
                self._twin_of.setdefault(b, []).append(a)
            if apart:
                self._state[self._cell[group[0]]] = _TWO
            elif all(one_child(people[a], people[b]) for a, b in pairs):
                self._state[self._cell[group[0]]] = _ONE
        self._twins = np.zeros(len(names), dtype=bool)
        self._twins[self._where[self._state == _TWO]] = True
        self._people = self._read(records, np.flatnonzero(self._twins[self._home]))

    def _read(self, records: pa.Table, places: Places) -> dict[int, LinkRecord]:
        some = records.take(self._names.order.take(pa.array(places)))
        return dict(zip(places.tolist(), rows(some), strict=True))

    def _count_misses(self) -> None:
        """Count what each source misses of the twins that another source lists, by birth year."""
        two = self._state == _TWO
        lists_two = np.bincount(self._where[two], minlength=len(self._names))
        seen = (lists_two[self._where] - two > 0) & (self._state != _NEUTRAL)
        missed = seen & (self._state == _ONE)
        years = int(self._year.max(initial=0)) + 1
        cell = self._who * years + self._year[self._where]

        def counted(mask: Flags) -> Weights:
            counts = np.bincount(cell[mask], minlength=self._size * years)
            return counts.astype(np.float64).reshape(self._size, years)

        of, misses = counted(seen), counted(missed)
        pooled = (misses.sum(axis=1) + 1) / (of.sum(axis=1) + 1)
        miss = (misses + _POOLED * pooled[:, None]) / (of + _POOLED)
        self.sources = [
            Source(name, int(of[at].sum()), int(misses[at].sum()))
            for at, name in enumerate(self._names.source_names)
        ]
        # What a source says when the one it lists is in question. Of a further record nobody knows
        # which of two children it would be.
        self._alone: Weights = np.where(self._state == _ONE, -np.log2(miss).ravel()[cell], 0.0)
        self._further: Weights = np.maximum(self._alone - 1.0, 0.0)
        self._all_further = np.bincount(
            self._where, weights=self._further, minlength=len(self._names)
        )

    # ------------------------------------------------------------------ pairs
    def add(self, edges: Edges) -> Edges:
        """Give the same pairs with what the households say added to their weights.

        Learns from them the customs of names first.
        """
        against = self._against_twins(edges.left, edges.right)
        doubts = self._doubts.of_pairs(_levels(edges))

        def more(custom: Weights, at: Places | slice) -> Weights:
            some = [bits[at] for bits in doubts]
            return self._doubts.change(edges.weight[at], some, against[at], custom)

        self._custom.learn(edges, more)
        return edges.with_context(more(self._custom.of_pairs(edges), slice(None)))

    def between(
        self,
        weight: float,
        levels: Sequence[int],
        holders: Sequence[tuple[int, int]],
        some: Sequence[int],
        others: Sequence[int],
    ) -> float:
        """Give what is to be added to the weight of two groups of records, or of two records.

        ``levels`` are places in ``Comparison.levels``; ``holders`` has for each comparison the two
        records that agree so.
        """
        against = self._against_twins_of(some, others)
        custom = self._custom.of(levels, holders)
        if not against and not custom:
            return 0.0
        return self._doubts.change_one(weight, self._doubts.of(levels), against, custom)

    def _against_twins(self, left: Places, right: Places) -> Weights:
        """What the households say against a twin, in bits, for each pair."""
        one, other = self._home[left], self._home[right]
        sources = self._names.source_codes
        told = (one == other) & (sources[left] != sources[right])
        own = (self._alone - self._further)[self._cell]
        bits = np.where(told, self._all_further[one] + own[left] + own[right], 0.0)
        bits = np.minimum(bits, _MOST_BITS)
        for at in np.flatnonzero(self._twins[one] | self._twins[other]).tolist():
            bits[at] = self._twins_seen([int(left[at])], [int(right[at])])
        return bits

    def _twins_seen(self, some: Sequence[int], others: Sequence[int]) -> float:
        """What is said against the other side's being the twin, where twins there are.

        It is as likely as its being the child, but for what the twins' own records say: where a
        source lists both, the one who is not meant must be the other side's child. The closest
        of several counts.
        """
        bits = self._twin_evident
        for mine, theirs in ((some, others), (others, some)):
            twins = {twin for record in mine for twin in self._twin_of.get(record, ())}
            likeness = [
                self._likeness(twin, record)
                for twin in twins
                for record in theirs
                if record != twin and record in self._people
            ]
            bits -= max(likeness, default=0.0)
        return max(-_MOST_BITS, min(bits, _MOST_BITS))

    def _likeness(self, twin: int, record: int) -> float:
        """Whether a record is this twin or the other one, in bits."""
        key = (twin, record) if twin < record else (record, twin)
        found = self._known.get(key)
        if found is None:
            levels = self._scorer.weigh(self._people[key[0]], self._people[key[1]]).levels
            found = self._known[key] = math.fsum(
                self._scorer.model.comparisons[at].levels[levels[at]].bits(TWIN)
                for at in self._own
                if levels[at] != NOT_KNOWN
            )
        return found

    def _against_twins_of(self, some: Sequence[int], others: Sequence[int]) -> float:
        sides = [[self._place(record) for record in records] for records in (some, others)]
        if any(place.twins for side in sides for place in side):
            return self._twins_seen(some, others)
        best = 0.0
        for home in {place.home for place in sides[0]} & {place.home for place in sides[1]}:
            cells = [{place.cell for place in side if place.home == home} for side in sides]
            # A source on both sides is not one that lists only one of two.
            asked = cells[0] ^ cells[1]
            if cells[0] <= cells[1] or cells[1] <= cells[0]:
                continue
            bits = self._all_further[home] + sum(
                self._alone[cell] - self._further[cell] for cell in asked
            )
            best = max(best, float(bits))
        return min(best, _MOST_BITS)

    def _place(self, record: int) -> "_Place":
        """Give where one record is, which is asked of open groups again and again."""
        found = self._places.get(record)
        if found is None:
            home = int(self._home[record])
            found = _Place(home, int(self._cell[record]), bool(self._twins[home]))
            self._places[record] = found
        return found

    # ------------------------------------------------------------------ words
    def words(self, one: int, other: int) -> str:
        """Say to a person what the households of two records say; "" when nothing."""
        homes = {int(self._home[one]), int(self._home[other])}
        # Cells are in the order of homes: looking at all of them for each cut would take long.
        first, end = (np.searchsorted(self._where, sorted(homes), side) for side in _SIDES)
        at = np.concatenate([np.arange(*each) for each in zip(first, end, strict=True)])
        two = [int(self._who[cell]) for cell in at if self._state[cell] == _TWO]
        if two:
            listed = _and(sorted({self._names.source_names[who] for who in two}))
            verb = "lists" if len(set(two)) == 1 else "list"
            return f"{listed} {verb} two children of this family and birth date at this home."
        if len(homes) > 1:
            return ""
        found = [cell for cell in at.tolist() if self._alone[cell] > 0]
        if not found:
            return ""
        who = [self.sources[int(self._who[cell])] for cell in found]
        rates = _and([f"{1 - source.missed / source.seen:.0%}" for source in who])
        verb, pronoun = ("lists", "it lists") if len(who) == 1 else ("list", "they list")
        return (
            f"{_and([source.name for source in who])} {verb} only one child of this family and "
            f"birth date at this home; of twins known to others {pronoun} both in {rates}."
        )


_COLUMNS = [
    "birth_date", "family", "family_forms", "family_sound", "postcodes", "homes", "phone",
]  # fmt: skip


def _and(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def two_children(one: LinkRecord, other: LinkRecord) -> bool:
    """Say whether a source lists these two of one household and birth date as two children."""
    if side_by_side(one, other):
        return True
    if not one.given or not other.given or one.given == other.given:
        return False
    if set(one.given_forms) & set(other.given_forms):
        return False
    return any(
        mine and theirs and not set(mine) & set(theirs)
        for mine, theirs in (
            (one.nhs_numbers, other.nhs_numbers),
            (one.upns, other.upns),
            ((one.gender,) if one.gender else (), (other.gender,) if other.gender else ()),
        )
    )


def one_child(one: LinkRecord, other: LinkRecord) -> bool:
    """Say whether two records of one household and birth date are plainly one child twice."""
    return bool(
        (one.given and one.given == other.given)
        or set(one.given_forms) & set(other.given_forms)
        or set(one.nhs_numbers) & set(other.nhs_numbers)
        or set(one.upns) & set(other.upns)
    )


def fits(model: Model) -> bool:
    """Say whether a model has what households change: a twin's doubt, and given names."""
    return TWIN in model.doubts and any(each.name == "given" for each in model.comparisons)


def _levels(edges: Edges) -> Levels:
    if edges.levels is None:
        raise ValueError("the pairs are without their levels")
    return edges.levels


# ---------------------------------------------------------------------- who lives together
def _codes(column: pa.ChunkedArray) -> Places:
    """A number for each value, 0 for none."""
    indices = column.combine_chunks().dictionary_encode().indices
    found = pc.fill_null(pc.add(pc.cast(indices, pa.int64()), 1), 0)
    return found.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _each(column: pa.ChunkedArray) -> tuple[Places, Places]:
    """The values of a column, lists spread, as records and codes; what is not known is left out."""
    array = column.combine_chunks()
    if pa.types.is_list(array.type):
        record = pc.list_parent_indices(array).to_numpy().astype(np.int64)
        return record, _codes(pa.chunked_array([pc.list_flatten(array)]))
    codes = _codes(column)
    known = np.flatnonzero(codes)
    return known, codes[known]


def _households(ordered: pa.Table) -> Places:
    """Give for each record the lowest record of its household of one birth date.

    Two records are of one when birth date and telephone are the same, or home, or postcode and a
    form, or the sound, of the family name.
    """
    total = ordered.num_rows
    birth = _codes(ordered["birth_date"])

    def shared(record: Places, *codes: Places) -> tuple[Places, Places, Places]:
        """The values, and which records have them, that several of one birth date share."""
        key = birth[record]
        for code in codes:
            key = _paired(key, code)
        count = np.bincount(key)[key]
        usual = (birth[record] > 0) & (count > 1) & (count <= _CROWD)
        return key[usual], record[usual], np.flatnonzero(usual)

    left, right = [], []

    def connect(key: Places, record: Places) -> None:
        one_of = np.empty(int(key.max(initial=-1)) + 1, dtype=np.int64)
        one_of[key] = record
        left.append(record)
        right.append(one_of[key])

    for column in ("phone", "homes"):
        record, code = _each(ordered[column])
        connect(*shared(record, code)[:2])
    record, code = _each(ordered["postcodes"])
    _, record, kept = shared(record, code)
    at, family = _families(ordered, total)
    first = np.searchsorted(at, record)
    count = np.searchsorted(at, record, side="right") - first
    # Each postcode of a record beside each form of its family name.
    spread = np.repeat(np.arange(record.size), count)
    within = np.arange(spread.size) - np.repeat(np.cumsum(count) - count, count)
    connect(*shared(record[spread], code[kept][spread], family[first[spread] + within])[:2])
    return components(total, np.concatenate(left), np.concatenate(right))


def _families(ordered: pa.Table, total: int) -> tuple[Places, Places]:
    """The forms and the sound of each record's family name, in the order of records."""
    record, form = _each(ordered["family_forms"])
    heard, sound = _each(ordered["family_sound"])
    every = np.concatenate([record, heard])
    order = np.argsort(every, kind="stable")
    return every[order], np.concatenate([form, sound + int(form.max(initial=0))])[order]


def _paired(one: Places, other: Places) -> Places:
    """A number for each distinct pair of numbers, from 0 on without gaps."""
    key = pa.array(one * (int(other.max(initial=0)) + 1) + other)
    found: Places = key.dictionary_encode().indices.to_numpy().astype(np.int64)
    return found


# ---------------------------------------------------------------------- weights
class _Doubts:
    """Changes weights by what is known of a twin, and of the custom of a name.

    A weight is -log2 of a sum, one term for each doubt. What speaks against a twin makes the twin's
    term smaller; a name's custom makes smaller all terms in which the given name is not the
    child's own.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        comparisons = model.comparisons
        self._sizes = [len(comparison.levels) for comparison in comparisons]
        self._others = [doubt for doubt in model.doubts if doubt != STRANGER]
        self._prior = {doubt: model.prior_bits(doubt) for doubt in self._others}
        # By gamma + 1: not known, then from the last level to the first.
        self._bits = {
            doubt: [
                np.array([0.0, *(level.bits(doubt) for level in reversed(comparison.levels))])
                for comparison in comparisons
            ]
            for doubt in self._others
        }
        given = next(each for each in comparisons if each.name == "given")
        self._of = lru_cache(maxsize=1 << 16)(self._sums)
        self._own_name = {
            doubt: all(math.isclose(level.match, level.doubts[doubt]) for level in given.levels)
            for doubt in self._others
        }

    def __reduce__(self) -> tuple[type["_Doubts"], tuple[Model]]:
        """Another process makes it anew."""
        return _Doubts, (self._model,)

    def of_pairs(self, levels: Levels) -> list[Weights]:
        """Give the weight against each doubt but the stranger, for the numbers that pairs have."""
        return [
            sum(
                (table[levels[:, at] + 1] for at, table in enumerate(self._bits[doubt])),
                np.full(len(levels), self._prior[doubt]),
            )
            for doubt in self._others
        ]

    def of(self, levels: Sequence[int]) -> list[float]:
        """Give the same for places in ``Comparison.levels``."""
        return self._of(tuple(levels))

    def _sums(self, levels: tuple[int, ...]) -> list[float]:
        at = [
            0 if level == NOT_KNOWN else size - level
            for level, size in zip(levels, self._sizes, strict=True)
        ]
        return [
            self._prior[doubt]
            + math.fsum(
                float(table[place]) for table, place in zip(self._bits[doubt], at, strict=True)
            )
            for doubt in self._others
        ]

    def change(
        self, weight: Weights, doubts: Sequence[Weights], against_twin: Weights, custom: Weights
    ) -> Weights:
        """Give what is to be added to weights for these bits, pair by pair."""
        # Shares of the sum.
        named, twin = np.zeros_like(weight), np.zeros_like(weight)
        for doubt, bits in zip(self._others, doubts, strict=True):
            share = np.exp2(np.minimum(weight - bits, 0.0))
            if doubt == TWIN:
                twin = share
            elif self._own_name[doubt]:
                named = named + share
        rest = np.maximum(1.0 - named - twin, 0.0)
        changed: Weights = -np.log2(
            named + np.exp2(-custom) * (rest + twin * np.exp2(-against_twin))
        )
        return changed

    def change_one(
        self, weight: float, doubts: Sequence[float], against_twin: float, custom: float
    ) -> float:
        """Give the same for one pair: of single numbers Python is much the faster."""
        named = twin = 0.0
        for doubt, bits in zip(self._others, doubts, strict=True):
            share = math.exp2(min(weight - bits, 0.0))
            if doubt == TWIN:
                twin = share
            elif self._own_name[doubt]:
                named += share
        rest = max(1.0 - named - twin, 0.0)
        return -math.log2(named + math.exp2(-custom) * (rest + twin * math.exp2(-against_twin)))


class _Custom:
    """How often a child's given names differ, by family name: bits for a pair in which they do.

    Counted over all pairs, each by its probability of being one child, which in turn asks how often
    names differ: expectation and maximisation. The rate of a name that few have is what names have
    of which as much was seen.
    """

    def __init__(self, model: Model, family: Places) -> None:
        self._family = family
        self._at = next(at for at, each in enumerate(model.comparisons) if each.name == "given")
        levels = model.comparisons[self._at].levels
        self._differ = [level.bits(STRANGER) < 0 for level in levels]
        self._usual = sum(
            level.match for level, differ in zip(levels, self._differ, strict=True) if differ
        )
        self._bits = np.zeros(int(family.max(initial=0)) + 1)

    def learn(self, edges: Edges, more: Callable[[Weights, Places | slice], Weights]) -> None:
        """Count the pairs; ``more`` gives what is to be added to some weights for a custom."""
        differ = np.flatnonzero(self._differs(edges))
        known = _levels(edges)[:, self._at] != NOT_KNOWN
        families = self._family[edges.left], self._family[edges.right]

        def counted(chance: Weights, at: Places | slice) -> Weights:
            counts = np.zeros(self._bits.size)
            for names in families:
                counts += np.bincount(names[at], weights=chance[at], minlength=counts.size) / 2
            counts[0] = 0.0  # the name is not known
            return counts

        def chances(some: Edges, at: Places | slice) -> Weights:
            custom = self.of_pairs(some)
            found: Weights = known[at] / (1 + np.exp2(-(some.weight + more(custom, at))))
            return found

        changing = edges.at(differ)
        spread = np.full(_RATES.size, 1 / _RATES.size)
        chance = chances(edges, slice(None))
        for _ in range(_ROUNDS):
            of, differing = counted(chance, slice(None)), counted(chance, differ)
            if not differing.any():
                return
            rates, spread = _rates(of, differing, spread)
            self._bits = np.log2(rates / self._usual)
            chance[differ] = chances(changing, differ)  # of the others it stays

    def _differs(self, edges: Edges) -> Flags:
        at: Flags = np.array([False, *reversed(self._differ)])[_levels(edges)[:, self._at] + 1]
        return at

    def of_pairs(self, edges: Edges) -> Weights:
        """Give the bits of each pair: none where the given names agree, or are not known."""
        one, other = self._bits[self._family[edges.left]], self._bits[self._family[edges.right]]
        return np.where(self._differs(edges), np.minimum(one, other), 0.0)

    def of(self, levels: Sequence[int], holders: Sequence[tuple[int, int]]) -> float:
        """Give the same for places in ``Comparison.levels``, and the two records of each."""
        level = levels[self._at]
        if level == NOT_KNOWN or not self._differ[level]:
            return 0.0
        return float(min(self._bits[self._family[record]] for record in holders[self._at]))


_ROUNDS, _STEPS = 8, 25
_RATES = np.geomspace(1 / 1024, 0.6, 32)


def _rates(of: Weights, differing: Weights, spread: Weights) -> tuple[Weights, Weights]:
    """Give each name's rate, and how the rates of all names are spread over ``_RATES``.

    Of each name ``differing`` pairs in ``of`` were seen. The spread is the likeliest of any form
    (Kiefer and Wolfowitz 1956), found by expectation and maximisation from ``spread`` on.
    """
    seen = of > 0
    fit = np.outer(differing[seen], np.log(_RATES)) + np.outer(
        (of - differing)[seen], np.log1p(-_RATES)
    )
    fit = np.exp(fit - fit.max(axis=1, keepdims=True))
    for _ in range(_STEPS):
        share = fit * spread
        share /= share.sum(axis=1, keepdims=True)
        spread = share.mean(axis=0)
    rates = np.full(of.size, float(spread @ _RATES))
    rates[seen] = share @ _RATES
    return rates, spread
