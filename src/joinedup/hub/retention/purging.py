"""Purging for good: rows deleted, the ledger's key destroyed, a certificate, and no way back.

What stays is the skeleton: the ledger's entries without their sealed parts, and the certificate,
which knows the child by a keyed index alone.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from joinedup.hub.discovery.models import Search
from joinedup.hub.identifiers.models import IdentifierRequest, IssuedIdentifier
from joinedup.hub.ledger.erasure import forget
from joinedup.hub.ledger.models import SubjectKey
from joinedup.hub.ledger.writing import record
from joinedup.hub.reconciliation.models import ReviewCase
from joinedup.hub.register import supersession
from joinedup.hub.register.models import Pointer
from joinedup.hub.retention import archiving, box
from joinedup.hub.retention.models import Archived, Purged, PurgedRecord
from joinedup.hub.sealing.columns import found_by
from joinedup.linkage.record import LinkRecord

GONE = "Purged"
"""The status of an identifier request whose number was purged."""
PERIOD_ENDED = "period-ended"
CAME_BACK = "came-back"


def purge(sui: str, why: str, now: datetime) -> Purged:
    """Purge a child: give the certificate. Raises ``NotRecorded``; then nothing is purged.

    Under every number of theirs, each with a certificate of its own. What came back is purged under
    the first certificate.
    """
    numbers = supersession.numbers_of(sui)
    with transaction.atomic():
        made, *_ = [_purge(each, why, now) for each in numbers]
        supersession.forget(numbers)
    return made


def _purge(sui: str, why: str, now: datetime) -> Purged:
    records = archiving.held(sui)
    with transaction.atomic():
        names = _names(sui, records)
        counts = _delete(sui)
        counts["records"] = len(records)
        Archived.objects.filter(about=box.about(sui)).delete()
        counts["entries"] = forget(sui)
        made, new = Purged.objects.get_or_create(
            about=box.about(sui), defaults={"at": now, "why": why, "counts": counts}
        )
        entry = record(
            action="retention.purge", outcome=why, case_reference=f"certificate {made.id}",
            results=sum(counts.values()),
        )  # fmt: skip
        if new or why != CAME_BACK:
            made.entry, made.at, made.new_since = entry, now, None
            made.save(update_fields=["entry", "at", "new_since"])
        keep_names(made, names)
        archiving.take_out(records)
    return made


def purge_due(now: datetime) -> int:
    """Purge what has been archived long enough; gives how many children."""
    over = Archived.objects.filter(purge_on__lte=timezone.localdate(now))
    for row in over:
        purge(box.opened(row).sui, PERIOD_ENDED, now)
    return len(over)


def purge_returned(now: datetime) -> int:
    """Purge again whoever came back: from a backup, a resend, an old file. Gives how many.

    Where a record that began after the purge was taken in, that one stays.
    """
    gone = {bytes(each.about): each for each in Purged.objects.all()}
    if not gone:
        return 0
    back = [(sui, gone[about]) for sui in _known_numbers() if (about := box.about(sui)) in gone]
    for sui, certificate in back:
        if certificate.new_since is None:
            purge(sui, CAME_BACK, now)
        else:
            _delete(sui, certificate.at)
    # A key that a backup brought back opens what the purge had closed.
    for key in SubjectKey.objects.filter(about__in=list(gone), wrapped__isnull=False):
        certificate = gone[bytes(key.about)]
        if certificate.new_since is None or key.made_at <= certificate.at:
            key.wrapped = None
            key.destroyed_at = now
            key.save(update_fields=["wrapped", "destroyed_at"])
    for each in gone.values():
        archived = Archived.objects.filter(about=each.about)
        (archived.filter(archived_at__lte=each.at) if each.new_since else archived).delete()
    return len(back)


def purged(suis: Iterable[str]) -> dict[str, date]:
    """Give the day of the purge for those of these numbers that were purged.

    Nothing about them may be taken in again but what began after that day.
    """
    if not Purged.objects.exists():
        return {}
    by_index = {box.about(sui): sui for sui in set(suis)}
    found = Purged.objects.filter(about__in=list(by_index)).values_list("about", "at")
    return {by_index[bytes(about)]: timezone.localdate(at) for about, at in found}


def is_new(first_seen: date | None, day: date) -> bool:
    """Whether a record that begins then is none of those that a purge on this day took away.

    One of which nobody says when it began may be of before.
    """
    return first_seen is not None and first_seen > day


def began_again(suis: Iterable[str], records: Iterable[tuple[str, str]]) -> None:
    """Keep that these records of these numbers were taken in, which are newer than the purge.

    ``records`` are systems and their own numbers: such a one may be linked again, too.
    """
    Purged.objects.filter(about__in=[box.about(sui) for sui in set(suis)], new_since=None).update(
        new_since=timezone.now()
    )
    names = [box.about_record(*each) for each in set(records)]
    PurgedRecord.objects.filter(about__in=names).delete()


def keep_names(certificate: Purged, names: Iterable[bytes]) -> None:
    """Keep the fingerprints of records that went: by these, they are known when they are back."""
    PurgedRecord.objects.bulk_create(
        (PurgedRecord(purged=certificate, about=each) for each in set(names)),
        ignore_conflicts=True,
    )


def _names(sui: str, records: Iterable[LinkRecord]) -> set[bytes]:
    pointers = Pointer.objects.filter(sui=sui).values_list("holding__system_id", "record_id")
    archived = Archived.objects.filter(about=box.about(sui)).first()
    known = box.opened(archived) if archived else box.Content(sui)
    names = {
        *((each.source, each.id) for each in records),
        *pointers,
        *((str(each["source"]), str(each["id"])) for each in known.records),
        *((str(each["system_id"]), str(each["record_id"])) for each in known.pointers),
    }
    return {box.about_record(*each) for each in names}


def _delete(sui: str, until: datetime | None = None) -> dict[str, int]:
    """Delete what the hub's tables know of a number, or what of it is not newer than a purge."""
    requests = IdentifierRequest.objects.filter(**found_by(IdentifierRequest, "nhs_number", sui))
    pointers, searches = Pointer.objects.filter(sui=sui), Search.objects.filter(sui=sui)
    issued = _issued(sui)
    if until is not None:
        day = timezone.localdate(until)
        pointers = pointers.filter(Q(first_seen=None) | Q(first_seen__lte=day))
        searches = searches.filter(created_at__lte=until)
        issued = issued.filter(issued_at__lte=until)
        requests = requests.filter(asked_at__lte=until)
    cases = ReviewCase.objects.filter(answered_by__in=requests)
    counts = {
        "pointers": pointers.delete()[0],
        "searches": searches.count(),
        "issued": issued.delete()[0],
        "reviews": cases.update(sealed_details=None, note="", reasons=[]),
    }
    searches.delete()
    counts["requests"] = requests.update(
        sealed_number=None,
        number_index=None,
        status=GONE,
        reason="",
        case_reference="",
        identities=[],
    )
    return counts


def _issued(sui: str) -> QuerySet[IssuedIdentifier]:
    return IssuedIdentifier.objects.filter(**found_by(IssuedIdentifier, "nhs_number", sui))


def _known_numbers() -> set[str]:
    """Every number that any table knows a child by."""
    given = IdentifierRequest.objects.filter(sealed_number__isnull=False)
    return {
        *Pointer.objects.values_list("sui", flat=True).distinct(),
        *Search.objects.values_list("sui", flat=True).distinct(),
        *(each.nhs_number for each in IssuedIdentifier.objects.iterator()),
        *(each.nhs_number for each in given.iterator()),
    }
