"""``/api/v2/subscriptions``: being told that there is something to ask for."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router

from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.problems import BY_STATUS, Problem
from joinedup.hub.api.schemas import ProblemDetails
from joinedup.hub.api.tokens import Caller
from joinedup.hub.discovery import hints
from joinedup.hub.discovery.models import Event
from joinedup.hub.discovery.schemas import Subscribed, SubscriptionQuestion
from joinedup.hub.ledger.writing import note

router = Router(tags=["Hints"])

_SCOPES = {Event.WORK_AVAILABLE: "work-item.read", Event.RESULT_AVAILABLE: "find-record.read"}
Name = Literal["work.available", "result.available"]


def _event(request: HttpRequest, name: str) -> tuple[Caller, Event]:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    event = Event(name)
    if _SCOPES[event] not in caller.scopes:
        raise Problem(403, "missing-scope", f"This token does not carry {_SCOPES[event]}.")
    note(action="hint.subscription")
    return caller, event


@router.put(
    "/v2/subscriptions/{event}",
    response={
        200: Subscribed,
        **dict.fromkeys((400, 401, 403, 413, 415, 422, 503), ProblemDetails),
    },
    auth=BearerToken(*_SCOPES.values()),
    operation_id="subscribe",
    summary="Be told that there is something to ask for",
    description=(
        "work.available needs the scope work-item.read, result.available find-record.read. Each "
        "message is signed: Joinedup-Signature: t=<seconds>,v1=<hex>, HMAC-SHA256 of `t.body` "
        "with the secret given here. It never names a child, may come late or twice or not at "
        "all, and never replaces asking."
    ),
)
def subscribe(request: HttpRequest, event: Name, question: SubscriptionQuestion) -> dict[str, Any]:
    """Subscribe, in place of a subscription that there may be."""
    caller, which = _event(request, event)
    try:
        secret = hints.subscribe(caller.client.organisation, which, question.url)
    except hints.NotAnAddress as refusal:
        raise Problem(
            422,
            "invalid-body",
            str(refusal),
            errors=[{"pointer": "/url", "detail": str(refusal)}],
        ) from None
    return {"event": which, "url": question.url, "secret": secret}


@router.delete(
    "/v2/subscriptions/{event}",
    response={204: None, **dict.fromkeys((401, 403, 404, 422, 503), ProblemDetails)},
    auth=BearerToken(*_SCOPES.values()),
    operation_id="unsubscribe",
    summary="Be told no more",
    description="Needs the scope of the subscription.",
)
def unsubscribe(request: HttpRequest, event: Name) -> HttpResponse:
    """End a subscription."""
    caller, which = _event(request, event)
    if not hints.unsubscribe(caller.client.organisation, which):
        raise Problem(404, *BY_STATUS[404])
    return HttpResponse(status=204)
