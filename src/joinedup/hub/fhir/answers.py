"""How every FHIR address answers: a resource, or an OperationOutcome, in the form asked for."""

from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from psycopg import Error as LinksFailure
from psycopg_pool import PoolTimeout

from joinedup.hub.api.bearer import BearerToken, unauthenticated
from joinedup.hub.api.identifier_endpoint import RETRY_AFTER, no_record
from joinedup.hub.api.problems import BY_STATUS, Problem, operation_outcome
from joinedup.hub.api.tokens import Caller
from joinedup.hub.fhir import formats
from joinedup.hub.identifiers.asking import TooOften
from joinedup.hub.ledger.writing import NotRecorded

Resource = dict[str, Any]
_FORMS = ", ".join(formats.ALL)


def answering(method: str) -> Callable[[Callable[[HttpRequest], Resource]], Any]:
    """Make a view of a function that gives a resource, or raises ``Problem``.

    What goes wrong is an OperationOutcome. An index or a record that failed is 503, never "nobody".
    """

    def decorate(give: Callable[[HttpRequest], Resource]) -> Any:
        @wraps(give)
        def view(request: HttpRequest) -> HttpResponse:
            form = formats.wanted(request.headers.get("Accept", ""), request.GET.get("_format", ""))
            try:
                if request.method != method:
                    raise Problem(405, *BY_STATUS[405], headers={"Allow": method})
                if form is None:
                    raise Problem(406, "not-acceptable", f"Answers are {_FORMS}.")
                return respond(give(request), form)
            except Problem as problem:
                found = problem
            except TooOften as refusal:
                headers = {"Retry-After": str(refusal.seconds)}
                said = refusal.held or "Too many requests."
                found = Problem(429, "too-many-requests", said, headers)
            except RequestDataTooBig:
                found = Problem(413, *BY_STATUS[413])
            except (LinksFailure, PoolTimeout):
                said = "The index of known children did not answer. Nothing was learnt about them."
                found = Problem(503, "no-index", said, {"Retry-After": str(RETRY_AFTER)})
            except (DatabaseFailure, NotRecorded):
                found = no_record()
            return failed(found, form or formats.JSON)

        return csrf_exempt(view)

    return decorate


def respond(
    resource: Mapping[str, Any], form: str = formats.JSON, status: int = 200
) -> HttpResponse:
    """Give a resource as a response."""
    return HttpResponse(formats.written(resource, form), status=status, content_type=form)


def failed(problem: Problem, form: str = formats.JSON) -> HttpResponse:
    """Give a problem as a response with an OperationOutcome."""
    response = respond(operation_outcome(problem), form, problem.status)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def caller_of(request: HttpRequest, scope: str) -> Caller:
    """Who calls with this scope; raises ``Problem`` 401 or 403."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise unauthenticated()
    return _door(scope).authenticate(request, token.strip())


_door = cache(BearerToken)


def of_type(request: HttpRequest, *media_types: str) -> None:
    """Raise ``Problem`` 415 for a body of any other type than these."""
    if request.content_type not in media_types:
        said = f"Send the body as {media_types[0]}."
        raise Problem(415, "unsupported-media-type", said, {"Accept-Post": media_types[0]})


def wrong(code: str, said: str) -> Problem:
    """400, with FHIR's code for what is the matter."""
    return Problem(400, "bad-request", said, code=code)


def told(said: str, code: str = "incomplete") -> Resource:
    """A Bundle's entry that says something beside its results."""
    resource = operation_outcome(Problem(200, code, said, severity="information", code=code))
    return {"resource": resource, "search": {"mode": "outcome"}}


def searchset(total: int, entries: list[Resource], **more: Any) -> Resource:
    """The answer to a search or to ``$match``. ``total`` counts what was found, not what is told
    beside it.
    """
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": total, **more}
    return {**bundle, "entry": entries} if entries else bundle


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address under ``/fhir/R4``."""
    said = "There is nothing at this address. /fhir/R4/metadata lists what there is."
    return failed(Problem(404, "not-found", said))
