"""How long to wait before trying again, so that a thousand nodes do not come back at once."""

import random
from collections.abc import Callable

_LONGEST = 60.0


class Backoff:
    """Waits whose limit doubles from ``first`` seconds with each failure, to a minute.

    "Full jitter": every wait is anywhere between nothing and its limit, which spreads the callers
    of a hub that comes back (Brooker, AWS Architecture Blog, 2015). The hub's own ``Retry-After``
    is never undercut.
    """

    def __init__(self, first: float, draw: Callable[[], float] = random.random) -> None:
        self._first = first
        self._draw = draw
        self._failures = 0

    def failed(self, retry_after: float | None = None) -> float:
        """Seconds to wait after one more failure."""
        limit = min(self._first * 2.0 ** min(self._failures, 16), _LONGEST)
        self._failures += 1
        asked = retry_after or 0.0
        return asked + self._draw() * (limit if not asked else min(limit, asked + 1))

    def succeeded(self) -> None:
        """All is well again."""
        self._failures = 0

    @staticmethod
    def spread(seconds: float, draw: Callable[[], float] = random.random) -> float:
        """A regular wait, give or take a fifth."""
        return seconds * (0.8 + 0.4 * draw())
