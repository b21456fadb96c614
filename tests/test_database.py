"""The embedded PostgreSQL: one server for all who need it, gone with the last of them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from joinedup.database import DatabaseUnavailable, database_url, leave_database, state_dir

USE = """
import sys, psycopg
from joinedup.database import database_url
with psycopg.connect(database_url()) as link:
    row = link.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    print(row[0], flush=True)
    sys.stdin.readline()
"""

Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Not pytest's own folder: each pytest that starts closes that to the database's user.
    with tempfile.TemporaryDirectory(prefix="joinedup-test-") as made:
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.setenv("JOINEDUP_STATE", made)
        yield Path(made).resolve()
        leave_database()


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start a process that uses the database until it is spoken to."""
    started: list[subprocess.Popen[str]] = []

    def one() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", USE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield one
    for process in started:
        process.kill()
        process.communicate()


def is_running(folder: Path) -> bool:
    return (folder / "postgres" / "postmaster.pid").exists()


def finish(process: "subprocess.Popen[str]") -> None:
    process.communicate("\n", timeout=30)
    assert process.returncode == 0


def test_a_server_of_your_own_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@db.example/joinedup")
    assert database_url() == "postgresql://me@db.example/joinedup"


def test_processes_that_start_at_once_get_one_server(folder: Path, start: Start) -> None:
    processes = [start() for _ in range(4)]
    identifiers = {process.stdout.readline() for process in processes if process.stdout}
    assert len(identifiers) == 1
    for process in processes:
        assert is_running(folder)
        finish(process)
    assert not is_running(folder)


def test_what_was_stored_is_there_next_time(folder: Path) -> None:
    with psycopg.connect(database_url()) as link:
        link.execute("CREATE TABLE kept (word text)")
        link.execute("INSERT INTO kept VALUES ('Zoë')")
    leave_database()
    assert not is_running(folder)
    with psycopg.connect(database_url()) as link:
        row = link.execute("SELECT upper(word) FROM kept").fetchone()
    assert row == ("ZOË",)  # letters beyond ASCII have upper case on every machine


def test_a_killed_process_keeps_nothing_running(folder: Path, start: Start) -> None:
    killed, other = start(), start()
    for process in (killed, other):
        assert process.stdout is not None
        process.stdout.readline()
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    assert is_running(folder)
    finish(other)
    assert not is_running(folder)


def test_a_server_that_died_is_started_again(folder: Path) -> None:
    database_url()
    pid = int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    with psycopg.connect(database_url()) as link:
        assert link.execute("SELECT 1").fetchone() == (1,)


def test_a_process_number_that_is_now_anothers_does_not_stop_us(folder: Path) -> None:
    database_url()
    leave_database()
    left = f"{os.getpid()}\n{folder}/postgres\n1700000000\n5432\n{folder}/postgres\n"
    (folder / "postgres" / "postmaster.pid").write_text(f"{left}\n  1  1\nready\n")
    (folder / "postgres" / ".s.PGSQL.5432.lock").write_text(left)
    with psycopg.connect(database_url()) as link:
        assert link.execute("SELECT 1").fetchone() == (1,)


def test_a_child_of_ours_may_leave_without_us(folder: Path) -> None:
    import multiprocessing

    database_url()
    child = multiprocessing.get_context("fork").Process(target=_use_and_leave)
    child.start()
    child.join(30)
    assert child.exitcode == 0
    with psycopg.connect(database_url()) as link:
        assert link.execute("SELECT 1").fetchone() == (1,)


def _use_and_leave() -> None:
    with psycopg.connect(database_url()):
        pass
    leave_database()


@pytest.mark.parametrize("name", ["with space", "x" * 100])
def test_a_folder_that_postgresql_cannot_use_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("JOINEDUP_STATE", str(folder / name))
    with pytest.raises(DatabaseUnavailable, match="JOINEDUP_STATE"):
        database_url()


def test_a_state_folder_that_cannot_be_made_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("JOINEDUP_STATE", str(folder / "file" / "below"))
    with pytest.raises(DatabaseUnavailable, match="JOINEDUP_STATE"):
        state_dir()


def test_files_of_another_version_are_not_touched(folder: Path) -> None:
    data = folder / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseUnavailable, match="DATABASE_URL"):
        database_url()
    assert (data / "PG_VERSION").read_text() == "9\n"
