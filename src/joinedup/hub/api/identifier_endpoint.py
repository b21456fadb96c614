"""``POST /api/v1/get-an-identifier``: one child's details in, one outcome out."""

import uuid
from typing import Any

from django.db import transaction

from joinedup.hub.api.once import Keep, once
from joinedup.hub.api.problems import BY_STATUS, Problem
from joinedup.hub.api.schemas import IdentifierQuestion, PersonSpecification
from joinedup.hub.api.tokens import Caller
from joinedup.hub.identifiers.asking import (
    LOOK_UP,
    NUMBER,
    Answered,
    Asker,
    HeldRecord,
    NoRecordNoAnswer,
    TooOften,
    ask,
)
from joinedup.hub.identifiers.models import Channel, IdentifierRequest
from joinedup.hub.identifiers.permission import MayNotLookUp, may_look_up
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.reconciliation import cases
from joinedup.hub.reconciliation.models import ReviewCase
from joinedup.hub.reconciliation.models import Status as Waiting
from joinedup.hub.shields import same_time
from joinedup.hub.shields.levels import told
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


def get_an_identifier(caller: Caller, question: IdentifierQuestion, key: str) -> dict[str, Any]:
    """The outcome as JSON; with an idempotency key, the same one each time it is asked.

    Raises ``Problem``: 400 for a bad key, 409 for a conflicting one, 429, and 503 when the
    source of truth did not answer or the request could not be recorded.
    """

    def answer(keep: Keep) -> dict[str, Any]:
        body = _answer(caller, question)
        keep(body)
        return body

    asked = question.model_dump(mode="json")
    body, before = once(caller, key, asked, answer, _may_still_be_told)
    if before:
        _note_given_again(caller, body)
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
    since = same_time.began()
    try:
        answered = ask(asker, _given(question.personSpecification), records)
    except TooOften as refusal:
        raise Problem(
            429,
            "too-many-requests",
            refusal.held or f"This client may ask {client.requests_per_minute} times a minute.",
            headers={"Retry-After": str(refusal.seconds)},
        ) from None
    except MayNotLookUp as refusal:
        raise _not_allowed(refusal) from None
    except NoRecordNoAnswer:
        raise no_record() from None
    if answered.outcome.status is Status.UNAVAILABLE:
        raise _unavailable(answered)
    if answered.outcome.nhs_number is None:
        same_time.hold(since, same_time.WHEN_SOURCE_ASKED)
    return _body(answered)


def _may_still_be_told(body: dict[str, Any]) -> bool:
    """A shield holds from the next request on, also for an answer that is kept under its key."""
    number = body.get("nhsNumber", "")
    return not number or bool(told(number))


def _note_given_again(caller: Caller, body: dict[str, Any]) -> None:
    """An answer given again under its key reveals what it did the first time."""
    _check_policy(caller)
    number = body.get("nhsNumber", "")
    note(
        action=LOOK_UP,
        purpose=caller.client.purpose,
        outcome=body["status"],
        subject=number,
        fields=(NUMBER,) if number else (),
        results=1 if number else 0,
    )


def _check_policy(caller: Caller) -> None:
    """A number is given again only to a client that may look it up now; raises ``Problem``."""
    try:
        may_look_up(caller.client.organisation, caller.client.purpose)
    except MayNotLookUp as refusal:
        raise _not_allowed(refusal) from None


def _not_allowed(refusal: MayNotLookUp) -> Problem:
    return Problem(403, "not-allowed", refusal.words)


def get_state(caller: Caller, request_id: uuid.UUID) -> dict[str, Any]:
    """Tell what has come of a request of the caller's organisation by now.

    A number that was found since is told once that is on record. Raises ``Problem``: 403, 404.
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
    _check_policy(caller)
    case = cases.case_of(request_id, organisation)
    number = told(request.nhs_number)
    with transaction.atomic():
        if case and case.answered_by:
            cases.collected(case, caller.client.pk)
            number = case.nhs_number
        record(
            action="identifier.collect",
            purpose=request.purpose,
            subject=number,
            fields=(NUMBER,) if number else (),
            results=1 if number else 0,
            status=200,
        )
    body: dict[str, Any] = {
        "requestId": str(request.id),
        "status": _status(request, number),
        "review": _review(case) if case else None,
    }
    if number:
        body["nhsNumber"] = number
    return body


def _status(request: IdentifierRequest, number: str) -> str:
    """A number that may no longer be told is as if nobody had been found."""
    if number:
        return Status.MATCH.value
    found = request.status == Status.MATCH.value
    return Status.NO_MATCH.value if found else request.status


def _review(case: ReviewCase) -> dict[str, Any]:
    if case.answered_by and not case.nhs_number:
        waiting = Waiting.OPEN.value
        return {"caseId": str(case.id), "status": waiting, "decision": "", "decidedAt": None}
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
