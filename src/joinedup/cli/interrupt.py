"""Ctrl-C that lets work in flight finish, and a second one that does not wait."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


@contextlib.contextmanager
def handling(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have ``handle`` called on Ctrl-C and SIGTERM; what was called before is put back after."""
    before = {one: signal.signal(one, handle) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextlib.contextmanager
def stop_on_interrupt(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """Give an event that Ctrl-C (or SIGTERM) sets; a second Ctrl-C ends the process at once.

    Ending at once is safe for a run with a journal: it is made to be killed at any moment.
    """
    stop = threading.Event()

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(INTERRUPTED)
        stop.set()
        say("Stopping: waiting for the questions in flight. Ctrl-C again stops at once.")

    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals belong to the main thread
        return
    with handling(handle):
        yield stop
