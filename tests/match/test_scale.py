"""Files of a size that a country has, on a laptop's memory."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Runs apart, so that only this run's memory is measured. The source answers at once.
SCRIPT = """
import sys, threading
from pathlib import Path
from joinedup.identify.journal import Journal
from joinedup.identify.match_file import Run, match_file
from joinedup.pds.search import NotFound
from joinedup.standards.tabular import open_table

class Nobody:
    def search(self, search): return NotFound()
    def read(self, nhs_number): return NotFound()

folder, rows = Path(sys.argv[1]), int(sys.argv[2])
with (folder / "in.csv").open("w") as file:
    file.write("Id,Given,Family,DOB,PostCode,Gender,Notes\\n")
    for i in range(rows):
        name = chr(97 + i % 26) + chr(97 + i // 26 % 26)
        born = f"{1 + i // 676 % 28:02}/0{1 + i // 18928 % 9}/{2008 + i // 170352 % 10}"
        file.write(f"{i},Amelia,Okonk{name},{born},LS1 4AB,F,{'n' * 40}\\n")
table = open_table(folder / "in.csv")
journal = Journal.open(folder / "j", content=table.digest, settings={})
tally = match_file(table, folder / "out.csv", Run(source=Nobody(), strategy="s1", journal=journal,
                   workers=8, progress=lambda done: None, stop=threading.Event()))
journal.remove()
assert tally.rows == rows and tally.copies == 0, tally
# Not ru_maxrss, which a new program inherits from the one that started it.
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


def peak_megabytes(folder: Path, rows: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder, str(rows)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)


pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is measured as Linux tells it"
)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    small, large = peak_megabytes(tmp_path / "a", 3_000), peak_megabytes(tmp_path / "b", 12_000)
    assert large < 150
    assert large - small < 30


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_million_rows_take_less_than_500_megabytes(tmp_path: Path) -> None:
    assert peak_megabytes(tmp_path, 1_000_000) < 500
