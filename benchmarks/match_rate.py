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


def measure(rows: int, tps: float) -> tuple[dict[str, object], dict[str, object]]:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--limited-rows", type=int, default=300)
    args = parser.parse_args()
    free, _ = measure(args.rows, 0)
    limited, stats = measure(args.limited_rows, 5)
    print(json.dumps({"free": free, "limited": limited, "stats": stats}, indent=1, default=str))
    document.put("match-rate", f"{machine.describe()}\n\n{free}\n\n{limited}\n\n{stats}")


if __name__ == "__main__":
    main()
