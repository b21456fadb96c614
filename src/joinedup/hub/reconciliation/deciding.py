"""Taking a person's decision on a case, and taking it back."""

from django.db import transaction

from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import Membership
from joinedup.hub.reconciliation import cases, links
from joinedup.hub.reconciliation.models import (
    Action,
    CaseEntry,
    Decision,
    Kind,
    ReviewCase,
    Status,
)
from joinedup.identities.store import Refused, Unknown
from joinedup.linkage.constraints import Ref
from joinedup.linkage.history import Kind as Event


class AlreadyDecided(Exception):
    """Somebody else was quicker, or the page was sent twice."""


class CannotBeDone(Exception):
    """What was decided before, or what has become of the records, stands against it.

    It does not say more: a reviewer must not learn here of an adoption.
    """


def decide(
    case: ReviewCase, decision: Decision, note: str, membership: Membership, other: int = 1
) -> None:
    """Take a decision on a case, which is a link event where the case is about records.

    ``other`` is the place in ``case.records`` of the one that is the same child as the first.
    Raises ``AlreadyDecided``, ``CannotBeDone``, and what psycopg raises without a database.
    """
    if case.kind == Kind.IDENTIFIER and decision is Decision.SAME:
        raise CannotBeDone  # a number comes from the source of truth, not from a person
    with transaction.atomic():
        case = _held(case)
        if not case.is_waiting:
            raise AlreadyDecided
        first, *others = (Ref(*record) for record in case.records or [("", "")])
        if decision is Decision.SAME:
            events = _link(case, Event.MERGE, [(first, others[other - 1])], note, membership)
        elif decision is Decision.NOT_SAME:
            pairs = [(first, each) for each in others]
            events = _link(case, Event.CANNOT_LINK, pairs, note, membership)
        else:
            events = []
        cases.decide(case, decision, note, membership.person_id)
        case.events = events
        case.save()
        _note(case, Action.DECIDED, membership)
        record(action="review.decide", outcome=decision.value, **about(case), reason=note)


def undo(case: ReviewCase, membership: Membership) -> None:
    """Take a decision back, exactly: its link events are undone and the case waits again.

    A number that was found is no longer given to whoever asked; that it was given before stays on
    record. Raises ``AlreadyDecided`` when nothing is decided or
    the same question waits in a newer case, and ``CannotBeDone``.
    """
    with transaction.atomic():
        case = _held(case)
        newer = ReviewCase.objects.filter(organisation=case.organisation, about=case.about)
        if case.is_waiting or newer.exclude(status=Status.DECIDED).exists():
            raise AlreadyDecided
        try:
            _unlink(case, case.events, membership)
        except (Refused, Unknown):
            raise CannotBeDone from None
        _note(case, Action.UNDONE, membership)
        told = about(case)
        case.status = Status.UNDONE
        case.decision = case.note = ""
        case.decided_by = case.decided_at = case.forget_at = case.answered_by = None
        case.events = []
        case.save()
        record(action="review.undo", **told)


def about(case: ReviewCase) -> dict[str, str]:
    """Whom a case is about, as far as it is known, for the ledger: its number, or the case."""
    return {
        "subject": case.nhs_number or "",
        "case_reference": f"review case {case.id}",
        "organisation": case.organisation.ods_code,
    }


def _link(
    case: ReviewCase, kind: Event, pairs: list[tuple[Ref, Ref]], note: str, membership: Membership
) -> list[int]:
    """Write the link events of a decision, all or none."""
    events: list[int] = []
    try:
        for pair in pairs:
            taken = links.current().identities.decide(
                kind, pair, by=_by(membership), note=f"Review case {case.id}. {note}".strip()
            )
            events.append(taken.number)
    except (Refused, Unknown):
        _unlink(case, events, membership)
        raise CannotBeDone from None
    return events


def _unlink(case: ReviewCase, events: list[int], membership: Membership) -> None:
    for number in reversed(events):
        links.current().identities.undo(
            number, by=_by(membership), note=f"Review case {case.id}: taken back"
        )


def _held(case: ReviewCase) -> ReviewCase:
    """Give the case as it is now, with nobody else deciding it meanwhile."""
    return ReviewCase.objects.select_for_update().get(pk=case.pk)


def _by(membership: Membership) -> str:
    return f"person {membership.person_id}"


def _note(case: ReviewCase, action: Action, membership: Membership) -> None:
    CaseEntry.objects.create(
        case=case,
        action=action,
        person=membership.person,
        role=membership.role,
        request=case.answered_by,
        decision=case.decision,
        note=case.note if action is Action.DECIDED else "",
        events=case.events,
    )
