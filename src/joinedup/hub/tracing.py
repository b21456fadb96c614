"""One line in the log for each request, with nothing personal in it, and ids to follow it by.

``X-Correlation-ID`` is kept from the caller when it is a UUID, or made here, and is sent back.
Anything else a caller puts there is not repeated: it could be a name. A W3C ``traceparent`` is
read for its trace id.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType

from django.http import HttpRequest, HttpResponse

log = logging.getLogger("joinedup.hub")

# https://www.w3.org/TR/trace-context/#traceparent-header
TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """The ids a request is followed by."""

    correlation_id: uuid.UUID
    trace_id: str = ""


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current() -> Trace:
    """The trace of the request being answered (a new one outside a request)."""
    return _current.get() or Trace(uuid.uuid4())


def read_trace(request: HttpRequest) -> Trace:
    """The caller's ids where they are well formed, ours where they are not."""
    try:
        correlation_id = uuid.UUID(request.headers.get("X-Correlation-ID", ""))
    except ValueError:
        correlation_id = uuid.uuid4()
    parent = TRACEPARENT.fullmatch(request.headers.get("traceparent", "").strip())
    return Trace(correlation_id, parent[1] if parent else "")


class TracingMiddleware:
    """Outermost: every answer carries its correlation id, and every request is one log line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        trace = read_trace(request)
        token = _current.set(trace)
        began = time.monotonic()
        try:
            response = self.get_response(request)
            response["X-Correlation-ID"] = str(trace.correlation_id)
            route = request.resolver_match.route if request.resolver_match else "(no route)"
            # Nodes ask for work several times a second: only that there was some is worth a line.
            idle = request.method == "HEAD" and response.status_code == 204
            log.log(
                logging.DEBUG if idle else logging.INFO,
                "%s /%s %s %.0fms correlation=%s trace=%s",
                request.method if request.method in METHODS else "(other)",
                route,
                response.status_code,
                (time.monotonic() - began) * 1000,
                trace.correlation_id,
                trace.trace_id or "-",
            )
            return response
        finally:
            _current.reset(token)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Say where it went wrong; Django then answers 500."""
        log.error("request failed: correlation=%s", current().correlation_id, exc_info=exception)


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class PrivateFormatter(logging.Formatter):
    """Log lines whose exceptions say what kind and where, never with which values."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """The exception's type and the lines it passed through."""
        kind, _, traceback = ei
        frames = []
        while traceback:
            code = traceback.tb_frame.f_code
            module = traceback.tb_frame.f_globals.get("__name__", "?")
            frames.append(f"  {module}.{code.co_qualname}:{traceback.tb_lineno}")
            traceback = traceback.tb_next
        name = kind.__qualname__ if kind else "unknown"
        return "\n".join([f"{name} (its text is withheld: it may name a child)", *frames])
