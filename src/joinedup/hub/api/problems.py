"""RFC 9457 problem details: the one form every API error takes."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from joinedup.hub import tracing

MEDIA_TYPE = "application/problem+json"
FHIR_MEDIA_TYPE = "application/fhir+json"
PREFIXES = ("/api/", "/fhir/")

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


def respond(problem: Problem) -> HttpResponse:
    """The problem as a response."""
    return HttpResponse(
        _body(problem.status, problem.slug, problem.detail, problem.members),
        status=problem.status,
        content_type=MEDIA_TYPE,
        headers=dict(problem.headers),
    )


class ProblemDetailsMiddleware:
    """Turns whatever error left the API's inside, or Django's, into problem details.

    An OAuth error keeps the form that RFC 6749 gives it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_ours = response.headers.get("Content-Type") in (MEDIA_TYPE, FHIR_MEDIA_TYPE)
        is_oauth = getattr(response, "is_oauth_error", False)
        if request.path.startswith(PREFIXES) and response.status_code >= 400:
            if not is_ours and not is_oauth:
                status = response.status_code
                slug, detail = BY_STATUS.get(
                    status, ("error", "The request could not be carried out.")
                )
                response.content = _body(status, slug, detail, {})
                response["Content-Type"] = MEDIA_TYPE
            response.headers.pop("Content-Length", None)
        return response
