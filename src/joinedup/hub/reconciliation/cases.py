"""Cases of identifier requests: what got no number waits here, and its answer comes back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from joinedup.hub.identifiers.idempotency import fingerprint
from joinedup.hub.identifiers.models import IdentifierRequest
from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.hub.reconciliation.models import (
    WAITING,
    Action,
    CaseEntry,
    CaseQuestion,
    Decision,
    Kind,
    ReviewCase,
    Status,
)
from joinedup.identify.outcome import Outcome
from joinedup.identify.outcome import Status as Result
from joinedup.people.demographics import FIELDS, Demographics

HeldRecords = Sequence[Mapping[str, str]]

WHY = {
    Result.POTENTIAL_MATCH: "Somebody is like this child, but it is not certain.",
    Result.LOW_CONFIDENCE_MATCH: "Somebody is a little like this child.",
    Result.MANY_MATCH: "Several people fit these details.",
    Result.NO_MATCH: "Nobody fits these details.",
    Result.INVALID: "Details that are needed are missing or wrong.",
    Result.UNAVAILABLE: "The source of truth did not answer. Ask again.",
}


def case_of(request_id: Any, organisation: Organisation) -> ReviewCase | None:
    """Give the case that an organisation's request waits for, or waited for."""
    question = (
        CaseQuestion.objects.select_related("case__answered_by")
        .filter(request__id=request_id, request__organisation=organisation)
        .first()
    )
    return question.case if question else None


def own_case(request_id: Any, membership: Membership) -> ReviewCase | None:
    """Give the case of a person's own request, when nobody else has asked the same.

    A later question of theirs about the same child may answer it; another's question, perhaps of a
    namesake, is for a reviewer.
    """
    case = case_of(request_id, membership.organisation)
    if case is None:
        return None
    others = case.questions.exclude(request__person=membership.person)
    return None if others.exists() else case


def without_a_number(
    request: IdentifierRequest,
    outcome: Outcome,
    given: Mapping[str, str | None],
    records: HeldRecords,
    case: ReviewCase | None,
) -> None:
    """Have a person look at a question that got no number: in this case, or in its own.

    The same question of the same organisation is one case, also after it was decided, for as long
    as its details are kept. Belongs in the transaction that records the outcome.
    """
    # PostgreSQL keeps no NUL.
    details = {field: text.replace("\0", "") for field in FIELDS if (text := given.get(field))}
    about = same_question(request.organisation_id, details)
    now = timezone.now()
    case = case or _decided(about, now)
    if case is None:
        case, opened = ReviewCase.objects.get_or_create(
            organisation_id=request.organisation_id,
            about=about,
            status__in=WAITING,
            defaults={"kind": Kind.IDENTIFIER, "opened_at": now},
        )
        if opened:
            _note(case, Action.OPENED, request)
    if case.is_waiting:
        case.outcome = outcome.status.value
        case.reason = WHY[outcome.status]
        case.reasons = [*outcome.reasons, *_quality(outcome)]
        case.details = details
        case.save(update_fields=["outcome", "reason", "reasons", "sealed_details"])
    CaseQuestion.objects.create(case=case, request=request, records=list(records))
    _note(case, Action.ASKED, request)
    forget(now)


def with_a_number(request: IdentifierRequest, case: ReviewCase) -> None:
    """Answer a case with the number of this request: it goes back to whoever had asked.

    Belongs in the transaction that records the outcome.
    """
    _note(case, Action.ASKED, request)
    case = ReviewCase.objects.select_for_update().get(pk=case.pk)
    if case.answered_by_id:
        return  # somebody else was quicker
    decide(case, Decision.SAME, "The source of truth was asked again.", request.person_id)
    case.answered_by = request
    case.save()
    _note(case, Action.DECIDED, request, decision=case.decision, note=case.note)


def decide(case: ReviewCase, decision: Decision, note: str, person_id: Any) -> None:
    """Set what was decided, by whom; the caller saves and notes it."""
    case.status = Status.DECIDED
    case.decision = decision
    case.note = note
    case.decided_by_id = person_id
    case.decided_at = timezone.now()
    case.forget_at = case.decided_at + timedelta(days=settings.REVIEW_DETAILS_KEPT_DAYS)


def seen(case: ReviewCase, membership: Membership) -> None:
    """Note that a person is about to see a case, and its number if it has one."""
    CaseEntry.objects.create(
        case=case,
        action=Action.SEEN,
        person=membership.person,
        role=membership.role,
        request=case.answered_by,
    )


def collected(case: ReviewCase, client_id: int | None) -> None:
    """Note that a system is about to be given a case's number."""
    CaseEntry.objects.create(
        case=case, action=Action.COLLECTED, client_id=client_id, request=case.answered_by
    )


def forget(now: datetime) -> int:
    """Delete the details of cases decided long enough ago; gives how many."""
    due = ReviewCase.objects.filter(forget_at__lte=now, sealed_details__isnull=False)
    return due.update(sealed_details=None)


def same_question(organisation_id: int, details: Mapping[str, str]) -> str:
    """Give the fingerprint by which a question finds its case, however it is written."""
    checks = Demographics.read(details).checks()
    plain = {
        field: str(checks[field].value) if checks[field].value else " ".join(text.split()).lower()
        for field, text in details.items()
    }
    return fingerprint([organisation_id, plain])


def _decided(about: str, now: datetime) -> ReviewCase | None:
    """Give the decided case about the same question, while its details are kept."""
    decided = ReviewCase.objects.filter(about=about, status=Status.DECIDED, forget_at__gt=now)
    return decided.order_by("-decided_at").first()


def _quality(outcome: Outcome) -> list[str]:
    return [
        f"the {field.replace('_', ' ')} {reason}"
        for field, (_, reason) in outcome.data_quality.items()
        if reason
    ]


def _note(case: ReviewCase, action: Action, request: IdentifierRequest, **more: Any) -> None:
    CaseEntry.objects.create(
        case=case,
        action=action,
        request=request,
        person_id=request.person_id,
        role=request.role,
        client_id=request.client_id,
        **more,
    )
