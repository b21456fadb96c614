"""Killed at any moment and run again: no finished row is repeated, the output is complete."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from joinedup.cli.interrupt import INTERRUPTED
from joinedup.pds.emulator.serve import running_emulator
from tests.match.fakes import Child, read_csv, write_children, write_people

ROOT = Path(__file__).parents[2]
COUNT = 600
KILLS = 8


def start(*args: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.match.killable", *map(str, args)], cwd=ROOT
    )


def answered_rows(journal: Path, scratch: Path) -> set[int]:
    """The rows in a journal, read from a copy so that the journal stays as the kill left it."""
    scratch.mkdir()
    for path in journal.parent.glob(journal.name + "*"):
        shutil.copy(path, scratch)
    with sqlite3.connect(scratch / journal.name) as connection:
        try:
            return {row for (row,) in connection.execute("SELECT row FROM answers")}
        except sqlite3.OperationalError:
            return set()  # killed before the tables were there


def names(log: Path) -> set[str]:
    return set(log.read_text().split()) if log.exists() else set()


def wait_for_questions(log: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None and len(names(log)) < count:
        time.sleep(0.001)


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments(tmp_path: Path, seed: int) -> None:
    random_ = random.Random(seed)
    path = write_children(tmp_path / "in.csv", range(COUNT))
    out, journal = tmp_path / "out.csv", tmp_path / "out.csv.journal"
    row_of = {Child(i).family.upper(): i + 2 for i in range(COUNT)}
    assert len(row_of) == COUNT
    finished: set[int] = set()
    for attempt in range(KILLS):
        log = tmp_path / f"log{attempt}"
        process = start(path, out, log, COUNT)
        wait_for_questions(log, random_.choice([0, 1, random_.randint(2, COUNT // KILLS)]), process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not out.exists()
        assert not {row_of[name] for name in names(log)} & finished, "a finished row was repeated"
        if journal.exists():
            now = answered_rows(journal, tmp_path / f"copy{attempt}")
            assert finished <= now, "an answer was lost"
            finished = now
    assert finished, "no kill came in the middle: the test shows nothing"
    assert start(path, out, tmp_path / "last", COUNT).wait() == 0
    assert not {row_of[name] for name in names(tmp_path / "last")} & finished
    rows = read_csv(out)
    assert [row["Id"] for row in rows] == [str(i) for i in range(COUNT)]
    assert [row["SUI_NHSNo"] for row in rows] == [Child(i).nhs for i in range(COUNT)]
    assert not journal.exists()
    assert not out.with_name("out.csv.partial").exists()


def test_ctrl_c_says_how_to_go_on_and_going_on_finishes(tmp_path: Path) -> None:
    people = write_people(tmp_path / "pds.ndjson", 200)
    path = write_children(tmp_path / "in.csv", range(200))
    with running_emulator(people, tps=0) as emulator:
        run = [
            sys.executable, "-c", "from joinedup.cli import main; main()",
            "match", str(path), "--pds-url", emulator.url, "--pds-tps", "0",
        ]  # fmt: skip
        process = subprocess.Popen(
            [*run, "--workers", "1"], stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
        journal = tmp_path / "in_matched.csv.journal"
        deadline = time.monotonic() + 30
        while not journal.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == INTERRUPTED, err.decode()
        assert b"same command again" in err
        assert journal.exists()
        again = subprocess.run(run, capture_output=True, timeout=120)
    assert again.returncode == 0, again.stderr.decode()
    assert not journal.exists()
    rows = read_csv(tmp_path / "in_matched.csv")
    assert [row["SUI_NHSNo"] for row in rows] == [Child(i).nhs for i in range(200)]
