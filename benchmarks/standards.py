"""How fast agency files are read, beside a bare parser of the same bytes in the same run.

python benchmarks/standards.py [--children 60000] [--quick]

Without --quick it also reads the largest files of a region of 200,000 children, and a CSV and an
XML file of about 1 GB, with the most memory that took.
"""

import argparse
import csv
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from xml.etree.ElementTree import iterparse

import document
import machine

from joinedup.simulate import simulate
from joinedup.standards import read

LARGE_REGION = 200_000
LARGEST = ("schools/*_pupilonroll.csv", "childrens_services/children_in_need.xml")
GIGABYTE = 10**9


def bare(path: Path) -> None:
    """What the standard library alone needs to see every value."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            for _ in csv.reader(file):
                pass
    elif path.suffix == ".xml":
        for _, element in iterparse(path):
            element.clear()
    elif path.suffix == ".json":
        json.loads(path.read_bytes())
    else:
        with path.open("rb") as file:
            for line in file:
                json.loads(line)


def checked(path: Path) -> None:
    """Read and checked as columns: what a check or a linker needs."""
    reading = read(path)
    for _ in reading.blocks():
        pass
    if not reading.count.balanced:
        raise SystemExit(f"{path.name}: rows in and rows out differ")


def records(path: Path) -> None:
    """Read and checked, with an object for each child, event and issue."""
    for _ in read(path):
        pass


def speed(run: Callable[[Path], None], path: Path) -> float:
    """MB in a second of the processor: what else runs on the machine must not count."""
    start = time.process_time()
    run(path)
    return path.stat().st_size / 1e6 / (time.process_time() - start)


def row(file: Path) -> str:
    # The bare parser comes before and after, so that a busy moment shows.
    before, columns, objects = speed(bare, file), speed(checked, file), speed(records, file)
    parser = max(before, speed(bare, file))
    return (
        f"| {file.parent.name}/{file.name} | {file.stat().st_size / 1e6:,.1f} | {columns:.1f} "
        f"| {objects:.1f} | {parser:.1f} | {parser / columns:.1f} |"
    )


def table(files: Iterable[Path]) -> str:
    heading = (
        "| file | MB | read and checked, MB/s | and as records, MB/s | bare parser, MB/s "
        "| times slower |\n|---|---:|---:|---:|---:|---:|\n"
    )
    return heading + "\n".join(map(row, files))


def repeated(source: Path, target: Path) -> None:
    """A file with the records of another again and again, until it is about 1 GB."""
    text = source.read_bytes()
    if source.suffix == ".csv":
        first, last = text.index(b"\n") + 1, len(text)
    else:
        first, last = text.index(b"<Child>"), text.rindex(b"</Child>") + len(b"</Child>")
    with target.open("wb") as file:
        file.write(text[:first])
        for _ in range(GIGABYTE // len(text) + 1):
            file.write(text[first:last])
        file.write(text[last:])


def memory(path: Path) -> tuple[float, float]:
    """MB/s, and the most MB of memory that this process, which does nothing else, took."""
    measured = speed(checked, path)
    # Not getrusage's figure: that begins with what the process had from which this one came.
    status = Path("/proc/self/status").read_text()
    return measured, int(status.partition("VmHWM:")[2].split()[0]) / 1024


def gigabytes(sources: Iterable[Path], folder: Path) -> str:
    lines = ["| file | MB | read and checked, MB/s | most memory, MB |", "|---|---:|---:|---:|"]
    for source in sources:
        target = folder / source.name
        repeated(source, target)
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as process:
            measured, most = process.submit(memory, target).result()
        size = target.stat().st_size / 1e6
        lines.append(f"| {source.name}, repeated | {size:,.0f} | {measured:.1f} | {most:,.0f} |")
        target.unlink()
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=60_000)
    parser.add_argument("--quick", action="store_true", help="only the region of --children")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        region = Path(name) / "region"
        simulate(region, args.children, 2026, formats=True)
        files = [f for f in region.glob("*/*") if 1e6 < f.stat().st_size < 1e8]
        files.sort(key=lambda one: one.stat().st_size)
        text = f"A region of {args.children:,} children. {machine.describe()}.\n\n{table(files)}"
        if not args.quick:
            large = Path(name) / "large"
            simulate(large, LARGE_REGION, 2026, formats=True)
            largest = [file for pattern in LARGEST for file in large.glob(pattern)]
            text += (
                f"\n\nThe largest CSV and the largest census of a region of {LARGE_REGION:,}:\n\n"
                f"{table(largest)}\n\nTheir records again and again, up to about 1 GB. After the "
                "first time each child is also reported as being there twice, which is the slowest "
                f"way through the checks:\n\n{gigabytes(largest, Path(name))}"
            )
    text += f"\n\nWhile this ran, {os.getloadavg()[2]:.1f} processes wanted a core at a time."
    document.put("standards", text)


if __name__ == "__main__":
    main()
