"""RFC 9457 problem details: the one form every API error takes."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from joinedup.hub import tracing

MEDIA_TYPE = "application/problem+json"
FHIR_MEDIA_TYPES = ("application/fhir+json", "application/fhir+xml")
FHIR = "/fhir/"
PREFIXES = ("/api/", FHIR)

# What to say when the cause is known by its status alone.
BY_STATUS = {
    400: ("bad-request", "The request could not be read."),
    401: ("not-authenticated", "Send a bearer token from /api/v1/auth/token."),
    403: ("not-allowed", "This is not allowed."),
    404: ("not-found", "There is nothing at this address. /api/openapi.json lists what there is."),
    405: ("method-not-allowed", "This address does not take that method; see the Allow header."),
    413: ("too-large", "The body is larger than this service reads."),
    415: ("unsupported-media-type", "Send the body as application/json."),
    500: ("internal-error", "Something went wrong here. Quote the correlation id when you ask."),
}


class Problem(Exception):
    """An error to answer with. ``detail`` is for the caller, and never repeats what they sent."""

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(slug)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def _body(status: int, slug: str, detail: str, members: Mapping[str, Any]) -> bytes:
    return json.dumps(
        {
            "type": f"urn:joinedup:problem:{slug}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "correlationId": str(tracing.current().correlation_id),
            **members,
        }
    ).encode()


# https://hl7.org/fhir/R4/valueset-issue-type.html
_ISSUE = {
    401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported", 406: "not-supported",
    413: "too-long", 415: "not-supported", 429: "throttled", 500: "exception", 503: "transient",
}  # fmt: skip


def operation_outcome(problem: Problem) -> dict[str, Any]:
    """The problem as FHIR says it."""
    code = problem.members.get("code") or _ISSUE.get(problem.status, "invalid")
    severity = problem.members.get("severity", "error")
    issue = {"severity": severity, "code": code, "diagnostics": problem.detail}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def respond(problem: Problem, path: str = "/api/") -> HttpResponse:
    """The problem as a response, in the form that this address speaks."""
    body, media_type = _written(problem, path)
    return HttpResponse(
        body, status=problem.status, content_type=media_type, headers=dict(problem.headers)
    )


def _written(problem: Problem, path: str) -> tuple[bytes, str]:
    if path.startswith(FHIR):
        return json.dumps(operation_outcome(problem)).encode(), FHIR_MEDIA_TYPES[0]
    return _body(problem.status, problem.slug, problem.detail, problem.members), MEDIA_TYPE


class ProblemDetailsMiddleware:
    """Turns whatever error left the API's inside, or Django's, into problem details.

    An OAuth error keeps the form that RFC 6749 gives it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_ours = response.headers.get("Content-Type") in (MEDIA_TYPE, *FHIR_MEDIA_TYPES)
        is_oauth = getattr(response, "is_oauth_error", False)
        if request.path.startswith(PREFIXES) and response.status_code >= 400:
            if not is_ours and not is_oauth:
                status = response.status_code
                slug, detail = BY_STATUS.get(
                    status, ("error", "The request could not be carried out.")
                )
                problem = Problem(status, slug, detail)
                response.content, response["Content-Type"] = _written(problem, request.path)
            response.headers.pop("Content-Length", None)
        return response
