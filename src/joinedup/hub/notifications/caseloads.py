"""Caseloads: which children a worker is the lead professional of, by their own system's word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from joinedup.hub.notifications.models import Allocation
from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.hub.register.supersession import others_of
from joinedup.hub.shields.key import tokens
from joinedup.people.nhs_number import is_plain_nhs_number


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a call came to: children added, children that left, and numbers that are none."""

    added: int
    ended: int
    refused: tuple[tuple[int, int], ...]


def replace(organisation: Organisation, caseloads: Mapping[str, Sequence[str]]) -> Replaced:
    """Make these workers' caseloads exactly these children; other workers' stay.

    May be sent again. ``refused`` has the place of the worker and of the number.
    """
    refused: list[tuple[int, int]] = []
    wanted: set[tuple[str, str]] = set()
    for at_worker, (worker, suis) in enumerate(caseloads.items()):
        for at_sui, sui in enumerate(suis):
            if is_plain_nhs_number(sui):
                wanted.add((worker, sui))
            else:
                refused.append((at_worker, at_sui))
    now = timezone.now()
    ours = tokens()
    with transaction.atomic():
        # One call of an organisation at a time: two that overlap would each undo half the other.
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        live = Allocation.objects.filter(
            organisation=organisation, worker__in=list(caseloads), ended_at=None, follows=None
        )
        known = {(each.worker, each.sui): each.pk for each in live}
        gone = [key for pair, key in known.items() if pair not in wanted]
        Allocation.objects.filter(pk__in=gone).update(ended_at=now)
        new = sorted(wanted - known.keys())
        followers = Allocation.objects.filter(organisation=organisation, follows__isnull=False)
        followers.filter(follows__in=gone).delete()
        for worker, sui in new:  # what was followed is now said by the organisation itself
            followers.filter(worker=worker, sui=sui).delete()
        Allocation.objects.bulk_create(
            Allocation(
                organisation=organisation,
                worker=worker,
                sui=sui,
                token=ours.number(sui),
                since=now,
            )
            for worker, sui in new
        )
        follow(
            Allocation.objects.filter(
                organisation=organisation, worker__in=list(caseloads), ended_at=None, follows=None
            )
        )
    return Replaced(len(new), len(gone), tuple(refused))


def follow(allocations: QuerySet[Allocation]) -> int:
    """Allocate the same children under their other numbers too; gives how many were new.

    So what happens under a number that replaced another, or was replaced, is told to the worker
    who has the child by either.
    """
    ours = tokens()
    live = list(allocations)
    others = others_of(each.sui for each in live)
    made = Allocation.objects.bulk_create(
        [
            Allocation(
                organisation_id=each.organisation_id,
                worker=each.worker,
                sui=number,
                token=ours.number(number),
                since=timezone.now(),
                follows=each,
            )
            for each in live
            for number in others.get(each.sui, ())
        ],
        ignore_conflicts=True,  # the organisation gave both itself, or it is followed already
    )
    return len(made)


def has(membership: Membership, sui: str) -> bool:
    """Whether the child is in the person's caseload, as their organisation's own system says."""
    return holds(membership.organisation_id, membership.person.subject, sui)


def holds(organisation_id: int, worker: str, sui: str) -> bool:
    """Whether the organisation's own system says that the child is in this worker's caseload."""
    return Allocation.objects.filter(
        organisation_id=organisation_id, worker=worker, sui=sui, ended_at=None
    ).exists()


def children_of(membership: Membership) -> list[str]:
    """The children in a person's caseload."""
    return list(
        Allocation.objects.filter(
            organisation_id=membership.organisation_id,
            worker=membership.person.subject,
            ended_at=None,
            follows=None,
        )
        .order_by("sui")
        .values_list("sui", flat=True)
    )
