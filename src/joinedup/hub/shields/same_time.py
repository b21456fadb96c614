"""Answers that must not be told apart by how long they took.

"Shielded", "withheld" and "nothing held" are the same bytes; here they get the same time. An answer
is held until a whole number of steps has gone by since the question came, and a random part of a
step more, so that what remains of a difference is drowned.
"""

import math
import random
import time

from joinedup.hub import environment

STEP_MS = 60.0
"""Milliseconds; ``JOINEDUP_ANSWER_STEP_MS`` sets another. Longer than such an answer takes."""
WHEN_SOURCE_ASKED = 4
"""Times as long where the source of truth is asked: it takes its own time, and varies."""
_JITTER = 0.25  # of a step
_random = random.SystemRandom()


def began() -> float:
    """Give the moment at which a question came, for ``hold``."""
    return time.monotonic()


def hold(since: float, times: int = 1) -> None:
    """Wait until the step, ``times`` as long, ends that the answer is in, and a little more."""
    step = environment.number("ANSWER_STEP_MS", STEP_MS) * times / 1000
    if step:
        time.sleep(until(time.monotonic() - since, step, _random.random()))


def until(taken: float, step: float, chance: float) -> float:
    """Give how long to wait, in seconds, after ``taken``; ``chance`` is between 0 and 1."""
    steps = max(1, math.ceil(taken / step))
    return steps * step - taken + chance * _JITTER * step
