"""Identities over time: how fast records come in, and what must hold, tried many times.

python benchmarks/identities.py [--children 4000] [--races 1000] [--histories 10000]
"""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import combinations
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from typing import NamedTuple

import document
import machine
import pyarrow.parquet as pq
from psycopg_pool import ConnectionPool

from joinedup.database import database_url, leave_database
from joinedup.identities.files import read_records
from joinedup.identities.index import Link
from joinedup.identities.store import Identities, Synced
from joinedup.linkage.constraints import Ref
from joinedup.linkage.history import Kind
from joinedup.linkage.model import Model
from joinedup.linkage.prepare import rows
from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import Demographics
from joinedup.simulate import simulate

AGENCIES = ("health", "schools", "childrens_services", "police")
WRITERS = 8
DECISIONS = 300


class Took(NamedTuple):
    """What a number of records took: seconds by the clock, and of this process's processor."""

    records: int
    seconds: float
    processor: float

    def row(self, name: str) -> str:
        return (
            f"| {name} | {self.records:,} | {self.records / self.seconds:,.0f} "
            f"| {self.processor / self.records * 1e3:.2f} |"
        )


def timed(records: int, act: Callable[[], object]) -> Took:
    started, processor = time.perf_counter(), time.process_time()
    act()
    return Took(records, time.perf_counter() - started, time.process_time() - processor)


def region(children: int) -> tuple[dict[str, list[LinkRecord]], dict[Ref, str]]:
    """An invented region's agency records, and whose each truly is."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder), children, seed=2026, formats=False)
        read = read_records([Path(folder) / f"{agency}.csv" for agency in AGENCIES])
        truth = pq.read_table(Path(folder) / "truth.parquet")
    columns = [truth[name].to_pylist() for name in ("source", "id", "person_id")]
    child = {Ref(source, id): person for source, id, person in zip(*columns, strict=True)}
    by_agency: dict[str, list[LinkRecord]] = {agency: [] for agency in AGENCIES}
    for record in rows(read.table):
        by_agency[record.source].append(record)
    return by_agency, child


def invented(number: int, source: str) -> LinkRecord:
    """A child like no other, as one agency holds it."""
    chance = Random(number)
    word = "".join(chance.choices("abcdefghijklmnoprstuvw", k=9))
    raw = {
        "given": word[:4] + "a",
        "family": word[4:] + "son",
        "birth_date": (date(2009, 1, 1) + timedelta(days=number % 5000)).isoformat(),
        "postcode": f"LS{number % 28 + 1} {number % 9 + 1}AB",
        "gender": chance.choice("12"),
        "phone": f"0113 496 {number % 10_000:04d}",
    }
    return LinkRecord.of(source, str(number), Demographics.read(raw))


def writer(url: str, agency: int, numbers: Iterable[int], gate: Barrier) -> None:
    with ConnectionPool[Link](url, min_size=1, max_size=1, open=True) as pool:
        identities = Identities(pool, Model.default())
        for number in numbers:
            record = invented(number, f"agency {agency}")
            gate.wait()
            identities.add(record)


def races(identities: Identities, url: str, count: int) -> Counter[int]:
    """Let eight processes add each of so many new children at once; counts identities a child."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(WRITERS)
    workers = [
        context.Process(target=writer, args=(url, agency, range(count), gate))
        for agency in range(WRITERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise SystemExit("a writer failed")
    return Counter(
        len({identities.identity_of(f"agency {each}", str(number)) for each in range(WRITERS)})
        for number in range(count)
    )


def decide_at_random(identities: Identities, records: list[Ref], chance: Random) -> None:
    """Merges, splits, unlinks and undos among the records, as people might decide."""
    for _ in range(DECISIONS):
        one, other = chance.sample(records, 2)
        merge = identities.decide(Kind.MERGE, [one, other], by="benchmark")
        back = chance.choice(("split", "undo", "unlink", "keep"))
        if back == "split":
            identities.decide(Kind.SPLIT, [one, other], by="benchmark")
        elif back == "undo":
            identities.undo(merge.number, by="benchmark")
        elif back == "unlink":
            identities.decide(Kind.UNLINK, [one], by="benchmark")


def histories(count: int) -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.linkage.test_history_properties import merge_and_back

    for seed in range(count):
        merge_and_back(random.Random(seed))


def pairs(groups: Iterable[list[Ref]]) -> set[tuple[Ref, Ref]]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def grouped(of: dict[Ref, str]) -> Iterable[list[Ref]]:
    groups: dict[str, list[Ref]] = {}
    for ref, key in of.items():
        groups.setdefault(key, []).append(ref)
    return groups.values()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=4000)
    parser.add_argument("--races", type=int, default=1000)
    parser.add_argument("--histories", type=int, default=10_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="joinedup-bench-") as state:
        os.chmod(state, 0o755)
        os.environ["JOINEDUP_STATE"] = state
        try:
            measure(args, database_url())
        finally:
            leave_database()


def measure(args: argparse.Namespace, url: str) -> None:
    by_agency, truth = region(args.children)
    chance = Random(5)
    lines = []
    with ConnectionPool[Link](url, min_size=WRITERS, max_size=WRITERS, open=True) as pool:
        identities = Identities(pool, Model.default())
        identities.create()

        first: list[Synced] = []
        many = sum(map(len, by_agency.values()))
        took = timed(
            many, lambda: first.extend(identities.sync(*each) for each in by_agency.items())
        )
        lines.append(took.row("four agencies' first extracts, one writer"))
        again = [
            record._replace(email=f"new{at}@example.org") if at % 20 == 0 else record
            for at, record in enumerate(by_agency["schools"])
        ]
        took = timed(len(again), lambda: identities.sync("schools", again))
        lines.append(took.row("a new extract of one, every 20th record changed"))

        with pool.connection() as link:
            found = {
                Ref(source, id): str(identity)
                for source, id, identity in link.execute(
                    "SELECT source, id, identity FROM identities.place"
                )
            }
        joined = pairs(grouped(found))
        true = pairs(grouped({ref: truth[ref] for ref in found}))
        asked = sum(each.possible for each in first)

        one = [invented(number, "one writer") for number in range(10**6, 10**6 + 1000)]
        took = timed(len(one), lambda: [identities.add(record) for record in one])
        lines.append(took.row("one record a transaction, one writer"))
        eight = [invented(number, "eight") for number in range(2 * 10**6, 2 * 10**6 + 2000)]
        with ThreadPoolExecutor(WRITERS) as threads:
            took = timed(len(eight), lambda: list(threads.map(identities.add, eight)))
        lines.append(took.row("one record a transaction, eight writers"))

        raced = races(identities, url, args.races)
        decide_at_random(identities, sorted(found), chance)
        with pool.connection() as link:
            (events,) = link.execute("SELECT count(*) FROM identities.event").fetchone() or (0,)
        started = time.perf_counter()
        differences = identities.rebuild()
        rebuilt = time.perf_counter() - started
    started = time.perf_counter()
    histories(args.histories)
    folded = time.perf_counter() - started
    document.put(
        "identities",
        f"""
{machine.describe()}. About {os.getloadavg()[2]:.0f}
processes shared its cores meanwhile. Processor time is the client's; the database's is not in it.

| records taken in | records | a second | processor ms a record |
|---|---:|---:|---:|
{chr(10).join(lines)}

- The {many:,} records of {args.children:,} invented children, by the model
  {Model.default().version}: {len(joined & true):,} of {len(joined):,} joined pairs are right,
  {len(joined & true) / len(true):.1%} of the true pairs are joined, and {asked:,} records stand by
  themselves until a person has looked.
- {args.races:,} races of {WRITERS} processes adding one new child: {raced[1]:,} made one identity,
  {args.races - raced[1]:,} made more.
- Rebuild after {events:,} events, {DECISIONS:,} merges and what took them back among them:
  {len(differences)} differences, {rebuilt:.1f} s.
- {args.histories:,} random histories, a merge and its undoing, and its split, with records arriving
  in between: all restored exactly, {folded:.0f} s.
""",
    )


if __name__ == "__main__":
    main()
