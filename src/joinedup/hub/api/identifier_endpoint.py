"""``POST /api/v1/get-an-identifier``: one child's details in, one outcome out."""

import re
import uuid
from typing import Any

from joinedup.hub.api.problems import BY_STATUS, Problem
from joinedup.hub.api.schemas import IdentifierQuestion, PersonSpecification
from joinedup.hub.api.tokens import Caller
from joinedup.hub.identifiers import idempotency
from joinedup.hub.identifiers.asking import (
    Answered,
    Asker,
    HeldRecord,
    NoRecordNoAnswer,
    TooOften,
    ask,
)
from joinedup.hub.identifiers.models import Channel, IdentifierRequest
from joinedup.hub.reconciliation import cases
from joinedup.hub.reconciliation.models import ReviewCase
from joinedup.identify.outcome import Status

FIELD_NAMES = {
    "given": "given",
    "family": "family",
    "birth_date": "birthDate",
    "gender": "gender",
    "phone": "phone",
    "email": "email",
    "postcode": "addressPostalCode",
    "nhs_number": "nhsNumber",
}
"""The vocabulary of ``people`` to the names of the HTTP contract (design 5.3)."""

RETRY_AFTER = 30
KEY = re.compile(r"[!-~]{1,255}")


def get_an_identifier(caller: Caller, question: IdentifierQuestion, key: str) -> dict[str, Any]:
    """The outcome as JSON; with an idempotency key, the same one each time it is asked.

    Raises ``Problem``: 400 for a bad key, 409 for a conflicting one, 429, and 503 when the
    source of truth did not answer or the request could not be recorded.
    """
    if not key:
        return _answer(caller, question)
    if not KEY.fullmatch(key):
        raise Problem(
            400, "bad-idempotency-key", "Idempotency-Key must be 1 to 255 visible characters."
        )
    try:
        kept = idempotency.begin(
            caller.client, key, idempotency.fingerprint(question.model_dump(mode="json"))
        )
    except idempotency.OtherQuestion:
        raise Problem(
            409, "idempotency-key-reused", "This Idempotency-Key belongs to another question."
        ) from None
    except idempotency.StillBeingAnswered:
        raise Problem(
            409,
            "still-being-answered",
            "The same question with this Idempotency-Key is still being answered.",
            headers={"Retry-After": "1"},
        ) from None
    if kept.body is not None:
        return dict(kept.body)
    try:
        body = _answer(caller, question)
    except BaseException:
        idempotency.give_up(kept)
        raise
    idempotency.finish(kept, body)
    return body


def _answer(caller: Caller, question: IdentifierQuestion) -> dict[str, Any]:
    client = caller.client
    asker = Asker(
        organisation=client.organisation,
        purpose=client.purpose,
        limit_per_minute=client.requests_per_minute,
        client=client,
    )
    records = [
        HeldRecord(record.recordType, record.systemId, record.recordId)
        for record in question.metadata
    ]
    try:
        answered = ask(asker, _given(question.personSpecification), records)
    except TooOften as refusal:
        raise Problem(
            429,
            "too-many-requests",
            f"This client may ask {client.requests_per_minute} times a minute.",
            headers={"Retry-After": str(refusal.seconds)},
        ) from None
    except NoRecordNoAnswer:
        raise no_record() from None
    if answered.outcome.status is Status.UNAVAILABLE:
        raise _unavailable(answered)
    return _body(answered)


def get_state(caller: Caller, request_id: uuid.UUID) -> dict[str, Any]:
    """Tell what has come of a request of the caller's organisation by now.

    A number that was found since is told once that is on record. Raises ``Problem`` 404.
    """
    organisation = caller.client.organisation
    request = (
        IdentifierRequest.objects.filter(id=request_id, organisation=organisation)
        .exclude(status="")
        .exclude(channel=Channel.MATCH)
        .first()
    )
    if request is None:
        raise Problem(404, *BY_STATUS[404])
    case = cases.case_of(request_id, organisation)
    number = request.nhs_number
    if case and case.answered_by:
        cases.collected(case, caller.client.pk)
        number = case.nhs_number
    body: dict[str, Any] = {
        "requestId": str(request.id),
        "status": Status.MATCH.value if number else request.status,
        "review": _review(case) if case else None,
    }
    if number:
        body["nhsNumber"] = number
    return body


def _review(case: ReviewCase) -> dict[str, Any]:
    decided = case.decided_at.isoformat() if case.decided_at else None
    return {
        "caseId": str(case.id),
        "status": case.status,
        "decision": case.decision,
        "decidedAt": decided,
    }


def no_record() -> Problem:
    """Nothing is answered that was not recorded first."""
    return Problem(
        503,
        "no-record-no-answer",
        "The request could not be recorded, so it was not answered. Nothing was learnt about "
        "the child. Ask again later.",
        headers={"Retry-After": str(RETRY_AFTER)},
    )


def _unavailable(answered: Answered) -> Problem:
    return Problem(
        503,
        "source-of-truth-unavailable",
        f"The source of truth did not answer. {answered.outcome.advice}".strip(),
        headers={"Retry-After": str(RETRY_AFTER)},
        outcome=Status.UNAVAILABLE.value,
        requestId=str(answered.request.id),
    )


def _given(person: PersonSpecification) -> dict[str, str | None]:
    return {field: getattr(person, name) for field, name in FIELD_NAMES.items()}


def _body(answered: Answered) -> dict[str, Any]:
    outcome = answered.outcome
    body: dict[str, Any] = {
        "requestId": str(answered.request.id),
        "status": outcome.status.value,
        "score": outcome.score,
        "reasons": list(outcome.reasons),
        "advice": outcome.advice,
        "dataQuality": {
            FIELD_NAMES[field]: {"quality": quality.value, "reason": reason}
            for field, (quality, reason) in outcome.data_quality.items()
            if field in FIELD_NAMES
        },
        "calls": outcome.calls,
    }
    if outcome.nhs_number is not None:
        body["nhsNumber"] = outcome.nhs_number
    return body
