"""``PUT /api/v1/caseloads``: an organisation's own system says who works with which child."""

from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.problems import Problem
from joinedup.hub.api.schemas import PlainId, ProblemDetails, Strict
from joinedup.hub.api.tokens import Caller
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.limits import enumeration
from joinedup.hub.notifications import caseloads

router = Router(tags=["Being told"])

SCOPE = "caseload.write"
MOST_CHILDREN = 10_000


class Caseload(Strict):
    """A worker, as their sign-in provider names them (`sub`), and the children they work with."""

    worker: PlainId
    suis: list[Annotated[str, StringConstraints(max_length=20)]] = Field(max_length=2_000)


class CaseloadsGiven(Strict):
    """Exactly these children are in the caseloads of these workers from now on."""

    caseloads: list[Caseload] = Field(max_length=1_000)


class RefusedNumber(Schema):
    """A number that is none, by its place."""

    caseload: int
    index: int


class CaseloadsTaken(Schema):
    added: int
    ended: int
    refused: list[RefusedNumber]


BODIES = (Caseload, CaseloadsGiven)


@router.put(
    "/v1/caseloads",
    response={
        200: CaseloadsTaken,
        **dict.fromkeys((400, 401, 403, 413, 415, 422, 429, 503), ProblemDetails),
    },
    auth=BearerToken(SCOPE),
    operation_id="put_caseloads",
    summary="Say who works with which child",
    description=(
        "Needs the scope caseload.write. Each worker's caseload becomes exactly what is sent; "
        "workers who are not named keep theirs. Up to 10,000 children in a call; sending them "
        "again does no harm. Numbers that are none are listed by their place."
    ),
)
def put_caseloads(request: HttpRequest, given: CaseloadsGiven) -> dict[str, Any]:
    """Replace caseloads."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    note(action="caseload.put")
    wanted = {each.worker: each.suis for each in given.caseloads}
    if len(wanted) < len(given.caseloads):
        raise _unprocessable("A worker is named twice.")
    suis = [sui for each in given.caseloads for sui in each.suis]
    if len(suis) > MOST_CHILDREN:
        raise _unprocessable(f"Send {MOST_CHILDREN:,} children at most in a call.")
    _within_limits(caller, suis)
    with transaction.atomic():
        done = caseloads.replace(caller.client.organisation, wanted)
        record(results=done.added + done.ended, status=200)
    return {
        "added": done.added,
        "ended": done.ended,
        "refused": [{"caseload": worker, "index": index} for worker, index in done.refused],
    }


def _within_limits(caller: Caller, suis: list[str]) -> None:
    """Caseloads are no way to walk through all numbers and be told who is involved."""
    numbers = [sui for sui in suis if sui.isascii() and sui.isdigit()]
    who = enumeration.Who(caller.client.organisation, caller.client)
    try:
        enumeration.check_published(who, numbers)
    except enumeration.Held as held:
        raise Problem(429, "held", enumeration.SAID, {"Retry-After": str(held.seconds)}) from None


def _unprocessable(detail: str) -> Problem:
    return Problem(
        422,
        "invalid-body",
        "The body is not as described in /api/openapi.json.",
        errors=[{"pointer": "/caseloads", "detail": detail}],
    )
