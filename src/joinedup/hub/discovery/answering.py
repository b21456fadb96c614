"""A custodian returns a result: taken once, from whoever claimed last, whole or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from joinedup.hub.discovery import hints, leases, sealed_content
from joinedup.hub.discovery.claiming import NotYours, TooLate
from joinedup.hub.discovery.models import Fetch, FoundRecord, Kind, Outcome, WorkItem
from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import Organisation

MOST_RECORDS = 1_000
"""Records of one type about one child, at most: what sends more is not answering for one child."""
FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(minutes=15)

WITHHELD_REASONS = ("detriment", "not-relevant", "not-held", "other-legal-bar", "ask-us")
"""Children Act 2004 s.16LA(3), and the closed list of trust rule L4."""

_ANSWERS = {
    Kind.FIND: {Outcome.HAS_RECORDS, Outcome.NO_RECORDS},
    Kind.FETCH: {Outcome.SHARED, Outcome.WITHHELD},
}
_ERRORS = {Outcome.TEMPORARY_ERROR, Outcome.PERMANENT_ERROR}


class Malformed(ValueError):
    """A result that says nothing sensible; ``words`` say why and repeat nothing of it."""

    def __init__(self, words: str) -> None:
        super().__init__("a malformed result")
        self.words = words


class Found(NamedTuple):
    """A record that the custodian says it holds."""

    system_id: str
    record_type: str
    record_id: str
    first_seen: date | None = None
    last_seen: date | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a custodian returns for a work item."""

    item_id: UUID
    lease_token: str
    outcome: Outcome
    records: Sequence[Found] = ()
    content: str = ""
    reason: str = ""


def answer(custodian: Organisation, result: Result, now: datetime | None = None) -> UUID:
    """Take a result; gives the id of its entry in the ledger, which is committed with it.

    A lease that has run out still counts as long as nobody has claimed the item since. After a
    temporary error the item can be claimed again a while later. Raises ``Malformed``,
    ``NotYours``, ``TooLate`` and ``NotRecorded``, and then nothing has changed.
    """
    now = now or timezone.now()
    claimed = leases.claim_of(result.item_id, result.lease_token)
    if claimed is None:
        raise NotYours
    with transaction.atomic():
        item = (
            WorkItem.objects.select_for_update(of=("self",))
            .select_related("search")
            .filter(id=result.item_id, custodian=custodian)
            .first()
        )
        if item is None:
            raise NotYours
        _in_time(item, claimed, now)
        _check(item, result)
        _take(item, result, now)
        search = item.search
        item.entry_id = record(
            action="work.result",
            outcome=result.outcome,
            organisation=custodian.ods_code,
            holders=(custodian.ods_code,),
            subject=search.sui,
            purpose=search.purpose,
            legal_basis=search.legal_basis,
            record_types=(item.record_type,),
            results=len(result.records),
            emergency=search.emergency,
            correlation_id=search.correlation_id,
            trace_id=search.trace_id,
            status=202,
        )
        item.save(update_fields=["outcome", "leased", "visible_at", "answered_at", "entry_id"])
        hints.news_of(search, now)
    return item.entry_id


def _in_time(item: WorkItem, claimed: int, now: datetime) -> None:
    if item.outcome in (Outcome.CANCELLED, Outcome.REVOKED):
        raise TooLate("cancelled")
    if claimed != item.claims or (item.answered_at is None and not item.leased):
        raise TooLate("lease-lost")
    if item.answered_at is not None:
        raise TooLate("already-complete")
    if item.expires_at <= now:
        raise TooLate("expired")


def _check(item: WorkItem, result: Result) -> None:
    if result.outcome not in _ANSWERS[Kind(item.kind)] | _ERRORS:
        raise Malformed(f"This outcome is not an answer to a {item.kind} item.")
    if bool(result.records) != (result.outcome == Outcome.HAS_RECORDS):
        raise Malformed("Send `records` with hasRecords, at least one, and with nothing else.")
    if len(result.records) > MOST_RECORDS:
        raise Malformed(f"A result has {MOST_RECORDS} records at most.")
    if any(found.record_type != item.record_type for found in result.records):
        raise Malformed("A record is not of the record type that was asked for.")
    if any(f.first_seen and f.last_seen and f.first_seen > f.last_seen for f in result.records):
        raise Malformed("A record's firstSeen is after its lastSeen.")
    if bool(result.content) != (result.outcome == Outcome.SHARED):
        raise Malformed("Send `content` with shared, and with nothing else.")
    if result.content and (fault := sealed_content.fault(result.content, item.id)):
        raise Malformed(fault)
    if result.outcome == Outcome.WITHHELD and result.reason not in WITHHELD_REASONS:
        raise Malformed(f"Say why, by one of: {', '.join(WITHHELD_REASONS)}.")


def _take(item: WorkItem, result: Result, now: datetime) -> None:
    item.outcome, item.leased = result.outcome, False
    if result.outcome == Outcome.TEMPORARY_ERROR:
        item.visible_at = now + min(FIRST_RETRY * 2 ** min(item.claims - 1, 10), LONGEST_RETRY)
        return
    item.answered_at = now
    if result.records:
        FoundRecord.objects.bulk_create(
            [
                FoundRecord(
                    work_item=item,
                    system_id=found.system_id,
                    record_id=found.record_id,
                    first_seen=found.first_seen,
                    last_seen=found.last_seen,
                )
                for found in result.records
            ],
            ignore_conflicts=True,  # the same record named twice is one record
        )
    if item.kind == Kind.FETCH:
        Fetch.objects.filter(work_item=item).update(
            content=result.content, withheld_reason=result.reason
        )
