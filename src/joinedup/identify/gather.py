"""Linking the rows of several files, so that one child is asked about once."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from joinedup.identify.together import Groups, Places
from joinedup.linkage.batch import Progress, find_pairs
from joinedup.linkage.clusters import resolve
from joinedup.linkage.constraints import Constraints
from joinedup.linkage.model import Model
from joinedup.linkage.prepare import prepare
from joinedup.linkage.score import Scorer
from joinedup.people.demographics import FIELDS
from joinedup.standards.tabular import Table

_BLOCK = 20_000


def gather(
    tables: Sequence[Table], work: Path, *, model: Model | None = None, progress: Progress
) -> Groups:
    """Link the rows of several tables.

    ``work`` is a folder for what does not fit into memory. A row that cannot be read is a group of
    its own.
    """
    model = model or Model.default()
    text, numbers, starts = _read(tables, progress)
    records = prepare(text)
    model = model.with_population(max(records.num_rows, model.population))
    pairs = find_pairs(records, model, out=work / "pairs.parquet", progress=progress)
    progress("Joining records", 0, 1)
    clusters = resolve(records, pairs, Constraints(), scorer=Scorer(model)).table
    cluster = clusters["cluster_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    by_place = np.empty(records.num_rows, dtype=np.int64)
    by_place[_places(clusters, starts, numbers)] = cluster
    # The first place of each cluster stands for it.
    _, first, inverse = np.unique(by_place, return_index=True, return_inverse=True)
    label = first[inverse]
    order = np.argsort(label, kind="stable")
    progress("Joining records", 1, 1)
    return Groups(
        tuple(table.path.name for table in tables),
        starts,
        numbers,
        text.select(list(FIELDS)),
        records,
        label,
        order,
        label[order],
    )


def _read(tables: Sequence[Table], progress: Progress) -> tuple[pa.Table, Places, tuple[int, ...]]:
    schema = pa.schema([(name, pa.string()) for name in ("source", "id", *FIELDS)])
    total = sum(table.row_count for table in tables)
    blocks: list[pa.RecordBatch] = []
    numbers: list[int] = []
    starts = [0]
    waiting: list[tuple[str | None, ...]] = []

    def flush() -> None:
        columns = list(zip(*waiting, strict=True)) or [()] * len(schema)
        arrays = [pa.array(column, pa.string()) for column in columns]
        blocks.append(pa.record_batch(arrays, schema=schema))
        waiting.clear()
        progress("Reading rows to link", len(numbers), total)

    for at, table in enumerate(tables):
        for row in table:
            get = row.fields.get
            values = (_encodable(get(name)) for name in FIELDS)
            waiting.append((str(at), str(row.number), *values))
            numbers.append(row.number)
            if len(waiting) == _BLOCK:
                flush()
        starts.append(len(numbers))
    flush()
    return pa.Table.from_batches(blocks), np.array(numbers, dtype=np.int64), tuple(starts)


def _encodable(text: str | None) -> str | None:
    """Half a character, which some files hold, is no name; Arrow has UTF-8 alone."""
    if not text or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def _places(clusters: pa.Table, starts: tuple[int, ...], numbers: Places) -> Places:
    """Give the place of each row of a table whose source and id are a table and a row's number."""
    table = clusters["source"].cast(pa.int64()).to_numpy()
    number = clusters["id"].cast(pa.int64()).to_numpy()
    place = np.empty(len(table), dtype=np.int64)
    for at, (start, end) in enumerate(pairwise(starts)):
        here = table == at
        place[here] = start + np.searchsorted(numbers[start:end], number[here])
    return place
