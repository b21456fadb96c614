"""Asking for a child's identifier on someone's behalf, with the record kept first."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import Error as DatabaseFailure
from django.db import transaction
from django.utils import timezone

from joinedup.hub import tracing
from joinedup.hub.identifiers import source
from joinedup.hub.identifiers.models import Channel, IdentifierRequest, IssuedIdentifier
from joinedup.hub.organisations.models import MachineClient, Membership, Organisation
from joinedup.hub.reconciliation import cases
from joinedup.hub.reconciliation.models import ReviewCase
from joinedup.identify import identify
from joinedup.identify.outcome import Outcome
from joinedup.people.checked import Quality
from joinedup.people.demographics import Demographics

WINDOW = timedelta(minutes=1)


class NoRecordNoAnswer(Exception):
    """The request could not be recorded, so nothing may be answered (design, principle 4)."""


class TooOften(Exception):
    """The asker has used up this minute's requests."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"try again in {seconds} seconds")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks and why: a machine client, or a person in a role, never both."""

    organisation: Organisation
    purpose: str
    limit_per_minute: int
    client: MachineClient | None = None
    membership: Membership | None = None
    case_reference: str = ""
    reason: str = ""

    @property
    def channel(self) -> Channel:
        return Channel.API if self.client else Channel.PAGE


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record of the caller's own that the identifier is for."""

    record_type: str
    system_id: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a request, after it was recorded."""

    request: IdentifierRequest
    outcome: Outcome


def ask(
    asker: Asker,
    given: Mapping[str, str | None],
    records: Sequence[HeldRecord] = (),
    case: ReviewCase | None = None,
) -> Answered:
    """Record the question, put it to the source of truth, record the outcome, and give it back.

    Takes raw text keyed as ``joinedup.people.demographics.FIELDS``. What gets no number waits as a
    review case; ``case`` is the one that this question is to answer. Raises ``TooOften`` before
    anything is asked, and ``NoRecordNoAnswer`` when either step of the record fails to commit.
    """
    question = Demographics.read(given)
    try:
        within_limit(asker)
        request = record_question(asker, question)
    except DatabaseFailure as failure:
        raise NoRecordNoAnswer from failure
    outcome = identify(question, source.current())
    try:
        record_outcome(request, outcome, given, records, case)
    except DatabaseFailure as failure:
        raise NoRecordNoAnswer from failure
    return Answered(request, outcome)


def within_limit(asker: Asker) -> None:
    """Count the last minute's requests of this client or person; raises ``TooOften``."""
    now = timezone.now()
    asked = IdentifierRequest.objects.filter(asked_at__gt=now - WINDOW)
    if asker.client:
        asked = asked.filter(client=asker.client)
    elif asker.membership:
        asked = asked.filter(person_id=asker.membership.person_id)
    times = asked.order_by("-asked_at").values_list("asked_at", flat=True)
    full = list(times[asker.limit_per_minute - 1 : asker.limit_per_minute])
    if full:
        raise TooOften(max(1, round((full[0] + WINDOW - now).total_seconds())))


def record_question(
    asker: Asker, question: Demographics, channel: Channel | None = None
) -> IdentifierRequest:
    """Commit who asks, for whom and why, before anything is asked."""
    trace = tracing.current()
    return IdentifierRequest.objects.create(
        correlation_id=trace.correlation_id,
        trace_id=trace.trace_id,
        channel=channel or asker.channel,
        organisation=asker.organisation,
        client=asker.client,
        person=asker.membership.person if asker.membership else None,
        role=asker.membership.role if asker.membership else "",
        purpose=asker.purpose,
        case_reference=asker.case_reference,
        reason=asker.reason,
        fields_given=[
            name
            for name, check in question.checks().items()
            if check.quality is not Quality.NOT_PROVIDED
        ],
        asked_at=timezone.now(),
    )


def record_outcome(
    request: IdentifierRequest,
    outcome: Outcome,
    given: Mapping[str, str | None],
    records: Sequence[HeldRecord] = (),
    case: ReviewCase | None = None,
) -> None:
    """Commit what came of it: for a Match each record that now has the number, else its case."""
    with transaction.atomic(durable=True):
        request.answered_at = timezone.now()
        request.status = outcome.status.value
        request.score = outcome.score
        request.calls = outcome.calls
        request.nhs_number = outcome.nhs_number or ""
        request.save(update_fields=["answered_at", "status", "score", "calls", "nhs_number"])
        if outcome.nhs_number:
            IssuedIdentifier.objects.bulk_create(
                IssuedIdentifier(
                    request=request,
                    organisation_id=request.organisation_id,
                    nhs_number=outcome.nhs_number,
                    record_type=record.record_type,
                    system_id=record.system_id,
                    record_id=record.record_id,
                    issued_at=request.answered_at,
                )
                for record in records
            )
            if case is not None:
                cases.with_a_number(request, case)
        else:
            held = [asdict(record) for record in records]
            cases.without_a_number(request, outcome, given, held, case)
