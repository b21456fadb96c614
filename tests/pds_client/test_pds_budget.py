"""One rate for everybody: never above it, almost all of it used, and shared fairly."""

import json
import multiprocessing
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.pds import budget as module
from joinedup.pds.budget import (
    BudgetBusy,
    BudgetUnavailable,
    LocalBudget,
    SharedBudget,
    open_budget,
)

TAKE = """
import json, sys, threading, time
from joinedup.pds.budget import open_budget
database, key, tps, threads, begin, end = sys.argv[1:]
budget = open_budget(float(tps), key, database)
time.sleep(max(0, float(begin) - time.time()))
taken = []
def work():
    while True:
        budget.acquire()
        now = time.time()
        if now > float(end):
            return
        taken.append(now)
workers = [threading.Thread(target=work) for _ in range(int(threads))]
for worker in workers: worker.start()
for worker in workers: worker.join()
print(json.dumps(taken))
"""


def take_in_processes(
    database: str, key: str, tps: float, threads: list[int], seconds: float
) -> list[list[float]]:
    """Let processes with so many threads each take what they can; gives when each took."""
    begin = time.time() + 1.5
    running = [
        subprocess.Popen(
            [
                sys.executable, "-c", TAKE,
                database, key, str(tps), str(count), str(begin), str(begin + seconds),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for count in threads
    ]  # fmt: skip
    return [json.loads(process.communicate(timeout=60)[0]) for process in running]


def most_in_a_second(times: list[float]) -> int:
    ordered = sorted(times)
    return max(sum(1 for other in ordered if start <= other < start + 1) for start in ordered)


def test_processes_share_evenly_whatever_their_threads(database: str) -> None:
    one, twelve = take_in_processes(database, "fair", 50, [1, 12], 4.0)
    total = len(one) + len(twelve)
    assert 0.95 * 50 * 4 <= total <= 50 * 4
    assert abs(len(one) - len(twelve)) <= 0.1 * total
    assert most_in_a_second(one + twelve) <= 53  # slots are right, timers are late


def test_the_national_limit_is_used_and_kept(database: str) -> None:
    taken = take_in_processes(database, "national", 5, [4, 1, 2], 6.0)
    times = sorted(moment for process in taken for moment in process)
    assert 0.95 * 5 * 6 <= len(times) <= 5 * 6 + 1
    assert all(later - earlier > 0.1 for earlier, later in pairwise(times))
    counts = [len(process) for process in taken]
    assert max(counts) - min(counts) <= 2


def test_a_process_that_stops_leaves_its_share_to_the_others(database: str) -> None:
    together = take_in_processes(database, "alone", 20, [1, 3], 1.0)
    (alone,) = take_in_processes(database, "alone", 20, [3], 3.0)
    assert sum(map(len, together)) <= 21
    assert len(alone) >= 0.95 * 20 * 3


def test_keys_have_budgets_of_their_own(database: str) -> None:
    slow = open_budget(0.1, "slow", database)
    slow.acquire()
    quick = open_budget(100, "quick", database)
    started = time.monotonic()
    quick.acquire()
    assert time.monotonic() - started < 0.5
    slow.close()
    quick.close()


def test_one_address_is_one_key_however_it_is_written(database: str) -> None:
    one = SharedBudget(5, "https://pds.example", database)
    other = SharedBudget(5, " https://pds.example/ ", database)
    assert one.name == other.name
    one.close()
    other.close()


@pytest.fixture(params=["local", "shared"])
def make_budget(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[float], module.RateBudget]]:
    made = []

    def make(tps: float) -> module.RateBudget:
        shared = request.param == "shared"
        database = request.getfixturevalue("database") if shared else None
        made.append(open_budget(tps, f"{request.node.name}-{len(made)}", database))
        return made[-1]

    yield make
    for budget in made:
        budget.close()


def test_slots_are_spaced_evenly_and_idle_time_is_not_saved_up(make_budget) -> None:
    budget = make_budget(20)
    budget.acquire()
    time.sleep(0.6)
    started = time.monotonic()
    for _ in range(9):
        budget.acquire()
    assert 8 * 0.05 - 0.02 < time.monotonic() - started < 0.8


def test_threads_are_served_in_order_of_arrival(make_budget) -> None:
    budget = make_budget(20)
    budget.acquire()
    served: list[int] = []

    def take(number: int) -> None:
        budget.acquire()
        served.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert served == list(range(8))


def test_a_pause_holds_for_threads_that_already_wait(make_budget) -> None:
    budget = make_budget(4)
    budget.acquire()
    served: list[float] = []
    waiting = threading.Thread(target=lambda: (budget.acquire(), served.append(time.monotonic())))
    waiting.start()
    time.sleep(0.05)
    started = time.monotonic()
    budget.pause(0.8)
    waiting.join()
    assert served[0] - started > 0.7


def test_a_pause_does_not_shorten_another(make_budget) -> None:
    budget = make_budget(100)
    budget.pause(0.6)
    budget.pause(0.1)
    started = time.monotonic()
    budget.acquire()
    assert time.monotonic() - started > 0.5


def test_a_wait_that_is_too_long_is_refused_and_takes_nothing(make_budget) -> None:
    budget = make_budget(2)
    budget.acquire()
    for _ in range(3):
        with pytest.raises(BudgetBusy) as caught:
            budget.acquire(timeout=0.1)
    assert 0 < caught.value.wait <= 0.52
    budget.acquire(timeout=1)


def test_closing_wakes_who_waits(make_budget) -> None:
    budget = make_budget(5)
    budget.pause(600)
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            budget.acquire()
        except BudgetUnavailable as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.2)
    budget.close()
    waiting.join(2)
    assert raised


def test_a_pause_is_shared_with_other_processes(database: str) -> None:
    mine = open_budget(50, "shared-pause", database)
    theirs = open_budget(50, "shared-pause", database)
    mine.pause(0.7)
    started = time.monotonic()
    theirs.acquire()
    assert time.monotonic() - started > 0.6
    mine.close()
    theirs.close()


def test_no_limit_needs_no_database_and_still_pauses() -> None:
    budget = open_budget(0, "x", "postgresql://nowhere.invalid/none")
    started = time.monotonic()
    for _ in range(10_000):
        budget.acquire()
    assert time.monotonic() - started < 1
    budget.pause(0.3)
    started = time.monotonic()
    budget.acquire()
    assert time.monotonic() - started > 0.25


@pytest.mark.parametrize("tps", [-1, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(tps: float) -> None:
    with pytest.raises(ValueError, match="calls a second"):
        open_budget(tps, "x", None)


@given(st.floats())
def test_no_answer_can_pause_us_for_good(seconds: float) -> None:
    assert 0 <= module._bounded(seconds) <= 900


def test_a_database_that_is_not_there_is_said_at_the_start() -> None:
    with pytest.raises(BudgetUnavailable, match="DATABASE_URL"):
        open_budget(5, "x", "postgresql://postgres@127.0.0.1:1/none")


def test_a_lost_database_never_means_no_limit(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as link:
        link.execute("CREATE DATABASE doomed")
        url = database.replace("/joinedup?", "/doomed?")
        budget = open_budget(1000, "x", url)
        budget.acquire()
        link.execute("DROP DATABASE doomed WITH (FORCE)")
    for _ in range(3):
        with pytest.raises(BudgetUnavailable, match="nothing was sent"):
            budget.acquire()
    with pytest.raises(BudgetUnavailable):
        budget.pause(1)


def test_a_broken_connection_is_made_again(database: str) -> None:
    budget = open_budget(1000, "broken", database)
    budget.acquire()
    with psycopg.connect(database, autocommit=True) as link:
        link.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'joinedup pds'"
        )
    budget.acquire()
    budget.close()


def test_a_budget_that_was_removed_is_not_taken_for_free(database: str) -> None:
    budget = open_budget(1000, "removed", database)
    assert isinstance(budget, SharedBudget)
    with psycopg.connect(database, autocommit=True) as link:
        link.execute("DELETE FROM joinedup_pds.budget WHERE name = %s", (budget.name,))
    with pytest.raises(BudgetUnavailable):
        budget.acquire()
    budget.close()


def _open(database: str) -> None:
    open_budget(5, "made-at-once", database).acquire()


def test_many_may_make_the_tables_at_once(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as link:
        link.execute("CREATE DATABASE fresh")
    url = database.replace("/joinedup?", "/fresh?")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(_open, [url] * 4)


def test_a_forked_child_takes_turns_with_its_parent(database: str) -> None:
    budget = open_budget(20, "forked", database)
    budget.acquire()
    child = multiprocessing.get_context("fork").Process(target=budget.acquire)
    child.start()
    budget.acquire()
    child.join(10)
    assert child.exitcode == 0
    budget.acquire()
    budget.close()


def test_a_local_budget_keeps_the_rate_for_many_threads() -> None:
    budget = LocalBudget(40)
    times: list[float] = []

    def work() -> None:
        for _ in range(5):
            budget.acquire()
            times.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 39 / 40 < max(times) - min(times) < 1.5
