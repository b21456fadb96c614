"""Writes a region: the PDS's people, the agencies' files, and the truth about both."""

import gc
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Set
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from joinedup.database import state_dir
from joinedup.simulate.agencies import Agency
from joinedup.simulate.agency_files import Row, header, lines
from joinedup.simulate.errors import SimulateError
from joinedup.simulate.events import Lives
from joinedup.simulate.formats import Files, Setting, annex_a, forms, render
from joinedup.simulate.names import name_groups
from joinedup.simulate.numbers import NumberPlan
from joinedup.simulate.pds_records import PdsRecords
from joinedup.simulate.people import Person, Role
from joinedup.simulate.places import Map
from joinedup.simulate.population import Block, World
from joinedup.simulate.rates import AGENCIES, rates
from joinedup.simulate.social_care import Caseload

# Beyond, the 909,090 NHS numbers kept for tests do not reach all children.
ENOUGH_NUMBERS = 900_000
# Raise it with any change to what a region holds, so that a kept one is made again.
REGION_VERSION = 4
BLOCK_CHILDREN = 1000
MOST_CHILDREN = 2_000_000  # beyond, two pupils of the invented authority could have one UPN
_BLOCKS_IN_ROW_GROUP = 64
_SCHEMAS = {
    "truth": pa.schema(
        [("source", pa.string()), ("id", pa.string()), ("person_id", pa.string()),
         ("nhs_number", pa.string())]
    ),
    "mistakes": pa.schema(
        [("source", pa.string()), ("id", pa.string()), ("kinds", pa.list_(pa.string()))]
    ),
    "people": pa.schema(
        [("person_id", pa.string()), ("role", pa.string()), ("family_id", pa.string()),
         ("name_group", pa.string()), ("sex", pa.string()), ("birth_date", pa.date32()),
         ("age", pa.int16()), ("nhs_number", pa.string()), ("in_pds", pa.bool_()),
         ("twin", pa.bool_()), ("siblings", pa.int16()), ("restricted", pa.string()),
         ("moved", pa.bool_()), ("renamed", pa.bool_()), ("adopted", pa.bool_()),
         ("unaccompanied", pa.bool_()), ("no_address", pa.bool_()), ("unnamed", pa.bool_()),
         ("died", pa.bool_()), ("superseded_number", pa.string()), ("never_join", pa.string()),
         ("pds_mistakes", pa.list_(pa.string()))]
    ),
}  # fmt: skip


@dataclass(frozen=True)
class _Job:
    """One block to make: all that a worker needs to know."""

    block: int
    blocks: int
    children: int
    seed: int
    formats: bool


@dataclass(frozen=True)
class _Made:
    """What a worker hands back: parts of the text files, the tables and the workbook."""

    children: int
    texts: dict[str, bytes]
    formats: dict[str, bytes]
    lists: annex_a.Lists
    tables: dict[str, pa.RecordBatch]


@lru_cache(maxsize=2)
def _world(blocks: int, seed: int) -> World:
    return World(rates(), Map(blocks, seed), NumberPlan(blocks, BLOCK_CHILDREN, seed), seed)


def _make(job: _Job) -> _Made:
    world = _world(job.blocks, job.seed)
    block = Block(world, job.block, job.children)
    people = block.people()
    pds = PdsRecords(world.rates, job.seed, job.block)
    ndjson: list[bytes] = []
    truth: list[tuple[Any, ...]] = []
    for person in people:
        for patient in pds.patients(person):
            ndjson.append(orjson.dumps(patient, option=orjson.OPT_APPEND_NEWLINE))
            truth.append(("pds", patient["id"], person.id, _number_to_give(person)))
    texts = {"pds.ndjson": b"".join(ndjson)}
    mistakes: list[tuple[Any, ...]] = []
    setting = _agencies(world, job, block, pds)
    for name, rows in setting.rows.items():
        texts[f"{name}.csv"] = lines(name, rows).encode()
        for row in rows:
            truth.append((name, row.id, row.person.id, _number_to_give(row.person)))
            if row.mistakes:
                mistakes.append((name, row.id, row.mistakes))
    tables = {
        "truth": _batch("truth", truth), "mistakes": _batch("mistakes", mistakes),
        "people": _batch("people", _people_rows(people, pds, world.rates.as_at.toordinal())),
    }  # fmt: skip
    if not job.formats:
        return _Made(job.children, texts, {}, {}, tables)
    return _Made(job.children, texts, render(setting), annex_a.rows(setting), tables)


def _agencies(world: World, job: _Job, block: Block, pds: PdsRecords) -> Setting:
    """The agencies' rows, and what happened to the children behind them.

    Children's services come first: what they did makes others know a child.
    """

    def rows(name: str, told: Set[str] = frozenset()) -> list[Row]:
        agency = Agency(name, world.rates, world.map, job.seed, job.block, pds.postcodes)
        return agency.rows(block.children, block.before_adoption, told)

    in_view = rows("childrens_services")
    lives = Lives(world.rates, world.map, job.seed, {row.person.id for row in in_view})
    caseload = Caseload(world.rates, job.seed, lives, in_view)
    seen = [(row.person.id, lives.of(row.person)) for row in in_view]
    # Care Planning Regulations 2010: the health of a child in care is assessed on the way in.
    in_care = {person for person, life in seen if life.care}
    # The police are told of a child missing from care, and know whom they referred.
    told_police = {person for person, life in seen if life.missing}
    told_police.update(caseload.referred_by_police())
    by_agency = {
        "childrens_services": in_view, "schools": rows("schools"),
        "health": rows("health", in_care), "police": rows("police", told_police), "gp": rows("gp"),
    }  # fmt: skip
    return Setting(world.rates, world.map, job.seed, job.block, by_agency, lives, caseload)


def _number_to_give(person: Person) -> str | None:
    """The number a search for this identity must give: none before an adoption."""
    return None if person.role is Role.BEFORE_ADOPTION else person.nhs_number or None


def _batch(name: str, rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    schema = _SCHEMAS[name]
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(c, type=f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _people_rows(people: list[Person], pds: PdsRecords, today: int) -> list[tuple[Any, ...]]:
    labels = {key: group.label for key, group in name_groups().items()}
    return [
        (
            person.id, person.role.value, person.family_id, labels[person.group], person.sex,
            person.born, int((today - person.born.toordinal()) / 365.25),
            person.nhs_number or None, bool(person.nhs_number), person.multiple is not None,
            len(person.siblings), person.security, len(person.homes) > 1,
            person.former is not None, person.adopted_on is not None, person.unaccompanied,
            not person.homes, person.unnamed, person.died is not None, person.superseded or None,
            person.never_join or None, pds.mistakes.get(person.id, []),
        )
        for person in people
    ]  # fmt: skip


def simulate(
    out: Path,
    children: int,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
    formats: bool = False,
) -> Path:
    """Write a region of ``children`` into the folder ``out`` and return the folder.

    With ``formats`` each agency's data is there in its own formats too, in a folder of its name.

    The same children, seed and version give the same bytes, whatever the number of ``workers``
    (default: one a core). ``progress`` is called with the children made and the children asked.
    Above ``ENOUGH_NUMBERS`` children the NHS numbers kept for tests run out: some families'
    children are with the agencies alone, without a number and without a record of the PDS
    (``region_counts`` says how many). Raises ``SimulateError`` when the region cannot be made as
    asked.
    """
    if children < 1:
        raise SimulateError("Ask for at least one child.")
    if children > MOST_CHILDREN:
        raise SimulateError(
            f"A region has at most {MOST_CHILDREN:,} children: the UPNs of its one invented "
            f"authority would not be each one child's. Ask for {MOST_CHILDREN:,} or fewer."
        )
    blocks = -(-children // BLOCK_CHILDREN)
    _world(blocks, seed)  # before any worker: forked workers share it
    jobs = [
        _Job(block, blocks, min(BLOCK_CHILDREN, children - block * BLOCK_CHILDREN), seed, formats)
        for block in range(blocks)
    ]
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        write = _Writers(out, stack)
        done = 0
        for made in _in_order(jobs, workers or os.cpu_count() or 1, stack):
            write(made)
            done += made.children
            if progress:
                progress(done, children)
    return out


class _Writers:
    """The files of a region, open for blocks to be added in their order."""

    def __init__(self, out: Path, stack: ExitStack) -> None:
        self._texts = {
            name: stack.enter_context((out / name).open("wb"))
            for name in ("pds.ndjson", *(f"{agency}.csv" for agency in AGENCIES))
        }
        for agency in AGENCIES:
            self._texts[f"{agency}.csv"].write(header(agency).encode())
        self._tables = {
            name: _TableWriter(out / f"{name}.parquet", schema, stack)
            for name, schema in _SCHEMAS.items()
        }
        self._formats = Files(out, forms(rates().as_at), stack)
        self._workbook = annex_a.Workbook(out, stack)

    def __call__(self, made: _Made) -> None:
        for name, text in made.texts.items():
            self._texts[name].write(text)
        self._formats(made.formats)
        self._workbook(made.lists)
        for name, batch in made.tables.items():
            self._tables[name](batch)


class _TableWriter:
    """One Parquet file. Blocks are written many at once: small row groups are slow to read."""

    def __init__(self, path: Path, schema: pa.Schema, stack: ExitStack) -> None:
        self._file = stack.enter_context(pq.ParquetWriter(path, schema, compression="zstd"))
        self._waiting: list[pa.RecordBatch] = []
        stack.callback(self._write)

    def __call__(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        if len(self._waiting) == _BLOCKS_IN_ROW_GROUP:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            self._file.write_table(pa.Table.from_batches(self._waiting))
            self._waiting = []


def _settle() -> None:
    """Look for garbage seldom in a worker: a block is made of many objects that all stay."""
    gc.freeze()
    gc.set_threshold(50_000)


def _in_order(jobs: list[_Job], workers: int, stack: ExitStack) -> Iterator[_Made]:
    """What each job makes, in the order of the jobs, with few waiting in memory."""
    if workers == 1 or len(jobs) < 3:
        yield from map(_make, jobs)
        return
    # Forked workers start at once with what is loaded here, but a fork among threads may take a
    # held lock along (a progress bar's, say): then they start afresh.
    alone = threading.active_count() == 1 and sys.platform == "linux"
    context = multiprocessing.get_context("fork" if alone else "spawn")
    pool: Executor = stack.enter_context(ProcessPoolExecutor(workers, context, _settle))
    waiting: list[Future[_Made]] = []
    rest = iter(jobs)
    for job in islice(rest, workers * 2):
        waiting.append(pool.submit(_make, job))
    while waiting:
        made = waiting.pop(0).result()
        for job in islice(rest, 1):
            waiting.append(pool.submit(_make, job))
        yield made


@dataclass(frozen=True)
class Counts:
    """How much is in a region."""

    children: int
    without_number: int  # children whom no NHS number was left for, and those the PDS never had
    records: dict[str, int]  # rows by agency


def region_counts(region: Path) -> Counts:
    """Count a region's children and records, in its own tables."""
    people = pq.read_table(region / "people.parquet", columns=["role", "in_pds"])
    children = people.filter(pc.equal(people["role"], "child"))
    held = pc.sum(children["in_pds"]).as_py() or 0
    sources = pq.read_table(region / "truth.parquet", columns=["source"])["source"]
    rows = {entry["values"].as_py(): entry["counts"].as_py() for entry in sources.value_counts()}
    return Counts(
        len(children), len(children) - held, {agency: rows.get(agency, 0) for agency in AGENCIES}
    )


def demo_people(
    cache: Path | None = None,
    children: int = 10_000,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """The folder of the demo's region, made the first time it is asked for.

    It is kept in the state folder (``JOINEDUP_STATE``), or in ``cache`` where one is given.
    It is made beside its place and moved there whole, so that a stopped run leaves nothing half
    made and two starting at once do no harm.
    """
    place = (cache or state_dir()) / "regions" / f"demo-{children}-v{REGION_VERSION}"
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=place.parent))
    try:
        simulate(making, children, seed=1, progress=progress)
        try:
            making.rename(place)
        except OSError:
            if not place.is_dir():  # else another process was first, with the same bytes
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return place
