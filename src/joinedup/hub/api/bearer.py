"""Who may call which address: bearer tokens and scopes (RFC 6750)."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from joinedup.hub.api import tokens
from joinedup.hub.api.problems import BY_STATUS, Problem


def unauthenticated(error: str = "") -> Problem:
    """401 with the challenge that RFC 6750 asks for."""
    challenge = 'Bearer realm="joinedup"' + (f', error="{error}"' if error else "")
    detail = (
        "The token is not valid, has expired, or its client may no longer call."
        if error
        else BY_STATUS[401][1]
    )
    return Problem(401, BY_STATUS[401][0], detail, headers={"WWW-Authenticate": challenge})


class BearerToken(HttpBearer):
    """Lets in a caller whose token carries the scope, and says which scope is missing."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> tokens.Caller:
        """The caller; raises ``Problem`` 401 or 403."""
        caller = tokens.read(token)
        if caller is None:
            raise unauthenticated("invalid_token")
        if self.scope not in caller.scopes:
            raise Problem(
                403,
                "missing-scope",
                f"This token does not carry the scope {self.scope}.",
                headers={
                    "WWW-Authenticate": (
                        f'Bearer realm="joinedup", error="insufficient_scope", scope="{self.scope}"'
                    )
                },
            )
        return caller
