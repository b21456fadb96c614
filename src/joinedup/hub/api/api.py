"""The API put together: its addresses, its errors and its OpenAPI description."""

import uuid
from typing import Annotated, Any

from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseFailure
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Header, NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from joinedup.hub.api import explain_endpoint, identifier_endpoint, token_endpoint, tokens
from joinedup.hub.api.assertions import ALGORITHMS
from joinedup.hub.api.bearer import BearerToken, unauthenticated
from joinedup.hub.api.body import StrictJsonParser
from joinedup.hub.api.problems import BY_STATUS, MEDIA_TYPE, Problem, respond
from joinedup.hub.api.schemas import (
    IdentifierAnswer,
    IdentifierQuestion,
    IdentifierState,
    PersonSpecification,
    ProblemDetails,
    RecordReference,
    Token,
    TokenError,
    form_body,
)
from joinedup.hub.discovery import (
    draft,
    records_endpoint,
    search_endpoint,
    subscription_endpoint,
    work_endpoint,
)
from joinedup.hub.discovery import schemas as discovery_schemas
from joinedup.hub.ledger import endpoint as ledger_endpoint
from joinedup.hub.ledger import witness_endpoint
from joinedup.hub.notifications import endpoint as caseload_endpoint
from joinedup.hub.register import endpoint as register_endpoint
from joinedup.hub.sharing import endpoint as sharing_endpoint
from joinedup.hub.shields import endpoint as shields_endpoint


class JoinedupAPI(NinjaAPI):
    """django-ninja, with each error described by the media type it really has."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        for path in schema["paths"].values():
            for operation in path.values():
                for answer in operation["responses"].values():
                    described = answer.get("content", {}).get("application/json", {})
                    if described.get("schema", {}).get("$ref", "").endswith("/ProblemDetails"):
                        answer["content"] = {MEDIA_TYPE: described}
        return schema


api = JoinedupAPI(
    title="Joinedup",
    version="1.0.0",
    description=(
        "One child, one number, every agency that can help. Get a token with a signed assertion, "
        "then ask for a child's identifier. Every error is RFC 9457 problem details, but for the "
        "token endpoint's own, which RFC 6749 defines."
    ),
    docs_url=None,  # its pages load scripts from elsewhere, which the security policy forbids
    parser=StrictJsonParser(),
)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Any) -> HttpResponse:
    return respond(problem)


@api.exception_handler(work_endpoint.Idle)
def _idle(request: HttpRequest, idle: Any) -> HttpResponse:
    return work_endpoint.nothing()


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, error: Any) -> HttpResponse:
    return respond(unauthenticated())


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    return respond(
        Problem(
            422,
            "invalid-body",
            "The body is not as described in /api/openapi.json.",
            errors=[
                {"pointer": _pointer(found["loc"]), "detail": _in_words(found)}
                for found in error.errors
            ],
        )
    )


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: Any) -> HttpResponse:
    if isinstance(error.__cause__, Problem):  # ninja wraps what the parser raises
        return respond(error.__cause__)
    slug, detail = BY_STATUS.get(error.status_code, BY_STATUS[400])
    return respond(Problem(error.status_code, slug, detail))


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: Any) -> HttpResponse:
    return respond(Problem(413, *BY_STATUS[413]))


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Any) -> HttpResponse:
    return respond(Problem(404, *BY_STATUS[404]))


@api.exception_handler(DatabaseFailure)
def _no_database(request: HttpRequest, error: Any) -> HttpResponse:
    return respond(identifier_endpoint.no_record())


def _pointer(location: tuple[str | int, ...]) -> str:
    """A JSON Pointer (RFC 6901) to a place in the body; an unknown key's own name is left out."""
    steps = [str(step) for step in location if step not in ("body", "question")]
    known = [step for step in steps if step.isdigit() or step in _KNOWN]
    return "/" + "/".join(known) if known else ""


_KNOWN = frozenset(
    name
    for model in (
        IdentifierQuestion,
        PersonSpecification,
        RecordReference,
        explain_endpoint.RecordDetails,
        explain_endpoint.PairQuestion,
        *discovery_schemas.BODIES,
        *draft.BODIES,
        *register_endpoint.BODIES,
        *caseload_endpoint.BODIES,
        *sharing_endpoint.BODIES,
        witness_endpoint.Countersignature,
    )
    for name in model.model_fields
)


def _in_words(found: dict[str, Any]) -> str:
    if found["type"] == "extra_forbidden":
        return "There is a field here that is not in the description."
    return str(found["msg"])


@api.post(
    tokens.TOKEN_PATH.removeprefix("/api"),
    response={
        200: Token,
        **dict.fromkeys((400, 401), TokenError),
        413: ProblemDetails,
        415: ProblemDetails,
    },
    auth=None,
    operation_id="get_token",
    summary="Get a token",
    description=(
        "Client credentials with private_key_jwt. The assertion is signed with one of "
        f"{', '.join(ALGORITHMS)}, names the key in `kid`, has the client id as `iss` and `sub`, "
        "this exact address as `aud`, `exp` at most 5 minutes away, and a `jti` used once."
    ),
    openapi_extra={
        "requestBody": form_body(
            {
                "grant_type": {"const": "client_credentials"},
                "client_assertion_type": {"const": token_endpoint.ASSERTION_TYPE},
                "client_assertion": {"type": "string"},
                "client_id": {"type": "string"},
                "scope": {"type": "string"},
            },
            ["grant_type", "client_assertion_type", "client_assertion"],
        )
    },
)
def get_token(request: HttpRequest) -> HttpResponse:
    """Answer a token request."""
    return token_endpoint.give_token(request)


@api.post(
    "/v1/get-an-identifier",
    response={
        200: IdentifierAnswer,
        **dict.fromkeys((400, 401, 403, 409, 413, 415, 422, 429, 503), ProblemDetails),
    },
    auth=BearerToken("get-an-identifier.read"),
    exclude_unset=True,
    operation_id="get_an_identifier",
    summary="Ask for a child's identifier",
    description=(
        "Needs the scope get-an-identifier.read. A number is given for the status Match alone. "
        "When the source of truth does not answer, this is 503 with `outcome` Unavailable: it "
        "says nothing about the child, and is never NoMatch."
    ),
)
def get_an_identifier(
    request: HttpRequest,
    question: IdentifierQuestion,
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key")] = "",
) -> dict[str, Any]:
    """Answer one question."""
    caller: tokens.Caller = request.auth  # type: ignore[attr-defined]
    return identifier_endpoint.get_an_identifier(caller, question, idempotency_key)


@api.get(
    "/v1/identifier-requests/{uuid:request_id}",
    response={200: IdentifierState, **dict.fromkeys((401, 403, 404, 503), ProblemDetails)},
    auth=BearerToken("get-an-identifier.read"),
    exclude_unset=True,
    operation_id="get_an_identifier_request",
    summary="See what has come of a question by now",
    description=(
        "Needs the scope get-an-identifier.read. A question without a number waits as a review "
        "case; once a person has found the child, the status here is Match, with the number. Only "
        "your organisation's own requests are found."
    ),
)
def get_an_identifier_request(request: HttpRequest, request_id: uuid.UUID) -> dict[str, Any]:
    """Tell the state of one request."""
    caller: tokens.Caller = request.auth  # type: ignore[attr-defined]
    return identifier_endpoint.get_state(caller, request_id)


api.add_router("", work_endpoint.router)  # first: most requests are polls
api.add_router("", explain_endpoint.router)
api.add_router("", ledger_endpoint.router)
api.add_router("", witness_endpoint.router)
api.add_router("", shields_endpoint.router)
api.add_router("", register_endpoint.router)
api.add_router("", search_endpoint.router)
api.add_router("", records_endpoint.router)
api.add_router("", subscription_endpoint.router)
api.add_router("", caseload_endpoint.router)
api.add_router("", sharing_endpoint.router)
