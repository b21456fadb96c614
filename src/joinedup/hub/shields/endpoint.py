"""``POST /api/v1/shields``: a custodian's system asks that a child be hidden.

The answer is the same, and takes the same time, whether or not the child is known.
"""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from psycopg import Error as LinksFailure
from psycopg_pool import PoolTimeout
from pydantic import Field

from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.identifier_endpoint import no_record
from joinedup.hub.api.problems import Problem
from joinedup.hub.api.schemas import (
    PersonSpecification,
    PlainId,
    ProblemDetails,
    Strict,
    Text,
)
from joinedup.hub.api.tokens import Caller
from joinedup.hub.ledger.writing import NotRecorded, note
from joinedup.hub.shields import same_time
from joinedup.hub.shields.asking import Subject, ask_for_shield
from joinedup.linkage.constraints import Ref
from joinedup.linkage.record import LinkRecord
from joinedup.people.checked import Quality
from joinedup.people.demographics import Demographics
from joinedup.people.nhs_number import read_nhs_number
from joinedup.policy.question import Level

SCOPE = "shield.write"
LETTERS = {"R": Level.NO_LOCATION, "V": Level.NOT_DISCOVERABLE}
CRITERIA = Literal["significant-harm", "domestic-abuse", "adoption", "witness", "other"]

router = Router()


class HeldAs(Strict):
    """A record of the caller's own."""

    systemId: PlainId
    recordId: PlainId


class ShieldRequest(Strict):
    """Whom to hide, how far, and why. Give all that is known: numbers, records, details."""

    sui: Text | None = Field(None, description="The NHS number")
    records: list[HeldAs] = Field(default_factory=list, max_length=100)
    personSpecification: PersonSpecification | None = None
    level: Literal["R", "V"] = Field(
        "R", description="R: nothing that says where the child is. V: not found at all."
    )
    criterion: CRITERIA
    reason: Text = Field("", description="In your own words; kept sealed")


class ShieldAnswer(Schema):
    """The shield is in force. It says nothing about whether the child was known."""

    reference: UUID
    level: Literal["R", "V"]
    reviewBy: date


@router.post(
    "/v1/shields",
    response={
        202: ShieldAnswer,
        **dict.fromkeys((400, 401, 403, 413, 415, 422, 503), ProblemDetails),
    },
    auth=BearerToken(SCOPE),
    operation_id="ask_for_a_shield",
    summary="Hide a child from whoever might harm them",
    description=(
        "Needs the scope shield.write. The shield is in force before this is answered, for what "
        "is known of the child now and for whatever comes in later. Asking again is safe. Two "
        "people review it within two working days."
    ),
)
def ask(request: HttpRequest, asked: ShieldRequest) -> Status[dict[str, Any]]:
    """Shield a child."""
    since = same_time.began()
    caller: Caller = request.auth  # type: ignore[attr-defined]
    note(action="shield.ask", purpose=caller.client.purpose, status=202)
    subject = _subject(asked)
    if subject.says_nobody:
        raise Problem(
            422,
            "nobody-named",
            "Give a valid NHS number, a record, or given name, family name and birth date.",
        )
    try:
        done = ask_for_shield(
            subject,
            LETTERS[asked.level],
            organisation=caller.client.organisation,
            by=caller.client,
            criterion=asked.criterion,
            reason=asked.reason,
        )
    except (LinksFailure, PoolTimeout, NotRecorded):
        raise no_record() from None
    same_time.hold(since)
    told = {"reference": done.reference, "level": done.level.letter, "reviewBy": done.review_by}
    return Status(202, told)


def _subject(asked: ShieldRequest) -> Subject:
    given = asked.personSpecification
    child: LinkRecord | None = None
    numbers = [asked.sui or ""]
    if given is not None:
        details = Demographics.read(
            {
                "given": given.given,
                "family": given.family,
                "birth_date": given.birthDate,
                "gender": given.gender,
                "phone": given.phone,
                "email": given.email,
                "postcode": given.addressPostalCode,
                "nhs_number": given.nhsNumber,
            }
        )
        child = LinkRecord.of("", "", details)
        numbers += child.nhs_numbers
    valid = [read for each in numbers if (read := number(each))]
    refs = tuple(Ref(held.systemId, held.recordId) for held in asked.records)
    return Subject(tuple(dict.fromkeys(valid)), refs, child)


def number(text: str) -> str:
    """Give an NHS number as it is kept, or nothing when it is none."""
    check = read_nhs_number(text)
    return check.value if check.quality is Quality.VALID and check.value else ""
