"""What a long run has already found out, so that killing it loses nothing and asks nothing twice.

A journal is one SQLite file beside the output. It maps a question to its answer. The question is
there only as a keyed hash whose key comes from the content of the input file: who has the journal
and not the file cannot test guesses about a child against it. The answer is what the output will
show, so the file is readable by its owner alone and removed when the run is complete.

Written in WAL mode, one transaction an answer: killing the process loses no answer that was
written. A power cut may lose the last few; they are asked again.
"""

import hashlib
import hmac
import os
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from joinedup.standards.output import create_private

_FORMAT = "1"
_SIDE_FILES = ("-wal", "-shm", "-journal")

_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE answers (
  question BLOB PRIMARY KEY,   -- keyed hash
  row INTEGER NOT NULL,        -- of the file: the first with this question
  answer BLOB NOT NULL         -- JSON
) WITHOUT ROWID;
"""


class JournalError(Exception):
    """The journal cannot be used for this run; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question came to, as the output shows it.

    ``status`` is the command's outcome word; ``cells`` its own columns for any row that asked this;
    ``reasons`` its reasons one by one; ``calls`` what it cost. ``finished`` is False when the
    source did not answer: such a row is asked again by the next run.
    """

    status: str
    cells: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    calls: int = 0
    finished: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer from the journal, and the row that asked first."""

    row: int
    answer: Answer


class Journal:
    """Answers so far, by question. Safe to use from several threads; one run at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, key: bytes) -> None:
        self.path = path
        self._connection = connection
        self._key = key
        self._lock = threading.Lock()
        self.resumed = self._count()

    @classmethod
    def open(
        cls, path: Path, *, content: bytes, settings: Mapping[str, str], restart: bool = False
    ) -> "Journal":
        """Open the journal of a run, or begin one.

        ``content`` is the digest of the input; ``settings`` are what must stay as they were for
        the answers to go on meaning the same (the strategy, the source). JournalError names what
        changed; ``restart`` forgets what was there.
        """
        if restart:
            _remove(path)
        fresh = not path.exists()
        if fresh:
            os.close(create_private(path))
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=0)
        try:
            return cls._begin(path, connection, content, settings)
        except sqlite3.OperationalError as error:
            connection.close()
            if "locked" not in str(error):
                raise JournalError(f"{path} cannot be used: {error}.") from None
            raise JournalError(
                f"Another run is writing this output (its journal {path.name} is in use). "
                "Wait for it, or give another output with -o."
            ) from None
        except sqlite3.DatabaseError:
            connection.close()
            raise JournalError(
                f"{path.name} is not a journal of this command, or is damaged. "
                "Add --restart to begin again without it."
            ) from None
        except BaseException:
            connection.close()
            if fresh:
                _remove(path)
            raise

    @classmethod
    def _begin(
        cls,
        path: Path,
        connection: sqlite3.Connection,
        content: bytes,
        settings: Mapping[str, str],
    ) -> "Journal":
        # Exclusive: a second run on the same output is refused instead of interleaved.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute("BEGIN IMMEDIATE")
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables:
            about = dict(connection.execute("SELECT name, value FROM about"))
            key = _key(content, about.get("salt", ""))
        else:
            salt = os.urandom(16).hex()
            key = _key(content, salt)
            about = {"format": _FORMAT, "salt": salt, "file": _check(key), **settings}
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        connection.execute("COMMIT")
        now = {"format": _FORMAT, "file": _check(key), **settings}
        if changed := [name for name, value in now.items() if about.get(name) != value]:
            raise JournalError(_what_changed(path, changed, about, now))
        return cls(path, connection, key)

    def _count(self) -> int:
        count: int = self._connection.execute("SELECT count(*) FROM answers").fetchone()[0]
        return count

    def question(self, normalised: bytes) -> bytes:
        """The keyed hash under which a question is kept."""
        return hmac.digest(self._key, normalised, "sha256")[:16]

    def get(self, question: bytes) -> Kept | None:
        """The answer to a question, if one was kept."""
        with self._lock:
            found = self._connection.execute(
                "SELECT row, answer FROM answers WHERE question = ?", (question,)
            ).fetchone()
        if found is None:
            return None
        status, cells, reasons, calls = orjson.loads(found[1])
        return Kept(found[0], Answer(status, tuple(cells), tuple(reasons), calls))

    def put(self, question: bytes, row: int, answer: Answer) -> None:
        """Keep a finished answer; once this returns, killing the process does not lose it."""
        if not answer.finished:
            raise ValueError("only a finished answer is kept")
        text = orjson.dumps([answer.status, answer.cells, answer.reasons, answer.calls])
        with self._lock:
            self._connection.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", (question, row, text)
            )

    def close(self) -> None:
        """Stop using it and leave it for the next run."""
        with self._lock:
            self._connection.close()

    def remove(self) -> None:
        """Close and delete it: the run is complete."""
        self.close()
        _remove(self.path)


def _key(content: bytes, salt: str) -> bytes:
    return hmac.digest(salt.encode(), b"joinedup journal" + content, "sha256")


def _check(key: bytes) -> str:
    """Shows whether the input is the same, without being a hash of the input or of the key."""
    return hashlib.sha256(hmac.digest(key, b"check", "sha256")).hexdigest()


def _remove(path: Path) -> None:
    for side in _SIDE_FILES:
        path.with_name(path.name + side).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _what_changed(
    path: Path, changed: list[str], before: Mapping[str, str], now: Mapping[str, str]
) -> str:
    def words(name: str) -> str:
        if name == "file":
            return "the input file is not the same any more"
        return f"the {name} was {before.get(name, 'another')} and is now {now[name]}"

    return (
        f"{path.name} is from an unfinished run, but {' and '.join(map(words, changed))}. "
        "Its answers cannot be used. Add --restart to begin again without them, "
        "or give another output with -o."
    )
