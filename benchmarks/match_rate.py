"""How fast `joinedup match` goes, without a limit and against the limit of 5 calls a second.

    python benchmarks/match_rate.py [--rows 3000]

Runs the real command against a real emulator process over HTTP.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import document
import machine

from joinedup.pds.emulator.serve import running_emulator
from joinedup.simulate import demo_people

COMMAND = [sys.executable, "-c", "from joinedup.cli import main; main()", "match"]


def sample(region: Path, rows: int, to: Path) -> None:
    """The first rows of the schools' file, without the numbers they already hold."""
    with (region / "schools.csv").open(encoding="utf-8", newline="") as source:
        reader = csv.DictReader(source)
        with to.open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, reader.fieldnames or [])
            writer.writeheader()
            for _, row in zip(range(rows), reader, strict=False):
                writer.writerow({**row, "NhsNumber": ""})


def measure(rows: int, tps: float) -> tuple[dict[str, object], dict[str, Any]]:
    region = demo_people()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_emulator(region / "pds.ndjson", tps=tps) as emulator,
    ):
        file = Path(folder) / "children.csv"
        sample(region, rows, file)
        done = subprocess.run(
            [*COMMAND, str(file), "--pds-url", emulator.url, "--pds-tps", str(tps), "--json", "-q"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ,
        )
        if not done.stdout:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout), emulator.stats()


def row(name: str, run: dict[str, object], stats: dict[str, Any], tps: float) -> str:
    seconds, calls = float(str(run["seconds"])), int(str(run["calls_this_run"]))
    used = f"{calls / seconds / tps:.1%}" if tps else ""
    refused = stats["throttled"]
    return (
        f"| {name} | {run['rows']:,} | {calls:,} | {seconds:.1f} | {run['rows_per_second']} "
        f"| {used} | {refused} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--limited-rows", type=int, default=600)
    args = parser.parse_args()
    rows = [
        row("no limit", *measure(args.rows, 0), 0),
        row("5 calls a second", *measure(args.limited_rows, 5), 5),
    ]
    document.put(
        "match-rate",
        f"""
Rows of a school census without held numbers, the real command and a real emulator over HTTP, both
on this machine: {machine.describe()}.

| limit | rows | calls | seconds | rows a second | of the limit used | 429 answers |
|---|---:|---:|---:|---:|---:|---:|
{chr(10).join(rows)}
""",
    )


if __name__ == "__main__":
    main()
