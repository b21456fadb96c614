"""Every request leaves exactly one entry, or nothing leaves the hub.

A view that decides something records it itself, in its own transaction. All else (refusals,
errors, pages, what was rolled back) is recorded here, before the response is passed on. When that
cannot be done, the response is thrown away and 503 sent in its place.
"""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from joinedup.hub.api import problems
from joinedup.hub.ledger.writing import NotRecorded, drafting, record

log = logging.getLogger("joinedup.hub.ledger")

RETRY_AFTER = "30"

EXEMPT = ("/static/",)
"""Public files, the same for everybody."""
HEALTH = "/healthz"
"""Whether this process is up; it says nothing about anybody."""
POLLS = "/api/v2/work/"
"""A custodian's node asks here for work every few seconds: see ``_idle``."""


class LedgerMiddleware:
    """Writes the entry of each request that did not write its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(EXEMPT) or request.path == HEALTH:
            return self.get_response(request)
        with drafting() as draft:
            response = self.get_response(request)
            if draft.entries or _idle(request, response):
                return response
            try:
                known = draft.facts
                record(
                    action=known.get("action") or _action(request),
                    outcome=known.get("outcome") or _outcome(response.status_code),
                    status=response.status_code,
                )
            except NotRecorded as failure:
                log.error("no entry, so no answer: %s", type(failure.__cause__).__name__)
                return no_entry_no_answer(request)
            return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A view whose own entry could not be written: 503."""
        return no_entry_no_answer(request) if isinstance(error, NotRecorded) else None


def no_entry_no_answer(request: HttpRequest) -> HttpResponse:
    """503 that says that nothing was answered, and nothing else."""
    said = "The request could not be recorded, so it was not answered. Ask again later."
    problem = problems.Problem(503, "no-record-no-answer", said, {"Retry-After": RETRY_AFTER})
    if request.path.startswith(problems.PREFIXES):
        return problems.respond(problem, request.path)
    return HttpResponse(
        said + "\n", status=503, content_type="text/plain", headers={"Retry-After": RETRY_AFTER}
    )


def _action(request: HttpRequest) -> str:
    """What was asked for, by the route's name: an address could hold anything."""
    found = request.resolver_match
    return f"request.{found.url_name or found.route}"[:64] if found else "request.no-such-address"


def _outcome(status: int) -> str:
    return "allowed" if status < 400 else "refused" if status < 500 else "failed"


def _idle(request: HttpRequest, response: HttpResponse) -> bool:
    """A poll that found no work to do, or asked whether there is any: nothing was disclosed.

    One node polls every few seconds, day and night: these would be most of the log.
    """
    if not request.path.startswith(POLLS):
        return False
    return response.status_code == 204 or (request.method == "HEAD" and response.status_code == 200)
