"""Agency files taken into the store, as they appear and change.

A file is taken in whole or not at all, in one transaction: until a changed file has been read and
found good, what was read before it stays. So a file that is half written, cut off, or of a changed
schema costs nothing but a message.
"""

import hashlib
import json
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from joinedup.custodian.config import Config, System
from joinedup.custodian.store import Store, as_json, now, transaction
from joinedup.standards import Child, Event, Issue, Reading, Severity, read

Say = Callable[[str], None]

_STILL_WRITTEN: Final = (".part", ".tmp", ".temp", ".crdownload", ".filepart", ".swp")
# Of these the rest of a file is lost, or its columns are not what they were.
_SPOILT: Final = frozenset(
    {
        "file-empty", "file-cut-off", "standard-unknown", "xml-unsafe", "column-missing",
        "read-failed", "table-unreadable", "workbook-unreadable",
    }
)  # fmt: skip
_FEW: Final = 20  # children: of fewer, half gone means little
_DIGITS: Final = re.compile(r"\d+")
_BATCH: Final = 2000


@dataclass(slots=True)
class _Seen:
    """A file as it was when last looked at."""

    size: int
    changed: int
    since: float
    digest: str = ""


@dataclass(slots=True)
class _Taken:
    """What a file turned out to hold."""

    standard: str = ""
    children: int = 0
    rows: int = 0
    issues: Counter[str] = field(default_factory=Counter)
    spoilt: Issue | None = None


class _Refused(Exception):
    """The file is not taken in; the text says why and what to do."""


class Files:
    """The files of every system in the configuration."""

    def __init__(self, config: Config, store: Store, say: Say) -> None:
        self._config = config
        self._store = store
        self._say = say
        self._seen: dict[Path, _Seen] = {}

    def look(self) -> int:
        """Look at every folder once and take in what is new and settled; gives how many were."""
        taken = 0
        for system in self._config.systems:
            for path in _listed(system.folder):
                if self._settled(path) and self._take(system, path):
                    taken += 1
        return taken

    def unsettled(self) -> bool:
        """Whether a file is still being written, as far as was seen."""
        now_ = time.monotonic()
        return any(now_ - one.since < self._config.settle_seconds for one in self._seen.values())

    def _settled(self, path: Path) -> bool:
        """Whether a file has kept its size and time for long enough."""
        try:
            found = path.stat()
        except OSError:
            self._seen.pop(path, None)
            return False
        seen = self._seen.get(path)
        if seen is None or (seen.size, seen.changed) != (found.st_size, found.st_mtime_ns):
            age = max(time.time() - found.st_mtime, 0.0)
            begun = time.monotonic() - min(age, self._config.settle_seconds)
            seen = self._seen[path] = _Seen(found.st_size, found.st_mtime_ns, begun)
        return time.monotonic() - seen.since >= self._config.settle_seconds

    def _take(self, system: System, path: Path) -> bool:
        slot = _DIGITS.sub("#", path.name) if system.dated_names else path.name
        seen = self._seen[path]
        before = self._store.holdings.execute(
            "SELECT * FROM source WHERE system = ? AND slot = ?", (system.id, slot)
        ).fetchone()
        if before and before["changed"] is not None:
            same = (before["file"], before["size"], before["changed"]) == (
                path.name, seen.size, seen.changed,
            )  # fmt: skip
            if same or (system.dated_names and seen.changed < before["changed"]):
                return False
        try:
            digest = seen.digest = seen.digest or _digest(path)
        except OSError as error:
            self._say(f"{system.id}: {path.name} cannot be read: {error.strerror}.")
            return False
        if before and digest == before["digest"]:
            self._note(system, slot, path, seen)
            return False
        if before and digest == before["refused_digest"] != before["accepted_digest"]:
            return False
        try:
            taken = self._read(system, slot, path, seen, digest, before)
        except _Refused as refusal:
            self._refuse(system, slot, path, digest, str(refusal))
            return False
        except OSError as error:
            self._say(f"{system.id}: {path.name} cannot be read: {error.strerror}.")
            return False
        problems = f" {sum(taken.issues.values()):,} issues" if taken.issues else ""
        self._say(
            f"{system.id}: read {path.name} ({taken.standard}): {taken.children:,} children, "
            f"{taken.rows:,} rows.{problems}"
            + (": `joinedup check` lists them." if problems else "")
        )
        return True

    def _read(
        self, system: System, slot: str, path: Path, seen: _Seen, digest: str,
        before: sqlite3.Row | None,
    ) -> _Taken:  # fmt: skip
        reading = read(
            path, system.standard or None, mapping=dict(system.mapping) or None, checks=False
        )
        link = self._store.holdings
        with transaction(link):
            link.execute("CREATE TEMP TABLE IF NOT EXISTS was (record_id TEXT PRIMARY KEY)")
            link.execute("DELETE FROM was")
            link.execute(
                "INSERT INTO was SELECT DISTINCT record_id FROM part WHERE system = ? AND slot = ?"
                " UNION SELECT DISTINCT record_id FROM event WHERE system = ? AND slot = ?",
                (system.id, slot) * 2,
            )
            for table in ("part", "event"):
                link.execute(
                    f"DELETE FROM {table} WHERE system = ? AND slot = ?",  # noqa: S608 - our names
                    (system.id, slot),
                )
            taken = _fill(link, system, slot, reading)
            self._check(taken, before, digest, system)
            found = path.stat()
            if (found.st_size, found.st_mtime_ns) != (seen.size, seen.changed):
                raise OSError(0, "it changed while it was read; it is read again")
            link.execute(
                "INSERT OR REPLACE INTO source VALUES (?,?,?,?,?,?,?,?,?,?,?,NULL,NULL,NULL)",
                (system.id, slot, path.name, seen.size, seen.changed, digest, taken.standard,
                 now(), taken.children, taken.rows, as_json(taken.issues)),
            )  # fmt: skip
            link.execute(
                "INSERT OR IGNORE INTO dirty SELECT ?, record_id FROM was UNION"
                " SELECT ?, record_id FROM part WHERE system = ? AND slot = ? UNION"
                " SELECT ?, record_id FROM event WHERE system = ? AND slot = ?",
                (system.id, system.id, system.id, slot, system.id, system.id, slot),
            )
        return taken

    def _check(
        self, taken: _Taken, before: sqlite3.Row | None, digest: str, system: System
    ) -> None:
        """Refuse what would put good data out for worse; raises ``_Refused``."""
        if taken.spoilt is not None:
            columns = ", ".join(taken.spoilt.columns)
            about = f" ({columns})" if columns else ""
            raise _Refused(f"{taken.spoilt.description}{about}")
        if before is None or not before["standard"]:
            return
        if taken.standard != before["standard"]:
            raise _Refused(
                f"it was of the standard {before['standard']} and now looks like "
                f"{taken.standard}. If that is right, set standard in the configuration."
            )
        share = system.smallest_share
        if share is None:
            share = self._config.smallest_share
        for what in ("children", "rows"):
            then, now_ = before[what], getattr(taken, what)
            # A table holds all there is: one that is suddenly empty is a fault, however small.
            emptied = system.source is not None and then > 0 == now_
            if emptied or (then >= _FEW and now_ < then * share):
                if before["accepted_digest"] == digest:
                    return
                raise _Refused(
                    f"it holds {now_:,} {what} where the last had {then:,}. If that is right, "
                    "run: joinedup custodian --config FILE --accept-smaller NAME."
                )

    def _refuse(self, system: System, slot: str, path: Path, digest: str, why: str) -> None:
        kept = self._store.holdings.execute(
            "SELECT digest FROM source WHERE system = ? AND slot = ?", (system.id, slot)
        ).fetchone()
        stays = " What was read before stays." if kept and kept["digest"] else ""
        self._say(f"{system.id}: {path.name} is not taken in: {why}{stays}")
        self._store.holdings.execute(
            "INSERT INTO source (system, slot, file, refused_digest, refused) VALUES (?,?,?,?,?)"
            " ON CONFLICT (system, slot) DO UPDATE SET refused_digest = excluded.refused_digest,"
            " refused = excluded.refused",
            (system.id, slot, path.name, digest, why),
        )

    def _note(self, system: System, slot: str, path: Path, seen: _Seen) -> None:
        """The same content again: only its name or time is new."""
        self._store.holdings.execute(
            "UPDATE source SET file = ?, size = ?, changed = ?, refused = NULL,"
            " refused_digest = NULL WHERE system = ? AND slot = ?",
            (path.name, seen.size, seen.changed, system.id, slot),
        )


def accept_smaller(store: Store, name: str) -> bool:
    """Let a file in that was refused for holding much less; False when none of the name was."""
    changed = store.holdings.execute(
        "UPDATE source SET accepted_digest = refused_digest WHERE file = ? OR slot = ?"
        " AND refused_digest IS NOT NULL",
        (name, name),
    )
    return changed.rowcount > 0


def _listed(folder: Path) -> Iterator[Path]:
    """The files that lie ready in a folder, oldest first."""
    try:
        found = [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return
    ready = [
        path
        for path in found
        if not path.name.startswith((".", "~")) and path.suffix.lower() not in _STILL_WRITTEN
    ]
    yield from sorted(ready, key=lambda path: (_changed(path), path.name))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fill(link: sqlite3.Connection, system: System, slot: str, reading: Reading) -> _Taken:
    taken = _Taken()
    own: dict[str, str] = {}  # the system's id of a child by the file's
    parts: dict[str, tuple[bool, dict[str, str], dict[str, Any]]] = {}
    events: list[tuple[Any, ...]] = []

    def write() -> None:
        for record_id, (whole, fields, details) in parts.items():
            known = link.execute(
                "SELECT whole, fields, details FROM part"
                " WHERE system = ? AND record_id = ? AND slot = ?",
                (system.id, record_id, slot),
            ).fetchone()
            if known:  # a child may have several rows, far apart
                whole = whole or bool(known["whole"])
                fields = {**_loaded(known["fields"]), **fields}
                details = {**_loaded(known["details"]), **details}
            link.execute(
                "INSERT OR REPLACE INTO part VALUES (?,?,?,?,?,?)",
                (system.id, record_id, slot, whole, as_json(fields), as_json(details)),
            )
        link.executemany("INSERT INTO event VALUES (?,?,?,?,?,?,?)", events)
        parts.clear()
        events.clear()

    for record in reading:
        if isinstance(record, Issue):
            if record.severity is not Severity.NOTE:
                taken.issues[record.rule_code] += 1
            if record.rule_code in _SPOILT and taken.spoilt is None:
                taken.spoilt = record
        elif isinstance(record, Event):
            if record.child_id and not record.purge:
                events.append(
                    (system.id, own.get(record.child_id, record.child_id), slot, record.kind,
                     _day(record.start), _day(record.end), as_json(dict(record.facts)))
                )  # fmt: skip
        elif record_id := record.local_ids.get(system.id_from, record.id):
            if record_id != record.id:
                own[record.id] = record_id
            if record.purge:
                _purge(link, system.id, record_id)
            else:
                _add(parts, record_id, record)
        if len(parts) + len(events) >= _BATCH:
            write()
    write()
    taken.standard = reading.standard
    taken.children, taken.rows = reading.count.children, reading.count.rows_out
    return taken


def _add(
    parts: dict[str, tuple[bool, dict[str, str], dict[str, Any]]], record_id: str, child: Child
) -> None:
    whole, fields, details = parts.get(record_id, (False, {}, {}))
    fields.update({name: text for name, text in child.fields.items() if text})
    details.update({name: value for name, value in child.details.items() if value})
    parts[record_id] = (whole or child.whole, fields, details)


def _purge(link: sqlite3.Connection, system: str, record_id: str) -> None:
    """The sender asks to delete a child: from every file that was read."""
    link.execute("INSERT OR IGNORE INTO was VALUES (?)", (record_id,))
    for table in ("part", "event"):
        link.execute(
            f"DELETE FROM {table} WHERE system = ? AND record_id = ?",  # noqa: S608 - our names
            (system, record_id),
        )


def _loaded(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {}


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None
