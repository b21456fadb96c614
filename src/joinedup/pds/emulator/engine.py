"""Searches and reads over a prepared people file: no HTTP, no authorisation, thread-safe."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from joinedup.pds.emulator import problems, show
from joinedup.pds.emulator.prepare import SUFFIX, prepare
from joinedup.pds.emulator.problems import Json
from joinedup.pds.emulator.question import Question, read_question
from joinedup.pds.emulator.record import Record, security_of
from joinedup.pds.emulator.rules import judge
from joinedup.people.nhs_number import well_formed

BASE_PATH = "/personal-demographics/FHIR/R4"
_NHS_BASE = f"https://api.service.nhs.uk{BASE_PATH}"

_LAST_LETTER = "\U0010ffff"
_LONGEST_CHAIN = 50  # of supersessions; a longer one is a loop

_BY_FAMILY = (
    "SELECT person FROM name INDEXED BY name_family"
    " WHERE family = ? AND born BETWEEN ? AND ? AND given BETWEEN ? AND ?"
)
# One seek a day that anybody was born on: with a wildcard the days are few and the names many.
_BY_FAMILY_START = (
    "SELECT name.person FROM day CROSS JOIN name INDEXED BY name_born"
    " WHERE day.born BETWEEN ? AND ? AND name.born = day.born"
    " AND name.family BETWEEN ? AND ? AND name.given BETWEEN ? AND ?"
)
_BY_SOUND = "SELECT person FROM name WHERE sound = ? AND born BETWEEN ? AND ?"
_BY_POSTCODE = "SELECT person FROM place WHERE postcode = ? AND born BETWEEN ? AND ?"
_BY_CONTACT = "SELECT person FROM contact WHERE value = ?"


class Engine:
    """Answers about the people in one file.

    ``path`` is the people file (prepared now if need be) or its prepared index.
    """

    def __init__(self, path: Path) -> None:
        index = path if path.name.endswith(SUFFIX) else prepare(path)
        self._index = index
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        about = dict(self._connection().execute("SELECT key, value FROM about"))
        self.people = int(about["people"])
        self._people_file = os.open(index.with_name(about["source"]), os.O_RDONLY)

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            if self._people_file >= 0:
                os.close(self._people_file)
                self._people_file = -1

    def search(self, params: Sequence[tuple[str, str]], base_url: str = _NHS_BASE) -> Json:
        """Answer a search: a searchset Bundle, or the too-many-matches OperationOutcome.

        ``params`` are the query's parameters in order; ``base_url`` goes into ``fullUrl``.
        Raises ``Problem`` for a search that PDS refuses.
        """
        return self.answer(read_question(params), base_url)

    def answer(self, question: Question, base_url: str = _NHS_BASE) -> Json:
        """Answer a question already read."""
        hits: list[tuple[float, int, int, int]] = []
        connection = self._connection()
        seen: set[int] = set()
        for row in self._candidates(connection, question):
            if row in seen:
                continue
            seen.add(row)
            facts, number, start, length = connection.execute(
                "SELECT facts, nhs, start, length FROM person WHERE row = ?", (row,)
            ).fetchone()
            score = judge(question, Record.unpacked(facts))
            if score is None:
                continue
            hits.append((-score, number, start, length))
            if len(hits) > question.max_results:
                return problems.TOO_MANY_MATCHES.outcome()
        # C15: equal scores are in order of NHS number.
        hits.sort()
        bundle: Json = {
            "resourceType": "Bundle",
            "type": "searchset",
            "timestamp": _now(),
            "total": len(hits),
        }
        if hits:
            bundle["entry"] = [
                {
                    "fullUrl": f"{base_url}/Patient/{number:010}",
                    "search": {"score": -minus_score},
                    "resource": show.found(self._patient(number, start, length), _today()),
                }
                for minus_score, number, start, length in hits
            ]
        return bundle

    def read(self, nhs_number: str) -> Json:
        """Give the Patient with this number, or the one that superseded it; raises ``Problem``."""
        number, start, length = self._find(nhs_number)
        return show.read(self._patient(number, start, length), _today())

    def related_persons(self, nhs_number: str, base_url: str = _NHS_BASE) -> Json:
        """Give the Bundle of a person's RelatedPersons; raises ``Problem``."""
        number, start, length = self._find(nhs_number)
        entries: list[Json] = []
        if security_of(self._patient(number, start, length)) == "U":
            rows = self._connection().execute(
                "SELECT start, length FROM related WHERE nhs = ? ORDER BY start", (number,)
            )
            for place, size in rows:
                person = show.related(self._line(place, size), f"{number:010}", f"{place:08X}")
                entries.append(
                    {
                        "fullUrl": f"{base_url}/Patient/{number:010}/RelatedPerson/{person['id']}",
                        "resource": person,
                    }
                )
        bundle: Json = {
            "resourceType": "Bundle",
            "type": "searchset",
            "timestamp": _now(),
            "total": len(entries),
        }
        if entries:
            bundle["entry"] = entries
        return bundle

    def _find(self, nhs_number: str) -> tuple[int, int, int]:
        """Number and place of the live record behind a number, through supersessions."""
        if not well_formed(nhs_number):
            raise problems.invalid_resource_id()
        connection = self._connection()
        number = int(nhs_number)
        withdrawn = False
        for _ in range(_LONGEST_CHAIN):
            live = connection.execute(
                "SELECT nhs, start, length FROM person WHERE nhs = ?", (number,)
            ).fetchone()
            if live is not None:
                return (live[0], live[1], live[2])
            replaced = connection.execute(
                "SELECT replaced_by FROM withdrawn WHERE nhs = ?", (number,)
            ).fetchone()
            if replaced is None or replaced[0] is None:
                withdrawn = withdrawn or replaced is not None
                break
            withdrawn = True
            number = replaced[0]
        # C16: superseded by a record that is not there, or in a circle, counts as invalidated.
        raise problems.invalidated() if withdrawn else problems.not_found()

    def _candidates(self, connection: sqlite3.Connection, question: Question) -> Iterator[int]:
        """Everybody who might fit, most selective way first; some may come twice."""
        for statement, values in _routes(question):
            for (row,) in connection.execute(statement, values):
                yield row

    def _patient(self, number: int, start: int, length: int) -> Json:
        return {**self._line(start, length), "id": f"{number:010}"}

    def _line(self, start: int, length: int) -> dict[str, Any]:
        line: dict[str, Any] = orjson.loads(os.pread(self._people_file, length, start))
        return line

    def _connection(self) -> sqlite3.Connection:
        """This thread's own connection: readers never wait for one another."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                f"{self._index.absolute().as_uri()}?mode=ro&immutable=1",
                uri=True,
                isolation_level=None,
                check_same_thread=False,  # only so that close() may close it
            )
            connection.execute("PRAGMA mmap_size = 8589934592")
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection


def _routes(question: Question) -> Iterator[tuple[str, tuple[object, ...]]]:
    """The index look-ups that together reach everybody who can fit."""
    low, high = question.born
    contact = question.email or question.phone
    if contact is not None:
        yield _BY_CONTACT, (contact,)
        return
    by_postcode = question.postcode is not None and not question.postcode.wild
    if question.fuzzy:
        if question.family_sound and question.given_sound:
            straight = question.family_sound + question.given_sound
            swapped = question.given_sound + question.family_sound
            yield _BY_SOUND, (straight, low, high)
            if swapped != straight:
                yield _BY_SOUND, (swapped, low, high)
        if by_postcode and question.postcode is not None and question.gender is not None:
            yield _BY_POSTCODE, (question.postcode.text, low, high)
        return
    if by_postcode and question.postcode is not None:
        yield _BY_POSTCODE, (question.postcode.text, low, high)
        return
    assert question.family is not None, "the minimum criteria ask for a family name"
    given = ("", _LAST_LETTER)
    if question.given is not None:
        end = _LAST_LETTER if question.given.wild else ""
        given = (question.given.prefix, question.given.prefix + end)
    if question.family.wild:
        start = question.family.prefix
        yield _BY_FAMILY_START, (low, high, start, start + _LAST_LETTER, *given)
    else:
        yield _BY_FAMILY, (question.family.text, low, high, *given)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
