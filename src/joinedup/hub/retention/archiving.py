"""From live to archived: a grown-up leaves every search, and two people open what is kept."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import Kind
from joinedup.hub.reconciliation import links
from joinedup.hub.register import supersession
from joinedup.hub.register.models import Pointer
from joinedup.hub.retention import box
from joinedup.hub.retention.models import Archived
from joinedup.hub.retention.periods import period
from joinedup.linkage.record import LinkRecord

GROWN_UP = "grown-up"


def due(today: date) -> list[str]:
    """Give the numbers of those who are grown up, as far as the hub knows their birth date.

    Whom children's services still work with stays until 25. Where records contradict each other
    the latest birth date counts: nobody is archived too early by a misprint.
    """
    grown, never = period("child"), period("young-person")
    numbers = Pointer.objects.order_by("sui").values_list("sui", flat=True).distinct()
    still = set(
        Pointer.objects.filter(holding__custodian__kind=Kind.CHILDRENS_SERVICES)
        .filter(Q(last_seen__isnull=True) | Q(last_seen__gte=today))
        .values_list("sui", flat=True)
    )
    found = []
    for sui in numbers.iterator():
        born = _born(held(sui))
        if born is None or today < grown.end(born):
            continue
        others = supersession.numbers_of(sui)[1:]
        born = max([born, *(day for each in others if (day := _born(held(each))))])
        if today < grown.end(born):
            continue
        if still.isdisjoint([sui, *others]) or today >= never.end(born):
            found.append(sui)
    return found


def archive(sui: str, why: str, now: datetime) -> Archived:
    """Take a child out of every search, and keep what was known, sealed. Raises ``NotRecorded``."""
    records = held(sui)
    pointers = Pointer.objects.filter(sui=sui).select_related("holding__custodian")
    today = timezone.localdate(now)
    with transaction.atomic():
        # One that came back after it was archived takes the older one's place.
        before = Archived.objects.select_for_update().filter(about=box.about(sui)).first()
        row = before or Archived(
            about=box.about(sui), why=why, archived_at=now,
            purge_on=period("archive").end(today),
        )  # fmt: skip
        known = box.opened(before) if before else box.Content(sui)
        given = [_pointer(each) for each in pointers]
        content = box.Content(
            sui,
            [*known.pointers, *(each for each in given if each not in known.pointers)],
            [*known.records, *(_record(each) for each in records)],
        )
        box.closed(row, content)
        row.organisations = sorted({each["custodian"] for each in content.pointers})
        row.save()
        taken, _ = Pointer.objects.filter(sui=sui).delete()
        record(
            action="retention.archive", outcome=why, subject=sui, results=taken,
            holders=tuple(row.organisations),
        )  # fmt: skip
        take_out(records)
    return row


def archive_due(now: datetime) -> int:
    """Archive everybody who is due; gives how many."""
    found = due(timezone.localdate(now))
    for sui in found:
        archive(sui, GROWN_UP, now)
    return len(found)


def held(sui: str) -> list[LinkRecord]:
    """Give the records that hold a number, shielded ones too."""
    ours = links.current()
    with ours.pool.connection() as conn:
        return ours.shields.holders(conn, [sui])


def take_out(records: Iterable[LinkRecord]) -> None:
    """Take records out of what is searched."""
    for each in records:
        links.current().identities.remove(each.source, each.id)


def _born(records: Iterable[LinkRecord]) -> date | None:
    return max(
        (date.fromisoformat(each.birth_date) for each in records if each.birth_date), default=None
    )


def _pointer(pointer: Pointer) -> dict[str, str]:
    return {
        "custodian": pointer.holding.custodian.ods_code,
        "record_type": pointer.holding.record_type,
        "system_id": pointer.holding.system_id,
        "record_id": pointer.record_id,
        "first_seen": pointer.first_seen.isoformat() if pointer.first_seen else "",
        "last_seen": pointer.last_seen.isoformat() if pointer.last_seen else "",
    }


def _record(record: LinkRecord) -> dict[str, object]:
    return dict(record._asdict())


OPEN_FOR = timedelta(minutes=30)
"""How long an archived child stays open to whoever asked, once another has agreed."""
