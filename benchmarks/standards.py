"""How fast agency files are read, beside a bare parser of the same bytes in the same run.

python benchmarks/standards.py [--children 60000]
"""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import iterparse

import document
import machine

from joinedup.simulate import simulate
from joinedup.standards import read


def bare(path: Path) -> None:
    """What the standard library alone needs to see every value."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            for _ in csv.reader(file):
                pass
    elif path.suffix == ".xml":
        for _, element in iterparse(path):
            element.clear()
    else:
        with path.open("rb") as file:
            for line in file:
                json.loads(line)


def ours(path: Path) -> None:
    reading = read(path)
    for _ in reading:
        pass
    if not reading.count.balanced:
        raise SystemExit(f"{path.name}: rows in and rows out differ")


def speed(run: Callable[[Path], None], path: Path) -> float:
    start = time.perf_counter()
    run(path)
    return path.stat().st_size / 1e6 / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=60_000)
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        region = Path(name) / "region"
        simulate(region, args.children, 2026, formats=True)
        files = [f for f in region.glob("*/*") if 1e6 < f.stat().st_size < 1e8]
        for file in sorted(files, key=lambda one: one.stat().st_size):
            fast, full = speed(bare, file), speed(ours, file)
            rows.append(
                f"| {file.parent.name}/{file.name} | {file.stat().st_size / 1e6:.1f} "
                f"| {full:.1f} | {fast:.1f} | {fast / full:.0f} |"
            )
    document.put(
        "standards",
        f"""
A region of {args.children:,} children. {machine.describe()}.

| file | MB | read and checked, MB/s | bare parser, MB/s | times slower |
|---|---:|---:|---:|---:|
{chr(10).join(rows)}
""",
    )


if __name__ == "__main__":
    main()
