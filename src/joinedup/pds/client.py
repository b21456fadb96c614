"""The PDS over HTTP, as a ``Source``: one question, one honest answer."""

import logging
import random
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from joinedup.pds.answers import (
    Again,
    Astray,
    Denied,
    Reading,
    Verdict,
    judge,
    read_patient,
    read_searchset,
    related_reading,
)
from joinedup.pds.budget import BudgetBusy, BudgetUnavailable, RateBudget, SharedBudget
from joinedup.pds.circuit import Circuit
from joinedup.pds.config import PdsConfig
from joinedup.pds.parse import is_nhs_number
from joinedup.pds.related import Related
from joinedup.pds.search import Answer, Refused, Search, Unavailable
from joinedup.pds.tokens import TokenRefused, Tokens, TokenUnavailable
from joinedup.pds.transport import NoReply, Transport

_log = logging.getLogger("joinedup.pds")

_CREDENTIALS = "JOINEDUP_PDS_API_KEY, JOINEDUP_PDS_KEY_ID and JOINEDUP_PDS_PRIVATE_KEY_FILE"


class PdsClient:
    """Asks the PDS within a rate budget, patiently, and never takes silence for "nobody".

    Thread-safe: share one among all threads. Logs carry request ids and reasons, never what was
    asked. Raises :class:`joinedup.pds.config.PdsConfigError` when the signing key cannot be used.
    """

    def __init__(self, config: PdsConfig, budget: RateBudget) -> None:
        """Closing the client closes ``budget`` as well."""
        self._config = config
        self._budget = _WatchedBudget(budget)
        self._transport = Transport(config.base_url, config.connections)
        self._tokens = (
            Tokens(
                config,
                self._transport,
                self._budget,
                budget.database_url if isinstance(budget, SharedBudget) else None,
            )
            if config.api_key
            else None
        )
        self._circuit = Circuit(config.failures_before_rest, config.rest)
        self._last_failure = ""
        self._correlation_id = str(uuid.uuid4())
        self._closed = threading.Event()

    def search(self, search: Search) -> Answer:
        """Carry out one search."""
        answer = self._ask("search", "/Patient", search.params(), read_searchset, by_number=False)
        assert not isinstance(answer, Related)
        return answer

    def read(self, nhs_number: str) -> Answer:
        """Read one person by number. ``Found`` with another number: the old one is superseded."""
        if not is_nhs_number(nhs_number):
            return Refused(400, "INVALID_RESOURCE_ID")  # as the PDS would say: save it the call
        answer = self._ask("read", f"/Patient/{nhs_number}", (), read_patient, by_number=True)
        assert not isinstance(answer, Related)
        return answer

    def related_persons(self, nhs_number: str) -> Answer | Related:
        """Read whom the PDS links to a patient; ``NotFound`` when there is no such patient."""
        if not is_nhs_number(nhs_number):
            return Refused(400, "INVALID_RESOURCE_ID")
        path = f"/Patient/{nhs_number}/RelatedPerson"
        return self._ask("related", path, (), related_reading(nhs_number), by_number=True)

    def close(self) -> None:
        """Let go of connections; questions that are waiting end as ``Unavailable``."""
        self._closed.set()
        self._budget.close()
        self._transport.close()

    def _ask(
        self,
        kind: str,
        path: str,
        params: Sequence[tuple[str, str]],
        reading: Reading,
        *,
        by_number: bool,
    ) -> Answer | Related:
        rest = self._circuit.remaining()
        if rest is not None:
            return Unavailable(
                f"{self._last_failure} It is not being asked for a while, "
                "having failed several times in a row.",
                rest,
            )
        url = self._config.fhir_url + path
        if params:
            url += "?" + urlencode(params, quote_via=quote, errors="replace")
        question = _Question(kind, url, reading, by_number)
        try:
            answer = self._persist(question)
        except BudgetBusy as busy:
            self._circuit.given_up()
            return Unavailable(
                "The PDS was not asked: its rate budget is taken. Try again later.", busy.wait
            )
        except BudgetUnavailable as error:
            answer = _Silence(str(error), for_certain=True)
        except BaseException:
            self._circuit.given_up()
            raise
        if not isinstance(answer, _Silence):
            self._circuit.answered()
            return answer
        _log.warning("PDS %s %s: %s", question.kind, question.request_id, answer.reason)
        self._last_failure = answer.reason
        self._circuit.failed(answer.for_certain)
        return Unavailable(answer.reason, answer.retry_after)

    def _persist(self, question: "_Question") -> "Answer | Related | _Silence":
        """Ask until there is an answer, or reason to stop."""
        started = time.monotonic() - self._budget.waited
        refused: str | None = None
        failed = Again("")
        for attempt in range(1, self._config.attempts + 1):
            spent = time.monotonic() - self._budget.waited - started
            left = self._config.deadline - spent
            if left <= 0 or self._closed.is_set():
                break
            token, verdict = self._once(question, refused, min(left, self._config.timeout))
            if isinstance(verdict, Denied) and token is not None and refused is None:
                refused = token  # it may have been withdrawn early: once more, with a new one
                token, verdict = self._once(question, refused, min(left, self._config.timeout))
            match verdict:
                case Denied():
                    return _Silence(_denied(verdict, token), for_certain=True)
                case Astray():
                    return _Silence(f"The PDS did not answer: {verdict.reason}.", for_certain=True)
                case _Silence():
                    return verdict
                case Again():
                    failed = verdict
                case _:
                    return verdict
            _log.debug(
                "PDS %s %s, attempt %d: %s",
                question.kind, question.request_id, attempt, failed.reason,
            )  # fmt: skip
            self._back_off(failed, attempt, last=attempt == self._config.attempts)
        if self._closed.is_set():
            return _Silence("The PDS was not asked: this program is ending.")
        spent = time.monotonic() - self._budget.waited - started
        return _Silence(
            f"The PDS did not answer: {failed.reason}; asked {_times(attempt)} in "
            f"{spent:.0f} seconds. Try again later.",
            failed.wait,
        )

    def _once(
        self, question: "_Question", refused: str | None, timeout: float
    ) -> "tuple[str | None, Verdict | _Silence]":
        """Send the question once; give the token that was used, and what came of it."""
        token: str | None = None
        try:
            if self._tokens is not None:
                self._tokens.current(refused)  # before waiting: asking for one takes a slot too
            self._budget.acquire(self._config.queue_timeout)
            if self._tokens is not None:
                token = self._tokens.current(refused)  # it may have ended while we waited
            reply = self._transport.get(question.url, self._headers(question, token), timeout)
        except TokenUnavailable as error:
            return None, Again(error.reason, error.wait, error.throttled)
        except TokenRefused as error:
            return None, _Silence(str(error), for_certain=True)
        except NoReply as error:
            if error.for_certain:
                return token, Astray(error.reason)
            return token, Again(error.reason)
        return token, judge(reply, question.reading, by_number=question.by_number)

    def _back_off(self, failed: Again, attempt: int, *, last: bool) -> None:
        """Wait before the next attempt: for everybody when the PDS asks for it, else alone."""
        longest = min(self._config.backoff_limit, self._config.backoff * 2 ** (attempt - 1))
        # Full jitter: clients that failed together must not come back together.
        delay = random.uniform(0, longest)  # noqa: S311 - nothing secret
        if failed.wait is not None:
            self._budget.pause(max(failed.wait, delay))
        elif failed.throttled:
            self._budget.pause(longest / 2 + delay / 2)
        elif not last:
            self._closed.wait(delay)

    def _headers(self, question: "_Question", token: str | None) -> dict[str, str]:
        headers = {
            "X-Request-ID": question.request_id,
            "X-Correlation-ID": self._correlation_id,
        }
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if self._config.ods_code:
            headers["NHSD-End-User-Organisation-ODS"] = self._config.ods_code
        return headers


@dataclass(frozen=True)
class _Question:
    """One thing to find out. The request id stays the same however often it is sent: by it the
    PDS knows a repeated question."""

    kind: str
    url: str = field(repr=False)  # names children
    reading: Reading
    by_number: bool
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class _Silence:
    """There is no answer; ``for_certain``: nor will there be until somebody acts."""

    reason: str
    retry_after: float | None = None
    for_certain: bool = False


class _WatchedBudget:
    """A budget that knows how long each thread has waited for it."""

    def __init__(self, budget: RateBudget) -> None:
        self._budget = budget
        self._mine = threading.local()

    @property
    def waited(self) -> float:
        """Seconds that this thread has waited, in all its questions."""
        return float(getattr(self._mine, "seconds", 0.0))

    def acquire(self, timeout: float | None = None) -> None:
        started = time.monotonic()
        try:
            self._budget.acquire(timeout)
        finally:
            self._mine.seconds = self.waited + time.monotonic() - started

    def pause(self, seconds: float) -> None:
        self._budget.pause(seconds)

    def close(self) -> None:
        self._budget.close()


def _denied(verdict: Denied, token: str | None) -> str:
    said = f" ({verdict.detail})" if verdict.detail else ""
    if token is None:
        return (
            f"The PDS asks for credentials (HTTP 401). Set {_CREDENTIALS}, or start an emulator "
            "with --no-auth."
        )
    return (
        f"Credentials refused: the PDS gave us a token and then turned it away{said}. Check that "
        f"the application behind {_CREDENTIALS} is allowed to use the PDS FHIR API."
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
