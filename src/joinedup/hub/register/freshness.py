"""How much a custodian has published, and how fresh it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min

from joinedup.hub.organisations.models import Organisation
from joinedup.hub.register.models import Custodianship, Holding


@dataclass(frozen=True, slots=True)
class Freshness:
    """One system and record type: how many pointers, between which times they were refreshed."""

    system_id: str
    record_type: str
    pointers: int
    refreshed_at: datetime
    oldest: datetime | None
    complete_as_of: datetime | None
    last_batch: str
    identifiers_delivered_at: datetime | None


def summary(custodian: Organisation) -> Sequence[Freshness]:
    """Each of the custodian's systems, by name."""
    return [
        Freshness(
            holding.system_id,
            holding.record_type,
            holding.count,
            holding.refreshed_at,
            holding.oldest,
            holding.complete_as_of,
            holding.last_batch,
            holding.delivered,
        )
        for holding in Holding.objects.filter(custodian=custodian)
        .annotate(
            count=Count("pointers"),
            oldest=Min("pointers__refreshed_at"),
            delivered=Max("pointers__identifier_delivered_at"),
        )
        .order_by("system_id", "record_type")
    ]


def record_types_of(custodian: Organisation) -> Sequence[str]:
    """The record types that the custodian is asked about."""
    return list(
        Custodianship.objects.filter(custodian=custodian, ended_at=None)
        .order_by("record_type")
        .values_list("record_type", flat=True)
    )
