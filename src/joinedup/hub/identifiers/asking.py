"""Asking for a child's identifier on someone's behalf, with the record kept first."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import Error as DatabaseFailure
from django.db import transaction
from django.utils import timezone

from joinedup.hub import tracing
from joinedup.hub.identifiers import source
from joinedup.hub.identifiers.models import Channel, IdentifierRequest, IssuedIdentifier
from joinedup.hub.identifiers.permission import may_look_up
from joinedup.hub.ledger.writing import NotRecorded, note, record
from joinedup.hub.limits import enumeration
from joinedup.hub.organisations.models import MachineClient, Membership, Organisation
from joinedup.hub.reconciliation import cases
from joinedup.hub.reconciliation.models import ReviewCase
from joinedup.hub.shields.open_source import OpenSource
from joinedup.identify import identify
from joinedup.identify.outcome import Outcome, Status
from joinedup.people.checked import Quality
from joinedup.people.demographics import Demographics

LOOK_UP = "identifier.look-up"
NUMBER = "nhs_number"
"""The field that a Match reveals, as the ledger names it."""

FOUND_NOBODY = frozenset(set(Status) - {Status.MATCH, Status.INVALID, Status.UNAVAILABLE})
"""Outcomes that count as a miss: the source was asked, and no number was given out."""


class NoRecordNoAnswer(Exception):
    """The request could not be recorded, so nothing may be answered (design, principle 4)."""


class TooOften(Exception):
    """The asker has used up this minute's requests, or is held (``held`` says so in words)."""

    def __init__(self, seconds: int, held: str = "") -> None:
        super().__init__(held or f"try again in {seconds} seconds")
        self.seconds = seconds
        self.held = held


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
    def who(self) -> enumeration.Who:
        """As the limits count it."""
        person = self.membership.person if self.membership else None
        return enumeration.Who(self.organisation, self.client, person)

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
    review case; ``case`` is the one that this question is to answer. The outcome and the ledger's
    entry are committed together. Raises ``MayNotLookUp`` and ``TooOften`` before anything is asked,
    and ``NoRecordNoAnswer`` when either step of the record fails to commit.
    """
    question = Demographics.read(given)
    note_asker(asker)
    try:
        check_policy(asker)
        within_limit(asker, question)
        request = record_question(asker, question)
    except DatabaseFailure as failure:
        raise NoRecordNoAnswer from failure
    outcome = identify(question, OpenSource(source.current()))
    try:
        if outcome.status in FOUND_NOBODY:
            enumeration.missed(asker.who, as_counted(question))
        record_outcome(request, outcome, given, records, case)
    except (DatabaseFailure, NotRecorded) as failure:
        raise NoRecordNoAnswer from failure
    return Answered(request, outcome)


def note_asker(asker: Asker, action: str = LOOK_UP) -> None:
    """Say in the request's ledger entry what is asked, and why."""
    note(
        action=action,
        purpose=asker.purpose,
        reason=asker.reason,
        case_reference=asker.case_reference,
    )


def check_policy(asker: Asker) -> None:
    """Ask the policy whether the asker may look up children now; raises ``MayNotLookUp``."""
    may_look_up(asker.organisation, asker.purpose, asker.membership, asker.reason)


def within_limit(asker: Asker, question: Demographics) -> None:
    """Hold back who asks too often, about too many, or in a sweep; raises ``TooOften``."""
    try:
        enumeration.check(asker.who, as_counted(question), asker.limit_per_minute)
    except enumeration.TooFast as fast:
        raise TooOften(fast.seconds) from None
    except enumeration.Held as held:
        raise TooOften(held.seconds, enumeration.SAID) from None


def as_counted(question: Demographics) -> enumeration.Asked:
    """The child as the limits count them: by the number given, and by name and birth date."""
    given, family = question.given.value, question.family.value
    return enumeration.Asked(
        number=question.nhs_number.value or "",
        name=" ".join([*(given.words if given else ()), "|", *(family.words if family else ())]),
        born=question.birth_date.value,
    )


def record_question(
    asker: Asker, question: Demographics, channel: Channel | None = None
) -> IdentifierRequest:
    """Commit who asks, for whom and why, before anything is asked."""
    return IdentifierRequest.objects.create(
        **asked(asker, question, channel or asker.channel),
        organisation=asker.organisation,
        client=asker.client,
        person=asker.membership.person if asker.membership else None,
    )


def asked(asker: Asker, question: Demographics, channel: Channel) -> dict[str, Any]:
    """Give what an ``IdentifierRequest`` says of a question, but for who it is that asks."""
    trace = tracing.current()
    return {
        "correlation_id": trace.correlation_id,
        "trace_id": trace.trace_id,
        "channel": channel,
        "role": asker.membership.role if asker.membership else "",
        "purpose": asker.purpose,
        "case_reference": asker.case_reference,
        "reason": asker.reason,
        "fields_given": [
            name
            for name, check in question.checks().items()
            if check.quality is not Quality.NOT_PROVIDED
        ],
        "asked_at": timezone.now(),
    }


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
        request.save(
            update_fields=[
                "answered_at", "status", "score", "calls", "sealed_number", "number_index"
            ]
        )  # fmt: skip
        if outcome.nhs_number:
            number: dict[str, Any] = {"nhs_number": outcome.nhs_number}
            IssuedIdentifier.objects.bulk_create(
                IssuedIdentifier(
                    **number,
                    request=request,
                    organisation_id=request.organisation_id,
                    record_type=each.record_type,
                    system_id=each.system_id,
                    record_id=each.record_id,
                    issued_at=request.answered_at,
                )
                for each in records
            )
            if case is not None:
                cases.with_a_number(request, case)
        else:
            held = [asdict(each) for each in records]
            cases.without_a_number(request, outcome, given, held, case)
        record(
            action=LOOK_UP,
            outcome=outcome.status.value,
            subject=outcome.nhs_number or "",
            fields=(NUMBER,) if outcome.nhs_number else (),
            results=1 if outcome.nhs_number else 0,
            record_types=tuple(sorted({each.record_type for each in records})),
            status=_http_status(request, outcome),
        )


def _http_status(request: IdentifierRequest, outcome: Outcome) -> int | None:
    """What a machine is answered with; which page a person sees is not decided here."""
    if request.client_id is None:
        return None
    return 503 if outcome.status is Status.UNAVAILABLE else 200
