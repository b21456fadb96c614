"""``GET /api/v1/ledger/receipts``: receipts for either side of a disclosure."""

import uuid
from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Query, Router, Schema
from pydantic import Field

from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.problems import BY_STATUS, Problem
from joinedup.hub.api.schemas import ProblemDetails
from joinedup.hub.api.tokens import Caller
from joinedup.hub.ledger import keys
from joinedup.hub.ledger.receipts import MOST, concerns, disclosed, receipt
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


class Disclosure(Schema):
    """An entry by which somebody was told of the caller's records."""

    content: str = Field(description="The entry's open part as it was hashed, base64.")
    place: int = Field(description="Its place in the log, from 0.")
    proof: list[str] = Field(description="Hashes from the leaf to the root (RFC 9162), base64.")


class Disclosures(Schema):
    """Disclosures of the caller's records, in the order of the log."""

    disclosures: list[Disclosure]
    upTo: int = Field(  # the contract's spelling
        description="The place up to which was looked. Ask again `after` it until it is `size` - 1."
    )


Place = Annotated[int, Query(ge=-1, le=2**63 - 1)]
Size = Annotated[int, Query(ge=1, le=2**63 - 1)]


@router.get(
    "/v1/ledger/receipts",
    response={200: Disclosures, **dict.fromkeys((401, 403, 404, 422, 503), ProblemDetails)},
    auth=BearerToken(SCOPE),
    operation_id="list_ledger_receipts",
    summary="Get the receipts of what was disclosed of your records",
    description=(
        "Needs the scope audit. Gives what was disclosed of the caller's own records to others "
        f"beyond the place `after` of the log, up to {MOST} at a time, each with its proof in the "
        "log of `size` entries: give the size of a checkpoint that you have, and you need not "
        "believe us. 404 for a size that the log does not have."
    ),
)
def list_receipts(request: HttpRequest, size: Size, after: Place = -1) -> HttpResponse:
    """Give the receipts of a custodian."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    note(action="ledger.receipts")
    looked = disclosed(caller.client.organisation, after, size)
    if looked is None:
        raise Problem(404, *BY_STATUS[404])
    found, up_to = looked
    note(results=len(found))
    told = [
        {"content": b64encode(one.content).decode(), "place": one.place,
         "proof": encoded(one.proof)}
        for one in found
    ]  # fmt: skip
    return JsonResponse({"disclosures": told, "upTo": up_to})


def encoded(hashes: Sequence[bytes]) -> list[str]:
    """Hashes as JSON has them."""
    return [b64encode(one).decode() for one in hashes]
