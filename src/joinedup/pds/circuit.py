"""Not asking a source that stays away, so that long work ends soon and says so."""

import threading
import time
from collections.abc import Callable

_LONGEST = 10  # times the first rest


class Circuit:
    """After ``failures`` questions in a row without an answer, fail at once for ``rest`` seconds.

    Then one question is let through: its answer ends the rest, another failure doubles it (up to
    ten times the first). Thread-safe.
    """

    def __init__(
        self, failures: int, rest: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._first_rest = rest
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rest = rest
        self._until: float | None = None
        self._trying = False

    def remaining(self) -> float | None:
        """Seconds to wait before asking, or None: go ahead, and report how it went."""
        with self._lock:
            if self._until is None:
                return None
            left = self._until - self._clock()
            if left <= 0 and not self._trying:
                self._trying = True
                return None
            return max(left, 0.0) or self._first_rest

    def answered(self) -> None:
        """The source answered: all is well."""
        with self._lock:
            self._failures = 0
            self._rest = self._first_rest
            self._until = None
            self._trying = False

    def failed(self, for_certain: bool = False) -> None:
        """The source did not answer; ``for_certain``: and will not until somebody acts."""
        with self._lock:
            self._failures += 1
            if self._trying:
                self._rest = min(self._rest * 2, self._first_rest * _LONGEST)
                self._trying = False
            elif self._until is not None:
                return  # asked before the rest began
            if for_certain or self._failures >= self._limit:
                self._until = self._clock() + self._rest

    def given_up(self) -> None:
        """The question was withdrawn before the source was asked: nothing was learnt."""
        with self._lock:
            self._trying = False
