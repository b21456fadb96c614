"""One question a row, a whole file: in parallel, in order, each child asked about once.

Nothing here knows what is asked. A command gives an ``Asker`` (a child's details to an ``Answer``)
and gets its rows back in the order of the file, whatever the order in which the source answers.
Memory stays bounded: rows wait in a window of limited length and size, and what was found out is
in the journal on disk.
"""

import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from joinedup.identify.journal import Answer, Journal
from joinedup.people.demographics import FIELDS, Demographics
from joinedup.standards.tabular import Row

_log = logging.getLogger(__name__)

_ROWS_PER_WORKER = 64
_TEXT_HELD = 16 * 1024 * 1024
_LOOK_UP = 0.2  # seconds between looks at whether to stop

# A school's number is unknown to the PDS: two rows that differ in it alone are one question.
_ASKED = tuple(name for name in FIELDS if name != "upn")


class Stopped(Exception):
    """The run was told to stop; what was answered is in the journal."""


@dataclass(frozen=True, slots=True)
class Done:
    """A row and its answer.

    ``question`` is None for a row that could not be read. ``copy``: an earlier row asked the same
    and this one shares its answer. ``earlier``: answered by a run before this one.
    """

    row: Row
    question: Demographics | None
    answer: Answer
    copy: bool = False
    earlier: bool = False

    @property
    def calls(self) -> int:
        """What this row cost: nothing when its answer was paid for by another row."""
        return 0 if self.copy else self.answer.calls


def normalised(question: Demographics) -> bytes:
    """The question as bytes: equal for two rows exactly when the same would be asked and said."""
    parts = []
    for name in _ASKED:
        check = getattr(question, name)
        flags = ",".join(sorted(check.flags))
        parts.append(f"{name}={check.quality}|{check.value!r}|{check.reason}|{flags}")
    return "\n".join(parts).casefold().encode("utf-8", "surrogatepass")


def _fault(error: Exception) -> str:
    """A fault of our own by kind and place; its text could quote a child's details."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"


class Asker(Protocol):
    """How a row's question is put, and under what it is known."""

    def place(self, row: Row) -> int:
        """Give what tells this row from every other of the run."""
        ...

    def key(self, row: Row, question: Demographics) -> bytes:
        """Give what is equal for two rows exactly when they share an answer."""
        ...

    def ask(self, row: Row, question: Demographics) -> Answer:
        """Put the question. Called from several threads."""
        ...

    def answered_now(self, row: Row) -> bool:
        """Say whether this run, rather than an earlier one, put the row's answer in the journal."""
        ...


class EachAlone:
    """Asks for each row by itself."""

    def __init__(self, ask: Callable[[Demographics], Answer]) -> None:
        self._ask = ask

    def place(self, row: Row) -> int:
        """Give the row's number."""
        return row.number

    def key(self, row: Row, question: Demographics) -> bytes:
        """Give the question: the same for whoever asks it."""
        return normalised(question)

    def ask(self, row: Row, question: Demographics) -> Answer:
        """Put the question."""
        return self._ask(question)

    def answered_now(self, row: Row) -> bool:
        """Say no: whoever asks keeps the answer once, and repeated rows are copies of it."""
        return False


@dataclass(slots=True)
class _Waiting:
    row: Row
    question: Demographics | None
    key: bytes
    future: Future[Answer]
    copy: bool = False
    earlier: bool = False
    size: int = 0


def _known(answer: Answer) -> Future[Answer]:
    future: Future[Answer] = Future()
    future.set_result(answer)
    return future


class Batch:
    """Puts the questions of many rows to an ``Asker``, from ``workers`` threads."""

    def __init__(
        self,
        asker: Asker,
        *,
        unreadable: Callable[[str], Answer],
        failed: Callable[[str], Answer],
        journal: Journal,
        workers: int,
        stop: threading.Event,
    ) -> None:
        """``unreadable`` makes the answer for a row's problem; ``failed`` for a fault of our own,
        given its kind and place. ``stop``, once set, ends the run as soon as what is in flight
        is answered.
        """
        self._asker = asker
        self._unreadable = unreadable
        self._failed = failed
        self._journal = journal
        self._workers = workers
        self._stop = stop
        self._window: deque[_Waiting] = deque()
        self._asked: dict[bytes, Future[Answer]] = {}
        self._faults: set[str] = set()
        self._held = 0

    def run(self, rows: Iterable[Row]) -> Iterator[Done]:
        """Every row with its answer, in order. Raises ``Stopped`` when told to stop.

        Whichever way it ends, no question is left in flight with its answer unkept.
        """
        longest = self._workers * _ROWS_PER_WORKER
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="ask")
        try:
            for row in rows:
                if self._stop.is_set():
                    raise Stopped
                self._place(row, pool)
                while self._window and (
                    len(self._window) > longest
                    or self._held > _TEXT_HELD
                    or self._window[0].future.done()
                ):
                    yield self._finish()
            while self._window:
                yield self._finish()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _place(self, row: Row, pool: ThreadPoolExecutor) -> None:
        waiting = self._prepare(row, pool)
        waiting.size = sum(map(len, row.cells))
        self._held += waiting.size
        self._window.append(waiting)

    def _prepare(self, row: Row, pool: ThreadPoolExecutor) -> _Waiting:
        if row.problem:
            return _Waiting(row, None, b"", _known(self._unreadable(row.problem)))
        question = Demographics.read(row.fields)
        key = self._journal.question(self._asker.key(row, question))
        if (future := self._asked.get(key)) is not None:
            return _Waiting(row, question, key, future, copy=True)
        if (kept := self._journal.get(key)) is not None:
            first = kept.row == self._asker.place(row)
            earlier = first and not self._asker.answered_now(row)
            return _Waiting(row, question, key, _known(kept.answer), not first, earlier)
        future = pool.submit(self._answer, row, question, key)
        self._asked[key] = future
        return _Waiting(row, question, key, future)

    def _answer(self, row: Row, question: Demographics, key: bytes) -> Answer:
        try:
            answer = self._asker.ask(row, question)
        except Exception as error:  # one row must not end the run, nor pass for "nobody"
            fault = _fault(error)
            if fault not in self._faults:
                self._faults.add(fault)
                _log.error("row %d failed, and perhaps others: %s", row.number, fault)
            answer = self._failed(fault)
        if answer.finished:
            self._journal.put(key, self._asker.place(row), answer)
        return answer

    def _finish(self) -> Done:
        waiting = self._window[0]
        while not waiting.future.done():
            if self._stop.is_set():
                raise Stopped
            wait([waiting.future], timeout=_LOOK_UP)
        answer = waiting.future.result()
        self._window.popleft()
        self._held -= waiting.size
        if not waiting.copy:
            self._asked.pop(waiting.key, None)
        return Done(waiting.row, waiting.question, answer, waiting.copy, waiting.earlier)
