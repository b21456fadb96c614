"""Clusters of records, each one child, that respect the truth about people.

Records connected by likely pairs are first gathered; nearly all such groups are a few records that
all fit each other, and are done. The others hold a pair that cannot be one child, or a pair that
does not fit, and are divided into the most probable children (``partition``). A pair that blocking
never brought together is weighed there, not assumed.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from joinedup.linkage.components import Places, components, weakest_support
from joinedup.linkage.constraints import PAIR_COLUMNS, Constraints, Reason
from joinedup.linkage.household import Households, fits
from joinedup.linkage.open_groups import Case, Cut, Decided, OpenGroups
from joinedup.linkage.places import Edges, Names, RecordsError, columns_of, read_edges
from joinedup.linkage.prepare import rows
from joinedup.linkage.score import Scorer
from joinedup.linkage.triage import triage

THRESHOLD = 0.95

_PAIR = [(name, pa.string()) for name in PAIR_COLUMNS]
CLUSTER_SCHEMA = pa.schema([("source", pa.string()), ("id", pa.string()),
                            ("cluster_id", pa.string())])  # fmt: skip
LINK_SCHEMA = pa.schema(
    [*_PAIR, ("match_weight", pa.float64()), ("match_probability", pa.float64()),
     ("context", pa.float64())]
)  # fmt: skip
COHESION_SCHEMA = pa.schema([("cluster_id", pa.string()), ("records", pa.int64()),
                             ("cohesion", pa.float64())])  # fmt: skip
CUT_SCHEMA = pa.schema(
    [*_PAIR, ("match_weight", pa.float64()), ("reason", pa.string()), ("words", pa.string()),
     ("against", pa.float64()), ("context", pa.float64())]
)  # fmt: skip
CONFLICT_SCHEMA = pa.schema(
    [("reason", pa.string()), ("words", pa.string()),
     ("records", pa.list_(pa.struct([("source", pa.string()), ("id", pa.string())]))),
     ("match_weight", pa.float64()), ("against", pa.float64())]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which records are one child, and why others are not. Rows are in the order of their records.

    ``table`` has every record once, with its ``cluster_id``: the name of the cluster's first record
    by source and id, so that another run agrees. ``links`` are the pairs inside clusters at or
    above the threshold, and those that a person decided; ``context`` is the part of a weight that
    comes from the household (``household``), nought without. ``cohesion`` gives for each cluster of
    several records the weight at which it would come apart.
    ``cuts`` are the pairs at or above the threshold that are not joined: why, in words, and the
    weight of what spoke ``against`` (null for a rule). ``conflicts`` are what a person should look
    at; records that must never be joined are not shown together there. ``notes`` are things to put
    right in what was decided.
    """

    table: pa.Table
    links: pa.Table
    cohesion: pa.Table
    cuts: pa.Table
    conflicts: pa.Table
    notes: tuple[str, ...] = ()


def resolve(
    records: pa.Table,
    pairs: Path | pa.Table,
    constraints: Constraints,
    *,
    scorer: Scorer,
    threshold: float = THRESHOLD,
    household: bool = False,
) -> Clusters:
    """Divide records into children.

    ``records`` has the columns of ``LinkRecord``; ``pairs`` (a table or a Parquet file) has
    ``source_l, id_l, source_r, id_r, match_weight``: the candidates that may be one child. Two
    records are joined at a probability of ``threshold``. With ``household``, what is known of the
    household is added to the weights: the pairs need their levels, as `find_pairs` writes them, and
    those from ``household.LEAST`` on. The order of rows makes no difference. Thousands of groups
    that are open are shared with a new process, which imports the caller's main module, as with
    ``multiprocessing``.

    Raises ``RecordsError`` for records or pairs that cannot be used, ``ConstraintError`` when
    decisions contradict each other.
    """
    if not 0.5 <= threshold < 1:
        raise RecordsError(f"The threshold is a probability from 0.5 to below 1, not {threshold}.")
    names = Names(records)
    households = None
    if household and fits(scorer.model):
        comparisons = [each.name for each in scorer.model.comparisons]
        edges = read_edges(names, pairs, comparisons)
        households = Households(names, records, scorer)
        edges = households.add(edges)
    else:
        edges = read_edges(names, pairs)
    decided = Decided(names, constraints)
    least = math.log2(threshold / (1 - threshold))
    likely = edges.where(edges.weight > 0)
    left, right = columns_of(decided.together)
    gathered = components(
        len(names), np.concatenate([likely.left, left]), np.concatenate([likely.right, right])
    )
    whole, open_ = triage(gathered, likely, records, names, constraints, decided, least)
    label = np.arange(len(names), dtype=np.int64)
    label[whole[gathered]] = gathered[whole[gathered]]
    members = np.flatnonzero(open_[gathered])
    groups = OpenGroups(
        names,
        dict(
            zip(
                members.tolist(),
                rows(records.take(names.order.take(pa.array(members)))),
                strict=True,
            )
        ),
        edges.where(open_[gathered[edges.left]] & open_[gathered[edges.right]]),
        constraints,
        decided,
        scorer,
        least,
        label,
        households,
    )
    members = members[np.argsort(gathered[members], kind="stable")]
    starts = np.flatnonzero(np.diff(gathered[members], prepend=-1))
    if members.size:
        groups.settle_all([group.tolist() for group in np.split(members, starts[1:])])
    return _Tables(names, edges.and_also(groups.weighed), label, least).clusters(groups, decided)


class _Tables:
    """The result as tables, from the label of each record: its cluster's first."""

    def __init__(self, names: Names, edges: Edges, label: Places, least: float) -> None:
        self._names = names
        self._edges = edges
        self._label = label
        self._least = least

    def clusters(self, groups: OpenGroups, decided: Decided) -> Clusters:
        edges = self._edges
        inside = edges.where(self._label[edges.left] == self._label[edges.right])
        return Clusters(
            table=pa.table(
                [self._names.sources, self._names.ids, self._names.cluster_ids(self._label)],
                schema=CLUSTER_SCHEMA,
            ),
            links=self._links(inside, decided),
            cohesion=self._cohesion(inside),
            cuts=self._cut_table(groups.cuts),
            conflicts=self._conflict_table(groups),
            notes=tuple(decided.notes),
        )

    def _links(self, inside: Edges, decided: Decided) -> pa.Table:
        linked = inside.weight >= self._least
        if decided.together:
            key = inside.left * len(self._names) + inside.right
            left, right = columns_of(decided.together)
            linked |= np.isin(key, left * len(self._names) + right)
        kept = inside.where(linked)
        chance = 1 / (1 + np.exp2(-np.clip(kept.weight, -1000, 1000)))
        ends = self._ends(kept.left, kept.right)
        return pa.table([*ends, kept.weight, chance, kept.context], schema=LINK_SCHEMA)

    def _ends(self, left: Places, right: Places) -> list[pa.Array]:
        return [
            column.take(pa.array(at))
            for at in (left, right)
            for column in (self._names.sources, self._names.ids)
        ]

    def _cohesion(self, inside: Edges) -> pa.Table:
        sizes = np.bincount(self._label, minlength=len(self._names))
        first = np.flatnonzero(sizes > 1)
        weakest = weakest_support(
            self._label[inside.left], inside.left, inside.right, inside.weight
        )
        return pa.table(
            [
                self._names.cluster_ids(first),
                sizes[first],
                [weakest[at] for at in first.tolist()],
            ],
            schema=COHESION_SCHEMA,
        )

    def _cut_table(self, found: list[Cut]) -> pa.Table:
        cuts = sorted(found, key=lambda cut: (cut.left, cut.right))
        ends = self._ends(*columns_of((cut.left, cut.right) for cut in cuts))
        rest = [
            [cut.weight for cut in cuts],
            [cut.reason.value for cut in cuts],
            [cut.words for cut in cuts],
            [cut.against for cut in cuts],
            [cut.context for cut in cuts],
        ]
        return pa.table([*ends, *rest], schema=CUT_SCHEMA)

    def _conflict_table(self, groups: OpenGroups) -> pa.Table:
        cases = [*groups.cases, *self._cut_cases(groups.cuts)]
        cases.sort(key=lambda case: (case.records, case.reason))
        return pa.table(
            [
                [case.reason.value for case in cases],
                [case.words for case in cases],
                [[self._names.ref(record)._asdict() for record in case.records] for case in cases],
                [case.weight for case in cases],
                [case.against for case in cases],
            ],
            schema=CONFLICT_SCHEMA,
        )

    def _cut_cases(self, cuts: list[Cut]) -> Iterable[Case]:
        """Cuts that a person should look at: not what a list forbids, nor a chain that a rule cuts.

        Of several cuts between the same two clusters the strongest stands for all.
        """
        strongest: dict[tuple[int, int], Cut] = {}
        for cut in cuts:
            if cut.reason in (Reason.CANNOT_LINK, Reason.CONTESTED):
                continue
            if not cut.direct and cut.reason is not Reason.EVIDENCE:
                continue
            key = int(self._label[cut.left]), int(self._label[cut.right])
            kept = strongest.get(key)
            if kept is None or (cut.weight, kept.left, kept.right) > (
                kept.weight, cut.left, cut.right,
            ):  # fmt: skip
                strongest[key] = cut
        for cut in strongest.values():
            yield Case(cut.reason, cut.words, (cut.left, cut.right), cut.weight, cut.against)
