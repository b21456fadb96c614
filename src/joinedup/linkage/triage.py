"""Which groups of records are plainly one child, and which need a closer look."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from joinedup.linkage.components import Places
from joinedup.linkage.constraints import Constraints
from joinedup.linkage.open_groups import Decided
from joinedup.linkage.places import Edges, Names

Flags = npt.NDArray[np.bool_]


def triage(
    gathered: Places,
    likely: Edges,
    records: pa.Table,
    names: Names,
    constraints: Constraints,
    decided: Decided,
    least: float,
) -> tuple[Flags, Flags]:
    """Which groups (by their lowest record) are one child for sure, and which are open.

    The rest are records on their own: nothing in their group reaches the threshold.
    """
    total = len(names)
    size = np.bincount(gathered, minlength=total)
    strong = likely.where(likely.weight >= least)
    links = np.bincount(gathered[strong.left], minlength=total)
    flagged = np.zeros(total, dtype=bool)
    for one, other in decided.apart:
        if gathered[one] == gathered[other]:
            flagged[gathered[one]] = True
    joined = np.zeros(total, dtype=bool)
    for one, _ in decided.together:
        joined[gathered[one]] = True
    flagged |= joined
    several = np.flatnonzero(size[gathered] > 1)
    _flag_repeats(flagged, gathered, several, names)
    _flag_verified(flagged, gathered, several, records, names, constraints)
    whole = links == size * (size - 1) // 2
    candidate = (size > 1) & ((links > 0) | joined)
    return candidate & whole & ~flagged, candidate & (~whole | flagged)


def _flag_repeats(flagged: Flags, gathered: Places, several: Places, names: Names) -> None:
    """Groups with two records of one source: twins, or a source that holds each child once."""
    codes = names.source_codes
    key = gathered[several] * (int(codes.max(initial=0)) + 1) + codes[several]
    order = np.argsort(key, kind="stable")
    again = key[order][1:] == key[order][:-1]
    flagged[gathered[several[order][1:][again]]] = True


def _flag_verified(
    flagged: Flags,
    gathered: Places,
    several: Places,
    records: pa.Table,
    names: Names,
    constraints: Constraints,
) -> None:
    """Groups with two verified NHS numbers whose first (current) ones differ."""
    verified = names.sources_in(constraints.verified_sources)
    if constraints.verified:
        refs = sorted(constraints.verified)
        at = names.find(
            pa.array([ref.source for ref in refs], pa.string()),
            pa.array([ref.id for ref in refs], pa.string()),
        )
        verified[at[at >= 0]] = True
    at = several[verified[several]]
    if not at.size:
        return
    numbers = records["nhs_numbers"].combine_chunks().take(names.order.take(at))
    lengths = pc.fill_null(pc.list_value_length(numbers), 0).to_numpy()
    at = at[lengths > 0]
    held = pc.list_element(numbers.filter(pa.array(lengths > 0)), 0)
    codes = held.dictionary_encode().indices.to_numpy().astype(np.int64)
    lowest = np.full(len(names), np.iinfo(np.int64).max)
    highest = np.full(len(names), -1)
    np.minimum.at(lowest, gathered[at], codes)
    np.maximum.at(highest, gathered[at], codes)
    flagged |= (highest >= 0) & (lowest != highest)
