"""Writing down that somebody is to be told: in the transaction of what they are told of."""

from collections.abc import Iterable
from uuid import UUID

from joinedup.hub.notifications.models import Kind, Outbox
from joinedup.hub.organisations.models import Membership, Organisation


def tell_organisation(
    to: Organisation,
    roles: Iterable[str],
    kind: Kind,
    *,
    actor: Organisation | None = None,
    reference: UUID | None = None,
    sui: str = "",
) -> None:
    """Tell an organisation's people in these roles."""
    Outbox.objects.create(
        kind=kind,
        to_organisation=to,
        to_roles=sorted(roles),
        actor=actor,
        reference=reference,
        sui=sui,
    )


def tell_person(
    to: Membership,
    kind: Kind,
    *,
    actor: Organisation | None = None,
    reference: UUID | None = None,
    sui: str = "",
) -> None:
    """Tell one person."""
    Outbox.objects.create(
        kind=kind,
        to_organisation_id=to.organisation_id,
        to_membership=to,
        actor=actor,
        reference=reference,
        sui=sui,
    )


def tell_caseloads(sui: str, kind: Kind, *, actor: Organisation | None = None) -> None:
    """Tell those in whose caseload a child is, as far as they want to be told."""
    Outbox.objects.create(kind=kind, sui=sui, actor=actor)
