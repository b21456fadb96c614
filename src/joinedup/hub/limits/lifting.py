"""Lifting a hold: two people of the organisation, or of the hub, who have looked at why."""

from typing import Any

from django.utils import timezone

from joinedup.hub.approvals.changes import CannotBeDone, handles
from joinedup.hub.limits.models import Hold, Recent, Seen, Tally
from joinedup.hub.organisations.models import Membership, Role

What = dict[str, Any]


def _live(what: What) -> Hold:
    """The hold, while it lasts."""
    hold = Hold.objects.filter(
        pk=what["hold"], lifted_at=None, until__gt=timezone.now()
    ).select_related("organisation", "person")
    found = hold.first()
    if found is None:
        raise CannotBeDone("This hold has ended already.")
    return found


def _check(what: What) -> None:
    _live(what)


def _whose(what: What) -> str:
    return _live(what).organisation.ods_code


def _about(what: What) -> tuple[str, str] | None:
    person = _live(what).person
    return (person.issuer, person.subject) if person else None


@handles(
    "hold.lift",
    title="Lift a hold",
    roles={Role.ADMINISTRATOR, Role.INFORMATION_GOVERNANCE_LEAD},
    whose=_whose,
    check=_check,
    about=_about,
)
def lift(what: What, by: Membership) -> None:
    """End the hold, and begin counting anew: what was counted was looked at by two people."""
    hold = _live(what)
    Hold.objects.filter(pk=hold.pk).update(lifted_at=timezone.now())
    Recent.objects.filter(asker__in=[hold.asker, f"{hold.asker}/published"]).delete()
    Seen.objects.filter(asker=hold.asker).delete()
    Tally.objects.filter(asker=hold.asker).delete()
