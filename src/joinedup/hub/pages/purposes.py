"""The reasons that somebody can give: the purposes that the law's catalogue has for their role."""

from django.utils import timezone

from joinedup.hub.agreements.asking import party
from joinedup.hub.organisations.models import Membership
from joinedup.policy.catalogue import Purpose, national
from joinedup.policy.footing import footing
from joinedup.policy.question import Action


def reasons(membership: Membership) -> list[Purpose]:
    """Purposes for which this person may look up a child, in the catalogue's order."""
    stands = footing(party(membership.organisation), timezone.localdate())
    if stands is None:
        return []
    return [
        purpose
        for purpose in national().purposes.values()
        if Action.LOOK_UP in purpose.actions
        and (asks := purpose.asks.get(stands.kind))
        and membership.role in asks.roles
    ]


def finds(code: str) -> bool:
    """Whether for this purpose one may ask who knows a child."""
    purpose = national().purposes.get(code)
    return purpose is not None and Action.FIND in purpose.actions


def name(code: str) -> str:
    """A purpose's words; of one that is no longer in the catalogue, its code."""
    purpose = national().purposes.get(code)
    return purpose.name if purpose else code
