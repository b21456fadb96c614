"""Asking another organisation for items about a child: what is needed, why, and how soon."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from joinedup.hub import tracing
from joinedup.hub.discovery.circle import Refused, Searcher
from joinedup.hub.discovery.sealed_content import public_key as read_key
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.notifications.models import Kind
from joinedup.hub.notifications.outbox import tell_organisation, tell_person
from joinedup.hub.organisations.models import Organisation
from joinedup.hub.pages import record_words
from joinedup.hub.sharing import events, permission
from joinedup.hub.sharing.course import COMPLETE_WITHIN, Event, Side, Step, Urgency
from joinedup.hub.sharing.events import Actor
from joinedup.hub.sharing.models import Origin, ShareItem, ShareRequest
from joinedup.hub.sharing.people import ANSWER
from joinedup.people.nhs_number import is_plain_nhs_number

_LETTERS = "23456789BCDFGHJKLMNPQRSTVWXZ"  # none that are taken for one another, no words
MOST_ITEMS = 20


class Asked(NamedTuple):
    """One item: a field of a record type, or all of it."""

    record_type: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of whom, about whom and why. No item is selected unless somebody selects it."""

    sui: str
    holder: Organisation
    items: Sequence[Asked]
    purpose: str
    legal_basis: str
    reason: str
    public_key: dict[str, Any]
    case_reference: str = ""
    whole_reason: str = ""
    urgency: Urgency = Urgency.ORDINARY


class CannotBeAsked(ValueError):
    """It cannot be asked like this; the message says why, and names nobody."""


def ask(searcher: Searcher, wanted: Wanted, now: datetime | None = None) -> ShareRequest:
    """Send a request to the custodian, if the policy lets it be asked.

    The request, its place in the custodian's list and its ledger entry are committed together.
    Raises ``CannotBeAsked``, ``permission.NotAgreed``, ``circle.Refused``,
    ``sealed_content.NotAKey`` and ``NotRecorded``: then the custodian learns nothing.
    """
    now = now or timezone.now()
    note(
        action="share.request",
        subject=wanted.sui if is_plain_nhs_number(wanted.sui) else "",
        purpose=wanted.purpose,
        legal_basis=wanted.legal_basis,
        reason=wanted.reason,
        case_reference=wanted.case_reference,
        emergency=wanted.urgency is Urgency.EMERGENCY,
    )
    _check(searcher, wanted)
    key, thumbprint = read_key(wanted.public_key)
    request = made(searcher, wanted, Origin.ASKED, now)
    request.public_key, request.key_thumbprint = key, thumbprint
    if wanted.urgency is Urgency.EMERGENCY:
        request.complete_by = now + COMPLETE_WITHIN
    why = permission.why_of(request, searcher)
    note(relationship=why.relationship)
    try:
        allowed = permission.check(searcher, why, wanted.holder.pk, _types(wanted.items))
    except Refused as refusal:
        note(policy_version=refusal.decision.policy_version, outcome="refused")
        raise
    except permission.NotAgreed:
        note(outcome="refused")
        raise
    with saved(request, wanted.items):
        events.add(
            request,
            Event(Step.RECEIVE, now, Side.ASKER),
            searcher.membership or searcher.client,
            entry=lambda: record(
                **facts(request),
                action="share.request",
                reason=wanted.reason,
                fields=(),
                policy_version=allowed.policy_version,
                relationship=allowed.relationship,
            ),
        )
        tell_organisation(
            wanted.holder, ANSWER, Kind.REQUEST, actor=searcher.organisation, reference=request.id
        )
    return request


def say(request_id: UUID, side: Side, by: Actor, words: str) -> None:
    """Say something about a request to the other side; raises ``course.NotNow``."""
    with events.held(request_id) as request:
        events.add(
            request,
            Event(Step.MESSAGE, timezone.now(), side),
            by,
            words,
            lambda: record(**facts(request, side), action="share.message"),
        )
        if side is Side.ASKER:
            tell_organisation(
                request.holder, ANSWER, Kind.MESSAGE, actor=request.asker, reference=request.id
            )
        else:
            tell_asker(request, Kind.MESSAGE)


def withdraw(request_id: UUID, by: Actor) -> None:
    """Take a request back that is not answered yet; raises ``course.NotNow``."""
    with events.held(request_id) as request:
        events.add(
            request,
            Event(Step.WITHDRAW, timezone.now(), Side.ASKER),
            by,
            entry=lambda: record(**facts(request), action="share.withdraw"),
        )


def complete(request_id: UUID, case_reference: str, words: str, by: Actor) -> None:
    """Complete what an emergency left out: the case, and in words what it was about."""
    with events.held(request_id) as request:
        if request.complete_by is None or request.completed_at is not None:
            raise CannotBeAsked("There is nothing to complete.")
        request.case_reference, request.completed_at = case_reference, timezone.now()
        request.save(update_fields=["case_reference", "completed_at"])
        record(**facts(request), action="share.complete", reason=words)


def tell_asker(request: ShareRequest, kind: Kind) -> None:
    """Tell whoever asked; of an offer, those it is for."""
    if request.membership is not None and request.origin == Origin.ASKED:
        tell_person(request.membership, kind, actor=request.holder, reference=request.id)


def facts(request: ShareRequest, side: Side = Side.ASKER) -> dict[str, Any]:
    """What the ledger is told of every act about a request."""
    actor = request.asker if side is Side.ASKER else request.holder
    return {
        "organisation": actor.ods_code,
        "holders": (request.holder.ods_code,),
        "subject": request.sui,
        "purpose": request.purpose,
        "legal_basis": request.legal_basis,
        "case_reference": request.case_reference,
        "record_types": _types(request.items.all()),
        "emergency": request.urgency == Urgency.EMERGENCY,
        "correlation_id": request.correlation_id,
        "trace_id": request.trace_id,
    }


def made(searcher: Searcher, wanted: Any, origin: Origin, now: datetime) -> ShareRequest:
    """A request that is not saved yet."""
    trace = tracing.current()
    request = ShareRequest(
        id=uuid4(),
        reference=_reference(),
        origin=origin,
        asker=searcher.organisation,
        membership=searcher.membership,
        client=searcher.client,
        holder=wanted.holder,
        purpose=wanted.purpose,
        legal_basis=wanted.legal_basis,
        case_reference=wanted.case_reference,
        urgency=wanted.urgency.value,
        received_at=now,
        due_at=now,
        correlation_id=trace.correlation_id,
        trace_id=trace.trace_id,
    )
    request.sui, request.reason = wanted.sui, wanted.reason
    request.whole_reason = wanted.whole_reason
    return request


@contextmanager
def saved(request: ShareRequest, items: Sequence[Asked]) -> Iterator[None]:
    """Save a request with its items, in one transaction with what follows."""
    with transaction.atomic():
        request.save(force_insert=True)
        ShareItem.objects.bulk_create(
            ShareItem(request=request, place=place, record_type=each.record_type, field=each.field)
            for place, each in enumerate(items)
        )
        yield


def _check(searcher: Searcher, wanted: Wanted) -> None:
    if not is_plain_nhs_number(wanted.sui):
        raise CannotBeAsked("Enter a valid NHS number.")
    if wanted.holder.pk == searcher.organisation.pk:
        raise CannotBeAsked("That is your own organisation.")
    if not wanted.items:
        raise CannotBeAsked("Select at least one item.")
    if len(wanted.items) > MOST_ITEMS or len(set(wanted.items)) < len(wanted.items):
        raise CannotBeAsked(f"Ask for {MOST_ITEMS} items at most, each once.")
    for each in wanted.items:
        if each.field and each.field not in dict(record_words.fields(each.record_type)):
            raise CannotBeAsked("There is no such item in a record of this type.")
    if not wanted.reason.strip():
        raise CannotBeAsked("Say why it may help.")
    whole = any(not each.field for each in wanted.items)
    if whole and not wanted.whole_reason.strip() and wanted.urgency is not Urgency.EMERGENCY:
        raise CannotBeAsked("Say why you need all of a record, and not some of it.")


def _types(items: Iterable[Asked | ShareItem]) -> tuple[str, ...]:
    return tuple(sorted({each.record_type for each in items}))


def _reference() -> str:
    """A name that can be said on the telephone."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"R-{letters[:4]}-{letters[4:]}"
