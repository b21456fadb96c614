"""What a search has come to: how each custodian stands, and what may be told of it now.

Nothing is told because it was found; it is told because the policy allows it at this moment. The
policy, the agreements and the child's shield are asked again at every reading, so an agreement
that was revoked a moment ago hides what was stored under it, and so does a shield.

A child who is not discoverable (V) looks exactly like one about whom nobody holds anything: the
same custodians were asked, and "hasRecords" reads "noRecords". Of a child whose location is
withheld (R), and of a sensitive service, it is said that there is a record of a type, and that a
desk can be asked; not who holds it (trust rules L16, L17 and L22).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from joinedup.hub.discovery import fetch_ids, notices
from joinedup.hub.discovery.circle import Place, Searcher, View, Why
from joinedup.hub.discovery.claiming import searcher_of, why_of
from joinedup.hub.discovery.models import FoundRecord, Kind, Outcome, Search, WorkItem
from joinedup.hub.ledger.writing import record
from joinedup.hub.limits import enumeration
from joinedup.hub.register.supersession import (
    asked_under,
    known_as,
    pointers_of,
)
from joinedup.hub.shields.levels import level_of
from joinedup.policy.decision import Duty
from joinedup.policy.question import Level

WITHHELD_NAME = "Not shown: ask the desk"
MOST_NOT_ASKED = 100
"""So many custodians that were not asked are named, at most: with a thousand, nobody reads on."""

_MASKS = frozenset({Duty.MASK_LOCATION, Duty.MASK_SERVICE})
_ANSWERED = frozenset({Outcome.HAS_RECORDS, Outcome.NO_RECORDS})
_OVER = _ANSWERED | {Outcome.PERMANENT_ERROR}

_POINTERS = """
SELECT pointer.id, holding.custodian_id, holding.system_id, holding.record_type,
       pointer.record_id, pointer.first_seen, pointer.last_seen, pointer.sui, pointer.refreshed_at
FROM register_pointer pointer JOIN register_holding holding ON holding.id = pointer.holding_id
WHERE pointer.sui = ANY(%s) AND holding.record_type = ANY(%s)
ORDER BY pointer.id
"""


class Standing(NamedTuple):
    """How one custodian stands to one record type. ``custodian`` is empty where it is masked."""

    custodian: str
    custodian_name: str
    record_type: str
    status: str
    answered_at: datetime | None


class Item(NamedTuple):
    """A record that somebody holds, or held as far as the register knows (``provisional``).

    ``other_number``: it is held under another number of the child, which the source of truth
    replaced, or replaced it by.
    """

    custodian: str
    custodian_name: str
    system_id: str
    record_type: str
    record_id: str
    fetch_id: str
    provisional: bool
    first_seen: date | None
    last_seen: date | None
    masked: bool
    other_number: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A search as it stands. ``completeness`` is never 100 while an answer is missing.

    ``replaced``: the number that was searched for was replaced by another; never said of a child
    who is shielded.
    """

    search: Search
    status: str
    completeness: int
    custodians: Sequence[Standing]
    not_asked: int
    restricted: bool
    items: Sequence[Item]
    replaced: bool = False


class _Found(NamedTuple):
    """A record as it is stored, before anything is decided."""

    key: int
    place: Place
    system_id: str
    record_id: str
    first_seen: date | None
    last_seen: date | None
    provisional: bool
    other_number: bool = False


class _Pointer(NamedTuple):
    """What the register has of a record, at its place."""

    key: int
    system_id: str
    record_id: str
    first_seen: date | None
    last_seen: date | None
    sui: str
    refreshed_at: datetime


def find(searcher: Searcher, search_id: UUID) -> Search | None:
    """A search of the searcher's organisation; None for another's, as for none at all."""
    return (
        Search.objects.select_related("organisation__principal", "client", "membership__person")
        .filter(id=search_id, organisation=searcher.organisation)
        .first()
    )


def read(
    searcher: Searcher, search: Search, *, items: bool = True, now: datetime | None = None
) -> State:
    """What may be told of the search now; with its entry in the ledger, committed first.

    Raises ``NotRecorded``.
    """
    now = now or timezone.now()
    with transaction.atomic():
        why = why_of(search)
        state = _state(searcher, search, why, now, items)
        if state.restricted:
            notices.tell(search, now)
        record(
            action="record.find.read",
            outcome="allowed",
            organisation=searcher.organisation.ods_code,
            subject=search.sui,
            purpose=search.purpose,
            legal_basis=search.legal_basis,
            role=searcher.role or search.role,
            reason=search.reason,
            case_reference=search.case_reference,
            holders=tuple(sorted({one.custodian for one in state.items if one.custodian})),
            record_types=tuple(sorted({one.record_type for one in state.items})),
            results=len(state.items),
            emergency=search.emergency,
            relationship=why.relationship,
            correlation_id=search.correlation_id,
            trace_id=search.trace_id,
            status=200,
        )
    if state.status == "completed":
        _count_a_miss(search, state.custodians)
    return state


def _count_a_miss(search: Search, answers: Sequence[Standing]) -> None:
    """Count a search that came to nothing: whoever guesses numbers has many. Once a day each."""
    said = {each.status for each in answers if each.status != "notAsked"}
    if said == {"noRecords"}:
        person = search.membership.person if search.membership else None
        who = enumeration.Who(search.organisation, search.client, person)
        enumeration.missed(who, enumeration.Asked(number=search.sui))


def _state(searcher: Searcher, search: Search, why: Why, now: datetime, items: bool) -> State:
    level, known = level_of(search.sui), known_as(search.sui)
    view = View(searcher_of(search), why)
    types = search.record_types
    asked = view.asked(types)
    told = view.told(types, level).allowed
    given = view.given(types, level).allowed
    work = list(WorkItem.objects.filter(search=search, kind=Kind.FIND).select_related("custodian"))

    standings: list[Standing] = []
    silent: set[Place] = set()
    answered = counted = waiting = 0
    revoked: set[Place] = set()
    for item in work:
        place = Place(item.custodian_id, item.record_type)
        if place not in asked.allowed or item.outcome == Outcome.REVOKED:
            revoked.add(place)
            continue
        counted += 1
        status = _status(item, search, now)
        answered += status in _ANSWERED
        waiting += status not in _OVER
        if status not in _ANSWERED:
            silent.add(place)
        if place not in told:
            status = Outcome.NO_RECORDS if status == Outcome.HAS_RECORDS else status
        if told.get(place, frozenset()) & _MASKS:
            standings.append(Standing("", WITHHELD_NAME, item.record_type, status, None))
        else:
            standings.append(
                Standing(
                    item.custodian.ods_code,
                    item.custodian.name,
                    item.record_type,
                    status,
                    item.answered_at if status in _OVER else None,
                )
            )
    # An item that was taken back at its custodian's door may be of a place that is allowed again.
    also = sorted(revoked.intersection(asked.allowed))
    found: list[Item] = []
    if items:
        held = _held(search, known.numbers)
        answers = _answers(search, work, held)
        for each in (*answers, *_register(search, held, silent, answers)):
            duties = told.get(each.place)
            if duties is not None:
                masked = bool(duties & _MASKS)
                hidden = each.other_number and each.provisional and level is not Level.OPEN
                may_fetch = each.place in given and not hidden
                found.append(_item(searcher, search, view, each, may_fetch, masked))
    return State(
        search=search,
        status=_overall(search, waiting, now),
        completeness=100 * answered // counted if counted else 0,
        custodians=[*_in_order(standings), *_named(view, [*also, *asked.denied])],
        not_asked=len(also) + len(asked.denied),
        restricted=level is Level.NO_LOCATION and bool(told),
        items=sorted(found, key=_order),
        replaced=level is Level.OPEN and known.replaced,
    )


def _overall(search: Search, waiting: int, now: datetime) -> str:
    if search.cancelled_at is not None:
        return "cancelled"
    if not waiting:
        return "completed"
    return "expired" if search.expires_at <= now else "running"


def _status(item: WorkItem, search: Search, now: datetime) -> str:
    """How a custodian stands, by the clock: nobody has to note that a lease or a search is over."""
    if item.outcome in _OVER:
        return item.outcome
    if item.outcome == Outcome.CANCELLED or search.cancelled_at or item.expires_at <= now:
        return "expired"
    if item.leased and item.visible_at > now:
        return "claimed"
    return item.outcome or "waiting"


def _held(search: Search, numbers: Sequence[str]) -> dict[Place, list[_Pointer]]:
    """The register's pointers to the child, under every number, by place."""
    with pointers_of(numbers), connection.cursor() as cursor:
        cursor.execute(_POINTERS, [list(numbers), search.record_types])
        rows = cursor.fetchall()
    held: dict[Place, list[_Pointer]] = defaultdict(list)
    for key, custodian, system, record_type, *rest in rows:
        held[Place(custodian, record_type)].append(_Pointer(key, system, *rest))
    return held


def _answers(
    search: Search, work: Iterable[WorkItem], held: Mapping[Place, Sequence[_Pointer]]
) -> list[_Found]:
    """What custodians said that they hold, of the items that are not revoked.

    Under which number, their own pointer to the record says; to one that has none, the number
    that they were asked by.
    """
    by_key = {item.pk: item for item in work if item.outcome == Outcome.HAS_RECORDS}
    found = []
    for row in FoundRecord.objects.filter(work_item__in=list(by_key)).order_by("pk"):
        item = by_key[row.work_item_id]
        place = Place(item.custodian_id, item.record_type)
        pointers = held.get(place, ())
        under = {(each.system_id, each.record_id): each.sui for each in pointers}
        number = under.get((row.system_id, row.record_id)) or _asked_under(search, pointers)
        found.append(
            _Found(
                row.pk, place, row.system_id, row.record_id, row.first_seen, row.last_seen,
                False, number != search.sui,
            )
        )  # fmt: skip
    return found


def _register(
    search: Search,
    held: Mapping[Place, Sequence[_Pointer]],
    silent: set[Place],
    answers: Sequence[_Found],
) -> list[_Found]:
    """What the register knows of custodians that have not answered: told, and unconfirmed.

    One that has answered was asked by one number of the child. What it holds under another is
    told as well, where it did not name it.
    """
    named = {(each.place, each.system_id, each.record_id) for each in answers}
    found = []
    for place, pointers in held.items():
        asked = "" if place in silent else _asked_under(search, pointers)
        for each in pointers:
            if each.sui != asked and (place, each.system_id, each.record_id) not in named:
                found.append(
                    _Found(
                        each.key, place, each.system_id, each.record_id, each.first_seen,
                        each.last_seen, True, each.sui != search.sui,
                    )
                )  # fmt: skip
    return found


def _asked_under(search: Search, pointers: Sequence[_Pointer]) -> str:
    return asked_under(search.sui, [(each.sui, each.refreshed_at) for each in pointers])


def _item(
    searcher: Searcher, search: Search, view: View, found: _Found, may_fetch: bool, masked: bool
) -> Item:
    target = fetch_ids.Target(search.id, found.provisional, found.key)
    fetch_id = fetch_ids.make(searcher, target) if may_fetch else ""
    if masked:
        return Item(
            "", WITHHELD_NAME, "", found.place.record_type, "", fetch_id,
            found.provisional, None, None, True,
        )  # fmt: skip
    custodian = view.directory.custodians[found.place.custodian_id]
    return Item(
        custodian.code,
        custodian.name,
        found.system_id,
        found.place.record_type,
        found.record_id,
        fetch_id,
        found.provisional,
        found.first_seen,
        found.last_seen,
        False,
        found.other_number and not masked,
    )


def _order(item: Item) -> tuple[str, ...]:
    """By name; what is masked has no name, so its order says nothing."""
    return (item.record_type, item.custodian_name, item.system_id, item.record_id)


def _in_order(standings: list[Standing]) -> list[Standing]:
    return sorted(standings, key=lambda one: (one.custodian_name, one.record_type, one.status))


def _named(view: View, places: Sequence[Place]) -> list[Standing]:
    """Custodians that were not asked, for want of an agreement: the same for every child."""
    return [
        Standing(custodian.code, custodian.name, place.record_type, "notAsked", None)
        for place in places[:MOST_NOT_ASKED]
        for custodian in [view.directory.custodians[place.custodian_id]]
    ]
