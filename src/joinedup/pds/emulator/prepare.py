"""Turning an NDJSON file of people into an index that answers searches at once.

The index is one SQLite file beside the people file. It holds only what a search looks at and where
in the people file each person's line is; the lines themselves are read from there when shown.
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from joinedup.pds.emulator.problems import Json
from joinedup.pds.emulator.record import Record, read_record
from joinedup.pds.emulator.show import NHS_NUMBER_SYSTEM
from joinedup.people.nhs_number import well_formed

Progress = Callable[[int, int], None]
"""Told how many bytes of how many are done."""

VERSION: Final = 1  # raise when the index's content or meaning changes
SUFFIX: Final = ".pds-index"

_BATCH = 5_000

_TABLES = """
    CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
    CREATE TABLE person (row INTEGER PRIMARY KEY, nhs INTEGER, facts BLOB, start INTEGER,
                         length INTEGER);
    CREATE TABLE withdrawn (nhs INTEGER PRIMARY KEY, replaced_by INTEGER);
    CREATE TABLE related (nhs INTEGER, start INTEGER, length INTEGER);
    CREATE TABLE name (family TEXT, given TEXT, sound TEXT, born INTEGER, person INTEGER);
    CREATE TABLE place (postcode TEXT, born INTEGER, person INTEGER);
    CREATE TABLE contact (value TEXT, person INTEGER);
"""

# Each index covers its query: a search reads no table until it looks at a candidate.
_INDEXES = (
    "CREATE INDEX name_family ON name (family, born, given, person)",
    "CREATE INDEX name_born ON name (born, family, given, person)",
    "CREATE INDEX name_sound ON name (sound, born, person)",
    "CREATE INDEX place_postcode ON place (postcode, born, person)",
    "CREATE INDEX contact_value ON contact (value, person)",
    "CREATE INDEX related_nhs ON related (nhs, start, length)",
    "CREATE TABLE day (born INTEGER PRIMARY KEY)",
    "INSERT INTO day SELECT DISTINCT born FROM name",
)


class PeopleFileError(ValueError):
    """The people file cannot be used; the text says where and what to do. No personal data."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    start: int
    content: bytes


def index_path(people: Path) -> Path:
    """Where the index of a people file is."""
    return people.with_name(people.name + SUFFIX)


def prepare(ndjson: Path, progress: Progress | None = None) -> Path:
    """Make the index of ``ndjson`` unless a current one is there; give its path.

    Raises ``PeopleFileError`` for a file that is absent, empty or cannot be read.
    """
    try:
        stamp = _stamp(ndjson)
    except OSError as error:
        raise PeopleFileError(
            f"{ndjson}: the people file cannot be opened ({error.strerror}). "
            "Give the path of an NDJSON file of FHIR Patients."
        ) from error
    index = index_path(ndjson)
    if is_current(index, stamp):
        return index
    try:
        handle, building = tempfile.mkstemp(dir=index.parent, prefix=index.name + ".")
        os.close(handle)
    except OSError as error:
        raise PeopleFileError(
            f"{index.parent}: the index cannot be written beside the people file "
            f"({error.strerror}). Copy the people file to a folder you may write in."
        ) from error
    try:
        _build(ndjson, Path(building), stamp, progress)
        # Whoever may read the people file may read its index (a temporary file is its maker's).
        os.chmod(building, ndjson.stat().st_mode & 0o666)
        os.replace(building, index)
    finally:
        Path(building).unlink(missing_ok=True)
    return index


def is_current(index: Path, stamp: str) -> bool:
    """Whether ``index`` was made from the people file with this stamp, by this version."""
    if not index.exists():
        return False
    try:
        with sqlite3.connect(f"file:{index}?mode=ro", uri=True) as connection:
            row = connection.execute("SELECT value FROM about WHERE key = 'stamp'").fetchone()
        connection.close()
    except sqlite3.DatabaseError:
        return False
    return row is not None and row[0] == stamp


def _stamp(ndjson: Path) -> str:
    status = ndjson.stat()
    # "Current" depends on the day (ended names and addresses), but an index stays valid for the
    # data it was made from: C14.
    return f"v{VERSION} size={status.st_size} mtime={status.st_mtime_ns}"


def _build(ndjson: Path, target: Path, stamp: str, progress: Progress | None) -> None:
    today = datetime.now(UTC).date().isoformat()
    connection = sqlite3.connect(target, isolation_level=None)
    try:
        connection.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA page_size = 8192;"
            "PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;" + _TABLES
        )
        connection.execute("BEGIN")
        people = _load(connection, ndjson, today, progress)
        if not people:
            raise PeopleFileError(
                f"{ndjson}: no FHIR Patient in the file. "
                "Give an NDJSON file with one FHIR Patient a line."
            )
        _refuse_duplicates(connection, ndjson)
        for statement in _INDEXES:
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO about VALUES (?, ?)",
            [("stamp", stamp), ("today", today), ("source", ndjson.name), ("people", str(people))],
        )
        connection.execute("COMMIT")
    finally:
        connection.close()


def _load(
    connection: sqlite3.Connection, ndjson: Path, today: str, progress: Progress | None
) -> int:
    """Fill the tables; give the number of Patient lines."""
    rows: dict[str, list[tuple[object, ...]]] = {
        table: [] for table in ("person", "withdrawn", "related", "name", "place", "contact")
    }
    total = ndjson.stat().st_size
    patients = live = 0
    for line in _lines(ndjson):
        resource = _resource(line, ndjson)
        kind = resource.get("resourceType")
        where = (line.start, len(line.content))
        if kind == "RelatedPerson":
            rows["related"].append((_owner(resource, line, ndjson), *where))
        elif kind == "Patient":
            patients += 1
            number = _number(resource, line, ndjson)
            if (withdrawn := _withdrawn(resource)) is not None:
                rows["withdrawn"].append((number, withdrawn or None))
            else:
                live += 1
                _add(rows, live, number, _record(resource, today, line, ndjson), where)
        if len(rows["person"]) + len(rows["related"]) >= _BATCH:
            _write(connection, rows)
            if progress:
                progress(line.start, total)
    _write(connection, rows)
    if progress:
        progress(total, total)
    return patients


def _add(
    rows: dict[str, list[tuple[object, ...]]],
    row: int,
    number: int,
    record: Record,
    where: tuple[int, int],
) -> None:
    born = record.born[0]
    rows["person"].append((row, number, record.packed(), *where))
    rows["name"] += {
        (
            name.family,
            name.given[0] if name.given else "",
            name.family_sound + name.given_sound,
            born,
            row,
        )
        for name in record.names
    }
    rows["place"] += ((postcode, born, row) for postcode, _ in record.postcodes)
    rows["contact"] += ((value, row) for value, _ in (*record.phones, *record.emails))


def _write(connection: sqlite3.Connection, rows: dict[str, list[tuple[object, ...]]]) -> None:
    for table, values in rows.items():
        if not values:
            continue
        marks = ", ".join("?" * len(values[0]))
        try:
            # The table's name is one of six above; values are bound.
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608
        except sqlite3.IntegrityError:
            raise PeopleFileError(
                "two withdrawn records have one NHS number. Keep one line for each number."
            ) from None
        values.clear()


def _refuse_duplicates(connection: sqlite3.Connection, ndjson: Path) -> None:
    connection.execute("CREATE INDEX person_nhs ON person (nhs, row)")
    twice = connection.execute(
        "SELECT min(start), max(start) FROM person GROUP BY nhs HAVING count(*) > 1"
        " UNION ALL SELECT start, start FROM person JOIN withdrawn USING (nhs) LIMIT 1"
    ).fetchone()
    if twice is not None:
        raise PeopleFileError(
            f"{ndjson}: the lines at bytes {twice[0]} and {twice[1]} (or a withdrawn record) have "
            "one NHS number. Keep one line for each number."
        )


def _lines(ndjson: Path) -> Iterator[_Line]:
    start = 0
    with ndjson.open("rb") as file:
        for number, raw in enumerate(file, 1):
            # A byte order mark, as some Windows programs put first, is no part of the content.
            content = raw.lstrip(b"\xef\xbb\xbf \t\r\n") if number == 1 else raw.lstrip()
            if content:
                yield _Line(number, start + len(raw) - len(content), content.rstrip())
            start += len(raw)


def _resource(line: _Line, ndjson: Path) -> Json:
    try:
        resource = orjson.loads(line.content)
    except orjson.JSONDecodeError as error:
        raise PeopleFileError(
            f"{ndjson}, line {line.number}: not JSON (column {error.colno}). "
            "The file must hold one FHIR resource a line."
        ) from None
    if not isinstance(resource, dict):
        raise PeopleFileError(f"{ndjson}, line {line.number}: not a FHIR resource (an object).")
    return resource


def _record(resource: Json, today: str, line: _Line, ndjson: Path) -> Record:
    try:
        return read_record(resource, today)
    except (TypeError, AttributeError, KeyError, IndexError) as error:
        raise PeopleFileError(
            f"{ndjson}, line {line.number}: a part of the Patient has another shape than FHIR R4 "
            f"gives it ({type(error).__name__})."
        ) from None


def _number(resource: Json, line: _Line, ndjson: Path) -> int:
    """The patient's NHS number: the id, or the identifier if there is no id."""
    text = str(resource.get("id") or _identifier(resource) or "")
    if not well_formed(text):
        raise PeopleFileError(
            f"{ndjson}, line {line.number}: the Patient's id is not a valid NHS number. "
            "Use ten digits with a correct check digit (999 000 0000 and up is kept for tests)."
        )
    return int(text)


def _identifier(resource: Json) -> str | None:
    for identifier in resource.get("identifier") or ():
        if identifier.get("system") == NHS_NUMBER_SYSTEM:
            return str(identifier.get("value") or "") or None
    return None


def _withdrawn(resource: Json) -> int | None:
    """None for a live record; the superseding number, or 0 for an invalidated record.

    Only live records are indexed for searches, so the others never count as matches (C24).
    """
    for link in resource.get("link") or ():
        if link.get("type") == "replaced-by":
            target = _referenced(link.get("other") or {})
            return int(target) if well_formed(target) else 0
    return 0 if resource.get("active") is False else None


def _owner(resource: Json, line: _Line, ndjson: Path) -> int:
    owner = _referenced(resource.get("patient") or {})
    if not well_formed(owner):
        raise PeopleFileError(
            f"{ndjson}, line {line.number}: the RelatedPerson's patient is not a reference to a "
            'valid NHS number ("patient": {"reference": "Patient/..."}).'
        )
    return int(owner)


def _referenced(reference: Json) -> str:
    """The number in a FHIR Reference, literal or by identifier."""
    literal = str(reference.get("reference") or "")
    if literal:
        return literal.rstrip("/").rsplit("/", 1)[-1]
    return str((reference.get("identifier") or {}).get("value") or "")
