"""Weighing millions of pairs at once: Splink on DuckDB, or on Spark where one machine ends."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from joinedup.linkage.model import Model
from joinedup.linkage.settings import (
    ROW,
    candidates,
    compared,
    crowds,
    share_rows,
    weighed,
    with_shares,
)

Engine = Literal["duckdb", "spark"]
Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps of it are done, and of how many."""

MEMORY = "2GB"
MOST_ALIKE = 5_000
"""Values that more records share than this, such as a date that stands for "not known", say nothing
about who is who and would make billions of pairs."""
PAIRS_AT_ONCE = 4_000_000


def find_pairs(
    records: pa.Table,
    model: Model,
    *,
    engine: Engine = "duckdb",
    least: float = 0.5,
    out: Path,
    progress: Progress | None = None,
    memory: str = MEMORY,
    spark: Any = None,
) -> Path:
    """Write the pairs of records that are probably of one child, as Parquet, and give the file.

    ``records`` has the columns of ``LinkRecord``. A pair comes once, in the order of ``records``,
    when one of the model's blocking rules finds it and its probability is ``least`` or more:
    ``source_l, id_l, source_r, id_r, match_weight, match_probability`` and ``gamma_<comparison>``
    (see ``settings.weighed``). The weight is what ``Scorer(model)`` gives; the model is used as it
    is, so give it the population first (``Model.with_population``).

    What is done is kept beside ``out`` until the end: called again with the same records and model
    after a break, it goes on where it stopped. On DuckDB about ``memory`` is used, the rest spills
    to disk. ``spark`` is a session for the engine of that name, otherwise one is started here.
    """
    tell = progress or _silent
    work = out.with_name(f"{out.name}.parts")
    _begin(work, _fingerprint(records, model, engine, least))
    if engine == "spark":
        from joinedup.linkage.spark import score

        scored = score(
            records,
            model,
            least=least,
            most=MOST_ALIKE,
            work=work,
            progress=tell,
            session=spark,
        )
    else:
        scored = _score(records, model, least=least, work=work, progress=tell, memory=memory)
    tell("Writing pairs", 0, 1)
    _combine(scored, out)
    shutil.rmtree(work)
    tell("Writing pairs", 1, 1)
    return out


def _silent(what: str, done: int, of: int) -> None:
    pass


def _fingerprint(records: pa.Table, model: Model, engine: str, least: float) -> str:
    """Give what a half-done run must have in common with this one to be gone on with."""
    digest = hashlib.blake2b(digest_size=16)
    for batch in records.to_batches():
        for column in batch.columns:
            # Copied, a slice has no more than its own values.
            for buffer in pa.concat_arrays([column]).buffers():
                if buffer is not None:
                    digest.update(buffer)
    digest.update(json.dumps([model.text(), engine, least, MOST_ALIKE, PAIRS_AT_ONCE]).encode())
    return digest.hexdigest()


def _begin(work: Path, fingerprint: str) -> None:
    of = work / "of"
    if of.exists() and of.read_text() == fingerprint:
        return
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    of.write_text(fingerprint)


def _combine(parts: list[Path], out: Path) -> None:
    unfinished = out.with_name(f"{out.name}.unfinished")
    with pq.ParquetWriter(unfinished, pq.read_schema(parts[0])) as writer:
        for part in parts:
            for batch in pq.ParquetFile(part).iter_batches():
                writer.write_batch(batch)
    unfinished.replace(out)


@contextmanager
def connected(work: Path, memory: str = MEMORY) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a database in memory that spills into ``work``."""
    with closing(
        duckdb.connect(config={"memory_limit": memory, "temp_directory": str(work / "spill")})
    ) as con:
        con.execute("set enable_progress_bar = false")
        yield con


def _score(
    records: pa.Table, model: Model, *, least: float, work: Path, progress: Progress, memory: str
) -> list[Path]:
    with connected(work, memory) as con:
        progress("Loading records", 0, 1)
        load(con, records, model)
        pairs = _candidates(con, model, work, progress)
        total = pq.ParquetFile(pairs).metadata.num_rows
        slices = max(1, -(-total // PAIRS_AT_ONCE))
        parts = []
        for at in range(slices):
            progress(f"Weighing {total:,} pairs", at, slices)
            start = at * PAIRS_AT_ONCE
            numbered = f"read_parquet('{_quoted(pairs)}', file_row_number = true)"
            some = (
                f"(select * from {numbered} where file_row_number >= {start} "  # noqa: S608
                f"and file_row_number < {start + PAIRS_AT_ONCE})"
            )
            part = work / f"scored-{at:04d}.parquet"
            levels = compared(model, "duckdb", "records", some)
            _write(con, weighed(model, "duckdb", f"({levels}) c", least), part)
            parts.append(part)
        progress(f"Weighing {total:,} pairs", slices, slices)
        return parts


def _write(con: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    """Write a query's result, unless an earlier run did."""
    if not file.exists():
        unfinished = file.with_suffix(".unfinished")
        con.execute(f"copy ({query}) to '{_quoted(unfinished)}' (format parquet)")
        unfinished.replace(file)


def load(con: duckdb.DuckDBPyConnection, records: pa.Table, model: Model) -> None:
    """Put records into a database as the table ``records``, numbered, with the model's shares."""
    rows = records.append_column(ROW, pa.array(range(records.num_rows), pa.int64()))
    names, values, shares = zip(*share_rows(model), strict=True)
    con.register("loaded_rows", rows)
    con.register("shares", pa.table({"name": names, "value": values, "share": shares}))
    con.execute(f"create table records as {with_shares(model, 'loaded_rows', 'shares')}")
    con.unregister("loaded_rows")
    con.unregister("shares")


def _candidates(
    con: duckdb.DuckDBPyConnection, model: Model, work: Path, progress: Progress
) -> Path:
    file = work / "pairs.parquet"
    if file.exists():
        return file
    con.execute("create table found (left_row bigint, right_row bigint)")
    for done, rule in enumerate(model.block):
        progress(f"Looking for pairs by {' and '.join(rule)}", done, len(model.block))
        values, crowd = con.execute(crowds(rule, "records", "duckdb", MOST_ALIKE)).fetchall()[0]
        if values:
            progress(
                f"Left out: {values:,} values of {' and '.join(rule)}, each of more than "
                f"{MOST_ALIKE:,} records ({crowd:,} together)",
                done,
                len(model.block),
            )
        con.execute(f"insert into found {candidates(rule, 'records', 'duckdb', MOST_ALIKE)}")
    progress("Looking for pairs", len(model.block), len(model.block))
    _write(con, "select distinct left_row, right_row from found order by all", file)
    con.execute("drop table found")
    return file


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
