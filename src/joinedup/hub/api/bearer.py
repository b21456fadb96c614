"""Who may call which address: bearer tokens and scopes (RFC 6750)."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from joinedup.hub.api import callers, large, tokens
from joinedup.hub.api.problems import BY_STATUS, Problem
from joinedup.hub.ledger.writing import note
from joinedup.hub.rights.acting import act_for


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
    """Lets in a caller whose token carries (one of) the scopes, and says which is missing."""

    def __init__(self, *scopes: str) -> None:
        super().__init__()
        self.scopes = scopes

    def caller(self, request: HttpRequest, token: str) -> tokens.Caller | None:
        """Who calls with the token; None when it proves nothing.

        A token that was good a moment ago nearly always is: the connection is given the rights of
        its organisation when it is taken, in the one statement, and loses them if it is not.
        """
        act_for(callers.organisation_of(token))
        caller = callers.read(token)
        if caller is None:
            act_for(None)
        return caller

    def authenticate(self, request: HttpRequest, token: str) -> tokens.Caller:
        """The caller; raises ``Problem`` 401 or 403."""
        caller = self.caller(request, token)
        if caller is None:
            raise unauthenticated("invalid_token")
        note(organisation=caller.client.organisation.ods_code, client=caller.client.client_id)
        if caller.scopes.isdisjoint(self.scopes):
            missing = " or ".join(self.scopes)
            raise Problem(
                403,
                "missing-scope",
                f"This token does not carry the scope {missing}.",
                headers={
                    "WWW-Authenticate": (
                        f'Bearer realm="joinedup", error="insufficient_scope", '
                        f'scope="{" ".join(self.scopes)}"'
                    )
                },
            )
        large.read(request)
        self.begin(request, caller)
        return caller

    def begin(self, request: HttpRequest, caller: tokens.Caller) -> None:
        """From here on the database shows this caller's organisation's rows."""
        act_for(caller.client.organisation_id)
