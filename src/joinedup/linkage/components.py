"""Which records hang together through pairs, for millions of them."""

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]


def components(size: int, left: Places, right: Places) -> Places:
    """Give for each of ``size`` records the lowest record that it is connected to.

    ``left`` and ``right`` hold the two ends of each connection. Works on whole columns: the lower
    of two ends takes the other over, and every record then points straight at the lowest, until
    nothing changes.
    """
    lowest = np.arange(size, dtype=np.int64)
    while True:
        one, other = lowest[left], lowest[right]
        differ = one != other
        if not differ.any():
            return lowest
        left, right, one, other = left[differ], right[differ], one[differ], other[differ]
        low = np.minimum(one, other)
        np.minimum.at(lowest, one, low)
        np.minimum.at(lowest, other, low)
        while True:
            further = lowest[lowest]
            if np.array_equal(further, lowest):
                break
            lowest = further


def weakest_support(
    cluster: Places, left: Places, right: Places, weight: npt.NDArray[np.float64]
) -> dict[int, float]:
    """Give for each cluster the weight at which it would come apart.

    ``cluster`` holds the cluster of each pair. It is the lowest weight on the heaviest tree that
    spans the cluster (Kruskal 1956). A cluster of one pair has that pair's.
    """
    order = np.lexsort((right, left, -weight, cluster))
    cluster, left, right, weight = cluster[order], left[order], right[order], weight[order]
    starts: Places = np.flatnonzero(np.diff(cluster, prepend=-1))
    counts = np.diff(starts, append=cluster.size)
    found: dict[int, float] = {}
    for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
        if count == 1:
            found[int(cluster[start])] = float(weight[start])
            continue
        end = start + count
        ends = left[start:end].tolist(), right[start:end].tolist()
        found[int(cluster[start])] = _weakest(*ends, weight[start:end].tolist())
    return found


def _weakest(left: list[int], right: list[int], weight: list[float]) -> float:
    above: dict[int, int] = {}

    def top(record: int) -> int:
        while record in above:
            record = above[record]
        return record

    last = weight[0]
    for one, other, each in zip(left, right, weight, strict=True):
        a, b = top(one), top(other)
        if a != b:
            above[a] = b
            last = each
    return last
