"""Counts of what was asked and answered, for tests and demonstrations. Counts only, no values."""

import logging
import threading
import time
from collections import Counter
from typing import Any

_ACCESS = logging.getLogger("joinedup.pds.emulator.access")


class Stats:
    """Counters; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by: dict[str, Counter[str]] = {
            "outcome": Counter(), "status": Counter(), "kind": Counter(), "fault": Counter(),
        }  # fmt: skip
        self._requests = 0

    def count(self, method: str, kind: str, status: int, outcome: str, started: float) -> None:
        """Count one request to the API or the token endpoint.

        Its line in the access log has the kind of request only: neither its path, which may hold
        an NHS number, nor its query.
        """
        with self._lock:
            self._requests += 1
            self._by["outcome"][outcome] += 1
            self._by["status"][str(status)] += 1
            self._by["kind"][kind] += 1
        _ACCESS.info(
            "%s %s %s %s %.1f ms",
            method, kind, status, outcome, (time.perf_counter() - started) * 1000,
        )  # fmt: skip

    def count_fault(self, kind: str) -> None:
        """Count one fault acted out."""
        with self._lock:
            self._by["fault"][kind] += 1

    def snapshot(self) -> dict[str, Any]:
        """All counts so far, ready for JSON."""
        with self._lock:
            return {
                "requests": self._requests,
                "throttled": self._by["status"]["429"],
                **{f"by_{name}": dict(counts) for name, counts in self._by.items()},
            }

    def reset(self) -> None:
        """Start counting from nothing."""
        with self._lock:
            self._requests = 0
            for counts in self._by.values():
                counts.clear()
