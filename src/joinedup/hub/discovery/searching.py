"""Beginning a search, and ending it early."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone

from joinedup.hub import tracing
from joinedup.hub.discovery import hints
from joinedup.hub.discovery.circle import Refused, Searcher, View, Why
from joinedup.hub.discovery.models import Kind, Outcome, Search, WorkItem
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.limits import enumeration
from joinedup.people.nhs_number import is_plain_nhs_number

WINDOW = timedelta(hours=72)
"""How long custodians may take to answer a system (the national prototype's window)."""
WHILE_SOMEBODY_WAITS = timedelta(hours=4)
"""How long, when a person asked: the prototype's own proposal for shortening it."""
EMERGENCY = timedelta(hours=1)

_DISPATCH = """
INSERT INTO discovery_workitem (id, kind, search_id, custodian_id, record_type, expires_at,
                                visible_at, leased, claims, outcome)
SELECT gen_random_uuid(), %s, %s, custodian_id, record_type, %s, %s, false, 0, ''
FROM unnest(%s::bigint[], %s::text[]) AS asked(custodian_id, record_type)
"""


class NotASui(ValueError):
    """The identifier is not a valid NHS number; nothing of it is repeated."""


class NotARecordType(ValueError):
    """A record type that is not published."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a searcher wants to know: about whom, and which record types (all, when empty)."""

    sui: str
    record_types: Sequence[str] = ()
    case_reference: str = ""
    window: timedelta | None = None


def check_limits(searcher: Searcher, sui: str) -> None:
    """Count that the searcher asks about this child; raises ``enumeration.Held``.

    In transactions of its own: call it before the one in which the search begins.
    """
    if is_plain_nhs_number(sui):
        person = searcher.membership.person if searcher.membership else None
        who = enumeration.Who(searcher.organisation, searcher.client, person)
        enumeration.check(who, enumeration.Asked(number=sui))


def begin(searcher: Searcher, wanted: Wanted, why: Why, now: datetime | None = None) -> Search:
    """Send a search out to every custodian that the policy lets be asked.

    The search, its work items and its ledger entry are committed together. Raises ``NotASui``,
    ``NotARecordType``, ``circle.Refused`` (also written to the ledger, by the request's own
    entry) and ``NotRecorded``.
    """
    now = now or timezone.now()
    facts = {
        "action": "record.find",
        "subject": wanted.sui if is_plain_nhs_number(wanted.sui) else "",
        "role": searcher.role,
        "purpose": why.purpose,
        "legal_basis": why.legal_basis,
        "reason": why.reason,
        "case_reference": wanted.case_reference,
        "emergency": why.emergency,
        "relationship": why.relationship,
    }
    note(**facts)
    if not is_plain_nhs_number(wanted.sui):
        raise NotASui
    view = View(searcher, why)
    published = view.policy.catalogue.record_types
    if not set(wanted.record_types) <= set(published):
        raise NotARecordType
    try:
        view.check()
    except Refused as refusal:
        note(policy_version=refusal.decision.policy_version, outcome="refused")
        raise
    record_types = sorted(set(wanted.record_types) or published)
    asked = view.asked(record_types)
    trace = tracing.current()
    search = Search(
        id=uuid4(),
        organisation=searcher.organisation,
        client=searcher.client,
        membership=searcher.membership,
        on_behalf_of=searcher.on_behalf_of,
        role=searcher.role,
        sui=wanted.sui,
        purpose=why.purpose,
        legal_basis=why.legal_basis,
        reason=why.reason,
        case_reference=wanted.case_reference,
        record_types=record_types,
        emergency=why.emergency,
        created_at=now,
        expires_at=now + (wanted.window or _window(searcher, why)),
        correlation_id=trace.correlation_id,
        trace_id=trace.trace_id,
    )
    places = sorted(asked.allowed)
    with transaction.atomic():
        search.save(force_insert=True)
        with connection.cursor() as cursor:
            cursor.execute(
                _DISPATCH,
                [
                    Kind.FIND,
                    search.id,
                    search.expires_at,
                    now,
                    [place.custodian_id for place in places],
                    [place.record_type for place in places],
                ],
            )
        hints.work_for({place.custodian_id for place in places}, now)
        record(
            **facts,
            outcome="allowed",
            organisation=searcher.organisation.ods_code,
            holders=tuple(
                sorted({view.directory.custodians[place.custodian_id].code for place in places})
            ),
            record_types=tuple(record_types),
            policy_version=asked.policy_version,
            correlation_id=search.correlation_id,
            trace_id=search.trace_id,
            status=202,
        )
    return search


def _window(searcher: Searcher, why: Why) -> timedelta:
    if why.emergency:
        return EMERGENCY
    return WHILE_SOMEBODY_WAITS if searcher.membership else WINDOW


def cancel(searcher: Searcher, search_id: UUID, now: datetime | None = None) -> bool:
    """End a search of the searcher's organisation: nobody is given its items any more.

    Gives False when there is none such; ending it twice does no harm.
    """
    now = now or timezone.now()
    with transaction.atomic():
        search = (
            Search.objects.select_for_update()
            .filter(id=search_id, organisation=searcher.organisation)
            .first()
        )
        if search is None:
            return False
        if search.cancelled_at is None and now < search.expires_at:
            search.cancelled_at = now
            search.save(update_fields=["cancelled_at"])
            WorkItem.objects.filter(search=search, answered_at=None).update(
                answered_at=now, outcome=Outcome.CANCELLED, leased=False
            )
        record(
            action="record.find.cancel",
            outcome="allowed",
            organisation=searcher.organisation.ods_code,
            subject=search.sui,
            purpose=search.purpose,
            correlation_id=search.correlation_id,
            trace_id=search.trace_id,
            status=204,
        )
    return True
