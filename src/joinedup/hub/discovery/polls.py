"""Idle polls, asked of the database together.

Most requests of a hub are polls that find nothing. Those that come while a question is out wait
for the next one, and are answered by it all at once: under load one question serves many, and the
answer to a poll is never older than the poll.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connection
from django.utils import timezone

from joinedup.hub.register.versions import READ, Kept
from joinedup.hub.rights.acting import HUB_ROLE

# Polls are of many custodians: a function of the tables' owner's looks for all of them.
_ASK = f"SELECT {READ.format(kept=Kept.CALLERS)}, joinedup_have_work(%s::bigint[], %s)"


@dataclass(slots=True)
class _Batch:
    """Polls that are answered by one question."""

    custodians: set[int] = field(default_factory=set)
    answered: threading.Event = field(default_factory=threading.Event)
    version: int = 0
    due: frozenset[int] = frozenset()
    failure: Exception | None = None


_gate = threading.Lock()
_turn = threading.Lock()
_gathering: _Batch | None = None


def poll(custodian_id: int) -> tuple[int, bool]:
    """The version by which callers are known, and whether the custodian has work to claim."""
    global _gathering
    with _gate:
        batch, asks = _gathering, False
        if batch is None:
            batch, asks = _Batch(), True
            _gathering = batch
        batch.custodians.add(custodian_id)
    if asks:
        with _turn:
            with _gate:
                _gathering = None
            _ask(batch)
    else:
        batch.answered.wait()
    if batch.failure is not None:
        raise batch.failure
    return batch.version, custodian_id in batch.due


def _ask(batch: _Batch) -> None:
    try:
        with connection.wrap_database_errors:
            try:
                row = _answer(batch)
            except psycopg.OperationalError:  # the database was away since: once more, afresh
                _hang_up()
                row = _answer(batch)
        batch.version, batch.due = row[0], frozenset(row[1])
    except Exception as failure:
        batch.failure = failure
    finally:
        batch.answered.set()


_line: psycopg.Connection[Any] | None = None
"""A connection for polls alone, of which there is one question at a time. To take a request's own
out of the pool, give it its rights and put it back costs more than the question."""


def _answer(batch: _Batch) -> Any:
    global _line
    if _line is None:
        given = connection.get_connection_params()
        _line = psycopg.connect(**{**given, "autocommit": True, "cursor_factory": psycopg.Cursor})
        _line.execute(f"SET ROLE {HUB_ROLE}")
    asked = _line.execute(_ASK, [list(batch.custodians), timezone.now()], prepare=True)
    return asked.fetchone()


def _hang_up() -> None:
    global _line
    if _line is not None:
        _line.close()
        _line = None
