"""How long the client tries, when it stops, and what it says then."""

import threading
import time
from itertools import pairwise

from joinedup.pds.budget import BudgetUnavailable, LocalBudget
from joinedup.pds.circuit import Circuit
from joinedup.pds.search import Found, NotFound, Search, Unavailable
from tests.pds_client.scripted_pds import (
    Script,
    bundle,
    hang_up,
    late,
    outcome,
    patient,
    reply,
)

SEARCH = Search(family="Quillfeather")
BUSY = outcome("TOO_MANY_REQUESTS", "value")


class Watched(LocalBudget):
    """A budget that keeps what it was told."""

    def __init__(self, tps: float = 0) -> None:
        super().__init__(tps)
        self.taken = 0
        self.pauses: list[float] = []

    def acquire(self, timeout: float | None = None) -> None:
        self.taken += 1
        super().acquire(timeout)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        super().pause(min(seconds, 0.3))


def test_every_attempt_takes_from_the_budget(pds: Script, make_client) -> None:
    budget = Watched()
    pds.then(reply(500, text=""))
    make_client(budget, attempts=4).search(SEARCH)
    assert budget.taken == len(pds.asked) == 4


def test_the_wait_the_pds_asks_for_holds_for_everybody(pds: Script, make_client) -> None:
    budget = Watched()
    pds.then(reply(429, BUSY, headers={"Retry-After": "7"}), reply(200, bundle(patient())))
    started = time.monotonic()
    assert isinstance(make_client(budget).search(SEARCH), Found)
    assert budget.pauses == [7.0]
    assert time.monotonic() - started >= 0.29


def test_a_date_to_come_back_at_is_understood(pds: Script, make_client) -> None:
    budget = Watched()
    pds.then(
        reply(503, text="", headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        reply(503, text="", headers={"Retry-After": "soon"}),
        reply(200, bundle()),
    )
    assert make_client(budget).search(SEARCH) == NotFound()
    (pause,) = budget.pauses
    assert pause <= 0.02  # long past: only our own back-off is left


def test_too_many_requests_without_a_wait_slows_everybody_down(pds: Script, make_client) -> None:
    budget = Watched()
    pds.then(reply(429, BUSY), reply(429, BUSY), reply(200, bundle()))
    make_client(budget, backoff=0.1, backoff_limit=10).search(SEARCH)
    first, second = budget.pauses
    assert 0.05 <= first <= 0.1
    assert 0.1 <= second <= 0.2


def test_the_last_refusal_for_speed_says_when_to_come_back(pds: Script, make_client) -> None:
    pds.then(reply(429, BUSY, headers={"Retry-After": "30"}))
    answer = make_client(Watched()).search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert answer.retry_after == 30


def test_the_pause_between_attempts_grows(pds: Script, make_client, monkeypatch) -> None:
    monkeypatch.setattr("joinedup.pds.client.random.uniform", lambda low, high: high)
    pds.then(reply(500, text=""))
    make_client(attempts=5, backoff=0.05, backoff_limit=0.2).search(SEARCH)
    times = [heard.at for heard in pds.asked]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    for gap, wanted in zip(gaps, (0.05, 0.1, 0.2, 0.2), strict=True):
        assert wanted <= gap < wanted + 0.5  # a busy machine is late, never early


def test_the_deadline_ends_it(pds: Script, make_client) -> None:
    pds.then(late(0.4, reply(500, text="")))
    started = time.monotonic()
    answer = make_client(attempts=100, deadline=1.0).search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert time.monotonic() - started < 1.6


def test_waiting_for_the_budget_is_not_the_fault_of_the_pds(pds: Script, make_client) -> None:
    budget = LocalBudget(2)
    budget.pause(1)
    pds.then(reply(500, text=""), reply(200, bundle()))
    assert make_client(budget, deadline=0.5).search(SEARCH) == NotFound()


def test_a_trickle_does_not_hold_us(pds: Script, make_client) -> None:
    def trickle(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(30):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)

    pds.then(trickle)
    started = time.monotonic()
    answer = make_client(timeout=0.5, attempts=1).search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert time.monotonic() - started < 1.5


def test_nothing_listening_is_unavailable_with_advice(make_client) -> None:
    answer = make_client(base_url="http://127.0.0.1:1").search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert "JOINEDUP_PDS_URL" in answer.reason


def test_an_unknown_host_is_unavailable_with_advice(make_client) -> None:
    answer = make_client(base_url="http://nowhere.invalid.localhost:1").search(SEARCH)
    assert isinstance(answer, Unavailable)


def test_a_queue_that_is_too_long_is_said_at_once(pds: Script, make_client) -> None:
    budget = LocalBudget(5)
    budget.pause(50)
    answer = make_client(budget, queue_timeout=0.5).search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert answer.retry_after is not None
    assert 45 < answer.retry_after <= 50
    assert pds.heard == []


def test_without_a_budget_nothing_is_sent(pds: Script, make_client) -> None:
    class Lost(LocalBudget):
        def acquire(self, timeout: float | None = None) -> None:
            raise BudgetUnavailable("The database is down.")

    client = make_client(Lost(5))
    answer = client.search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert "database" in answer.reason
    assert pds.heard == []


def test_a_source_that_stays_away_is_not_asked_a_million_times(pds: Script, make_client) -> None:
    pds.then(hang_up)
    client = make_client(attempts=2, failures_before_rest=3, rest=60)
    started = time.monotonic()
    answers = [client.search(SEARCH) for _ in range(20_000)]
    assert time.monotonic() - started < 10
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert len(pds.asked) == 6
    assert answers[-1].retry_after is not None
    assert "did not answer" in answers[-1].reason


def test_a_source_that_comes_back_is_asked_again(pds: Script, make_client) -> None:
    pds.then(reply(500, text=""))
    client = make_client(attempts=1, failures_before_rest=2, rest=0.2)
    client.search(SEARCH)
    client.search(SEARCH)
    pds.then(reply(200, bundle(patient())))
    assert isinstance(client.search(SEARCH), Unavailable)
    time.sleep(0.25)
    assert isinstance(client.search(SEARCH), Found)
    assert isinstance(client.search(SEARCH), Found)


def test_a_refusal_shows_that_the_source_is_there(pds: Script, make_client) -> None:
    pds.then(reply(400, outcome("INVALID_SEARCH_DATA", "value")))
    client = make_client(failures_before_rest=2)
    for _ in range(5):
        client.search(SEARCH)
    assert len(pds.asked) == 5


def test_while_one_question_tries_the_others_wait() -> None:
    now = [0.0]
    circuit = Circuit(failures=2, rest=10, clock=lambda: now[0])
    circuit.failed()
    assert circuit.remaining() is None
    circuit.failed()
    assert circuit.remaining() == 10
    now[0] = 10.0
    assert circuit.remaining() is None
    assert circuit.remaining() is not None
    circuit.failed()
    assert circuit.remaining() == 20
    now[0] = 30.0
    assert circuit.remaining() is None
    circuit.given_up()
    assert circuit.remaining() is None
    circuit.answered()
    assert circuit.remaining() is None


def test_closing_ends_what_is_waiting(pds: Script, make_client) -> None:
    pds.then(reply(500, text=""))
    client = make_client(attempts=50, backoff=30, backoff_limit=30)
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(client.search(SEARCH)))
    asking.start()
    while not pds.asked:
        time.sleep(0.01)
    client.close()
    asking.join(3)
    assert not asking.is_alive()
    assert isinstance(answers[0], Unavailable)


def test_closing_ends_the_wait_for_a_slot(make_client) -> None:
    budget = LocalBudget(1)
    budget.pause(600)
    client = make_client(budget)
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(client.search(SEARCH)))
    asking.start()
    time.sleep(0.1)
    client.close()
    asking.join(3)
    assert isinstance(answers[0], Unavailable)


def test_many_threads_share_a_client(pds: Script, make_client) -> None:
    pds.then(reply(200, bundle(patient())))
    client = make_client(connections=4)
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(client.search(SEARCH) for _ in range(20)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 160
    assert all(isinstance(answer, Found) for answer in answers)
    assert len({heard.headers["x-request-id"] for heard in pds.asked}) == 160


def test_a_certificate_that_cannot_be_verified_is_not_accepted(
    make_client, tls_server: str
) -> None:
    answer = make_client(base_url=tls_server).search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert "certificate" in answer.reason
    assert "SSL_CERT_FILE" in answer.reason
