"""``/api/v2/register``: custodians say what they hold. Pointers only."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints

from joinedup.hub.agreements.asking import question as put
from joinedup.hub.agreements.current import current_policy
from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.problems import Problem
from joinedup.hub.api.schemas import PlainId, ProblemDetails, Strict
from joinedup.hub.api.tokens import Caller
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.limits import enumeration
from joinedup.hub.register import freshness, publishing
from joinedup.hub.register.models import Provenance
from joinedup.policy.decide import decide
from joinedup.policy.question import Action, Child

router = Router(tags=["Register"])

SCOPE = "register.write"
PURPOSE, LEGAL_BASIS = "register", "public-task"
SKEW = timedelta(minutes=5)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""A time before it is a mistake, and the first years of the calendar cannot be kept as times."""

RecordType = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9.-]*$")]


def _day(given: Any) -> Any:
    """A time is taken by its day."""
    return given[:10] if isinstance(given, str) and len(given) > 10 and given[10] in "T " else given


Day = Annotated[date | None, BeforeValidator(_day)]


class RecordPlace(Strict):
    """A record of the custodian's own, by its place."""

    systemId: PlainId
    recordType: RecordType
    recordId: PlainId


class PointerGiven(RecordPlace):
    """A record that is held about a child."""

    sui: Annotated[str, StringConstraints(max_length=20)]
    firstSeen: Day = None
    lastSeen: Day = None
    provenance: Provenance | None = Field(None, description="Worked out when it is not said")


class PointersGiven(Strict):
    """Up to 10,000 pointers, as they were true at ``refreshed`` (now)."""

    pointers: list[PointerGiven] = Field(max_length=publishing.MOST)
    refreshed: AwareDatetime | None = None
    batch: Annotated[str, StringConstraints(max_length=128)] = ""


class PointersWithdrawn(Strict):
    pointers: list[RecordPlace] = Field(max_length=publishing.MOST)


class AllNamed(Strict):
    """All that the system holds has been named since ``asOf``."""

    systemId: PlainId
    recordType: RecordType
    asOf: AwareDatetime


class AnswersFor(Strict):
    """The record types that the custodian is to be asked about."""

    recordTypes: list[RecordType] = Field(max_length=20)


class RefusedPointer(Schema):
    index: int
    reason: str


class PointersTaken(Schema):
    added: int
    refreshed: int
    refused: list[RefusedPointer]


class Withdrawn(Schema):
    withdrawn: int


class HoldingState(Schema):
    """One system and record type, and how fresh its pointers are."""

    systemId: str
    recordType: str
    pointers: int
    refreshed: datetime = Field(description="As at when the newest pointers were true")
    oldest: datetime | None = Field(None, description="And the oldest that is still here")
    completeAsOf: datetime | None = None
    lastBatch: str
    identifiersDelivered: datetime | None = Field(
        None, description="When an identifier was last given out for one of its records"
    )


class RegisterSummary(Schema):
    recordTypes: list[str]
    systems: list[HoldingState]


BODIES = (RecordPlace, PointerGiven, PointersGiven, PointersWithdrawn, AllNamed, AnswersFor)
_ERRORS: dict[int, type[Schema]] = dict.fromkeys(
    (400, 401, 403, 413, 415, 422, 429, 503), ProblemDetails
)


def may_publish(caller: Caller, record_types: set[str]) -> set[str]:
    """Those of the record types that the policy lets the caller's organisation publish."""
    policy = current_policy()
    note(purpose=PURPOSE, legal_basis=LEGAL_BASIS, policy_version=policy.version)
    return {
        each
        for each in record_types
        if decide(
            policy,
            put(
                action=Action.PUBLISH,
                organisation=caller.client.organisation,
                purpose=PURPOSE,
                legal_basis=LEGAL_BASIS,
                child=Child(),
                record_type=each,
                reason=caller.client.purpose,
            ),
        ).allowed
    }


@router.put(
    "/v2/register/pointers",
    response={200: PointersTaken, **_ERRORS},
    auth=BearerToken(SCOPE),
    operation_id="put_pointers",
    summary="Say which records are held",
    description=(
        "Needs the scope register.write. Adds and refreshes up to 10,000 pointers; sending them "
        "again does no harm. What cannot be taken is listed by its place, and the rest is kept. "
        "`batch` is your own name for the run, shown in the summary, to go on from there."
    ),
)
def put_pointers(request: HttpRequest, question: PointersGiven) -> dict[str, Any]:
    """Add and refresh pointers."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    note(action="register.publish")
    as_at = _past("/refreshed", question.refreshed)
    _within_limits(caller, [given.sui for given in question.pointers])
    types = may_publish(caller, {given.recordType for given in question.pointers})
    with transaction.atomic():
        done = publishing.publish(
            caller.client.organisation,
            [_given(each) for each in question.pointers],
            types,
            as_at,
            question.batch,
        )
        record(
            results=done.added + done.refreshed,
            record_types=tuple(sorted(types)),
            holders=(caller.client.organisation.ods_code,),
            status=200,
        )
    return {
        "added": done.added,
        "refreshed": done.refreshed,
        "refused": [{"index": each.index, "reason": each.reason} for each in done.refused],
    }


def _within_limits(caller: Caller, suis: list[str]) -> None:
    numbers = [sui for sui in suis if sui.isascii() and sui.isdigit()]
    try:
        enumeration.check_published(
            enumeration.Who(caller.client.organisation, caller.client), numbers
        )
    except enumeration.Held as held:
        raise Problem(429, "held", enumeration.SAID, {"Retry-After": str(held.seconds)}) from None


def _past(pointer: str, at: datetime | None) -> datetime:
    """The time that was given, or now; a custodian cannot know what will be true."""
    now = timezone.now()
    if at is not None and not EARLIEST <= at <= now + SKEW:
        detail = f"This time is in the future, or before {EARLIEST.year}."
        raise Problem(
            422,
            "invalid-body",
            "The body is not as described in /api/openapi.json.",
            errors=[{"pointer": pointer, "detail": detail}],
        )
    return min(at, now) if at else now


def _given(each: PointerGiven) -> publishing.Given:
    return publishing.Given(_place(each), each.sui, each.firstSeen, each.lastSeen, each.provenance)


def _place(each: RecordPlace) -> publishing.Record:
    return publishing.Record(each.systemId, each.recordType, each.recordId)


@router.post(
    "/v2/register/withdraw",
    response={200: Withdrawn, **_ERRORS},
    auth=BearerToken(SCOPE),
    operation_id="withdraw_pointers",
    summary="Say which records are held no more",
    description="Needs the scope register.write. Only your own are withdrawn.",
)
def withdraw(request: HttpRequest, question: PointersWithdrawn) -> dict[str, Any]:
    """Withdraw pointers."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    with transaction.atomic():
        count = publishing.withdraw(
            caller.client.organisation, [_place(each) for each in question.pointers]
        )
        record(action="register.withdraw", results=count, status=200)
    return {"withdrawn": count}


@router.post(
    "/v2/register/complete",
    response={200: Withdrawn, **_ERRORS},
    auth=BearerToken(SCOPE),
    operation_id="complete_pointers",
    summary="Say that everything that is held was named",
    description=(
        "Needs the scope register.write. Withdraws what was not refreshed since asOf: the end of "
        "a run that named everything the system holds."
    ),
)
def complete(request: HttpRequest, question: AllNamed) -> dict[str, Any]:
    """Withdraw what was not named again."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    as_of = _past("/asOf", question.asOf)
    with transaction.atomic():
        count = publishing.complete(
            caller.client.organisation, question.systemId, question.recordType, as_of
        )
        record(action="register.complete", results=count, status=200)
    return {"withdrawn": count}


@router.put(
    "/v2/register/record-types",
    response={200: RegisterSummary, **_ERRORS},
    auth=BearerToken(SCOPE),
    operation_id="put_record_types",
    summary="Say which record types you answer for",
    description=(
        "Needs the scope register.write. Exactly these are asked about from now on. Publishing a "
        "pointer adds its record type by itself; this is for custodians that publish none."
    ),
)
def put_record_types(request: HttpRequest, question: AnswersFor) -> dict[str, Any]:
    """Answer for exactly these record types."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    wanted = set(question.recordTypes)
    custodian = caller.client.organisation
    if may_publish(caller, wanted) != wanted:
        raise Problem(
            422,
            "invalid-body",
            "The body is not as described in /api/openapi.json.",
            errors=[{"pointer": "/recordTypes", "detail": "You may not publish one of these."}],
        )
    with transaction.atomic():
        before = set(freshness.record_types_of(custodian))
        publishing.answers_for(custodian, wanted)
        publishing.stops_answering_for(custodian, before - wanted)
        record(action="register.record-types", record_types=tuple(sorted(wanted)), status=200)
    return _summary(caller)


@router.get(
    "/v2/register/summary",
    response={200: RegisterSummary, **dict.fromkeys((401, 403, 503), ProblemDetails)},
    auth=BearerToken(SCOPE),
    operation_id="get_register_summary",
    summary="See what is published, and how fresh it is",
    description="Needs the scope register.write. Your own systems only.",
)
def summary(request: HttpRequest) -> dict[str, Any]:
    """Tell the caller's own state of the register."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    note(action="register.summary")
    return _summary(caller)


def _summary(caller: Caller) -> dict[str, Any]:
    custodian = caller.client.organisation
    return {
        "recordTypes": freshness.record_types_of(custodian),
        "systems": [
            {
                "systemId": each.system_id,
                "recordType": each.record_type,
                "pointers": each.pointers,
                "refreshed": each.refreshed_at,
                "oldest": each.oldest,
                "completeAsOf": each.complete_as_of,
                "lastBatch": each.last_batch,
                "identifiersDelivered": each.identifiers_delivered_at,
            }
            for each in freshness.summary(custodian)
        ],
    }
