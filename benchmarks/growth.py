"""The index in memory at growing sizes, to ten million children's records: speed and memory.

Records are read from a file that is mapped, so that beside the index itself there is next to
nothing in memory; each size is measured in a process of its own.
"""

import gc
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import vl_convert

from joinedup.identities.files import read_records
from joinedup.linkage.index import Answer, MemoryIndex
from joinedup.linkage.keys import process_keys
from joinedup.linkage.model import Model
from joinedup.linkage.prepare import SCHEMA, rows
from joinedup.linkage.record import LinkRecord

ASKED = 1_000  # children whose record at one agency is asked for over another's
_TOGETHER = 20_000  # records between two looks at the clock
ROUNDS = 3  # the machine is shared: the best of so many

Name = tuple[str, str]


class Speed(NamedTuple):
    """Matches a second of one process, latency in milliseconds, processor time in microseconds."""

    a_second: float
    median: float
    slowest: float
    processor: float


class Grown(NamedTuple):
    """The index at one size: ``memory`` is MB of index and records, ``put`` records a second."""

    size: int
    speed: Speed
    memory: float
    put: float
    candidates: float


def measure(
    match: Callable[[LinkRecord], Answer],
    questions: list[LinkRecord],
    processor: Callable[[], float] = time.process_time,
) -> Speed:
    """Time single matches, one after another; ``processor`` tells the processor time so far."""
    for question in questions[: len(questions) // 10]:
        match(question)
    best: Speed | None = None
    for _ in range(ROUNDS):
        taken = []
        start, used = time.perf_counter(), processor()
        for question in questions:
            before = time.perf_counter()
            match(question)
            taken.append(time.perf_counter() - before)
        used = (processor() - used) / len(questions)
        a_second = len(questions) / (time.perf_counter() - start)
        taken.sort()
        middle, slow = taken[len(taken) // 2] * 1e3, taken[len(taken) * 99 // 100] * 1e3
        speed = Speed(a_second, middle, slow, used * 1e6)
        if best is None or speed.a_second > best.a_second:
            best = speed
    assert best is not None
    return best


def prepare(regions: Sequence[Path], agencies: Sequence[str], file: Path) -> None:
    """Read regions' agency files and write the records, in a process of their own.

    Regions beside the first one have agencies, and children, of their own. Their identifiers are
    left out: two invented regions give the same numbers to different children.
    """
    _apart(_prepare, regions, agencies, file)


def _prepare(
    regions: Sequence[Path], agencies: Sequence[str], file: Path, answer: Connection
) -> None:
    with pa.ipc.new_file(file, SCHEMA) as out:
        for number, region in enumerate(regions):
            paths = [region / f"{agency}.csv" for agency in agencies]
            sources = [f"{agency}{number or ''}" for agency in agencies]
            table = read_records(paths, sources=sources, workers=os.cpu_count() or 1).table
            if number:
                for column in ("upns", "nhs_numbers"):
                    at = table.schema.get_field_index(column)
                    nothing = pa.nulls(table.num_rows, SCHEMA.field(column).type)
                    table = table.set_column(at, column, nothing)
            out.write_table(table.cast(SCHEMA), max_chunksize=100_000)
    answer.send(None)


def grow(file: Path, region: Path, agencies: Sequence[str], sizes: Sequence[int]) -> list[Grown]:
    """Measure each size that the records of a file are enough for."""
    total = _mapped(file).num_rows
    held, asked = _children(region, agencies)
    grown = []
    for size in sizes:
        if size > total * 1.1:
            print(f"{total:,} records are too few for {size:,}")
            break
        grown.append(_apart(_one, file, held, asked, size / total))
        print(grown[-1], flush=True)
    return grown


def _apart(act: Callable[..., None], *given: Any) -> Any:
    """Run in a process of its own, which gives back all its memory."""
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe()
    process = fork.Process(target=act, args=(*given, theirs))
    process.start()
    theirs.close()
    answer = mine.recv()
    process.join()
    return answer


def _children(region: Path, agencies: Sequence[str]) -> tuple[set[Name], set[Name]]:
    """Choose children: the names of a record of each to hold, and of another to ask for."""
    with duckdb.connect() as con:
        found = con.execute(
            "select list(source order by source), list(id order by source) "
            f"from '{region / 'truth.parquet'}' where source in ({', '.join('?' * len(agencies))}) "
            "group by person_id having count(*) = 2 and count(distinct source) = 2 "
            "order by hash(person_id) limit ?",
            [*agencies, ASKED],
        ).fetchall()
    pairs = [list(zip(sources, ids, strict=True)) for sources, ids in found]
    return {held for held, _ in pairs}, {asked for _, asked in pairs}


def _one(file: Path, held: set[Name], asked: set[Name], share: float, answer: Connection) -> None:
    table = _mapped(file)
    index = MemoryIndex(Model.default().with_population(round(share * table.num_rows)))
    questions: list[LinkRecord] = []
    gc.disable()
    before, took = _memory(), 0.0
    records = iter(rows(table))
    while some := list(islice(records, _TOGETHER)):
        questions += [record for record in some if record[:2] in asked]
        some = [
            record
            for record in some
            if record[:2] in held or (record[:2] not in asked and _drawn(record, share))
        ]
        start = time.process_time()
        for record in some:
            index.put(record)
        took += time.process_time() - start
    memory = _memory() - before
    gc.freeze()
    candidates = sum(len(index.candidates(each)[0]) for each in questions) / len(questions)
    speed = measure(index.match, questions * 10)
    answer.send(Grown(len(index), speed, memory, len(index) / took, candidates))


_draw = process_keys((("id", "source"),))


def _drawn(record: LinkRecord, share: float) -> bool:
    return share >= 1 or _draw(record)[0] % 1_000_003 < share * 1_000_003


def _mapped(file: Path) -> pa.Table:
    """Give the records of a file that stay in the file, and take no memory of this process."""
    return pa.ipc.open_file(pa.memory_map(str(file))).read_all()


def _memory() -> float:
    """Give the MB of memory that this process holds, mapped files aside."""
    status = Path("/proc/self/status").read_text("utf-8")
    found = next(line for line in status.splitlines() if line.startswith("RssAnon:"))
    return int(found.split()[1]) / 1024


def chart(grown: list[Grown]) -> str:
    """Latency and memory over the size of the index, as SVG."""
    values = [
        {"records": each.size, "line": line, "ms": ms, "MB": each.memory}
        for each in grown
        for line, ms in (("median", each.speed.median), ("99th percentile", each.speed.slowest))
    ]
    size = {
        "field": "records",
        "type": "quantitative",
        "scale": {"type": "log"},
        "axis": {"format": "~s", "values": [each.size for each in grown]},
        "title": "records in the index",
    }

    def panel(field: str, title: str, **more: Any) -> dict[str, Any]:
        y = {"field": field, "type": "quantitative", "title": title, "scale": {"type": "log"}}
        return {
            "width": 300,
            "height": 200,
            "mark": {"type": "line", "point": True},
            "encoding": {"x": size, "y": y, **more},
        }

    svg: str = vl_convert.vegalite_to_svg(
        {
            "data": {"values": values},
            "hconcat": [
                panel("ms", "ms a match", color={"field": "line", "title": None}),
                panel("MB", "MB of memory"),
            ],
        }
    )
    return svg


def table(grown: list[Grown]) -> str:
    """The sizes as a table."""
    lines = "\n".join(
        f"| {each.size:,} | {each.candidates:.1f} | {each.speed.a_second:,.0f} "
        f"| {each.speed.median:.3f} | {each.speed.slowest:.3f} | {each.speed.processor:,.0f} "
        f"| {each.memory:,.0f} | {each.memory * 2**20 / each.size:,.0f} | {each.put:,.0f} |"
        for each in grown
    )
    return (
        "| records | candidates | matches a second | median ms | 99 % ms | processor µs | MB "
        "| bytes a record | put a second |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        + lines
    )
