"""How somebody is known to have to do with a child: a fact of the policy's decisions.

Asked anew each time: a child who has left a caseload is not known by it any more, also not to a
search that was made before.
"""

from joinedup.hub.discovery.circle import Searcher
from joinedup.hub.notifications import caseloads
from joinedup.hub.rights.acting import across_organisations
from joinedup.hub.sealing.columns import found_by
from joinedup.hub.sharing.course import OPEN
from joinedup.hub.sharing.models import ShareRequest
from joinedup.hub.sharing.people import ANSWER
from joinedup.policy.question import Relationship


def relationship_of(searcher: Searcher, sui: str) -> Relationship:
    """What others know: their system's caseload, or an open request that they answer.

    Else it is their own claim. A system that acts for nobody in particular has no other.
    """
    worker = searcher.worker
    if not worker:
        return Relationship.SELF_CLAIMED
    # When a custodian takes work the searcher's question is decided again; it learns nothing by it.
    with across_organisations():
        if caseloads.holds(searcher.organisation.pk, worker, sui):
            return Relationship.CASELOAD
        answers = searcher.role in ANSWER and ShareRequest.objects.filter(
            holder=searcher.organisation,
            state__in=[each.value for each in OPEN],
            **found_by(ShareRequest, "sui", sui),
        )
        if answers and answers.exists():
            return Relationship.OPEN_REQUEST
    return Relationship.SELF_CLAIMED
