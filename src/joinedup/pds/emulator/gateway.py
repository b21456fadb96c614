"""Everything between an HTTP request and the engine: the live gateway's checks, in its order.

Order: access token, rate limit, path, malformed X-Request-ID, application-restricted rules, then
the Spine's own: missing X-Request-ID, and the checks of ``question``.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from joinedup.pds.emulator import problems
from joinedup.pds.emulator.engine import BASE_PATH, Engine
from joinedup.pds.emulator.problems import Json, Problem
from joinedup.pds.emulator.question import read_question
from joinedup.pds.emulator.stats import Stats
from joinedup.pds.emulator.throttle import Throttle
from joinedup.pds.emulator.tokens import TokenDesk

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MIRRORED = ("x-request-id", "x-correlation-id")
_FHIR = "application/fhir+json"
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the FHIR API. Header names are lower case; ``path`` is below the base path."""

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    origin: str = "https://api.service.nhs.uk"


@dataclass(slots=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str]


class Gateway:
    """Answers requests to the FHIR API.

    ``tokens`` is None when no access token is asked for; the rules of application-restricted
    access hold all the same.
    """

    def __init__(
        self, engine: Engine, throttle: Throttle, stats: Stats, tokens: TokenDesk | None = None
    ) -> None:
        self._engine = engine
        self._throttle = throttle
        self._stats = stats
        self._tokens = tokens

    def handle(self, request: Request) -> Reply:
        """Answer one request; never raises for anything a caller can send."""
        started = time.perf_counter()
        route = _Route.of(request.path)
        kind = route.kind
        try:
            self._check(request, route)
            kind, outcome, body, headers = self._answer(request, route)
            reply = Reply(200, orjson.dumps(body), {"content-type": _FHIR, **headers})
        except Problem as problem:
            outcome = _OUTCOMES.get(problem.status, "refused")
            if problem.code == "INVALIDATED_RESOURCE":
                outcome = "invalidated"
            reply = reply_with(problem)
        mirror(request.headers, reply)
        self._stats.count(request.method, kind, reply.status, outcome, started)
        return reply

    def _check(self, request: Request, route: "_Route") -> None:
        """The gateway's checks."""
        application = ANONYMOUS
        if self._tokens is not None:
            application = self._tokens.application(request.headers.get("authorization"))
        self._throttle.admit(application)
        if route.kind == "unknown":
            raise problems.unsupported_path(request.path)
        request_id = request.headers.get("x-request-id")
        if request_id is not None and not _UUID.fullmatch(request_id):
            raise problems.malformed_request_id(request_id)
        if request.method == "PATCH":
            raise problems.method_not_allowed("update")
        if route.kind == "coverage":
            raise problems.resource_not_allowed()
        if request.method == "POST":
            raise problems.method_not_allowed("create")
        if route.kind == "search" and any(
            name == "_max-results" and value != "1" for name, value in request.params
        ):
            raise problems.more_than_one_result()

    def _answer(self, request: Request, route: "_Route") -> tuple[str, str, Json, dict[str, str]]:
        """The Spine's checks and its answer: kind of query, outcome, body, headers."""
        if "x-request-id" not in request.headers:
            raise problems.missing_request_id()
        if request.method != "GET":
            raise problems.unsupported_service()
        base = request.origin + BASE_PATH
        if route.kind == "read":
            patient = self._engine.read(route.nhs_number)
            outcome = "found" if patient["id"] == route.nhs_number else "superseded"
            return "read", outcome, patient, {"etag": f'W/"{patient["meta"]["versionId"]}"'}
        if route.kind == "related":
            bundle = self._engine.related_persons(route.nhs_number, base)
            return "related", "found" if bundle["total"] else "none", bundle, {}
        question = read_question(with_one_result(request.params))
        answer = self._engine.answer(question, base)
        if answer["resourceType"] == "OperationOutcome":
            return question.kind, "too-many", answer, {}
        return question.kind, "found" if answer["total"] else "none", answer, {}


def with_one_result(params: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The parameters as the gateway passes them on: it adds ``_max-results=1`` if none was sent.

    So an empty query is refused by the Spine for its missing birth date (C20).
    """
    if any(name == "_max-results" for name, _ in params):
        return list(params)
    return [*params, ("_max-results", "1")]


def reply_with(problem: Problem) -> Reply:
    """The reply for a refusal."""
    return Reply(
        problem.status, orjson.dumps(problem.outcome()), {"content-type": problem.media_type}
    )


def mirror(headers: Mapping[str, str], reply: Reply) -> None:
    """Send the request's id headers back, on refusals too."""
    for name in _MIRRORED:
        if name in headers:
            reply.headers[name] = headers[name]


_OUTCOMES = {401: "unauthorised", 403: "forbidden", 404: "not-found", 429: "throttled"}


@dataclass(frozen=True, slots=True)
class _Route:
    kind: str  # search, read, related, coverage, unknown
    nhs_number: str = ""

    @classmethod
    def of(cls, path: str) -> "_Route":
        match path.strip("/").split("/"):
            case ["Patient"]:
                return cls("search")
            case ["Patient", number]:
                return cls("read", number)
            case ["Patient", number, "RelatedPerson"]:
                return cls("related", number)
            case ["Coverage", *_]:
                return cls("coverage")
            case _:
                return cls("unknown")
