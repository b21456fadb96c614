"""What the policy allows of a request: before it is sent, when it is answered, and when it is read.

The same question as for a fetch (``discovery.circle``): may this searcher have content of this
record type from this custodian, for this purpose, on this day. Whether it may be *asked* is decided
as if the child were like any other, so that a refusal never tells of a shield; what a shield hides
is hidden when the answer is read.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from joinedup.hub.discovery.circle import Place, Refused, Searcher, View, Why
from joinedup.hub.discovery.relationships import relationship_of
from joinedup.hub.organisations.models import Membership
from joinedup.hub.sharing.course import Urgency
from joinedup.hub.sharing.models import ShareRequest
from joinedup.policy.catalogue import national
from joinedup.policy.decision import Duty
from joinedup.policy.question import Level, Relationship


class NotAgreed(Exception):
    """Nothing lets the one have such content of the other; so for every child."""


@dataclass(frozen=True, slots=True)
class Given:
    """The duties under which content may be given, by record type; those missing may not.

    With the policy's version and the relationship by which it was decided, for the ledger.
    """

    duties: dict[str, frozenset[Duty]]
    policy_version: str
    relationship: Relationship


def given(
    searcher: Searcher, why: Why, holder_id: int, record_types: Iterable[str], level: Level
) -> Given:
    """What this custodian's content the searcher may be given now; raises ``circle.Refused``."""
    view = View(searcher, why)
    view.check()
    circle = view.given(sorted(set(record_types)), level)
    duties = {
        place.record_type: found
        for place, found in circle.allowed.items()
        if place.custodian_id == holder_id
    }
    return Given(duties, circle.policy_version, why.relationship)


def may_ask(searcher: Searcher, why: Why) -> dict[Place, frozenset[Duty]]:
    """Every custodian and record type whose content the searcher may ask for."""
    view = View(searcher, why)
    return dict(view.given(sorted(view.policy.catalogue.record_types), Level.OPEN).allowed)


def check(searcher: Searcher, why: Why, holder_id: int, record_types: Iterable[str]) -> Given:
    """As ``given``, for a child like any other; raises ``NotAgreed`` unless all of it is."""
    wanted = set(record_types)
    found = given(searcher, why, holder_id, wanted, Level.OPEN)
    if wanted - found.duties.keys():
        raise NotAgreed
    return found


def now_given(request: ShareRequest, level: Level, reader: Membership | None = None) -> Given:
    """What of a request's record types may be given now, for a child at this level.

    ``reader`` is who reads; without one it is whoever asked. Nothing where the policy refuses.
    """
    person = reader or request.membership
    if person is not None and person.organisation_id != request.asker_id:
        person = None  # an offer was made by the other side
    searcher = Searcher(request.asker, request.client, person)
    why = why_of(request, searcher)
    types = {item.record_type for item in request.items.all()}
    try:
        return given(searcher, why, request.holder_id, types, level)
    except Refused as refusal:
        return Given({}, refusal.decision.policy_version, why.relationship)


def why_of(request: ShareRequest, searcher: Searcher) -> Why:
    """What a request is for, and how whoever asks or reads has to do with the child now."""
    return Why(
        request.purpose,
        request.legal_basis,
        request.reason,
        counts_as_emergency(request.purpose, request.urgency),
        relationship_of(searcher, request.sui),
    )


def counts_as_emergency(purpose: str, urgency: str) -> bool:
    """Whether the policy knows it for an emergency: the purpose has to be one for it."""
    known = national().purposes.get(purpose)
    return urgency == Urgency.EMERGENCY and known is not None and known.emergency
