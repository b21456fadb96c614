"""Delivering: each row of the outbox becomes its notices, once, whoever else is at it.

A row is deleted in the transaction that writes its notices. A worker that dies leaves both or
neither; the constraint on notices says the same a second time.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from joinedup.hub.notifications.models import Allocation, How, Notice, Outbox, Subscriber
from joinedup.hub.notifications.telling import Happening, telling
from joinedup.hub.shields.levels import level_of
from joinedup.policy.question import Level

log = logging.getLogger("joinedup.hub.notifications")

DIGEST_AT = time(7)
"""In the morning, by the clock here."""


class NotDelivered(Exception):
    """Some rows could not be told; they are tried again."""


def deliver_due(most: int = 10_000) -> int:
    """Tell what waits to be told; gives how many rows were worked through.

    Raises ``NotDelivered`` at the end when some could not be; they hold up no others.
    """
    done = 0
    failed: list[int] = []
    while done < most:
        row: Outbox | None = None
        try:
            with transaction.atomic():
                row = (
                    Outbox.objects.select_for_update(skip_locked=True, of=("self",))
                    .exclude(pk__in=failed)
                    .order_by("pk")
                    .first()
                )
                if row is None:
                    break
                Notice.objects.bulk_create(list(_notices(row)), ignore_conflicts=True)
                row.delete()
            done += 1
        except Exception:
            if row is None or row.pk is None:
                raise
            log.exception("a notice of kind %s could not be delivered", row.kind)
            failed.append(row.pk)
    if failed:
        raise NotDelivered(f"{len(failed)} not delivered")
    return done


def _notices(row: Outbox) -> Iterator[Notice]:
    if row.to_organisation_id is not None:
        now = timezone.now()
        yield _notice(row, row.to_organisation_id, row.to_membership_id, row.to_roles, now)
        return
    what = Happening(row.kind, row.at, row.sui, row.actor_id, row.record_type, row.reference)
    for subscriber, known_by in _subscribers(row):
        if telling(what, subscriber) is not None:
            who = subscriber.membership
            notice = _notice(row, who.organisation_id, who.pk, [], shown_from(subscriber))
            notice.sui = known_by
            yield notice


def _subscribers(row: Outbox) -> Iterator[tuple[Subscriber, str]]:
    """Those in whose caseload the child is, who want to be told of this, and who still work.

    Each with the number by which they know the child. Who knows a shielded child by another number
    is not told: that there is another is not theirs to know.
    """
    today = timezone.localdate()
    for held in Allocation.objects.filter(sui=row.sui, ended_at=None).select_related("follows"):
        if held.follows and level_of(row.sui) is not Level.OPEN:
            continue
        known_by = held.follows.sui if held.follows else held.sui
        wanting = Subscriber.objects.filter(
            membership__organisation_id=held.organisation_id,
            membership__person__subject=held.worker,
            kinds__contains=[row.kind],
        ).select_related("membership__person", "membership__organisation__principal")
        for each in wanting:
            if each.membership.is_live(today):
                yield each, known_by


def shown_from(subscriber: Subscriber, now: datetime | None = None) -> datetime:
    """When a notice of now is shown: now, or with the next morning's."""
    now = now or timezone.now()
    if subscriber.how == How.AT_ONCE:
        return now
    here = timezone.localtime(now)
    day = here.date() if here.time() < DIGEST_AT else here.date() + timedelta(days=1)
    return timezone.make_aware(datetime.combine(day, DIGEST_AT))


def _notice(
    row: Outbox, organisation: int, membership: int | None, roles: list[str], shown: datetime
) -> Notice:
    notice = Notice(
        event=row.event,
        organisation_id=organisation,
        membership_id=membership,
        roles=roles,
        kind=row.kind,
        at=row.at,
        shown_from=shown,
        actor_id=row.actor_id,
        record_type=row.record_type,
        purpose=row.purpose,
        reference=row.reference,
    )
    notice.sui = row.sui
    return notice
