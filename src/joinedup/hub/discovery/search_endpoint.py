"""``/api/v2/searches``: asking who knows a child, and reading what has come of it."""

import uuid
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Header, Router, Status

from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.once import Keep, once
from joinedup.hub.api.problems import BY_STATUS, Problem
from joinedup.hub.api.schemas import ProblemDetails
from joinedup.hub.api.tokens import Caller
from joinedup.hub.discovery import reading, searching
from joinedup.hub.discovery.circle import Refused, Searcher, Why
from joinedup.hub.discovery.models import Search
from joinedup.hub.discovery.relationships import relationship_of
from joinedup.hub.discovery.schemas import (
    OnBehalfOf,
    SearchBegun,
    SearchQuestion,
    SearchResults,
    SearchState,
)
from joinedup.hub.ledger.writing import note
from joinedup.hub.limits import enumeration

router = Router(tags=["Finding"])


@router.post(
    "/v2/searches",
    response={
        202: SearchBegun,
        **dict.fromkeys((400, 401, 403, 409, 413, 415, 422, 429, 503), ProblemDetails),
    },
    auth=BearerToken("find-record.write"),
    by_alias=True,
    operation_id="begin_search",
    summary="Ask who knows a child",
    description=(
        "Needs the scope find-record.write. The search becomes a work item for each custodian and "
        "record type that an agreement covers; others never learn of it. Read the results with "
        "the address in `_links.results`."
    ),
)
def begin(
    request: HttpRequest,
    question: SearchQuestion,
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key")] = "",
) -> Status[dict[str, Any]]:
    """Begin a search."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    searcher = searcher_of(caller, question.onBehalfOf)
    asked = {"call": "search", **question.model_dump(mode="json")}

    def answer(keep: Keep) -> dict[str, Any]:
        try:
            searching.check_limits(searcher, question.sui)
            with transaction.atomic():
                why = _why(searcher, question)
                body = _begun(searching.begin(searcher, _wanted(question), why))
                keep(body)
        except searching.NotASui:
            raise _unprocessable("/sui", "This is not a valid NHS number.") from None
        except searching.NotARecordType:
            raise _unprocessable("/recordTypes", "A record type is not published.") from None
        except Refused as refusal:
            raise Problem(403, "not-allowed", refusal.words) from None
        except enumeration.Held as held:
            raise Problem(
                429, "held", enumeration.SAID, {"Retry-After": str(held.seconds)}
            ) from None
        return body

    body, before = once(caller, idempotency_key, asked, answer)
    if before:
        note(action="record.find", subject=question.sui, purpose=question.purpose)
    return Status(202, body)


def _wanted(question: SearchQuestion) -> searching.Wanted:
    return searching.Wanted(question.sui, question.recordTypes, question.caseReference)


def _why(searcher: Searcher, question: SearchQuestion) -> Why:
    return Why(
        question.purpose,
        question.legalBasis,
        question.reason,
        question.emergency,
        relationship_of(searcher, question.sui),
    )


def _unprocessable(pointer: str, detail: str) -> Problem:
    errors = [{"pointer": pointer, "detail": detail}]
    return Problem(
        422,
        "invalid-body",
        "The body is not as described in /api/openapi.json.",
        errors=errors,
    )


def _begun(search: Search) -> dict[str, Any]:
    address = f"/api/v2/searches/{search.id}"
    return {
        "searchId": str(search.id),
        "workItemId": str(search.id),
        "suid": search.sui,
        "createdAt": search.created_at.isoformat(),
        "expiresAt": search.expires_at.isoformat(),
        "status": "running",
        "links": {"self": {"href": address}, "results": {"href": f"{address}/results"}},
    }


@router.get(
    "/v2/searches/{uuid:search_id}",
    response={200: SearchState, **dict.fromkeys((401, 403, 404, 503), ProblemDetails)},
    auth=BearerToken("find-record.read"),
    operation_id="get_search",
    summary="See how far a search is",
    description="Needs the scope find-record.read. Only your organisation's searches are found.",
)
def state(request: HttpRequest, search_id: uuid.UUID) -> dict[str, Any]:
    """Tell a search's state."""
    return _told(_read(request, search_id, items=False))


@router.get(
    "/v2/searches/{uuid:search_id}/results",
    response={200: SearchResults, **dict.fromkeys((401, 403, 404, 503), ProblemDetails)},
    auth=BearerToken("find-record.read"),
    operation_id="get_search_results",
    summary="Read who knows the child",
    description=(
        "Needs the scope find-record.read. What a custodian has answered, and for those that have "
        "not, what the register knows (`provisional`). What your agreements no longer cover is "
        "not here."
    ),
)
def results(request: HttpRequest, search_id: uuid.UUID) -> dict[str, Any]:
    """Give a search's results."""
    found = _read(request, search_id, items=True)
    return {**_told(found), "items": [_item(each) for each in found.items]}


@router.delete(
    "/v2/searches/{uuid:search_id}",
    response={204: None, **dict.fromkeys((401, 403, 404, 503), ProblemDetails)},
    auth=BearerToken("find-record.write"),
    operation_id="cancel_search",
    summary="End a search",
    description="Needs the scope find-record.write. Custodians are no longer given its work items.",
)
def cancel(request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
    """End a search."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    if not searching.cancel(searcher_of(caller), search_id):
        raise Problem(404, *BY_STATUS[404])
    return HttpResponse(status=204)


def searcher_of(caller: Caller, behalf: OnBehalfOf | None = None) -> Searcher:
    """The machine client as a searcher, with whom it acts for."""
    client = caller.client
    return Searcher(
        client.organisation,
        client,
        on_behalf_of=behalf.person if behalf else "",
        acting_role=behalf.role if behalf else "",
    )


def _read(request: HttpRequest, search_id: uuid.UUID, *, items: bool) -> reading.State:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    searcher = searcher_of(caller)
    search = reading.find(searcher, search_id)
    if search is None:
        raise Problem(404, *BY_STATUS[404])
    return reading.read(searcher, search, items=items)


def _told(state: reading.State) -> dict[str, Any]:
    search = state.search
    return {
        "searchId": str(search.id),
        "workItemId": str(search.id),
        "suid": search.sui,
        "createdAt": search.created_at,
        "expiresAt": search.expires_at,
        "status": state.status,
        "completenessPercentage": state.completeness,
        "custodians": [
            {
                "custodian": each.custodian,
                "custodianName": each.custodian_name,
                "recordType": each.record_type,
                "status": each.status,
                "answeredAt": each.answered_at,
            }
            for each in state.custodians
        ],
        "notAskedCount": state.not_asked,
        "restricted": state.restricted,
        "suidReplaced": state.replaced,
    }


def _item(item: reading.Item) -> dict[str, Any]:
    return {
        "custodian": item.custodian,
        "custodianName": item.custodian_name,
        "systemId": item.system_id,
        "recordType": item.record_type,
        "recordId": item.record_id or None,
        "recordUrl": f"/api/v1/records/{item.fetch_id}" if item.fetch_id else None,
        "fetchId": item.fetch_id or None,
        "provisional": item.provisional,
        "otherNumber": item.other_number,
        "masked": item.masked,
        "firstSeen": item.first_seen,
        "lastSeen": item.last_seen,
    }
