"""``GET /api/v1/ledger/receipts/{id}``: a receipt for either side of a disclosure."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router, Schema
from pydantic import Field

from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.problems import BY_STATUS, Problem
from joinedup.hub.api.schemas import ProblemDetails
from joinedup.hub.api.tokens import Caller
from joinedup.hub.ledger import keys
from joinedup.hub.ledger.receipts import concerns, receipt
from joinedup.hub.ledger.writing import note

SCOPE = "audit"
WAIT = 60

router = Router()


class LedgerReceipt(Schema):
    """Proof that an entry is in the log. `joinedup ledger receipt` verifies it without the hub."""

    content: str = Field(description="The entry's open part as it was hashed, base64.")
    place: int = Field(description="Its place in the log, from 0.")
    proof: list[str] = Field(description="Hashes from the leaf to the root (RFC 9162), base64.")
    checkpoint: str = Field(description="The signed head (C2SP signed note).")
    key: str = Field(description="The log's key. Compare it with the one you were given before.")


@router.get(
    "/v1/ledger/receipts/{uuid:entry_id}",
    response={200: LedgerReceipt, 202: None, **dict.fromkeys((401, 403, 404, 503), ProblemDetails)},
    auth=BearerToken(SCOPE),
    operation_id="get_ledger_receipt",
    summary="Get the receipt of a disclosure",
    description=(
        "Needs the scope audit. Whoever asked and whoever held the record can have it, and nobody "
        "else. 202 with Retry-After until the next checkpoint, which is at most a minute away."
    ),
)
def get_receipt(request: HttpRequest, entry_id: uuid.UUID) -> HttpResponse:
    """Give a receipt."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    note(action="ledger.receipt")
    if not concerns(entry_id, caller.client.organisation):
        raise Problem(404, *BY_STATUS[404])
    found = receipt(entry_id)
    if found is None:
        return HttpResponse(status=202, headers={"Retry-After": str(WAIT)})
    body: dict[str, Any] = {**found.as_dict(), "key": keys.signer().verifier.text()}
    return JsonResponse(body)
