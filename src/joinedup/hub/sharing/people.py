"""Who at an organisation does what about requests."""

from joinedup.hub.organisations.models import ROLES_THAT_ASK, Membership, Role
from joinedup.hub.sharing.models import Origin, ShareRequest
from joinedup.policy.catalogue import national

LEADS = frozenset({Role.SAFEGUARDING_LEAD, Role.INFORMATION_GOVERNANCE_LEAD})
"""To whom a request is escalated. Only schools have a safeguarding lead by role here; elsewhere it
is the information governance lead who sees that somebody decides."""

ANSWER = frozenset({*ROLES_THAT_ASK, Role.DATA_OFFICER, *LEADS})
"""Who may answer for a custodian."""

SEE = tuple(sorted(ANSWER))


def is_holder(request: ShareRequest, membership: Membership) -> bool:
    """Whether the person answers for the custodian."""
    return request.holder_id == membership.organisation_id and membership.role in ANSWER


def is_asker(request: ShareRequest, membership: Membership) -> bool:
    """Whether the person is on the asking side: who asked, a lead, or whom an offer is for."""
    if request.asker_id != membership.organisation_id:
        return False
    return (
        membership.role in LEADS
        or may_read(request, membership)
        or (request.origin == Origin.OFFERED and membership.role in ROLES_THAT_ASK)
    )


def may_read(request: ShareRequest, membership: Membership) -> bool:
    """Whether what was shared is for this person: who asked, or any whom the offer's purpose is
    for.
    """
    if request.asker_id != membership.organisation_id:
        return False
    if request.origin == Origin.OFFERED:
        return membership.role in roles_for(request.purpose, membership.organisation.kind)
    own = request.membership
    return own is not None and own.person_id == membership.person_id


def roles_for(purpose: str, kind: str) -> frozenset[str]:
    """The roles that may be given something for a purpose, at a kind of organisation."""
    known = national().purposes.get(purpose)
    asks = known.asks.get(kind) if known else None
    return frozenset(asks.roles) if asks else frozenset()
