"""Tables of an agency's own databases, read on a timetable into the folder that the node watches.

What a query gives is written, in blocks, as one CSV file in the node's state folder. From there it
is taken in as any file is: recognised or mapped by the same standards; what changed is noticed;
rows that are gone are withdrawn; what holds much less than before waits for a person's word.
"""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from joinedup.custodian.config import Config, Source, System
from joinedup.custodian.store import Store, at

Say = Callable[[str], None]

BLOCK: Final = 1000  # rows in memory at a time
_AGAIN: Final = timedelta(minutes=1)  # after a database that did not answer
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


class TableAway(Exception):
    """The table could not be read; the text says why, without address, password or values."""


class Tables:
    """The tables of every system that has a database."""

    def __init__(self, config: Config, store: Store, say: Say) -> None:
        self._systems = [one for one in config.systems if one.source]
        self._store = store
        self._say = say
        self._away: set[str] = set()

    def look(self, *, now: bool = False) -> int:
        """Read every table whose time has come, or each (``now``); gives how many were read.

        A database that does not answer is said once and tried again a minute later.
        """
        return sum(self._read(system) for system in self._systems if now or self._is_due(system))

    def away(self) -> int:
        """How many systems' tables could not be read when last tried."""
        return len(self._away)

    def _is_due(self, system: System) -> bool:
        return self._store.said(_next(system)) <= at(datetime.now(UTC))

    def _read(self, system: System) -> bool:
        source = system.source
        assert source is not None
        try:
            for name, query in source.queries.items():
                write_table(source, query, system.folder / f"{name}.csv")
        except TableAway as away:
            if system.id not in self._away:
                self._say(f"{system.id}: {away} What was read before stays.")
            self._away.add(system.id)
            self._wait(system, _AGAIN)
            return False
        self._away.discard(system.id)
        self._wait(system, timedelta(minutes=source.every_minutes))
        return True

    def _wait(self, system: System, wait: timedelta) -> None:
        self._store.say(_next(system), at(datetime.now(UTC) + wait))


def _next(system: System) -> str:
    return f"table read next: {system.id}"


def write_table(source: Source, query: str, path: Path) -> int:
    """Write what a query gives as CSV, whole or not at all; gives the number of rows.

    Raises ``TableAway``.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.part")  # a name that the node does not read
    rows = 0
    try:
        with (
            _connected(source) as link,
            os.fdopen(
                os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600),
                "w", encoding="utf-8", newline="",
            ) as file,
        ):  # fmt: skip
            found = link.exec_driver_sql(query)
            if not found.returns_rows:
                raise TableAway("the query gives no rows: write one that begins with SELECT.")
            out = csv.writer(file, lineterminator="\n")
            out.writerow(found.keys())
            for block in found.partitions(BLOCK):
                out.writerows(map(_cells, block))
                rows += len(block)
        # Unchanged, the file stays as it is: nothing is read again.
        if _same(part, path):
            part.unlink()
        else:
            part.replace(path)
    except SQLAlchemyError as error:
        raise TableAway(_in_words(error)) from None
    except OSError as error:
        raise TableAway(f"the table cannot be written to {path.parent}: {error.strerror}.") from (
            None
        )
    finally:
        part.unlink(missing_ok=True)
    return rows


@contextmanager
def _connected(source: Source) -> Iterator[sqlalchemy.Connection]:
    """A connection that can read alone, in blocks, and holds nothing afterwards."""
    given = os.environ.get(source.variable, "").strip()
    if not given:
        raise TableAway(f"the environment variable {source.variable} is not set.")
    kind, _, rest = given.partition("://")
    try:
        engine = sqlalchemy.create_engine(
            f"{_DRIVERS.get(kind, kind)}://{rest}", poolclass=sqlalchemy.NullPool
        )
    except (ArgumentError, ModuleNotFoundError, SQLAlchemyError) as error:
        why = (
            "there is no driver for that kind of database here: install its Python package"
            if isinstance(error, ModuleNotFoundError)
            else "it is not an address such as postgresql://reader@host/database"
        )
        raise TableAway(f"{source.variable}: {why}.") from None
    options: dict[str, Any] = {
        "stream_results": True, "max_row_buffer": BLOCK,
        "no_parameters": True,  # a percent sign in the query is one
    }  # fmt: skip
    if engine.dialect.name == "postgresql":
        options |= {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as link:
        if engine.dialect.name == "sqlite":
            link.exec_driver_sql("PRAGMA query_only = ON")
        yield link


def _cells(row: Sequence[Any]) -> list[str]:
    return [_text(value) for value in row]


def _text(value: Any) -> str:
    """A value as the standards read it: days and times in ISO 8601, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        midnight = not (value.hour or value.minute or value.second)
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return ""  # a picture or a document is no demographic
    return str(value)


def _same(one: Path, other: Path) -> bool:
    """Whether two files hold the same. The time stays the old one: so nothing is read again."""
    try:
        if one.stat().st_size != other.stat().st_size:
            return False
        with one.open("rb") as left, other.open("rb") as right:
            while piece := left.read(1 << 20):
                if piece != right.read(1 << 20):
                    return False
    except FileNotFoundError:
        return False
    return True


def _in_words(error: SQLAlchemyError) -> str:
    """What a database said, as far as it tells nobody's data and no secret: the kind alone."""
    kind = type(getattr(error, "orig", None) or error).__name__
    hint = {
        "OperationalError": "it cannot be reached, or does not let us in",
        "ProgrammingError": "the query is wrong, or we may not read what it asks for",
        "UndefinedTable": "there is no table of that name",
        "UndefinedColumn": "there is no column of a name in the query",
        "InsufficientPrivilege": "we may not read what the query asks for",
        "ReadOnlySqlTransaction": "the query would change something: it may only read",
        "SyntaxError": "the query is not SQL that it understands",
    }.get(kind, "it did not give what was asked")
    return f"the database: {hint} ({kind})."
