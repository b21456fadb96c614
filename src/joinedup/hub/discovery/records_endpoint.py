"""``/api/v1/records/{fetchId}``: one record's content, closed to the caller's own key."""

import json
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Router

from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.problems import BY_STATUS, Problem
from joinedup.hub.api.schemas import ProblemDetails
from joinedup.hub.api.tokens import Caller
from joinedup.hub.discovery import fetching, sealed_content
from joinedup.hub.discovery.schemas import RecordQuestion, SealedRecord
from joinedup.hub.discovery.search_endpoint import searcher_of
from joinedup.hub.ledger.receipts import receipt
from joinedup.hub.shields import same_time

router = Router(tags=["Finding"])

ASK_AGAIN = "1"
_WITHHELD = {
    "not-relevant": "The custodian holds the record, and judged it not relevant to your purpose.",
    "other-legal-bar": "The custodian may not share the record, under another law.",
    "ask-us": "The custodian wants to speak with you about the record first.",
}


@router.post(
    "/v1/records/{fetch_id}",
    response={
        200: SealedRecord,
        202: None,
        **dict.fromkeys((400, 401, 403, 404, 409, 413, 415, 422, 503), ProblemDetails),
    },
    auth=BearerToken("fetch-record.read"),
    operation_id="fetch_record",
    summary="Get a record's content",
    description=(
        "Needs the scope fetch-record.read. The first call asks the custodian: 202 with "
        "Retry-After. Call again, with the same key, until it has answered; the content is given "
        "once and is gone from here. 404 for whatever is not there for you, whyever that is."
    ),
)
def fetch(request: HttpRequest, fetch_id: str, question: RecordQuestion) -> Any:
    """Ask for a record, or collect it."""
    asked = fetching.Asked(question.publicKey, question.items, question.reason)
    return _fetch(request, fetch_id, asked)


@router.get(
    "/v1/records/{fetch_id}",
    response={
        200: SealedRecord,
        202: None,
        **dict.fromkeys((401, 403, 404, 409, 422, 503), ProblemDetails),
    },
    auth=BearerToken("fetch-record.read"),
    operation_id="fetch_record_by_get",
    summary="Get a record's content, as the national draft asks for it",
    description="As POST, of the whole record, with the public key (a JSON Web Key) in a header.",
)
def fetch_by_get(
    request: HttpRequest,
    fetch_id: str,
    public_key: Annotated[str, Header(alias="Joinedup-Public-Key", max_length=1000)],
) -> Any:
    """Ask for a record, or collect it, by the draft's method."""
    return _fetch(request, fetch_id, fetching.Asked(_jwk(public_key)))


def _jwk(text: str) -> dict[str, Any]:
    """The key in a header; what is no JSON object is no key either."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _fetch(request: HttpRequest, fetch_id: str, asked: fetching.Asked) -> Any:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    began = same_time.began()
    try:
        found = fetching.fetch(searcher_of(caller), fetch_id, asked)
    except fetching.NothingThere:
        same_time.hold(began)
        raise Problem(404, *BY_STATUS[404]) from None
    except sealed_content.NotAKey:
        raise Problem(
            422,
            "invalid-body",
            "publicKey must be the public half of a P-256 or X25519 key, as a JSON Web Key.",
            errors=[{"pointer": "/publicKey", "detail": "This key cannot be used."}],
        ) from None
    except fetching.NotAgreed:
        raise Problem(
            403, "no-agreement", "No agreement lets you have this custodian's records."
        ) from None
    except fetching.Withheld as withheld:
        raise Problem(403, "withheld", _WITHHELD[withheld.reason], reason=withheld.reason) from None
    except fetching.CustodianFailed:
        raise Problem(
            409, "custodian-failed", "The custodian could not answer. Ask it by another way."
        ) from None
    if found is None:
        return HttpResponse(status=202, headers={"Retry-After": ASK_AGAIN})
    return _body(found)


def _body(found: fetching.Delivered) -> dict[str, Any]:
    proof = receipt(found.shared_entry) if found.shared_entry else None
    return {
        "content": found.content,
        "custodian": found.custodian,
        "custodianName": found.custodian_name,
        "recordType": found.record_type,
        "systemId": found.system_id,
        "recordId": found.record_id,
        "entryId": str(found.entry),
        "sharedEntryId": str(found.shared_entry) if found.shared_entry else None,
        "receipt": proof.as_dict() if proof else None,
    }
