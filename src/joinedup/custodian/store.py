"""The node's own store: two SQLite files in its state folder.

``holdings`` is what the agency's files say, the children's numbers and the pointers registered;
``work`` is what the hub asked and how it was answered. They are apart so that an answer can be
written down while a large file is being taken in. Everything is on the disk before the hub is told
of it: the node may be killed at any moment.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import fasteners

_VERSION: Final = 1
_BUSY_SECONDS: Final = 60

_HOLDINGS: Final = """
CREATE TABLE IF NOT EXISTS source (
    system TEXT, slot TEXT, file TEXT, size INTEGER, changed INTEGER, digest TEXT, standard TEXT,
    read_at TEXT, children INTEGER, rows INTEGER, issues TEXT,
    refused_digest TEXT, refused TEXT, accepted_digest TEXT,
    PRIMARY KEY (system, slot)
);
CREATE TABLE IF NOT EXISTS part (
    system TEXT, record_id TEXT, slot TEXT, whole INTEGER, fields TEXT, details TEXT,
    PRIMARY KEY (system, record_id, slot)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS part_slot ON part (system, slot);
CREATE TABLE IF NOT EXISTS event (
    system TEXT, record_id TEXT, slot TEXT, kind TEXT, started TEXT, ended TEXT, facts TEXT
);
CREATE INDEX IF NOT EXISTS event_record ON event (system, record_id);
CREATE INDEX IF NOT EXISTS event_slot ON event (system, slot);
CREATE TABLE IF NOT EXISTS number (
    system TEXT, record_id TEXT, sui TEXT, status TEXT, digest TEXT, request_id TEXT,
    asked_at TEXT, due_at TEXT, first_seen TEXT,
    PRIMARY KEY (system, record_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS number_sui ON number (sui);
CREATE INDEX IF NOT EXISTS number_due ON number (due_at);
CREATE TABLE IF NOT EXISTS pointer (
    system TEXT, record_type TEXT, record_id TEXT, sui TEXT, first_seen TEXT, last_seen TEXT,
    sent_at TEXT, refused TEXT,
    PRIMARY KEY (system, record_type, record_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dirty (system TEXT, record_id TEXT, PRIMARY KEY (system, record_id))
WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS repoint (system TEXT, record_id TEXT, PRIMARY KEY (system, record_id))
WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS said (name TEXT PRIMARY KEY, value TEXT);
"""

_WORK: Final = """
CREATE TABLE IF NOT EXISTS item (
    id TEXT, lease_token TEXT, kind TEXT, body TEXT, claimed_at TEXT, lease_until TEXT,
    result TEXT, sent_at TEXT, refused TEXT, entry TEXT,
    PRIMARY KEY (id, lease_token)
);
CREATE INDEX IF NOT EXISTS item_open ON item (sent_at);
CREATE TABLE IF NOT EXISTS request (
    number INTEGER PRIMARY KEY, asked_at TEXT, item TEXT, searcher TEXT, searcher_name TEXT,
    purpose TEXT, legal_basis TEXT, reason TEXT, system TEXT, record_type TEXT, record_id TEXT,
    answer TEXT, answered_at TEXT, answered_by TEXT, until TEXT, items TEXT
);
CREATE TABLE IF NOT EXISTS given (
    item TEXT PRIMARY KEY, at TEXT, correlation TEXT, searcher TEXT, searcher_name TEXT,
    purpose TEXT, system TEXT, record_type TEXT, record_id TEXT
);
CREATE TABLE IF NOT EXISTS receipt (
    place INTEGER PRIMARY KEY, entry TEXT, at TEXT, action TEXT, searcher TEXT, purpose TEXT,
    record_types TEXT, correlation TEXT, whole TEXT, size INTEGER
);
CREATE INDEX IF NOT EXISTS receipt_journey ON receipt (correlation);
CREATE INDEX IF NOT EXISTS request_record ON request (searcher, system, record_type, record_id);
"""


class StoreError(Exception):
    """The state folder cannot be used; the text says why."""


class Store:
    """The two files; each thread has connections of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._local = threading.local()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name, tables in (("holdings", _HOLDINGS), ("work", _WORK)):
                path = self._path(name)
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
                link = self._connect(path)
                version = link.execute("PRAGMA user_version").fetchone()[0]
                if version not in (0, _VERSION):
                    raise StoreError(
                        f"{path} is of another version of the program. Move it away: all of it "
                        "is made again from the files and the hub."
                    )
                link.executescript(tables)
                _add_missing(link)
                link.execute(f"PRAGMA user_version = {_VERSION}")
                link.close()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"The state folder {folder} cannot be used: {error}.") from error

    @property
    def holdings(self) -> sqlite3.Connection:
        """This thread's connection to what the agency holds."""
        return self._of_thread("holdings")

    @property
    def work(self) -> sqlite3.Connection:
        """This thread's connection to what was asked and answered."""
        return self._of_thread("work")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one node on this folder; raises ``StoreError`` when another is running.

        The lock is the operating system's: it goes with its process, however that ends.
        """
        path = self.folder / "running.lock"
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        lock = fasteners.InterProcessLock(path)
        if not lock.acquire(blocking=False):
            raise StoreError(f"Another node is running on the state folder {self.folder}.")
        try:
            yield
        finally:
            lock.release()

    def say(self, name: str, value: str) -> None:
        """Remember one thing by its name."""
        self.holdings.execute("INSERT OR REPLACE INTO said VALUES (?, ?)", (name, value))

    def said(self, name: str) -> str:
        """What was remembered under a name, "" if nothing was."""
        row = self.holdings.execute("SELECT value FROM said WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite"

    def _of_thread(self, name: str) -> sqlite3.Connection:
        link: sqlite3.Connection | None = getattr(self._local, name, None)
        if link is None:
            link = self._connect(self._path(name))
            setattr(self._local, name, link)
        return link

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        link = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        link.row_factory = sqlite3.Row
        link.execute("PRAGMA journal_mode = WAL")
        link.execute("PRAGMA synchronous = FULL")  # what was said to the hub survives a power cut
        return link


def _add_missing(link: sqlite3.Connection) -> None:
    """Add the one column that a store of an earlier version has not got."""
    columns = {row["name"] for row in link.execute("PRAGMA table_info(request)")}
    if columns and "items" not in columns:
        link.execute("ALTER TABLE request ADD COLUMN items TEXT")


@contextmanager
def transaction(link: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it or nothing."""
    link.execute("BEGIN IMMEDIATE")
    try:
        yield link
    except BaseException:
        link.execute("ROLLBACK")
        raise
    link.execute("COMMIT")


def as_json(value: Any) -> str:
    """Give a value as text for a column."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def now() -> str:
    """Give this moment, so that texts sort as times."""
    return at(datetime.now(UTC))


def at(moment: datetime) -> str:
    """Give a moment in the one form that the store has."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
