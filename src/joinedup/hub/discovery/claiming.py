"""Custodians take work: whether there is any, claiming it under a lease, holding it longer.

An idle poll is one question to one index. Whoever claims an item holds it until the lease's end,
by time: when a node dies, the item is there again without anybody tidying up.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Least
from django.utils import timezone

from joinedup.hub.discovery import leases
from joinedup.hub.discovery.circle import Searcher, View, Why
from joinedup.hub.discovery.models import FetchDecision, Kind, Outcome, Search, WorkItem
from joinedup.hub.discovery.relationships import relationship_of
from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import Organisation
from joinedup.hub.register.models import Pointer
from joinedup.hub.register.supersession import asked_under, numbers_of
from joinedup.hub.shields.levels import level_of
from joinedup.policy.question import Level

LEASE = timedelta(minutes=5)
DECISION_LASTS = timedelta(days=30)
"""How long a person's decision holds for a searcher and a record; as a node keeps its own."""
RETRY_AFTER = 5
"""Seconds after which a custodian without work may ask again."""

_DUE = """
SELECT {what} FROM discovery_workitem
WHERE custodian_id = %s AND answered_at IS NULL AND expires_at > %s AND visible_at <= %s{only}
"""


class NotYours(Exception):
    """The lease is not for this item, or the item is not this custodian's."""


class TooLate(Exception):
    """Somebody else holds the item by now, or it is over; ``why`` is a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Claim:
    """An item with all that the custodian needs to answer it."""

    item: WorkItem
    search: Search
    lease_token: str
    lease_expires_at: datetime
    sui: str
    decision: FetchDecision | None


def available(custodian_id: int, now: datetime | None = None) -> bool:
    """Whether there is an item to claim; nothing is disclosed."""
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_DUE.format(what="1", only="") + "LIMIT 1", [custodian_id, now, now])
        return cursor.fetchone() is not None


def claim(
    custodian: Organisation,
    record_types: Collection[str] = (),
    kinds: Collection[str] = (),
    now: datetime | None = None,
) -> Claim | None:
    """Take the item that expires first, of these record types and kinds (any, when empty).

    The policy is asked again: an item that the searcher may no longer put to this custodian is
    closed, and the custodian does not see it. The entry in the ledger is committed with the claim.
    """
    now = now or timezone.now()
    while True:
        with transaction.atomic():
            key = _next(custodian.pk, record_types, kinds, now)
            if key is None:
                return None
            item = WorkItem.objects.select_related(
                "search__organisation__principal",
                "search__membership__person",
                "custodian",
                "fetch",
            ).get(id=key)
            if not _still_allowed(item):
                item.outcome, item.answered_at = Outcome.REVOKED, now
                item.save(update_fields=["outcome", "answered_at"])
                continue
            item.claims += 1
            item.leased = True
            item.visible_at = min(now + LEASE, item.expires_at)
            item.save(update_fields=["claims", "leased", "visible_at"])
            search = item.search
            record(
                action="work.claim",
                outcome="allowed",
                organisation=custodian.ods_code,
                subject=search.sui,
                purpose=search.purpose,
                legal_basis=search.legal_basis,
                record_types=(item.record_type,),
                emergency=search.emergency,
                correlation_id=search.correlation_id,
                trace_id=search.trace_id,
                status=201,
            )
            known_by = _known_by(item)
            decided = decision_on(item, now) if item.kind == Kind.FETCH else None
        token = leases.token(item.id, item.claims)
        return Claim(item, search, token, item.visible_at, known_by, decided)


def decision_on(item: WorkItem, now: datetime | None = None) -> FetchDecision | None:
    """What the custodian's people decided last on this record for this searcher, while it holds."""
    return (
        FetchDecision.objects.filter(
            custodian_id=item.custodian_id,
            searcher_id=item.search.organisation_id,
            record_type=item.record_type,
            system_id=item.fetch.system_id,
            record_id=item.fetch.record_id,
            at__gt=(now or timezone.now()) - DECISION_LASTS,
        )
        .select_related("membership__person")
        .order_by("-at")
        .first()
    )


def _known_by(item: WorkItem) -> str:
    """The number to ask the custodian by: the search's, or the child's that it knows instead.

    It published that one itself, so it is told nothing by it. Of a shielded child no content is
    fetched by another number: it would come back in it.
    """
    sui = item.search.sui
    numbers = numbers_of(sui)
    if len(numbers) == 1 or (item.kind == Kind.FETCH and level_of(sui) is not Level.OPEN):
        return sui
    pointers = Pointer.objects.filter(
        holding__custodian=item.custodian, holding__record_type=item.record_type, sui__in=numbers
    )
    if item.kind == Kind.FETCH:
        fetch = item.fetch
        pointers = pointers.filter(holding__system_id=fetch.system_id, record_id=fetch.record_id)
    return asked_under(sui, list(pointers.values_list("sui", "refreshed_at")))


def _next(
    custodian_id: int, record_types: Collection[str], kinds: Collection[str], now: datetime
) -> UUID | None:
    """The key of the next item, locked; items that others are just taking are passed over."""
    only = ""
    given: list[Any] = [custodian_id, now, now]
    if record_types:
        only += " AND record_type = ANY(%s)"
        given.append(list(record_types))
    if kinds:
        only += " AND kind = ANY(%s)"
        given.append(list(kinds))
    query = _DUE.format(what="id", only=only) + "ORDER BY expires_at LIMIT 1"
    with connection.cursor() as cursor:
        cursor.execute(query + " FOR UPDATE SKIP LOCKED", given)
        row = cursor.fetchone()
    return row[0] if row else None


def _still_allowed(item: WorkItem) -> bool:
    view = View(searcher_of(item.search), why_of(item.search))
    types = [item.record_type]
    if item.kind == Kind.FIND:
        circle = view.asked(types)
    else:  # whoever asked for it is told nothing either way: a shield that is new counts here
        circle = view.given(types, level_of(item.search.sui))
    return (item.custodian_id, item.record_type) in circle.allowed


def searcher_of(search: Search) -> Searcher:
    """Who made the search, as the policy is asked about them again."""
    return Searcher(
        search.organisation, search.client, search.membership, search.on_behalf_of, search.role
    )


def why_of(search: Search) -> Why:
    """What the search was for, and how its searcher has to do with the child now."""
    return Why(
        search.purpose,
        search.legal_basis,
        search.reason,
        search.emergency,
        relationship_of(searcher_of(search), search.sui),
    )


def renew(
    custodian: Organisation, item_id: UUID, lease_token: str, now: datetime | None = None
) -> datetime:
    """Hold the item for another lease from now on; gives its end.

    A lease that ran out can be renewed as long as nobody else has claimed the item. Raises
    ``NotYours`` and ``TooLate``.
    """
    now = now or timezone.now()
    claimed = leases.claim_of(item_id, lease_token)
    if claimed is None:
        raise NotYours
    held = WorkItem.objects.filter(
        id=item_id,
        custodian=custodian,
        claims=claimed,
        leased=True,
        answered_at=None,
        expires_at__gt=now,
    ).update(visible_at=Least(Value(now + LEASE, output_field=DateTimeField()), F("expires_at")))
    if not held:
        if not WorkItem.objects.filter(id=item_id, custodian=custodian).exists():
            raise NotYours
        raise TooLate("lease-lost")
    return WorkItem.objects.values_list("visible_at", flat=True).get(id=item_id)
