"""When a link proves wrong: everybody who was given something through it is told, once.

A link proves wrong when people part records that were taken for one child (an unlink, a split, a
decision undone), when a custodian gives a record another number, and when the source of truth
replaces a number. That is written down where it happens, in the same transaction, or read from the
log of link events; from there it is worked through here. Who is told is computed from the ledger.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from joinedup.hub.discovery.models import Fetch
from joinedup.hub.identifiers.models import IssuedIdentifier
from joinedup.hub.ledger.writing import record
from joinedup.hub.notifications import caseloads
from joinedup.hub.notifications.models import Allocation, Kind
from joinedup.hub.notifications.outbox import tell_caseloads, tell_organisation, tell_person
from joinedup.hub.organisations.models import ROLES_THAT_ASK, Membership, Organisation, Role
from joinedup.hub.reconciliation import links
from joinedup.hub.register.models import Pointer
from joinedup.hub.register.supersession import numbers_of
from joinedup.hub.sharing.models import Cause, Correction, LinksRead
from joinedup.hub.sharing.people import LEADS
from joinedup.hub.sharing.recipients import Recipient, recipients
from joinedup.identities import current, log
from joinedup.identities.index import Link
from joinedup.identities.store import WRITERS
from joinedup.linkage.constraints import Ref
from joinedup.linkage.history import Event
from joinedup.linkage.history import Kind as LinkKind

_PARTS = (LinkKind.UNLINK, LinkKind.SPLIT, LinkKind.CANNOT_LINK, LinkKind.UNDO)
_TOLD = (*sorted(ROLES_THAT_ASK), *sorted(LEADS - ROLES_THAT_ASK), Role.DATA_OFFICER)


class Holding(NamedTuple):
    """Whose record of which type goes by a number, or did."""

    holder_id: int
    record_type: str
    sui: str


def superseded(old: str, new: str) -> None:
    """The source of truth has replaced a number. May be said again; call it in a transaction with
    whatever else follows.
    """
    if old == new:
        return
    Correction.objects.get_or_create(
        key=f"superseded {old} {new}", defaults={"cause": Cause.SUPERSEDED, "sui": old}
    )


def read_links() -> int:
    """Look at the link events since last time for links that proved wrong; gives how many did.

    What was read, and what it came to, are committed together.
    """
    conn_pool = links.current().pool
    with transaction.atomic():
        LinksRead.objects.get_or_create(pk=1, defaults={"number": 0})
        read = LinksRead.objects.select_for_update().get(pk=1)
        with conn_pool.connection() as conn:
            news = _events(conn, read.number)
            found = [each for event in news for each in _wrong(conn, event)]
        made = Correction.objects.bulk_create(found, ignore_conflicts=True)
        if news:
            read.number = news[-1].number
            read.save()
    return len(made)


def tell_due() -> int:
    """Work through what proved wrong; gives how many. Each is told once, whoever else is at it."""
    done = 0
    for key in list(Correction.objects.filter(told_at=None).values_list("pk", flat=True)):
        with transaction.atomic():
            due = (
                Correction.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("holder")
                .filter(pk=key, told_at=None)
                .first()
            )
            if due is not None:
                _tell(due)
                done += 1
    return done


def _tell(due: Correction) -> None:
    """Withdraw what must be, tell everybody, and put it on record, in one transaction."""
    holder = due.holder.ods_code if due.holder else ""
    told = recipients(due.sui, holder, due.record_type)
    codes = {each.organisation for each in told}
    if due.cause == Cause.SUPERSEDED:
        codes |= set(
            Pointer.objects.filter(sui=due.sui).values_list(
                "holding__custodian__ods_code", flat=True
            )
        )
        tell_caseloads(due.sui, Kind.IDENTIFIER)
        live = Allocation.objects.filter(sui__in=numbers_of(due.sui), ended_at=None, follows=None)
        caseloads.follow(live)
    elif due.holder:
        codes.add(due.holder.ods_code)  # whose record it is looks at it again
        _drop_what_waits(due)
    for organisation in Organisation.objects.filter(ods_code__in=codes).order_by("pk"):
        tell_organisation(
            organisation, _TOLD, Kind.CORRECTION, actor=due.holder, reference=due.id, sui=due.sui
        )
    for person in _people(told):
        tell_person(person, Kind.CORRECTION, actor=due.holder, reference=due.id, sui=due.sui)
    due.told_at = timezone.now()
    due.entry_id = record(
        action="share.correct",
        outcome=due.cause,
        subject=due.sui,
        holders=(holder,) if holder else (),
        record_types=(due.record_type,) if due.record_type else (),
    )
    due.save(update_fields=["told_at", "entry_id"])


def _people(told: Iterable[Recipient]) -> list[Membership]:
    """One membership for each person who was given something, where they still have one."""
    today = timezone.localdate()
    found: dict[tuple[str, str], Membership] = {}
    wanted = {each for each in told if each.person}
    for membership in (
        Membership.objects.filter(person__in={each.person for each in wanted})
        .select_related("person", "organisation__principal")
        .order_by("pk")
    ):
        key = Recipient(membership.organisation.ods_code, str(membership.person_id))
        if key in wanted and membership.is_live(today):
            found.setdefault(key, membership)
    return list(found.values())


def _drop_what_waits(due: Correction) -> None:
    """Content that has not been collected yet is not collected any more."""
    Fetch.objects.filter(
        work_item__search__sui=due.sui,
        work_item__custodian_id=due.holder_id,
        work_item__record_type=due.record_type,
    ).exclude(content="").update(content="")


def _events(conn: Link, after: int) -> list[Event]:
    """Link events that can part records, and came after this one.

    Numbers are taken before they are committed. Whoever writes holds the writers' lock, so that
    with the lock nothing smaller can turn up later.
    """
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS])
        rows = conn.execute(
            "SELECT number FROM identities.event WHERE number > %s AND kind = ANY(%s) "
            "ORDER BY number",
            [after, [each.value for each in _PARTS]],
        ).fetchall()
    return [event for (number,) in rows if (event := log.read(conn, number)) is not None]


def _wrong(conn: Link, event: Event) -> list[Correction]:
    """What proved wrong by this event: numbers that records on both sides of the parting have."""
    if event.kind is LinkKind.UNLINK and event.identity is None:
        return []  # it has only gone from its source
    one, other = _sides(conn, event)
    ours, theirs = _numbers(one), _numbers(other)
    both = {each.sui for each in ours} & {each.sui for each in theirs}
    wrong = {each for each in ours if each.sui in both}
    if event.kind is LinkKind.UNLINK:
        _withdraw(one, both)  # a person took it out: it is its number that was wrong
    else:
        wrong |= {each for each in theirs if each.sui in both}
    return [
        Correction(
            key=f"event {event.number} {each.holder_id} {each.record_type} {each.sui}",
            cause=Cause.PARTED,
            sui=each.sui,
            holder_id=each.holder_id,
            record_type=each.record_type,
        )
        for each in sorted(wrong)
    ]


def _sides(conn: Link, event: Event) -> tuple[set[Ref], set[Ref]]:
    """The records on the two sides of a parting; nothing on the other when nothing was parted."""
    first, *rest = event.records
    here = current.identities(conn, log.group(conn, event.records))
    one = _with(here, first)
    if event.kind is LinkKind.UNLINK:
        return {first}, set(here) - one
    other = _with(here, rest[0]) if rest else set()
    return (one, other) if one.isdisjoint(other) else (set(), set())


def _with(here: Mapping[Ref, UUID], record: Ref) -> set[Ref]:
    """The records that are in one identity with this one now, of those that ever were."""
    identity = here.get(record)
    same = {each for each, theirs in here.items() if identity and theirs == identity}
    return same | {record}


def _numbers(records: Iterable[Ref]) -> set[Holding]:
    """By which numbers these records go, in the register and as they were given out."""
    found = set()
    for source, id in records:
        for holder, record_type, sui in Pointer.objects.filter(
            holding__system_id=source, record_id=id
        ).values_list("holding__custodian_id", "holding__record_type", "sui"):
            found.add(Holding(holder, record_type, sui))
        for given in IssuedIdentifier.objects.filter(system_id=source, record_id=id):
            found.add(Holding(given.organisation_id, given.record_type, given.nhs_number))
    return found


def _withdraw(records: Iterable[Ref], suis: set[str]) -> None:
    """Take the wrong pointers out of the register."""
    for source, id in records:
        Pointer.objects.filter(holding__system_id=source, record_id=id, sui__in=suis).delete()
