"""Records and pairs as places in one order, so that millions are worked on as whole columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from joinedup.linkage.components import Places
from joinedup.linkage.constraints import PAIR_COLUMNS, Ref

Weights = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int8]


class RecordsError(ValueError):
    """The records or pairs cannot be clustered; the message says which and what to do."""


class Names:
    """The records' names in order, and where each stands in the order."""

    def __init__(self, records: pa.Table) -> None:
        if records["source"].null_count or records["id"].null_count:
            raise RecordsError("A record has no source or no id. Give every record both.")
        order = pc.sort_indices(
            records.select(["source", "id"]),
            sort_keys=[("source", "ascending"), ("id", "ascending")],
        )
        self.order = order
        self.sources = records["source"].combine_chunks().take(order)
        self.ids = records["id"].combine_chunks().take(order)
        encoded = self.sources.dictionary_encode()
        self._names_of_sources = encoded.dictionary
        self.source_names: list[str] = encoded.dictionary.to_pylist()
        self.source_codes: Places = encoded.indices.to_numpy().astype(np.int64)
        self._keys = _keys(encoded.indices, self.ids)
        distinct = self._keys.dictionary_encode()
        if len(distinct.dictionary) < len(self._keys):
            twice = np.flatnonzero(np.bincount(distinct.indices.to_numpy()) > 1)[0]
            at = int(np.flatnonzero(distinct.indices.to_numpy() == twice)[0])
            raise RecordsError(
                f"Two records are called {self.ref(at)}. Each record of a source needs its own id."
            )

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, sources: pa.Array, ids: pa.Array) -> Places:
        """Where records stand in the order; -1 for those that are not there."""
        codes = pc.index_in(sources, self._names_of_sources)
        found = pc.index_in(_keys(codes, ids), self._keys)
        return pc.fill_null(found, -1).to_numpy().astype(np.int64)  # type: ignore[no-any-return]

    def ref(self, at: int) -> Ref:
        return Ref(self.sources[at].as_py(), self.ids[at].as_py())

    def sources_in(self, names: Iterable[str]) -> npt.NDArray[np.bool_]:
        """For each record, whether its source is one of these."""
        wanted = set(names)
        each = [name in wanted for name in self._names_of_sources.to_pylist()]
        return np.array(each, dtype=bool)[self.source_codes]

    def cluster_ids(self, at: Places) -> pa.Array:
        """A cluster's name, for its first record."""
        safe = pa.array(
            [
                name.replace("%", "%25").replace("/", "%2F")
                for name in self._names_of_sources.to_pylist()
            ],
            pa.string(),
        )
        return pc.binary_join_element_wise(
            safe.take(pa.array(self.source_codes[at])), self.ids.take(pa.array(at)), "/"
        )


def _keys(codes: pa.Array, ids: pa.Array) -> pa.Array:
    """One text for source and id that no other record has."""
    return pc.binary_join_element_wise(pc.cast(codes, pa.string()), ids, ":")


@dataclass(frozen=True, slots=True)
class Edges:
    """Pairs as places in the order, lower first, each once.

    ``levels`` holds a column for each comparison, as pairs have it (``gamma_<comparison>``), when
    asked for; ``context`` the part of the weight that comes from the household.
    """

    left: Places
    right: Places
    weight: Weights
    context: Weights
    levels: Levels | None = None

    def where(self, mask: npt.NDArray[np.bool_]) -> "Edges":
        return self.at(np.flatnonzero(mask))

    def at(self, at: Places) -> "Edges":
        levels = None if self.levels is None else self.levels[at]
        return Edges(self.left[at], self.right[at], self.weight[at], self.context[at], levels)

    def with_context(self, more: Weights) -> "Edges":
        """These pairs with more weight, from the household."""
        return Edges(self.left, self.right, self.weight + more, self.context + more, self.levels)

    def and_also(self, weighed: dict[tuple[int, int], tuple[float, float]]) -> "Edges":
        """These pairs and others, of which weight and context are given."""
        left, right = columns_of(weighed)
        more = np.array([weighed[pair] for pair in sorted(weighed)], np.float64).reshape(-1, 2)
        return Edges(
            np.concatenate([self.left, left]),
            np.concatenate([self.right, right]),
            np.concatenate([self.weight, more[:, 0]]),
            np.concatenate([self.context, more[:, 1]]),
        ).in_order()

    def in_order(self) -> "Edges":
        return self.at(np.lexsort((-self.weight, self.right, self.left)))

    def known(self) -> dict[tuple[int, int], float]:
        ends = zip(self.left.tolist(), self.right.tolist(), strict=True)
        return dict(zip(ends, self.weight.tolist(), strict=True))

    def known_context(self) -> dict[tuple[int, int], float]:
        """What the household adds to pairs, where it adds anything."""
        at = np.flatnonzero(self.context)
        ends = zip(self.left[at].tolist(), self.right[at].tolist(), strict=True)
        return dict(zip(ends, self.context[at].tolist(), strict=True))


def read_edges(names: Names, pairs: Path | pa.Table, comparisons: Sequence[str] = ()) -> Edges:
    """Read pairs, with their levels of ``comparisons``."""
    gammas = [f"gamma_{name}" for name in comparisons]
    columns = [*PAIR_COLUMNS, "match_weight"]
    table, levels = _read(pairs, columns, gammas)
    both = names.find(
        *(
            pa.concat_arrays([*table[f"{name}_l"].chunks, *table[f"{name}_r"].chunks])
            if table.num_rows
            else pa.array([], pa.string())
            for name in ("source", "id")
        )
    )
    one, other = both[: table.num_rows], both[table.num_rows :]
    weight = table["match_weight"].to_numpy().astype(np.float64)
    for end, side in ((one, "l"), (other, "r")):
        if (end < 0).any():
            row = table.slice(int(np.flatnonzero(end < 0)[0]), 1).to_pylist()[0]
            stray = Ref(row[f"source_{side}"], row[f"id_{side}"])
            raise RecordsError(f"A pair names {stray}, which is not among the records.")
    if (one == other).any():
        raise RecordsError(
            f"{names.ref(int(one[one == other][0]))} is paired with itself. Pairs are of two."
        )
    if not np.isfinite(weight).all():
        raise RecordsError("A pair's match_weight is not a finite number.")
    left, right = np.minimum(one, other), np.maximum(one, other)
    edges = Edges(left, right, weight, np.zeros_like(weight), levels).in_order()
    again = np.diff(edges.left, prepend=-1) == 0
    again &= np.diff(edges.right, prepend=-1) == 0
    return edges.where(~again)  # of a pair that comes twice, the higher weight


def _read(
    pairs: Path | pa.Table, columns: list[str], gammas: list[str]
) -> tuple[pa.Table, Levels | None]:
    table = pq.read_table(pairs, columns=[*columns, *gammas]) if isinstance(pairs, Path) else pairs
    missing = [name for name in gammas if name not in table.column_names]
    if missing:
        raise RecordsError(
            f"The pairs lack {missing[0]}: they were weighed with another model. Find them again."
        )
    if not gammas:
        return table, None
    levels = np.empty((table.num_rows, len(gammas)), np.int8)
    for at, name in enumerate(gammas):
        levels[:, at] = table[name].to_numpy()
    return table.select(columns), levels


def columns_of(pairs: Iterable[tuple[int, int]]) -> tuple[Places, Places]:
    array = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]
