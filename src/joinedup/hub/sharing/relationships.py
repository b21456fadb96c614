"""How somebody is known to have to do with a child: a fact of the policy's decisions."""

from joinedup.hub.notifications import caseloads
from joinedup.hub.organisations.models import Membership
from joinedup.hub.sealing.columns import found_by
from joinedup.hub.sharing.course import OPEN
from joinedup.hub.sharing.models import ShareRequest
from joinedup.hub.sharing.people import ANSWER
from joinedup.policy.question import Relationship


def relationship_of(membership: Membership, sui: str) -> Relationship | None:
    """What others know: their system's caseload, or an open request that they answer.

    None when nobody but themselves says that they have to do with the child.
    """
    if caseloads.has(membership, sui):
        return Relationship.CASELOAD
    answers = membership.role in ANSWER and ShareRequest.objects.filter(
        holder_id=membership.organisation_id,
        state__in=[each.value for each in OPEN],
        **found_by(ShareRequest, "sui", sui),
    )
    return Relationship.OPEN_REQUEST if answers and answers.exists() else None
