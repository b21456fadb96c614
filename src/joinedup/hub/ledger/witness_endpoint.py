"""What a custodian's node needs to be a witness: it calls outward alone, so it fetches and brings.

``GET /api/v1/ledger/checkpoint`` is C2SP tlog-witness the other way round: the newest checkpoint
and the proof that it continues the one that the node has. ``POST …/countersignatures`` takes the
node's own signature over one (C2SP tlog-cosignature).
"""

from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.problems import BY_STATUS, Problem
from joinedup.hub.api.schemas import ProblemDetails
from joinedup.hub.ledger import keys, proofs, witnesses
from joinedup.hub.ledger.endpoint import SCOPE, WAIT, encoded
from joinedup.hub.ledger.models import SignedCheckpoint, Witnessed
from joinedup.hub.ledger.writing import note, record
from joinedup.ledger.checkpoint import CheckpointError, Verifier, read_checkpoint

LARGEST = 2**63 - 1

router = Router()

Size = Annotated[int, Query(ge=0, le=LARGEST)]


class NewestCheckpoint(Schema):
    """The signed head of the log, and that it continues the one of size `since`."""

    checkpoint: str = Field(description="The signed head (C2SP signed note).")
    proof: list[str] = Field(
        description="Hashes that show that the log of `since` entries is its beginning (RFC 9162), "
        "base64. Empty from 0, and where the log has not grown."
    )


class Countersignature(Schema):
    """A witness's signature over a checkpoint."""

    model_config = ConfigDict(extra="forbid")

    size: int = Field(ge=0, le=LARGEST, description="The checkpoint's number of entries.")
    signature: str = Field(max_length=1000, description="The line of a C2SP cosignature.")


@router.get(
    "/v1/ledger/checkpoint",
    response={200: NewestCheckpoint, 202: None,
              **dict.fromkeys((401, 403, 422, 503), ProblemDetails)},
    auth=BearerToken(SCOPE),
    operation_id="get_ledger_checkpoint",
    summary="Get the newest checkpoint of the ledger, as a witness",
    description=(
        "Needs the scope audit. Check that it continues the checkpoint you have, of the size "
        "`since`, and keep it. A checkpoint of fewer entries than you have is no mistake of yours: "
        "the log was cut. 202 with Retry-After while nothing was signed for yet."
    ),
)  # fmt: skip
def get_checkpoint(request: HttpRequest, since: Size = 0) -> HttpResponse:
    """Give the newest checkpoint."""
    note(action="ledger.checkpoint")
    newest = SignedCheckpoint.objects.order_by("-id").first()
    if newest is None:
        return HttpResponse(status=202, headers={"Retry-After": str(WAIT)})
    proof = proofs.consistency(since, newest.size)
    body: dict[str, Any] = {"checkpoint": newest.note, "proof": encoded(proof)}
    return JsonResponse(body)


@router.post(
    "/v1/ledger/countersignatures",
    response={204: None, **dict.fromkeys((400, 401, 403, 404, 422, 503), ProblemDetails)},
    auth=BearerToken(SCOPE),
    operation_id="add_ledger_countersignature",
    summary="Sign for a checkpoint of the ledger, as a witness",
    description=(
        "Needs the scope audit. The key that signs must be named in JOINEDUP_LEDGER_WITNESSES, "
        "else 403. Sending it again does no harm."
    ),
)
def add_countersignature(request: HttpRequest, given: Countersignature) -> HttpResponse:
    """Keep a witness's signature."""
    note(action="ledger.countersign")
    signed = list(SignedCheckpoint.objects.filter(size=given.size))
    if not signed:
        raise Problem(404, *BY_STATUS[404])
    by = [one.verifier for one in witnesses.nodes() if given.signature.startswith(_line(one.name))]
    if not by:
        raise Problem(
            403, "not-a-witness",
            "The hub does not know this witness. Ask its administrator to add the witness's key.",
        )  # fmt: skip
    pairs = ((key, one) for one in signed for key in by)
    of = next((one for key, one in pairs if _signs(key, one, given.signature)), None)
    if of is None:
        raise Problem(422, "wrong-signature", "This is not the signature of that checkpoint.")
    with transaction.atomic():
        Witnessed.objects.get_or_create(
            checkpoint=of, witness=by[0].name,
            defaults={"at": timezone.now(), "signature": given.signature.strip()},
        )  # fmt: skip
        record(status=204)
    return HttpResponse(status=204)


def _line(name: str) -> str:
    """How a signature line of one's begins (C2SP signed-note)."""
    return f"\N{EM DASH} {name} "


def _signs(verifier: Verifier, signed: SignedCheckpoint, signature: str) -> bool:
    try:
        found = read_checkpoint(signed.note, [keys.signer().verifier])
        verifier.check_cosignature(found, signature)
    except (CheckpointError, ValueError, OverflowError, OSError):  # a moment beyond all calendars
        return False
    return True
