"""``POST /api/v1/auth/token``: a signed assertion in, an access token out (RFC 6749, RFC 7523)."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from joinedup.hub.api import assertions, tokens
from joinedup.hub.api.problems import Problem
from joinedup.hub.ledger.writing import note

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"


class OAuthError(Exception):
    """An error of RFC 6749 section 5.2."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
        self.status = status

    def response(self) -> HttpResponse:
        """The error as the standard's JSON."""
        response = JsonResponse(
            {"error": self.code, "error_description": self.description}, status=self.status
        )
        response.is_oauth_error = True  # type: ignore[attr-defined]
        return response


def give_token(request: HttpRequest) -> HttpResponse:
    """Answer a token request."""
    try:
        return JsonResponse(_grant(request), headers={"Pragma": "no-cache"})
    except OAuthError as error:
        return error.response()


def _grant(request: HttpRequest) -> dict[str, Any]:
    note(action="token.issue")
    form = _form(request)
    if form.get("grant_type") != "client_credentials":
        raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials.")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise OAuthError("invalid_client", f"client_assertion_type must be {ASSERTION_TYPE}.", 401)
    try:
        proven = assertions.verify(form.get("client_assertion", ""), tokens.token_url())
    except assertions.Refused as refusal:
        note(reason=str(refusal))
        raise OAuthError("invalid_client", str(refusal), 401) from None
    if form.get("client_id", proven.client.client_id) != proven.client.client_id:
        raise OAuthError("invalid_client", "client_id is not the client that signed.", 401)
    scopes = _scopes(form.get("scope", ""), proven.client.scopes)
    return {
        "access_token": tokens.issue(proven, scopes),
        "token_type": "Bearer",
        "expires_in": tokens.LIFE,
        "scope": " ".join(scopes),
    }


def _form(request: HttpRequest) -> dict[str, str]:
    if request.content_type != FORM:
        raise Problem(
            415, "unsupported-media-type", f"Send the body as {FORM}.", {"Accept-Post": FORM}
        )
    fields = request.POST
    if any(len(values) > 1 for _, values in fields.lists()):
        raise OAuthError("invalid_request", "A parameter appears more than once.")
    return {name: str(value) for name, value in fields.items()}


def _scopes(asked: str, allowed: list[str]) -> list[str]:
    """The scopes asked for, all of which the client must have; all of its scopes if none."""
    wanted = sorted(set(asked.split())) or sorted(allowed)
    if not set(wanted) <= set(allowed):
        raise OAuthError("invalid_scope", "This client may not have every scope it asked for.")
    return wanted
