"""One rate budget for everybody who asks the PDS under one API key.

The PDS counts calls by application, over threads, processes and hosts. Calls are therefore given
evenly spaced slots in time (the generic cell rate algorithm, without bursts) from one row in
PostgreSQL, by the database's clock. A process holds at most one slot ahead, so processes take
turns, however many threads each has; within a process threads are served in order of arrival.
"""

import hashlib
import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import LiteralString, Protocol

import psycopg

from joinedup.pds.store import connect, make_tables

# The PDS counts over a rolling minute. Calls arrive with a jitter, so one more than were sent in
# a minute may fall into a minute: 2 % less (1.2 s in 60) keeps the limit without meeting it.
_USED_SHARE = 0.98

# A process that is late for its slot may catch up by so much: at high rates the timer's own
# lateness would otherwise cost capacity. No more than the 2 %, so that no second is over the limit.
_CATCH_UP = 0.020

_LONGEST_PAUSE = 900.0  # a source that asks for more is asking for people, not for patience


_OPEN = """
INSERT INTO joinedup_pds.budget (name, next_slot) VALUES (%(name)s, clock_timestamp())
ON CONFLICT DO NOTHING
"""
_TAKE = """
UPDATE joinedup_pds.budget
SET next_slot = greatest(next_slot, clock_timestamp() - make_interval(secs => %(catch_up)s))
              + make_interval(secs => %(interval)s)
WHERE name = %(name)s
  AND (%(timeout)s::float8 IS NULL
       OR next_slot <= clock_timestamp() + make_interval(secs => %(timeout)s))
RETURNING extract(epoch FROM next_slot - clock_timestamp())::float8
"""
_LOOK = """
SELECT extract(epoch FROM next_slot - clock_timestamp())::float8
FROM joinedup_pds.budget WHERE name = %(name)s
"""
_PAUSE = """
UPDATE joinedup_pds.budget
SET next_slot = greatest(next_slot, clock_timestamp() + make_interval(secs => %(seconds)s))
WHERE name = %(name)s
"""


class BudgetUnavailable(RuntimeError):
    """The shared budget cannot be reached, so nothing may be sent; the text says what to do."""


class BudgetBusy(RuntimeError):
    """No slot is free soon enough. ``wait`` is the seconds until one is."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"the rate budget is taken for the next {wait:.0f} seconds")
        self.wait = wait


class RateBudget(Protocol):
    """Permission to send, one call at a time."""

    def acquire(self, timeout: float | None = None) -> None:
        """Return when one call may be sent.

        Raises :class:`BudgetBusy` when that is more than ``timeout`` seconds away, and
        :class:`BudgetUnavailable` when nobody can tell.
        """

    def pause(self, seconds: float) -> None:
        """Give nobody a slot for so long: the source asked for it."""

    def close(self) -> None:
        """Let go of what is held; whoever waits gets :class:`BudgetUnavailable`."""


def open_budget(tps: float, key: str, database_url: str | None) -> RateBudget:
    """Open the budget of ``tps`` calls a second called ``key`` (use ``PdsConfig.budget_key``).

    It is shared with all who name the same key in the same database. Without a database it holds
    for this process alone. ``tps`` 0 sets no limit and needs no database.
    """
    if not math.isfinite(tps) or tps < 0:
        raise ValueError("calls a second must be a number above 0, or 0 for no limit")
    if tps == 0 or database_url is None:
        return LocalBudget(tps)
    return SharedBudget(tps, key, database_url)


class _InOrder:
    """Hands slots to threads in order of arrival, one reserved at a time."""

    def __init__(self, tps: float) -> None:
        self._interval = 1 / (tps * _USED_SHARE) if tps else 0.0
        self._turn = _Turn()
        self._pauses = 0
        self._closed = threading.Event()

    def acquire(self, timeout: float | None = None) -> None:
        give_up = None if timeout is None else time.monotonic() + timeout
        with self._turn.taken(timeout):
            while True:
                pauses = self._pauses
                left = None if give_up is None else max(0.0, give_up - time.monotonic())
                wait = self._reserve(left)
                if self._closed.wait(wait) if wait > 0 else self._closed.is_set():
                    raise BudgetUnavailable("The rate budget was closed while somebody waited.")
                if self._pauses == pauses:
                    return
                # The source asked for a pause while we waited: the slot we had is in it.

    def close(self) -> None:
        self._closed.set()

    def _reserve(self, timeout: float | None) -> float:
        """Take the next slot and give the seconds until then (below 0: it is already past).

        Raises :class:`BudgetBusy`, and takes none, when it is more than ``timeout`` away.
        """
        raise NotImplementedError


class LocalBudget(_InOrder):
    """A budget for the threads of this process; 0 calls a second means no limit."""

    def __init__(self, tps: float) -> None:
        super().__init__(tps)
        self._lock = threading.Lock()
        self._next = time.monotonic()

    def acquire(self, timeout: float | None = None) -> None:
        if not self._interval and time.monotonic() >= self._next and not self._closed.is_set():
            return
        super().acquire(timeout)

    def pause(self, seconds: float) -> None:
        self._pauses += 1
        with self._lock:
            self._next = max(self._next, time.monotonic() + _bounded(seconds))

    def _reserve(self, timeout: float | None) -> float:
        with self._lock:
            now = time.monotonic()
            slot = max(self._next, now - min(_CATCH_UP, self._interval))
            if timeout is not None and slot - now > timeout:
                raise BudgetBusy(slot - now)
            self._next = slot + self._interval
            return slot - now


class SharedBudget(_InOrder):
    """A budget kept in PostgreSQL, shared with other processes and hosts."""

    def __init__(self, tps: float, key: str, database_url: str) -> None:
        super().__init__(tps)
        self.database_url = database_url
        self.name = hashlib.sha256(key.strip().rstrip("/").encode()).hexdigest()
        self._link_lock = threading.Lock()
        self._link: psycopg.Connection[tuple[object, ...]] | None = None
        self._process = os.getpid()
        self._run("SELECT 1")  # a database that is not there is reported at the start

    def pause(self, seconds: float) -> None:
        self._pauses += 1
        self._run(_PAUSE, {"seconds": _bounded(seconds), "name": self.name})

    def close(self) -> None:
        super().close()
        with self._link_lock:
            self._drop()

    def _reserve(self, timeout: float | None) -> float:
        row = self._run(
            _TAKE,
            {
                "catch_up": min(_CATCH_UP, self._interval),
                "interval": self._interval,
                "name": self.name,
                "timeout": timeout,
            },
        )
        if row is not None:
            return float(str(row[0])) - self._interval
        row = self._run(_LOOK, {"name": self.name})
        if row is None:
            raise BudgetUnavailable(
                "Somebody removed the rate budget from the database (schema joinedup_pds) while "
                "it was in use. Start again."
            )
        raise BudgetBusy(max(0.0, float(str(row[0]))))

    def _run(
        self, query: LiteralString, values: Mapping[str, object] | None = None
    ) -> tuple[object, ...] | None:
        """Run one statement, connecting again once if the connection was lost."""
        with self._link_lock:
            for last in (False, True):
                try:
                    cursor = self._connected().execute(query, values)
                    return cursor.fetchone() if cursor.description else None
                except psycopg.Error as error:
                    self._drop()
                    if last:
                        raise BudgetUnavailable(
                            "The database that keeps the shared rate budget did not answer "
                            f"({type(error).__name__}), so nothing was sent to the PDS. Check "
                            "DATABASE_URL and that the database is up; --pds-tps 0 does without."
                        ) from error
        raise AssertionError("unreachable")

    def _connected(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._process != os.getpid():  # a forked child must not speak on its parent's line
            self._link, self._process = None, os.getpid()
        if self._link is None:
            self._link = connect(self.database_url)
            make_tables(self._link)
            self._link.execute(_OPEN, {"name": self.name})
        return self._link

    def _drop(self) -> None:
        if self._link is not None and self._process == os.getpid():
            self._link.close()
        self._link = None


class _Turn:
    """A lock that is granted in order of asking (``threading.Lock`` promises no order)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._held = False

    @contextmanager
    def taken(self, timeout: float | None) -> Iterator[None]:
        started = time.monotonic()
        mine = threading.Event()
        with self._lock:
            if self._held:
                self._waiting.append(mine)
            else:
                self._held = True
                mine.set()
        if not mine.wait(timeout):
            with self._lock:
                if not mine.is_set():
                    self._waiting.remove(mine)
                    raise BudgetBusy(time.monotonic() - started)
        try:
            yield
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting.popleft().set()
                else:
                    self._held = False


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST_PAUSE) if math.isfinite(seconds) else _LONGEST_PAUSE
