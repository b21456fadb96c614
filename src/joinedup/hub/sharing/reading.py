"""Reading what was shared: the policy is asked again, the ledger has its entry, then it is opened.

What was withheld for detriment is the same here as what is not held, and so is what a shield hides
or an agreement that ended no longer covers (trust rule L3, design principles 3 and 5).
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from joinedup.custodian.envelope import EnvelopeError, Key
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.notifications.models import Kind
from joinedup.hub.notifications.outbox import tell_organisation
from joinedup.hub.organisations.models import MachineClient, Membership, Organisation, Role
from joinedup.hub.sharing import asking, envelope, events, permission
from joinedup.hub.sharing.course import Answer, State, Told
from joinedup.hub.sharing.models import Reading, SealedItem, ShareItem, ShareRequest
from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.levels import level_of
from joinedup.hub.shields.models import Shield
from joinedup.policy.decision import Duty
from joinedup.policy.question import Level


class NothingToRead(Exception):
    """There is nothing here for this reader: never was, withheld, hidden, gone, or not theirs."""


@dataclass(frozen=True, slots=True)
class ItemTold:
    """What whoever asked is told of an item."""

    item: ShareItem
    told: Told


@dataclass(frozen=True, slots=True)
class Unclosed:
    """An item as it was shared; None when it was closed to another key, or is gone."""

    item: ShareItem
    content: envelope.Item | None


@dataclass(frozen=True, slots=True)
class Collected:
    """An item as a system collects it: still closed."""

    item: ShareItem
    content: str


def told(request: ShareRequest, reader: Membership | None = None) -> list[ItemTold]:
    """What whoever asked is told of each item; nothing before it is decided."""
    come_to = events.course_of(request)
    if come_to.state is not State.DECIDED:
        return []
    return _told(request, come_to.answers, _given_now(request, reader))


def unclose(request: ShareRequest, reader: Membership, key: Key, thumbprint: str) -> list[Unclosed]:
    """Open what was shared, for this person, now. The entry is committed first.

    Raises ``NothingToRead`` and ``NotRecorded``.
    """
    found = []
    for each in _read(request, reader, thumbprint):
        content: envelope.Item | None = None
        if each.content:
            try:
                content = envelope.unclose(each.content, key, each.item.id, request.sui)
            except EnvelopeError:
                content = None
        found.append(Unclosed(each.item, content))
    return found


def collect(request: ShareRequest, client: MachineClient) -> list[Collected]:
    """Give what was shared to the system that asked, as it is closed to the key that it sent.

    Raises ``NothingToRead`` and ``NotRecorded``.
    """
    return _read(request, client, request.key_thumbprint)


def _read(
    request: ShareRequest, reader: Membership | MachineClient, thumbprint: str
) -> list[Collected]:
    note(action="share.read", subject=request.sui)
    person = reader if isinstance(reader, Membership) else None
    come_to = events.course_of(request)
    if come_to.state is not State.DECIDED:
        raise NothingToRead
    given = _given_now(request, person)
    items = [
        each.item for each in _told(request, come_to.answers, given) if each.told is Told.GIVEN
    ]
    if not items:
        raise NothingToRead
    closed = dict(
        SealedItem.objects.filter(item__in=items, key_thumbprint=thumbprint).values_list(
            "item_id", "content"
        )
    )
    duties = frozenset().union(*(given.duties[item.record_type] for item in items))
    with transaction.atomic():
        facts = asking.facts(request)
        entry = record(
            **{**facts, "record_types": tuple(sorted({item.record_type for item in items}))},
            action="share.read",
            fields=tuple(sorted({item.field for item in items if item.field})),
            results=len(closed),
            policy_version=given.policy_version,
            relationship=given.relationship,
            status=200,
        )
        Reading.objects.create(
            request=request,
            membership=person,
            client=reader if isinstance(reader, MachineClient) else None,
            at=timezone.now(),
            entry_id=entry,
        )
        if Duty.NOTIFY in duties:
            _notify(request)
    return [Collected(item, closed.get(item.id, "")) for item in items]


def _given_now(request: ShareRequest, reader: Membership | None) -> permission.Given:
    return permission.now_given(request, level_of(request.sui), reader)


def _told(
    request: ShareRequest, answers: tuple[Answer, ...], given: permission.Given
) -> list[ItemTold]:
    lines = []
    for item in request.items.all():
        says = answers[item.place].told
        if says is Told.GIVEN and item.record_type not in given.duties:
            says = Told.NOTHING
        lines.append(ItemTold(item, says))
    return lines


def _notify(request: ShareRequest) -> None:
    """Tell those responsible for the child's shield, and the reader's own organisation."""
    shields = Shield.objects.filter(
        marks__token=tokens().number(request.sui), level__gt=Level.OPEN
    ).values_list("organisation_id", flat=True)
    told = {request.asker_id, *(each for each in shields if each is not None)}
    for organisation in Organisation.objects.filter(pk__in=told).order_by("pk"):
        tell_organisation(
            organisation,
            (Role.INFORMATION_GOVERNANCE_LEAD, Role.SHIELD_REVIEWER),
            Kind.SHIELDED_READ,
            actor=request.asker,
            reference=request.id,
        )


def entries(request: ShareRequest) -> list[UUID]:
    """The ledger's entries of each time that something was read: both sides have receipts."""
    return list(request.readings.values_list("entry_id", flat=True))
