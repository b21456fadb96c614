"""Purging for good: rows deleted, the ledger's key destroyed, a certificate, and no way back.

What stays is the skeleton: the ledger's entries without their sealed parts, and the certificate,
which knows the child by a keyed index alone.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from joinedup.hub.discovery.models import Search
from joinedup.hub.identifiers.models import IdentifierRequest, IssuedIdentifier
from joinedup.hub.ledger.erasure import forget
from joinedup.hub.ledger.models import SubjectKey
from joinedup.hub.ledger.writing import record
from joinedup.hub.reconciliation.models import ReviewCase
from joinedup.hub.register.models import Pointer
from joinedup.hub.retention import archiving, box
from joinedup.hub.retention.models import Archived, Purged
from joinedup.hub.sealing.columns import found_by

GONE = "Purged"
"""The status of an identifier request whose number was purged."""
PERIOD_ENDED = "period-ended"
CAME_BACK = "came-back"


def purge(sui: str, why: str, now: datetime) -> Purged:
    """Purge a child: give the certificate. Raises ``NotRecorded``; then nothing is purged.

    A second purge of the same child (what came back) keeps the first certificate.
    """
    records = archiving.held(sui)
    with transaction.atomic():
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
        if new:
            made.entry = entry
            made.save(update_fields=["entry"])
        archiving.take_out(records)
    return made


def purge_due(now: datetime) -> int:
    """Purge what has been archived long enough; gives how many children."""
    over = Archived.objects.filter(purge_on__lte=timezone.localdate(now))
    for row in over:
        purge(box.opened(row).sui, PERIOD_ENDED, now)
    return len(over)


def purge_returned(now: datetime) -> int:
    """Purge again whoever came back: from a backup, a resend, an old file. Gives how many."""
    gone = {bytes(each) for each in Purged.objects.values_list("about", flat=True)}
    if not gone:
        return 0
    back = [sui for sui in _known_numbers() if box.about(sui) in gone]
    for sui in back:
        purge(sui, CAME_BACK, now)
    # A key that a backup brought back opens what the purge had closed.
    for key in SubjectKey.objects.filter(about__in=gone, wrapped__isnull=False):
        key.wrapped = None
        key.destroyed_at = now
        key.save(update_fields=["wrapped", "destroyed_at"])
    Archived.objects.filter(about__in=gone).delete()
    return len(back)


def purged(suis: Iterable[str]) -> set[str]:
    """Give those of these numbers that were purged: nothing about them may be taken in again."""
    if not Purged.objects.exists():
        return set()
    by_index = {box.about(sui): sui for sui in set(suis)}
    found = Purged.objects.filter(about__in=list(by_index)).values_list("about", flat=True)
    return {by_index[bytes(each)] for each in found}


def _delete(sui: str) -> dict[str, int]:
    requests = IdentifierRequest.objects.filter(**found_by(IdentifierRequest, "nhs_number", sui))
    cases = ReviewCase.objects.filter(answered_by__in=requests)
    counts = {
        "pointers": Pointer.objects.filter(sui=sui).delete()[0],
        "searches": Search.objects.filter(sui=sui).count(),
        "issued": _issued(sui).delete()[0],
        "reviews": cases.update(sealed_details=None, note="", reasons=[]),
    }
    Search.objects.filter(sui=sui).delete()
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
