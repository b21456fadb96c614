"""The rate limit: what a client at its allowance may do, and what it may not."""

import pytest

from joinedup.pds.emulator.problems import Problem
from joinedup.pds.emulator.throttle import Throttle


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused(throttle: Throttle, application: str = "app") -> str:
    """The diagnostics of the refusal, or "" when the request was admitted."""
    try:
        throttle.admit(application)
    except Problem as problem:
        return f"{problem.status} {problem.code} {problem.issue}: {problem.diagnostics}"
    return ""


def test_steady_five_a_second_is_never_refused():
    clock = Clock()
    throttle = Throttle(5, clock)
    for _ in range(2000):
        assert not refused(throttle)
        clock.now += 0.2


def test_quota_of_a_rolling_minute():
    clock = Clock()
    throttle = Throttle(5, clock)
    for _ in range(300):
        assert not refused(throttle)
        clock.now += 0.1
    assert refused(throttle).startswith("429 TOO_MANY_REQUESTS value: Your application, app, ")
    assert "has exceeded its quota of 300 requests every 1 minute(s)" in refused(throttle)
    clock.now = 1000.0 + 60.05  # only the first has left the window
    assert not refused(throttle)
    assert refused(throttle)


def test_spike_is_refused_although_the_quota_is_not_reached():
    throttle = Throttle(5, Clock())
    admitted = sum(not refused(throttle) for _ in range(100))
    assert admitted == 15
    assert "has created a spike in traffic" in refused(throttle)


def test_applications_have_allowances_of_their_own():
    throttle = Throttle(1, Clock())
    for _ in range(3):
        throttle.admit("one")
    assert refused(throttle, "one")
    assert not refused(throttle, "two")


@pytest.mark.parametrize("tps", [0, 0.0])
def test_zero_is_no_limit(tps):
    throttle = Throttle(tps, Clock())
    assert not any(refused(throttle) for _ in range(10_000))
