"""What somebody has been told, as it may be shown to them now."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from joinedup.hub.notifications.models import OF_A_CHILD, Kind, Notice, Subscriber
from joinedup.hub.notifications.telling import Happening, telling
from joinedup.hub.organisations.models import Membership
from joinedup.hub.pages import purposes, record_words

MOST = 200
"""The newest so many are shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """A notice in words. ``who`` and ``about`` are empty where they are not told."""

    notice: Notice
    title: str
    who: str
    about: str
    purpose: str


def own(membership: Membership, now: datetime | None = None) -> QuerySet[Notice]:
    """The notices of a person: their own, and their organisation's for their role."""
    mine = Q(membership=membership) | Q(membership=None, roles__contains=[membership.role])
    return Notice.objects.filter(
        mine, organisation_id=membership.organisation_id, shown_from__lte=now or timezone.now()
    )


def read(membership: Membership) -> list[Line]:
    """What may be shown now, the unread first; what may no longer be told is left out."""
    subscriber = (
        Subscriber.objects.select_related("membership__person", "membership__organisation")
        .filter(membership=membership)
        .first()
    )
    notices = own(membership).select_related("actor").order_by("-shown_from", "-at", "pk")[:MOST]
    lines = [line for each in notices if (line := _line(each, subscriber)) is not None]
    return sorted(lines, key=lambda line: line.notice.read_at is not None)


def _line(notice: Notice, subscriber: Subscriber | None) -> Line | None:
    masked = False
    if notice.kind in OF_A_CHILD:
        what = Happening(
            notice.kind,
            notice.at,
            notice.sui,
            notice.actor_id,
            notice.record_type,
            notice.reference,
        )
        may = telling(what, subscriber) if subscriber else None
        if may is None:
            return None
        masked = may.masked
    return Line(
        notice,
        Kind(notice.kind).label,
        "" if masked or notice.actor is None else notice.actor.name,
        record_words.about(notice.record_type) if notice.record_type else "",
        purposes.name(notice.purpose) if notice.purpose else "",
    )
