"""What linking first saves: `joinedup match` over each agency's file, and over all together.

    python benchmarks/together.py [--children 20000]

Both ways ask the same emulator engine in this process. Writes its part of docs/benchmarks.md.
"""

import argparse
import csv
import tempfile
import threading
import time
from pathlib import Path

import document
import machine
import pyarrow.parquet as pq

from joinedup.identify.gather import gather
from joinedup.identify.journal import Journal
from joinedup.identify.match_file import Run, match_file, match_files
from joinedup.identify.tally import Tally
from joinedup.pds.emulator.engine import Engine
from joinedup.pds.emulator.source import InProcessSource
from joinedup.simulate import simulate
from joinedup.standards.tabular import Table, open_table


class _Counts:
    """Right and wrong numbers over all files, and what they cost."""

    def __init__(self, tallies: list[Tally], outs: list[Path], truth: dict[tuple[str, str], str]):
        self.rows = sum(tally.rows for tally in tallies)
        self.calls = sum(tally.calls for tally in tallies)
        self.right = self.wrong = self.there = 0
        for out in outs:
            source = out.name.removesuffix("_matched.csv")
            with out.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file):
                    number = truth[source, next(iter(row.values()))]
                    self.there += bool(number)
                    if row["SUI_NHSNo"]:
                        self.right += row["SUI_NHSNo"] == number
                        self.wrong += row["SUI_NHSNo"] != number

    def line(self, name: str) -> str:
        return (
            f"| {name} | {self.rows:,} | {self.calls:,} | {self.calls / self.rows:.2f} | "
            f"{self.right / self.there:.2%} | {self.wrong} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=31)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        region = folder / "region"
        simulate(region, args.children, args.seed)
        source = InProcessSource(Engine(region / "pds.ndjson"))
        table = pq.read_table(region / "truth.parquet")
        truth = {
            (row["source"], row["id"]): row["nhs_number"] or ""
            for row in table.to_pylist()
            if row["source"] != "pds"
        }
        tables = [open_table(path) for path in sorted(region.glob("*.csv"))]

        def run(way: str) -> tuple[Run, list[Path]]:
            journal = Journal.open(folder / f"{way}.journal", content=b"", settings={})
            outs = [folder / way / f"{each.path.stem}_matched.csv" for each in tables]
            outs[0].parent.mkdir()
            return (
                Run(source, "adaptive", journal, 1, lambda done: None, threading.Event()),
                outs,
            )

        alone = _alone(tables, *run("alone"), truth)
        begun = time.perf_counter()
        groups = gather(tables, folder, progress=lambda *_: None)
        took = time.perf_counter() - begun
        one, outs = run("together")
        together = _Counts(match_files(tables, outs, groups, one), outs, truth)
    document.put(
        "together",
        f"""
{len(tables)} agencies' files of a region of {args.children:,} children (seed {args.seed}), held
NHS numbers left in. {groups.children:,} children as far as linking could tell; linking took
{took:.0f} s. {machine.describe()}.

| `joinedup match` | rows | calls | calls a row | found, of those on the source | wrong numbers |
|---|---:|---:|---:|---:|---:|
{alone.line("each file by itself")}
{together.line("all files together")}
""",
    )


def _alone(
    tables: list[Table], run: Run, outs: list[Path], truth: dict[tuple[str, str], str]
) -> _Counts:
    tallies = [match_file(table, out, run) for table, out in zip(tables, outs, strict=True)]
    return _Counts(tallies, outs, truth)


if __name__ == "__main__":
    main()
