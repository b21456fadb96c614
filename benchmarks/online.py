"""Matching one record online over a million: in memory, through PostgreSQL, and Splink beside them.

    python benchmarks/online.py [--children 640000] [--region DIR]
    python benchmarks/online.py --growth 10000,100000,1000000,10000000 [--region DIR]

640,000 children have about a million records with the agencies, and ``--growth``, which measures
the index in memory alone, makes as many as the largest size needs. Each writes its part of
docs/benchmarks.md, ``--growth`` the chart too.
"""

import argparse
import gc
import os
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import document
import duckdb
import machine
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from growth import ASKED, ROUNDS, Speed, chart, grow, measure, prepare, table
from splink import DuckDBAPI, Linker, block_on

from joinedup.database import database_url, leave_database
from joinedup.identities.files import read_records
from joinedup.identities.index import PostgresIndex
from joinedup.linkage.index import CERTAIN, Answer, MemoryIndex, decide
from joinedup.linkage.keys import key_maker
from joinedup.linkage.model import Model
from joinedup.linkage.prepare import rows, to_table
from joinedup.linkage.record import LIST_COLUMNS, LinkRecord
from joinedup.linkage.settings import ROW, splink_settings
from joinedup.simulate import simulate

AGENCIES = ("childrens_services", "health", "police", "schools")
QUERIES = 20_000
SPLINK_QUERIES = 30
LARGEST = 1_950_000  # children of a region

Child = str
Question = tuple[LinkRecord, Child]


@dataclass
class World:
    """Who is put into the index, in random order, and who is asked for.

    ``known`` are children of whom one record is in the index and another agency's is the question;
    ``twins`` are children with no record in the index, but whose twin has one; ``new`` have none
    and are not twins.
    """

    indexed: list[LinkRecord]
    child: dict[tuple[str, str], Child]
    known: list[Question]
    twins: list[Question]
    new: list[Question]


def world(region: Path, seed: int) -> World:
    """Choose from a region's agency files."""
    rng = random.Random(seed)
    records = read_records([region / f"{agency}.csv" for agency in AGENCIES])
    truth = pq.read_table(region / "truth.parquet").select(["source", "id", "person_id"])
    child = {(s, i): p for s, i, p in zip(*(c.to_pylist() for c in truth.columns), strict=True)}
    by_child: dict[Child, list[LinkRecord]] = defaultdict(list)
    for record in rows(records.table):
        by_child[child[record[:2]]].append(record)
    people = pq.read_table(
        region / "people.parquet", columns=["person_id", "family_id", "birth_date", "twin"]
    )
    births: dict[Any, list[Child]] = defaultdict(list)
    for person, family, born, twin in zip(*(c.to_pylist() for c in people.columns), strict=True):
        if twin and person in by_child:
            births[family, born].append(person)
    left_out = {rng.choice(twins) for twins in births.values() if len(twins) > 1}
    twins = [(rng.choice(by_child.pop(one)), one) for one in sorted(left_out)]
    everyone = sorted(by_child)
    rng.shuffle(everyone)
    alone = islice((one for one in everyone if len(by_child[one]) == 1), QUERIES // 2)
    new = [(by_child.pop(one)[0], one) for one in list(alone)]
    known: list[Question] = []
    for one in everyone:
        if len(known) == QUERIES:
            break
        if one not in by_child:
            continue
        held, *others = rng.sample(by_child[one], len(by_child[one]))
        asked = next((other for other in others if other.source != held.source), None)
        if asked is not None:
            by_child[one] = [held]
            known.append((asked, one))
    indexed = [record for one in everyone for record in by_child.get(one, ())]
    return World(indexed, child, known, twins, new)


def with_server(server: int) -> Callable[[], float]:
    """Processor time of this process and of the database's process that serves it."""

    def used() -> float:
        fields = Path(f"/proc/{server}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")

    return used


def recall(model: Model, index: MemoryIndex, here: World) -> str:
    """Say how many true children are among the candidates, and by which rule alone."""
    found, seen, incomplete = 0, 0, 0
    only: Counter[str] = Counter()
    makers = {", ".join(rule): key_maker((rule,)) for rule in model.block}
    for question, one in here.known:
        others, complete = index.candidates(question)
        seen += len(others)
        incomplete += not complete
        true = [other for other in others if here.child[other[:2]] == one]
        if not true:
            continue
        found += 1
        by = [n for n, make in makers.items() if set(make(question)) & set(make(true[0]))]
        if len(by) == 1:
            only[by[0]] += 1
    n = len(here.known)
    lines = "\n".join(f"| {name} | {only[name] / n:.2%} |" for name in makers)
    return f"""The true child is among the candidates of **{found / n:.2%}** of {n:,} questions,
with {seen / n:.1f} candidates a question; for {incomplete} of them not every one was looked at.

| blocking rule | true children that it alone finds |
|---|---|
{lines}
"""


def verdicts(index: MemoryIndex, here: World) -> str:
    """Say what is decided about known children, new ones, and new ones with a twin in the index."""

    def same(one: LinkRecord, other: LinkRecord) -> bool:
        return here.child[one[:2]] == here.child[other[:2]]

    lines = []
    for name, questions in (
        ("known, another agency's record is asked about", here.known),
        ("new", here.new),
        ("new, and a twin is in the index", here.twins),
    ):
        count: Counter[str] = Counter()
        for question, one in questions:
            answer = index.match(question)
            verdict: str = decide(question, answer, same)
            if verdict == "certain" and here.child[answer[0].record[:2]] != one:
                verdict = "wrong"
            count[verdict] += 1
        n = max(1, len(questions))
        shares = " | ".join(
            f"{count[v]:,} ({count[v] / n:.2%})" for v in ("certain", "wrong", "possible", "none")
        )
        lines.append(f"| {name} | {n:,} | {shares} |")
    return "\n".join(
        (
            "| child | questions | certain | certain and wrong | possible | nobody |",
            "|---|---|---|---|---|---|",
            *lines,
        )
    )


def build(model: Model, records: list[LinkRecord]) -> tuple[MemoryIndex, float]:
    """Put records into an index: it, and the seconds that took."""
    start = time.perf_counter()
    index = MemoryIndex(model)
    for record in records:
        index.put(record)
    took = time.perf_counter() - start
    gc.collect()
    gc.freeze()
    return index, took


class Postgres(NamedTuple):
    """What the index in PostgreSQL did."""

    speed: Speed
    loaded: float
    disk: float
    differing: int
    put: float


def postgres(model: Model, here: World, memory: MemoryIndex) -> Postgres:
    """Load the embedded PostgreSQL, match, and compare its answers with the index in memory."""
    questions = [question for question, _ in here.known[: QUERIES // 2]]
    index = PostgresIndex(model)
    with psycopg.connect(database_url(), autocommit=True) as conn:
        server = with_server(conn.info.backend_pid)
        index.create(conn)
        start = time.perf_counter()
        index.load(conn, here.indexed)
        loaded = len(here.indexed) / (time.perf_counter() - start)
        conn.execute("VACUUM ANALYZE identities.linkage_record, identities.linkage_key")
        speed = measure(lambda question: index.match(conn, question), questions, server)
        differing = 0
        for question in questions[:2000]:
            there, near = index.match(conn, question), memory.match(question)
            differing += there != near or there.complete != near.complete
        (disk,) = conn.execute(
            "SELECT sum(pg_total_relation_size(c.oid)) / 1e6 FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = relnamespace AND nspname = 'identities' "
            "WHERE relkind = 'r'"
        ).fetchone() or (0,)
        start = time.perf_counter()
        with conn.transaction():
            for question in questions[:2000]:
                index.put(conn, question)
        put = 2000 / (time.perf_counter() - start)
    leave_database()
    return Postgres(speed, loaded, float(disk), differing, put)


def beside_splink(model: Model, here: World, index: MemoryIndex) -> dict[str, Speed]:
    """Ask Splink for single matches over the same records.

    ``predict_between`` gets the blocking rules that need no list, ``score_pairs`` the candidates
    that our index found.
    """
    con = duckdb.connect()  # open until the process ends: Splink keeps hold of it
    con.execute("SET enable_progress_bar = false")
    held = to_table(here.indexed)
    held = held.append_column(ROW, pa.array(range(held.num_rows)))
    con.register("given", held)
    con.execute("CREATE TABLE people AS SELECT * FROM given")
    api = DuckDBAPI(con)
    people = api.register("people")
    linker = Linker(people, splink_settings(model, "duckdb"))
    for column in ("given", "family"):
        linker.table_management.compute_tf_table(column)
    rules: list[Any] = [block_on(*rule) for rule in model.block if not set(rule) & LIST_COLUMNS]
    rules.append(block_on("birth_date", "postcode"))

    def one_row(records: list[LinkRecord], first: int) -> Any:
        some = to_table(records)
        numbers = pa.array(range(first, first + some.num_rows), pa.int64())
        return api.register(some.append_column(ROW, numbers))

    def between(question: LinkRecord) -> Answer:
        linker.inference.predict_between(
            one_row([question], 10**9),
            people,
            blocking_rules_to_generate_predictions=rules,
            threshold_match_weight=0.0,
        ).as_record_list()
        return Answer()

    def pairs(question: LinkRecord) -> Answer:
        others, _ = index.candidates(question)
        linker.inference.score_pairs(
            one_row([question], 10**9), one_row(others, 0)
        ).as_record_list()
        return Answer()

    some = [question for question, _ in here.known if index.candidates(question)[0]]
    some = some[:SPLINK_QUERIES]
    return {
        "Splink `predict_between`, its blocking": measure(between, some),
        "Splink `score_pairs`, our candidates": measure(pairs, some),
    }


def row(name: str, speed: Speed, of: Speed) -> str:
    """A line of the table of speeds."""
    less = speed.processor / of.processor
    return (
        f"| {name} | {speed.a_second:,.0f} | {speed.median:.3f} | {speed.slowest:.3f} "
        f"| {speed.processor:,.0f} | {1e6 / speed.processor:,.0f} | {less:,.1f} |"
    )


def grow_only(sizes: list[int], regions: list[Path], seed: int) -> None:
    """Measure the index in memory at growing sizes."""
    with tempfile.TemporaryDirectory() as folder:
        if not regions:
            children = max(sizes) * 385 // 1000  # who have so many records with five agencies
            for number in range(-(-children // LARGEST)):
                regions.append(Path(folder) / f"region{number}")
                simulate(regions[-1], min(children, LARGEST), seed + number, formats=False)
        file = Path(folder) / "records.arrow"
        agencies = (*AGENCIES, "gp")
        prepare(regions, agencies, file)
        grown = grow(file, regions[0], agencies, sizes)
    document.DOCUMENT.with_name("images").joinpath("online.svg").write_text(chart(grown), "utf-8")
    document.put(
        "growth",
        f"""
One process, records of five agencies drawn from {len(regions)} regions; {ASKED:,} children's other
records are asked for, whichever the size, the best of {ROUNDS} rounds. MB are those of
index and records together. While other work takes the processors, a match waits for its turn.
{machine.describe()}.

{table(grown)}

![Latency and memory by number of records](images/online.svg)
""",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=640_000)
    parser.add_argument(
        "--region", type=Path, action="append", default=[], help="made before; several to grow"
    )
    parser.add_argument("--growth", metavar="SIZES", help="records, with commas between")
    parser.add_argument("--seed", type=int, default=2026)
    args = parser.parse_args()
    if args.growth:
        grow_only([int(size) for size in args.growth.split(",")], args.region, args.seed)
        return
    model = Model.default()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # the database's own user must get in
        os.environ["JOINEDUP_STATE"] = str(Path(folder) / "state")
        region = next(iter(args.region), Path(folder) / "region")
        if not args.region:
            simulate(region, args.children, args.seed)
        here = world(region, args.seed)
        model = model.with_population(len(here.indexed))
        index, took = build(model, here.indexed)
        questions = [question for question, _ in here.known]
        speed = measure(index.match, questions)
        found = recall(model, index, here)
        decided = verdicts(index, here)
        splink = beside_splink(model, here, index)
        stored = postgres(model, here, index)
    document.put(
        "online",
        f"""
{len(index):,} records of four agencies in the index, one process, one match after another, the best
of {ROUNDS} rounds; the machine was shared with other work. Records are prepared before; what comes
out is scored and sorted. While other work takes the processors, a match waits for its turn: the
processor time (PostgreSQL's own included) shows what it takes by itself. Model
{model.version}. {machine.describe()}.

| index | matches a second | median ms | 99 % ms | processor µs | a processor second | times |
|---|---:|---:|---:|---:|---:|---:|
{row("in memory", speed, speed)}
{row("PostgreSQL (embedded)", stored.speed, speed)}
{"".join(row(name, each, speed) + chr(10) for name, each in splink.items())}
In memory the index is filled with {len(index) / took:,.0f} records a second. In PostgreSQL it takes
{stored.disk:,.0f} MB of disk, is loaded with {stored.loaded:,.0f} records a second, and takes
{stored.put:,.0f} single changes a second in one transaction. {stored.differing} of 2,000 answers
differed between the two.

{found}
What is decided, `certain` being {CERTAIN:.1f} bits (a probability of 0.999) and ahead of
every other child:

{decided}
""",
    )


if __name__ == "__main__":
    main()
