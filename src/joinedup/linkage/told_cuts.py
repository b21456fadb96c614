"""Which cuts of a run may be told of.

A cut names two records that look like one child and are not joined. Beside the list of records
never to be joined it could give away what that list protects: a child's records before and after
adoption look like one child, or each look like a third record (Adoption and Children Act 2002,
s. 57).
"""

from collections.abc import Collection

import duckdb
import numpy as np
import pyarrow as pa

from joinedup.linkage.clusters import Clusters
from joinedup.linkage.components import components
from joinedup.linkage.constraints import PAIR_COLUMNS, Ref


def told(clusters: Clusters, never: Collection[tuple[Ref, Ref]]) -> pa.Table:
    """Give the cuts by which nobody gets from one side of a pair in ``never`` to the other.

    Where cuts lead there, at once or through other children, none of them is given. The order and
    the columns are those of ``clusters.cuts``.
    """
    cuts = clusters.cuts
    if not never or not cuts.num_rows:
        return cuts
    ends = [
        (Ref(one_source, one), Ref(other_source, other))
        for one_source, one, other_source, other in zip(
            *(cuts[name].to_pylist() for name in PAIR_COLUMNS), strict=True
        )
    ]
    child = _children(clusters.table, {ref for pair in (*ends, *never) for ref in pair})
    left = np.array([child[one] for one, _ in ends], np.int64)
    right = np.array([child[other] for _, other in ends], np.int64)
    chained = components(len(child), left, right)
    secret = {
        int(chained[child[one]])
        for one, other in never
        if one in child and other in child and chained[child[one]] == chained[child[other]]
    }
    return cuts.filter(pa.array(~np.isin(chained[left], list(secret))))


def _children(table: pa.Table, named: Collection[Ref]) -> dict[Ref, int]:
    """Give each of these records a number that is its child's; none to one that is not there."""
    wanted = pa.table({"source": [r.source for r in named], "id": [r.id for r in named]})
    with duckdb.connect() as con:
        con.register("members", table)
        con.register("wanted", wanted)
        found = con.execute(
            "select source, id, dense_rank() over (order by cluster_id) - 1 "
            "from members join wanted using (source, id)"
        ).fetchall()
    return {Ref(source, id): number for source, id, number in found}
