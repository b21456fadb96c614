"""``/api/v2/work``: custodians ask for work, claim it, and return results. Outbound calls only."""

import secrets
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router, Status

from joinedup.hub.api import callers
from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.problems import Problem
from joinedup.hub.api.schemas import ProblemDetails
from joinedup.hub.api.tokens import Caller
from joinedup.hub.discovery import answering, claiming, draft, polls
from joinedup.hub.discovery.claiming import NotYours, TooLate
from joinedup.hub.discovery.models import FetchDecision, Kind, Outcome
from joinedup.hub.discovery.schemas import (
    ClaimedWork,
    Lease,
    ResultTaken,
    WorkQuestion,
    WorkResult,
)
from joinedup.hub.ledger.writing import note

router = Router(tags=["Custodians"])

_NO_STORE = "no-store"
_WHY_LATE = {
    "lease-lost": "Somebody else has claimed this item since.",
    "already-complete": "This item has its result.",
    "cancelled": "The search was ended, or its agreement was.",
    "expired": "The time for answering is over.",
}


class PollingToken(BearerToken):
    """Asks, together with whether the caller may call, whether there is anything for it."""

    def caller(self, request: HttpRequest, token: str) -> Caller | None:
        custodian = callers.organisation_of(token)
        if custodian is None:
            return super().caller(request, token)
        version, due = polls.poll(custodian)
        caller = callers.read(token, version)
        if caller is not None and caller.client.organisation_id == custodian:
            request.is_idle = not due  # type: ignore[attr-defined]
        return caller

    def begin(self, request: HttpRequest, caller: Caller) -> None:
        """An idle poll reads nothing more."""
        if not _is_idle(request):
            super().begin(request, caller)

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        """The caller; raises ``Idle`` when the same question was well formed before."""
        caller = super().authenticate(request, token)
        if _is_idle(request) and request.body in _well_formed:
            raise Idle
        return caller


class Idle(Exception):
    """There is no work, and nothing else to look at."""


_well_formed: set[bytes] = set()
"""Bodies of claims that were read before: a node asks the same question every few seconds."""
_MOST, _LONGEST = 1_000, 500


def _is_idle(request: HttpRequest) -> bool:
    return getattr(request, "is_idle", False)


def nothing() -> HttpResponse:
    """204, and when to ask again."""
    return HttpResponse(
        status=204,
        headers={"Retry-After": str(claiming.RETRY_AFTER), "Cache-Control": _NO_STORE},
    )


@router.api_operation(
    ["HEAD"],
    "/v2/work/available",
    response={200: None, 204: None, **dict.fromkeys((401, 403, 503), ProblemDetails)},
    auth=PollingToken("work-item.read"),
    operation_id="is_work_available",
    summary="Ask whether there is work",
    description="Needs the scope work-item.read. 200 when there is, 204 when not.",
)
def available(request: HttpRequest) -> HttpResponse:
    """Say whether there is work."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    if not _is_idle(request) and claiming.available(caller.client.organisation_id):
        return HttpResponse(headers={"Cache-Control": _NO_STORE})
    return nothing()


@router.post(
    "/v2/work/claim",
    response={
        201: ClaimedWork | draft.DraftJob,
        204: None,
        **dict.fromkeys((400, 401, 403, 413, 415, 422, 503), ProblemDetails),
    },
    auth=PollingToken("work-item.write"),
    operation_id="claim_work",
    summary="Take a work item",
    description=(
        "Needs the scope work-item.write. The item is yours until leaseExpiresAt; answer it, or "
        "renew the lease, before then. 204 with Retry-After when there is none. Without a body: a "
        "lookup, answered in the words of the national draft."
    ),
)
def claim(request: HttpRequest, question: Annotated[WorkQuestion | None, Body()] = None) -> Any:
    """Give a work item."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    if len(request.body) <= _LONGEST and len(_well_formed) < _MOST:
        _well_formed.add(request.body)
    if _is_idle(request):
        return nothing()
    wanted = question or draft.LOOKUPS
    taken = claiming.claim(caller.client.organisation, wanted.recordTypes, wanted.kinds)
    if taken is None:
        return nothing()
    told = _claimed(taken)
    return Status(201, told if question else draft.job(told))


def _claimed(claim: claiming.Claim) -> dict[str, Any]:
    item, search = claim.item, claim.search
    body: dict[str, Any] = {
        "workItemId": str(item.id),
        "kind": item.kind,
        "leaseToken": claim.lease_token,
        "leaseExpiresAt": claim.lease_expires_at,
        "expiresAt": item.expires_at,
        "correlationId": str(search.correlation_id),
        "traceparent": _traceparent(search.trace_id),
        "sui": claim.sui,
        "recordType": item.record_type,
        "searcher": {"code": search.organisation.ods_code, "name": search.organisation.name},
        "purpose": search.purpose,
        "legalBasis": search.legal_basis,
        "reason": search.reason,
        "emergency": search.emergency,
    }
    if item.kind == Kind.FETCH:
        fetch = item.fetch
        body |= {
            "systemId": fetch.system_id,
            "recordId": fetch.record_id,
            "publicKey": fetch.public_key,
            "items": fetch.items,
            "duties": fetch.duties,
            "reason": fetch.reason or search.reason,
            "decision": _decision(claim.decision) if claim.decision else None,
        }
    return body


def _decision(decided: FetchDecision) -> dict[str, Any]:
    return {
        "answer": decided.answer,
        "items": decided.items,
        "decidedAt": decided.at,
        "decidedBy": decided.membership.person.name,
    }


def _traceparent(trace_id: str) -> str | None:
    """The search's trace with a span of the hub's as the parent (W3C trace context)."""
    return f"00-{trace_id}-{secrets.token_hex(8)}-01" if trace_id else None


@router.post(
    "/v2/work/lease/renew",
    response={
        200: Lease | draft.DraftLeaseRenewed,
        **dict.fromkeys((400, 401, 403, 409, 413, 415, 422, 503), ProblemDetails),
    },
    auth=BearerToken("work-item.write"),
    operation_id="renew_lease",
    summary="Hold a work item longer",
    description="Needs the scope work-item.write. 409 when the item is somebody else's by now.",
)
def renew(request: HttpRequest, question: draft.LeaseGiven) -> Any:
    """Renew a lease."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    note(action="work.renew")
    asked = question.in_ours() if isinstance(question, draft.DraftLease) else question
    try:
        until = claiming.renew(caller.client.organisation, asked.workItemId, asked.leaseToken)
    except (NotYours, TooLate) as refusal:
        raise _refused(refusal) from None
    if isinstance(question, draft.DraftLease):
        return draft.renewed(question, until)
    return {"leaseExpiresAt": until}


@router.post(
    "/v2/work/result",
    response={
        202: ResultTaken,
        **dict.fromkeys((400, 401, 403, 409, 413, 415, 422, 503), ProblemDetails),
    },
    auth=BearerToken("work-item.write"),
    operation_id="return_result",
    summary="Return a result",
    description=(
        "Needs the scope work-item.write. 400 for a result that is malformed or not under its "
        "lease, 409 for one that comes twice or too late."
    ),
)
def result(request: HttpRequest, question: draft.ResultGiven) -> Status[dict[str, Any]]:
    """Take a result."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    note(action="work.result")
    given = question.in_ours() if isinstance(question, draft.DraftResult) else question
    try:
        entry = answering.answer(caller.client.organisation, _result(given))
    except answering.Malformed as fault:
        raise Problem(400, "malformed-result", fault.words) from None
    except (NotYours, TooLate) as refusal:
        raise _refused(refusal) from None
    return Status(202, {"entryId": str(entry)})


def _result(question: WorkResult) -> answering.Result:
    return answering.Result(
        item_id=question.workItemId,
        lease_token=question.leaseToken,
        outcome=Outcome(question.outcome),
        records=[
            answering.Found(
                each.systemId, each.recordType, each.recordId, each.firstSeen, each.lastSeen
            )
            for each in question.records
        ],
        content=question.content,
        reason=question.reason or "",
    )


def _refused(refusal: NotYours | TooLate) -> Problem:
    if isinstance(refusal, TooLate):
        return Problem(409, refusal.why, _WHY_LATE[refusal.why])
    return Problem(400, "not-your-lease", "You hold no lease of this item with this token.")
