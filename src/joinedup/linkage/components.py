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
    spans the cluster, all of them grown together: every part takes its heaviest pair to another
    (Boruvka 1926). A cluster of one pair has that pair's.
    """
    named, cluster = np.unique(cluster, return_inverse=True)
    heaviest_first = np.argsort(-weight, kind="stable")
    cluster, weight = cluster[heaviest_first], weight[heaviest_first]
    left, right = left[heaviest_first], right[heaviest_first]
    size = int(max(left.max(initial=-1), right.max(initial=-1))) + 1
    weakest = np.full(named.size, np.inf)
    part = np.arange(size, dtype=np.int64)
    while left.size:
        ends = part[left], part[right]
        best = np.full(size, left.size, dtype=np.int64)
        for end in ends:
            np.minimum.at(best, end, np.arange(left.size))
        chosen = np.zeros(left.size + 1, dtype=np.bool_)
        chosen[best] = True
        taken = np.flatnonzero(chosen[:-1])
        np.minimum.at(weakest, cluster[taken], weight[taken])
        part = components(size, ends[0][taken], ends[1][taken])[part]
        further = np.flatnonzero(part[left] != part[right])
        cluster, weight = cluster[further], weight[further]
        left, right = left[further], right[further]
    return dict(zip(named.tolist(), weakest.tolist(), strict=True))
