"""How long a region takes, how much memory all its processes hold, and how large it is.

    python benchmarks/simulate.py [--children 1000000] [--keep DIR]

Memory is the sum over the processes of what each holds (PSS: pages shared by several count once),
looked at four times a second. The region's rates are then set beside what is published.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import document
import machine

from joinedup.simulate.published import Comparison, compare

_EVERY = 0.25


def family_of(parent: int) -> list[int]:
    """The process and all that it started, while they run."""
    found = [parent]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def held(process: int) -> int:
    """What a process holds, in kB; 0 when it has ended."""
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def measured(command: list[str]) -> tuple[float, float, float, str]:
    """Wall and processor seconds, peak memory in MB, and what the command said on stdout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile("w+") as said:
        running = subprocess.Popen(command, stdout=said)
        while running.poll() is None:
            peak = max(peak, sum(map(held, family_of(running.pid))))
            time.sleep(_EVERY)
        if running.returncode:
            raise SystemExit(running.returncode)
        wall = time.perf_counter() - start
        said.seek(0)
        text = said.read()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, peak / 1024, text


def files(region: Path) -> str:
    """A line a file, the largest first."""
    sizes = {path: path.stat().st_size for path in region.rglob("*") if path.is_file()}
    return "\n".join(
        f"| {path.relative_to(region).as_posix()} | {size / 1e6:,.1f} |"
        for path, size in sorted(sizes.items(), key=lambda item: -item[1])
    )


def figure(value: float) -> str:
    return f"{value:.1%}" if value < 1 else f"{value:,.1f}"


def rates(comparisons: list[Comparison]) -> str:
    return "\n".join(
        f"| {one.name.replace('_', ' ')}, {one.unit} | {figure(one.here)} | {figure(one.figure)} |"
        for one in comparisons
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="write the region here and leave it")
    args = parser.parse_args()
    region = args.keep or Path(tempfile.mkdtemp())
    try:
        wall, cpu, peak, said = measured(
            [sys.executable, "-m", "joinedup.cli", "simulate", "-o", str(region), "--children",
             str(args.children), "--seed", "2026", "--json"]
        )  # fmt: skip
        summary = json.loads(said)
        records = summary["records"]
        document.put(
            "simulate",
            f"""
{args.children:,} children with every file: {wall:.0f} s, {cpu:.0f} s of processor time,
{peak:,.0f} MB at the peak over all processes. {summary["children_without_number"]:,} children have
no NHS number. Records in the agencies' tables: {sum(records.values()):,}
({", ".join(f"{agency} {count:,}" for agency, count in records.items())}). {machine.describe()}.

| file | MB |
|---|---:|
{files(region)}

| rate | here | published |
|---|---:|---:|
{rates(compare(region))}
""",
        )
    finally:
        if not args.keep:
            shutil.rmtree(region, ignore_errors=True)


if __name__ == "__main__":
    main()
