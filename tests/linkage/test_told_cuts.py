"""Cuts that are told of lead from no record to one that it must never be joined with."""

from itertools import combinations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from joinedup.linkage.clusters import CLUSTER_SCHEMA, CUT_SCHEMA, Clusters
from joinedup.linkage.constraints import Ref
from joinedup.linkage.told_cuts import told

CHILDREN = [Ref("s", str(number)) for number in range(7)]
PAIRS = list(combinations(CHILDREN, 2))


def run(cuts: list[tuple[Ref, Ref]]) -> Clusters:
    """Seven children of two records each, and cuts between their first records."""
    members = [
        {"source": source, "id": ref.id, "cluster_id": f"s/{ref.id}"}
        for ref in CHILDREN
        for source in ("s", "t")
    ]
    rows = [
        {"source_l": one.source, "id_l": one.id, "source_r": other.source, "id_r": other.id,
         "match_weight": 9.0, "reason": "evidence", "words": "", "against": None, "context": 0.0}
        for one, other in cuts
    ]  # fmt: skip
    empty = pa.table({})
    return Clusters(
        pa.Table.from_pylist(members, CLUSTER_SCHEMA), empty, empty,
        pa.Table.from_pylist(rows, CUT_SCHEMA), empty,
    )  # fmt: skip


def ends(cuts: pa.Table) -> list[tuple[Ref, Ref]]:
    return [
        (Ref(row["source_l"], row["id_l"]), Ref(row["source_r"], row["id_r"]))
        for row in cuts.to_pylist()
    ]


def reached(start: str, cuts: list[tuple[Ref, Ref]]) -> set[str]:
    seen, more = {start}, True
    while more:
        more = False
        for one, other in cuts:
            if (one.id in seen) != (other.id in seen):
                seen |= {one.id, other.id}
                more = True
    return seen


@given(
    st.lists(st.sampled_from(PAIRS), unique=True),
    st.lists(st.sampled_from(PAIRS), unique=True, max_size=3),
)
def test_no_way_leads_over_and_all_else_is_told(cuts, apart):
    never = [(one._replace(source="t"), other) for one, other in apart]  # another record of theirs
    left = ends(told(run(cuts), never))
    for one, other in apart:
        assert other.id not in reached(one.id, left)
    harmless = [
        cut for cut in cuts
        if not any({one.id, other.id} <= reached(cut[0].id, cuts) for one, other in apart)
    ]  # fmt: skip
    assert left == harmless


def test_records_that_are_not_in_the_files_change_nothing():
    away = Ref("elsewhere", "1")
    assert (
        ends(told(run(PAIRS[:3]), [(CHILDREN[0], away), (away, Ref("elsewhere", "2"))]))
        == (PAIRS[:3])
    )
