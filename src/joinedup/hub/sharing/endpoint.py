"""``/api/v1/requests``: systems ask for items, answer what was asked, and collect what was shared.

For what people decide, through a supplier's own software. The same rules as on the pages; content
comes and goes closed, and the hub sees of it that it has the shape of an envelope.
"""

import uuid
from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from ninja import Header, Router, Schema, Status
from pydantic import Field, StringConstraints

from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.once import Keep, once
from joinedup.hub.api.problems import BY_STATUS, Problem
from joinedup.hub.api.schemas import PlainId, ProblemDetails, Strict
from joinedup.hub.api.tokens import Caller
from joinedup.hub.discovery import sealed_content, searching
from joinedup.hub.discovery.circle import Refused
from joinedup.hub.discovery.schemas import Code, OnBehalfOf, Sui, Words
from joinedup.hub.discovery.search_endpoint import searcher_of
from joinedup.hub.ledger.writing import note
from joinedup.hub.limits import enumeration
from joinedup.hub.organisations.models import Organisation
from joinedup.hub.register.endpoint import RecordType
from joinedup.hub.sharing import asking, deciding, reading
from joinedup.hub.sharing.course import OPEN, NotNow, Step, Urgency, Why
from joinedup.hub.sharing.models import Origin, ShareRequest
from joinedup.hub.sharing.permission import NotAgreed
from joinedup.hub.shields import same_time

router = Router(tags=["Requests"])

MOST = 500
_READ = (401, 403, 404, 503)
_OPEN = [each.value for each in OPEN]
Closed = Annotated[str, StringConstraints(max_length=200_000)]


class ItemAsked(Strict):
    """A field of a record type, or all of it when no field is named."""

    recordType: RecordType
    field: Annotated[str, StringConstraints(max_length=128)] = ""


class RequestGiven(Strict):
    """What is asked of whom, about whom and why."""

    custodian: PlainId
    sui: Sui
    purpose: Code
    legalBasis: Code
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    items: list[ItemAsked] = Field(min_length=1, max_length=asking.MOST_ITEMS)
    publicKey: dict[str, Any] = Field(description="JWK, P-256 or X25519, its public half")
    wholeReason: Words = Field("", description="Why all of a record type is asked for, if it is")
    caseReference: Annotated[str, StringConstraints(max_length=60)] = ""
    urgency: Literal["ordinary", "urgent", "emergency"] = "ordinary"
    onBehalfOf: OnBehalfOf | None = None


class RequestSent(Schema):
    requestId: str
    reference: str
    dueAt: datetime


class ItemState(Schema):
    """An item; what came of it, once it is decided, for whoever asked."""

    itemId: str
    recordType: str
    field: str
    answer: Literal["given", "nothing", "not-relevant", "other-legal-bar"] | None = None


class MessageSaid(Schema):
    at: datetime
    side: Literal["asker", "holder"]
    text: str


class RequestState(Schema):
    """A request as the caller's side may see it."""

    requestId: str
    reference: str
    side: Literal["asker", "holder"]
    state: Literal["received", "in-dialogue", "escalated", "decided", "withdrawn"]
    searcher: str
    custodian: str
    sui: str
    purpose: str
    legalBasis: str
    reason: str
    urgency: Literal["ordinary", "urgent", "emergency"]
    receivedAt: datetime
    dueAt: datetime
    publicKey: dict[str, Any] | None
    items: list[ItemState]
    messages: list[MessageSaid]


class RequestLine(Schema):
    requestId: str
    reference: str
    searcher: str
    dueAt: datetime
    urgency: Literal["ordinary", "urgent", "emergency"]


class OpenRequests(Schema):
    """What the caller's organisation owes an answer to, the most pressing first."""

    requests: list[RequestLine]


class ItemDecided(Strict):
    """Content closed to the request's publicKey, or why it is not shared: one of the two."""

    itemId: uuid.UUID
    content: Closed = ""
    why: Literal["detriment", "not-relevant", "not-held", "other-legal-bar"] | None = None


class DecisionGiven(Strict):
    """A decision on every item, with why, in words."""

    words: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    told: Words = Field("", description="Whether the child or family was told, or why not")
    legalBar: Annotated[str, StringConstraints(max_length=200)] = ""
    reviewBy: date | None = None
    items: list[ItemDecided] = Field(min_length=1, max_length=asking.MOST_ITEMS)


class ItemShared(Schema):
    itemId: str
    recordType: str
    field: str
    content: str


class ContentShared(Schema):
    """What was shared, still closed."""

    items: list[ItemShared]


BODIES = (ItemAsked, RequestGiven, ItemDecided, DecisionGiven)


@router.post(
    "/v1/requests",
    response={
        202: RequestSent,
        **dict.fromkeys((400, 401, 403, 409, 413, 415, 422, 429, 503), ProblemDetails),
    },
    auth=BearerToken("request.write"),
    operation_id="send_request",
    summary="Ask another organisation for items about a child",
    description=(
        "Needs the scope request.write. People at the custodian decide on each item. The content "
        "is closed to publicKey; keep the other half until you have collected it."
    ),
)
def send(
    request: HttpRequest,
    given: RequestGiven,
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key")] = "",
) -> Status[dict[str, Any]]:
    """Send a request."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    searcher = searcher_of(caller, given.onBehalfOf)
    holder = Organisation.objects.select_related("principal").filter(ods_code=given.custodian)
    found = holder.first()

    def answer(keep: Keep) -> dict[str, Any]:
        if found is None:
            raise _not_allowed()
        wanted = asking.Wanted(
            given.sui,
            found,
            [asking.Asked(each.recordType, each.field) for each in given.items],
            given.purpose,
            given.legalBasis,
            given.reason,
            given.publicKey,
            given.caseReference,
            given.wholeReason,
            Urgency(given.urgency),
        )
        try:
            searching.check_limits(searcher, given.sui)
            note(status=202)
            with transaction.atomic():
                body = _sent(asking.ask(searcher, wanted))
                keep(body)
        except (NotAgreed, Refused):
            raise _not_allowed() from None
        except asking.CannotBeAsked as refusal:
            raise Problem(422, "invalid-body", str(refusal)) from None
        except sealed_content.NotAKey:
            raise Problem(
                422, "invalid-body", "publicKey must be the public half of a P-256 or X25519 key."
            ) from None
        except enumeration.Held as held:
            after = {"Retry-After": str(held.seconds)}
            raise Problem(429, "held", enumeration.SAID, after) from None
        return body

    asked = {"call": "request", **given.model_dump(mode="json")}
    body, before = once(caller, idempotency_key, asked, answer)
    if before:
        note(action="share.request", subject=given.sui, purpose=given.purpose)
    return Status(202, body)


@router.get(
    "/v1/requests",
    response={200: OpenRequests, **dict.fromkeys((401, 403, 503), ProblemDetails)},
    auth=BearerToken("request.read"),
    operation_id="list_open_requests",
    summary="See what is asked of you",
    description="Needs the scope request.read. Open requests to your organisation; at most 500.",
)
def opened(request: HttpRequest) -> dict[str, Any]:
    """Tell what is open."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    ours = ShareRequest.objects.filter(
        holder=caller.client.organisation, origin=Origin.ASKED, state__in=_OPEN
    )
    found = ours.select_related("asker").order_by("due_at")[:MOST]
    note(action="share.list", results=len(found))
    return {
        "requests": [
            {
                "requestId": str(each.id),
                "reference": each.reference,
                "searcher": each.asker.ods_code,
                "dueAt": each.due_at,
                "urgency": each.urgency,
            }
            for each in found
        ]
    }


@router.get(
    "/v1/requests/{uuid:request_id}",
    response={200: RequestState, **dict.fromkeys(_READ, ProblemDetails)},
    auth=BearerToken("request.read"),
    operation_id="get_request",
    summary="See a request",
    description=(
        "Needs the scope request.read. One that this client made, or that was made to its "
        "organisation. `nothing` is the answer for what is not held, and for all else that is not "
        "to be told apart from that."
    ),
)
def state(request: HttpRequest, request_id: uuid.UUID) -> dict[str, Any]:
    """Tell a request's state."""
    since = same_time.began()
    caller: Caller = request.auth  # type: ignore[attr-defined]
    found, is_asker = _own(caller, request_id)
    note(action="share.show", subject=found.sui, case_reference=f"request {found.reference}")
    body = _state(found, is_asker)
    if is_asker:
        same_time.hold(since)
    return body


@router.post(
    "/v1/requests/{uuid:request_id}/decision",
    response={
        202: RequestSent,
        **dict.fromkeys((400, 401, 403, 404, 409, 413, 415, 422, 503), ProblemDetails),
    },
    auth=BearerToken("request.write"),
    operation_id="decide_request",
    summary="Answer a request",
    description=(
        "Needs the scope request.write. A decision on every item: content as JWE, closed to the "
        "request's publicKey, with the itemId as workItemId in its header; or why not. 256 KB in "
        "all. A later decision takes the place of an earlier one."
    ),
)
def decide(
    request: HttpRequest, request_id: uuid.UUID, given: DecisionGiven
) -> Status[dict[str, Any]]:
    """Take a decision."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    found, is_asker = _own(caller, request_id)
    if is_asker or found.origin != Origin.ASKED:
        raise Problem(404, *BY_STATUS[404])
    note(status=202)
    try:
        deciding.decide(found.id, _decided(found, given), caller.client)
    except deciding.CannotBeDecided as refusal:
        raise Problem(422, "invalid-body", str(refusal)) from None
    except NotNow as refusal:
        raise Problem(409, "not-now", str(refusal)) from None
    except NotAgreed:
        raise _not_allowed() from None
    found.refresh_from_db()
    return Status(202, _sent(found))


@router.post(
    "/v1/requests/{uuid:request_id}/content",
    response={200: ContentShared, **dict.fromkeys(_READ, ProblemDetails)},
    auth=BearerToken("request.read"),
    operation_id="collect_content",
    summary="Collect what was shared",
    description=(
        "Needs the scope request.read. For the client that asked; 404 whenever there is nothing "
        "to collect, whyever that is."
    ),
)
def content(request: HttpRequest, request_id: uuid.UUID) -> dict[str, Any]:
    """Give what was shared."""
    since = same_time.began()
    caller: Caller = request.auth  # type: ignore[attr-defined]
    found, is_asker = _own(caller, request_id)
    try:
        if not is_asker:
            raise reading.NothingToRead
        items = reading.collect(found, caller.client)
    except reading.NothingToRead:
        same_time.hold(since)
        raise Problem(404, *BY_STATUS[404]) from None
    return {
        "items": [
            {
                "itemId": str(each.item.id),
                "recordType": each.item.record_type,
                "field": each.item.field,
                "content": each.content,
            }
            for each in items
        ]
    }


def _own(caller: Caller, request_id: uuid.UUID) -> tuple[ShareRequest, bool]:
    """A request that the client made or its organisation received, and which of the two."""
    mine = Q(client=caller.client) | Q(holder=caller.client.organisation, origin=Origin.ASKED)
    found = (
        ShareRequest.objects.select_related("asker__principal", "holder__principal", "client")
        .filter(mine, id=request_id)
        .first()
    )
    if found is None:
        raise Problem(404, *BY_STATUS[404])
    return found, found.client_id == caller.client.pk


def _state(found: ShareRequest, is_asker: bool) -> dict[str, Any]:
    answers = {each.item.pk: each.told.value for each in reading.told(found)} if is_asker else {}
    said = found.events.filter(step=Step.MESSAGE.value)
    return {
        "requestId": str(found.id),
        "reference": found.reference,
        "side": "asker" if is_asker else "holder",
        "state": found.state,
        "searcher": found.asker.ods_code,
        "custodian": found.holder.ods_code,
        "sui": found.sui,
        "purpose": found.purpose,
        "legalBasis": found.legal_basis,
        "reason": found.reason,
        "urgency": found.urgency,
        "receivedAt": found.received_at,
        "dueAt": found.due_at,
        "publicKey": found.public_key,
        "items": [
            {
                "itemId": str(each.id),
                "recordType": each.record_type,
                "field": each.field,
                "answer": answers.get(each.pk),
            }
            for each in found.items.all()
        ],
        "messages": [{"at": each.at, "side": each.side, "text": each.words} for each in said],
    }


def _decided(found: ShareRequest, given: DecisionGiven) -> deciding.Decided:
    places = {item.id: item for item in found.items.all()}
    items: dict[int, Any] = {}
    for each in given.items:
        item = places.get(each.itemId)
        if item is None or item.place in items:
            raise deciding.CannotBeDecided("Decide on each item of the request, once.")
        if bool(each.content) == bool(each.why):
            raise deciding.CannotBeDecided("Give for each item its content, or why not.")
        if each.content and (fault := sealed_content.fault(each.content, item.id)):
            raise deciding.CannotBeDecided(fault)
        items[item.place] = Why(each.why) if each.why else each.content
    return deciding.Decided(given.words, items, given.told, given.legalBar, given.reviewBy)


def _sent(found: ShareRequest) -> dict[str, Any]:
    return {
        "requestId": str(found.id),
        "reference": found.reference,
        "dueAt": found.due_at.isoformat(),
    }


def _not_allowed() -> Problem:
    return Problem(403, "no-agreement", "No agreement lets you ask this organisation for this.")
