"""You should know: offering another organisation something about a child, unasked.

Offered to whom an agreement or the duty lets have it, and opened by them. The offer is closed to
the keys of the people there who may be given it; who has no key yet is told of the offer, and asks
for it, which makes a request that the offerer answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from joinedup.hub.agreements.asking import basis_of
from joinedup.hub.discovery.circle import Refused, Searcher, Why
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.notifications.models import Kind
from joinedup.hub.notifications.outbox import tell_organisation
from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.hub.sharing import asking, envelope, events, permission
from joinedup.hub.sharing.asking import Asked, CannotBeAsked
from joinedup.hub.sharing.course import Answer, Event, Side, Step, Urgency
from joinedup.hub.sharing.models import Origin, ReadingKey, SealedItem, ShareRequest
from joinedup.hub.sharing.people import roles_for
from joinedup.people.nhs_number import is_plain_nhs_number
from joinedup.policy.catalogue import national


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered to whom: the purpose is the receiver's."""

    sui: str
    to: Organisation
    record_type: str
    purpose: str
    reason: str
    told: str
    text: str
    standing: str
    as_at: str = ""
    source: str = ""
    file_name: str = ""
    file_type: str = ""
    file: str = ""
    urgency: Urgency = Urgency.ORDINARY

    @property
    def item(self) -> envelope.Item:
        """What is closed to the readers."""
        return envelope.Item(
            self.sui,
            self.text,
            self.standing,
            self.as_at,
            self.source,
            self.file_name,
            self.file_type,
            self.file,
        )


@dataclass(frozen=True, slots=True)
class _Made:
    """An offer in the words of a request."""

    sui: str
    holder: Organisation
    purpose: str
    legal_basis: str
    reason: str
    urgency: Urgency
    case_reference: str = ""
    whole_reason: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer that was made, and how many people can open it now."""

    request: ShareRequest
    readers: int


def may_offer(holder: Organisation, to: Organisation) -> dict[str, list[str]]:
    """For which purposes which record types of the holder's may be given to the other."""
    found: dict[str, list[str]] = {}
    searcher = Searcher(to)
    for code, purpose in national().purposes.items():
        if to.kind not in purpose.asks:
            continue
        why = Why(code, basis_of(code, to), "Offered")
        allowed = permission.may_ask(searcher, why)
        types = sorted(place.record_type for place in allowed if place.custodian_id == holder.pk)
        if types:
            found[code] = types
    return found


def offer(by: Membership, offered: Offer, now: datetime | None = None) -> Offered:
    """Offer something, if the policy lets the receiver have it.

    Raises ``CannotBeAsked``, ``permission.NotAgreed`` and ``NotRecorded``.
    """
    now = now or timezone.now()
    note(action="share.offer", subject=offered.sui, purpose=offered.purpose)
    if not is_plain_nhs_number(offered.sui):
        raise CannotBeAsked("Enter a valid NHS number.")
    if offered.to.pk == by.organisation_id:
        raise CannotBeAsked("That is your own organisation.")
    if not offered.reason.strip() or not (offered.text.strip() or offered.file):
        raise CannotBeAsked("Say what they should know, and why it may help.")
    searcher = Searcher(offered.to)
    made = _Made(
        offered.sui,
        by.organisation,
        offered.purpose,
        basis_of(offered.purpose, offered.to),
        offered.reason,
        offered.urgency,
    )
    request = asking.made(searcher, made, Origin.OFFERED, now)
    request.membership = by
    try:
        why = permission.why_of(request, searcher)
        allowed = permission.check(searcher, why, by.organisation_id, [offered.record_type])
    except Refused as refusal:
        raise permission.NotAgreed from refusal
    keys = _readers(offered)
    with asking.saved(request, [Asked(offered.record_type)]):
        events.add(request, Event(Step.RECEIVE, now, Side.HOLDER), by)
        events.add(
            request,
            Event(Step.DECIDE, now, Side.HOLDER, (Answer(0),)),
            by,
            f"{offered.reason.strip()}\nChild or family: {offered.told.strip()}",
            lambda: record(
                **asking.facts(request, Side.HOLDER),
                action="share.offer",
                outcome="shared",
                results=1,
                policy_version=allowed.policy_version,
            ),
        )
        item = request.items.get()
        for key in keys:
            SealedItem.objects.create(
                item=item,
                key_thumbprint=key.thumbprint,
                content=envelope.close(offered.item, key.public_key, item.id),
                given_at=now,
            )
        tell_organisation(
            offered.to,
            roles_for(offered.purpose, offered.to.kind),
            Kind.OFFER,
            actor=by.organisation,
            reference=request.id,
        )
    return Offered(request, len(keys))


def _readers(offered: Offer) -> Sequence[ReadingKey]:
    """The keys of the people there who may be given it."""
    today = timezone.localdate()
    keys = ReadingKey.objects.filter(
        membership__organisation=offered.to,
        membership__role__in=roles_for(offered.purpose, offered.to.kind),
    ).select_related("membership__person", "membership__organisation__principal")
    return [key for key in keys if key.membership.is_live(today)]
