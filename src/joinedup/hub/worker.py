"""The hub's long-running part: what has to happen every minute or every night.

An app puts its own into its ``tasks.py``, which is found by itself::

    from joinedup.hub.worker import every

    @every("30 3 * * *")
    def forget_old_cases() -> None:
        \"\"\"Delete the details of cases decided long enough ago.\"\"\"

The jobs are procrastinate's, in the hub's own PostgreSQL: with several workers each job runs once,
and one that is still running is not started again. A job that fails is logged and comes again at
its next time.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from procrastinate.contrib.django import app

log = logging.getLogger("joinedup.hub.worker")

Job = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Periodic:
    """A registered job: its name, when it runs (cron, UTC), and what it does in a sentence."""

    name: str
    cron: str
    words: str
    run: Job


_registered: dict[str, Periodic] = {}


def every(cron: str) -> Callable[[Job], Job]:
    """Register a function without arguments to run at these times (cron, UTC).

    Its name is the module's app and its own; its docstring's first line says what it does.
    """

    def register(job: Job) -> Job:
        name = f"{job.__module__.rsplit('.', 2)[-2]}.{job.__name__}"
        words = (job.__doc__ or "").strip().splitlines()[0]
        _registered[name] = Periodic(name, cron, words, job)

        def task(timestamp: int) -> None:
            job()

        made: Any = app.task(name=name, queueing_lock=name, lock=name)(task)
        app.periodic(cron=cron, periodic_id=name)(made)
        return job

    return register


def jobs() -> list[Periodic]:
    """Every registered job, by name."""
    return [_registered[name] for name in sorted(_registered)]


def run_once() -> dict[str, str]:
    """Run every job now, one after the other; gives what went wrong, by name."""
    failed = {}
    for each in jobs():
        try:
            each.run()
        except Exception as error:
            log.exception("%s failed", each.name)
            failed[each.name] = type(error).__name__
    return failed


def run() -> None:
    """Run jobs at their times until told to end (SIGINT or SIGTERM); running ones are finished."""
    worker: Any = app.connector
    with app.replace_connector(worker.get_worker_connector()) as ours:
        ours.run_worker(name="joinedup", concurrency=4, delete_jobs="successful")
