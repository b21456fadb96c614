"""How long a file waits for a source of truth that does not answer."""

import threading
import time
from collections.abc import Callable

from joinedup.pds.search import Answer, Refused, Search, Source, Unavailable

_NO_ACCESS = frozenset({401, 403})


class SourceGone(Exception):
    """Nothing was asked: the source had stopped answering."""


class PatientSource:
    """A source that is waited for when it says when to ask again, and given up in the end.

    Every question was already retried by the client. When its answer says how long to wait, the
    question is put again after that, until ``patience`` seconds have passed without any answer to
    anybody. The source is given up after ``limit`` silent answers that allow no more waiting, for
    going on through a long file would take days to learn nothing; from then on every question
    raises ``SourceGone`` at once. A refusal of access counts as silence: waiting does not mend it.
    """

    def __init__(
        self,
        source: Source,
        *,
        limit: int,
        patience: float,
        stop: threading.Event,
        waiting: Callable[[float], None],
    ) -> None:
        """``stop`` ends any wait; ``waiting`` hears, once in each silence, that one begins."""
        self._source = source
        self._limit = limit
        self._patience = patience
        self._stop = stop
        self._waiting = waiting
        self._lock = threading.Lock()
        self._silent = 0
        self._since: float | None = None
        self._told = False
        self._gone = False

    def search(self, search: Search) -> Answer:
        return self._ask(lambda: self._source.search(search))

    def read(self, nhs_number: str) -> Answer:
        return self._ask(lambda: self._source.read(nhs_number))

    def _ask(self, put: Callable[[], Answer]) -> Answer:
        while not self._gone:
            answer = put()
            wait = self._wait_after(answer)
            if wait is None or self._stop.wait(wait):
                return answer
        raise SourceGone

    def _wait_after(self, answer: Answer) -> float | None:
        """Seconds until the question may be put again; None when the answer stands."""
        silent = isinstance(answer, Unavailable) or (
            isinstance(answer, Refused) and answer.status in _NO_ACCESS
        )
        with self._lock:
            if not silent:
                self._silent, self._since, self._told = 0, None, False
                return None
            now = time.monotonic()
            if self._since is None:
                self._since = now
            wait = answer.retry_after if isinstance(answer, Unavailable) else None
            if wait is not None and now - self._since + wait <= self._patience:
                tell, self._told = not self._told, True
            else:
                self._silent += 1
                self._gone = self._gone or self._silent >= self._limit
                return None
        if tell:
            self._waiting(wait)
        return max(wait, 0.05)
