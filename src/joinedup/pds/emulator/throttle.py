"""The rate limit of the live gateway: a quota a rolling minute and a spike arrest."""

import threading
import time
from collections import deque
from collections.abc import Callable

from joinedup.pds.emulator import problems

_MINUTE = 60.0
_SECOND = 1.0
_SPIKE = 3  # the live app limits are 300 a minute and a spike arrest of 900 a minute


class Throttle:
    """Admits ``tps`` requests a second on average, per application; 0 means no limit.

    An application may send 60 * tps requests in any minute and 3 * tps in any second (C17). A
    request that is refused does not count (C18).
    """

    def __init__(self, tps: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.quota = round(tps * 60)
        self._burst = max(1, round(tps * _SPIKE))
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: dict[str, deque[float]] = {}

    def admit(self, application: str) -> None:
        """Count one request, or raise the 429 ``Problem``."""
        if self.quota <= 0:
            return
        now = self._clock()
        with self._lock:
            sent = self._sent.setdefault(application, deque())
            while sent and sent[0] <= now - _MINUTE:
                sent.popleft()
            if len(sent) >= self.quota:
                raise problems.quota_exceeded(application, self.quota)
            if len(sent) >= self._burst and sent[-self._burst] > now - _SECOND:
                raise problems.spike(application)
            sent.append(now)
