"""How much memory a file of a million rows takes, with a source that answers at once.

    python benchmarks/match_memory.py [--rows 1000000]

Every row has a family name of its own, which no cache can share.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import document
import machine

from joinedup.identify.journal import Journal
from joinedup.identify.match_file import Run, match_file
from joinedup.pds.search import Answer, NotFound, Search
from joinedup.standards.tabular import open_table


class Nobody:
    """A source that knows nobody, at once."""

    def search(self, search: Search) -> Answer:
        return NotFound()

    def read(self, nhs_number: str) -> Answer:
        return NotFound()


def family(serial: int) -> str:
    """A word of letters for a number, different for each."""
    letters = ""
    while serial:
        serial, letter = divmod(serial, 26)
        letters += chr(97 + letter)
    return f"Mac{letters}"


def write(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("Id,Given,Family,DOB,PostCode,Gender\n")
        for i in range(1, rows + 1):
            file.write(f"{i},Amelia,{family(i)},{1 + i % 28:02}/05/2014,LS1 4AB,F\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "in.csv", args.rows)
        start = time.perf_counter()
        table = open_table(folder / "in.csv")
        journal = Journal.open(folder / "journal", content=table.digest, settings={})
        tally = match_file(
            table,
            folder / "out.csv",
            Run(
                source=Nobody(),
                strategy="adaptive",
                journal=journal,
                workers=8,
                progress=lambda done: None,
                stop=threading.Event(),
            ),
        )
        journal.remove()
        seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text("utf-8")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    document.put(
        "match-memory",
        f"""
{tally.rows:,} rows, {tally.calls:,} calls to a source that answers at once, every family name
different: peak memory {peak:.0f} MB, {seconds:.0f} s ({tally.rows / seconds:,.0f} rows a second).
{machine.describe()}.
""",
    )


if __name__ == "__main__":
    main()
