"""Reviewing a shield: two agree, it is looked at again by its date, and two lift it."""

from datetime import date

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from joinedup.hub.approvals.changes import propose
from joinedup.hub.approvals.models import ProposedChange
from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import Membership, Role
from joinedup.hub.shields.asking import acting
from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.models import Shield
from joinedup.hub.shields.state import append, current, on_django
from joinedup.policy.question import Level
from joinedup.policy.shield import Kind, Standing

LIFT = "shield.lift"


class CannotReview(Exception):
    """The person's word does not count for this; the text says why."""


def of_desk(membership: Membership) -> QuerySet[Shield]:
    """Give the shields that a reviewer looks after: their organisation's, at the hub's desk all."""
    found = Shield.objects.filter(level__gt=Level.OPEN)
    if membership.role != Role.SHIELD_REVIEWER:
        return found.none()
    if membership.organisation.runs_hub:
        return found
    return found.filter(organisation=membership.organisation)


def due(membership: Membership, on: date) -> QuerySet[Shield]:
    """Give those that wait for somebody: new, late, with a copy to look at, or half lifted."""
    waiting = Q(standing__in=[Standing.TO_REVIEW.value, Standing.LIFT_ASKED.value])
    late = Q(review_by__lt=on)
    copies = Q(marks__reviewed_at__isnull=True)
    return of_desk(membership).filter(waiting | late | copies).distinct()


def confirm(shield: Shield, by: Membership) -> None:
    """Agree with a shield, or keep one that was due to be looked at again.

    Raises ``CannotReview`` when it changes nothing: the person asked for it, or agreed before.
    """
    with transaction.atomic():
        before = current(on_django, shield.pk)
        kind = Kind.REVIEW if before.standing is Standing.IN_FORCE else Kind.CONFIRM
        _, after = append(on_django, shield.pk, kind, by=acting(by))
        # Due for review, and kept on the same day as before: that is done, too.
        if after == before and kind is Kind.CONFIRM:
            raise CannotReview(
                "Your agreement does not count: you asked for this shield, or have agreed already."
            )
        shield.marks.filter(reviewed_at=None).update(reviewed_at=timezone.now())
        record(action="shield.confirm", outcome="allowed", case_reference=f"shield {shield.pk}")


def ask_to_lift(shield: Shield, to: Level, by: Membership, why: str) -> ProposedChange:
    """Ask to lift a shield, or lower it; it stays until somebody else approves.

    Raises ``CannotReview``, and what ``approvals.changes.propose`` raises.
    """
    with transaction.atomic():
        before = current(on_django, shield.pk)
        if to >= before.own:
            raise CannotReview("The shield is at that level already, or it is not ours to lift.")
        reason = tokens().seal_text(why, shield.pk.bytes)
        append(on_django, shield.pk, Kind.LIFT_ASKED, by=acting(by), level=to, reason=reason)
        # The words are sealed with the shield; a change that was approved is kept for good.
        return propose(LIFT, {"shield": str(shield.pk), "to": int(to)}, by, "See the shield.")


def note_overdue(on: date) -> int:
    """Note on each shield whose date has gone by that it has; it stays in force. Gives how many."""
    late = Shield.objects.filter(level__gt=Level.OPEN, review_by__lt=on)
    done = 0
    for shield in late:
        with transaction.atomic():
            if not current(on_django, shield.pk).overdue:
                append(on_django, shield.pk, Kind.EXPIRE)
                done += 1
    return done
