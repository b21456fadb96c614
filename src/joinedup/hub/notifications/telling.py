"""Whether somebody may be told of something that happened to a child in their caseload, and how
much of it. Asked when a notice is delivered, and again each time it is shown.

That somebody else is involved is told to whom the policy lets find it, and no more of it. That a
shield was put in force is told to the people of the organisation that asked for it; others, who
must know that they may not say where the child is, are told at level R. At level V they are not.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from joinedup.hub.agreements.asking import basis_of
from joinedup.hub.discovery.circle import Place, Searcher, View, Why
from joinedup.hub.discovery.models import Search
from joinedup.hub.notifications import caseloads
from joinedup.hub.notifications.models import Kind, Subscriber
from joinedup.hub.notifications.quiet import is_quiet
from joinedup.hub.organisations.models import Membership
from joinedup.hub.rights.acting import across_organisations
from joinedup.hub.shields.levels import level_of
from joinedup.policy.decision import Duty
from joinedup.policy.question import Level, Relationship

_MASKS = frozenset({Duty.MASK_LOCATION, Duty.MASK_SERVICE})


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened to a child."""

    kind: str
    at: datetime
    sui: str
    actor_id: int | None
    record_type: str
    reference: UUID | None


@dataclass(frozen=True, slots=True)
class Telling:
    """That it may be told; ``masked``: not which organisation it was."""

    masked: bool = False


def telling(what: Happening, subscriber: Subscriber) -> Telling | None:
    """How this person may be told, now; None when they may not."""
    membership = subscriber.membership
    if what.kind not in subscriber.kinds or not caseloads.has(membership, what.sui):
        return None
    return _KINDS[Kind(what.kind)](what, subscriber, membership)


def _involvement(what: Happening, subscriber: Subscriber, who: Membership) -> Telling | None:
    if what.actor_id in (None, who.organisation_id):
        return None
    why = Why(
        subscriber.purpose,
        basis_of(subscriber.purpose, who.organisation),
        "A child in their caseload",
        relationship=Relationship.CASELOAD,
    )
    view = View(Searcher(who.organisation, membership=who), why)
    told = view.told([what.record_type], level_of(what.sui)).allowed
    assert what.actor_id is not None
    duties = told.get(Place(what.actor_id, what.record_type))
    return None if duties is None else Telling(masked=bool(duties & _MASKS))


def _search(what: Happening, subscriber: Subscriber, who: Membership) -> Telling | None:
    if what.reference is None:
        return None
    with across_organisations():  # the search is another organisation's; nothing of it is shown
        search = Search.objects.filter(id=what.reference).select_related("membership").first()
        if search is None or is_quiet(search, what.at):
            return None
    if search.membership and search.membership.person_id == who.person_id:
        return None
    by_own_system = search.organisation_id == who.organisation_id and search.membership is None
    return None if by_own_system else Telling()


def _identifier(what: Happening, subscriber: Subscriber, who: Membership) -> Telling | None:
    return Telling()


def _shield(what: Happening, subscriber: Subscriber, who: Membership) -> Telling | None:
    level = level_of(what.sui)
    own = what.actor_id == who.organisation_id
    told = level > Level.OPEN and (own or level is Level.NO_LOCATION)
    return Telling(masked=not own) if told else None


_KINDS = {
    Kind.INVOLVEMENT: _involvement,
    Kind.SEARCH: _search,
    Kind.IDENTIFIER: _identifier,
    Kind.SHIELD: _shield,
}
