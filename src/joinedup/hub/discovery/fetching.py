"""Asking for one record's content, which the hub passes on and cannot read.

A fetch becomes a work item for the custodian, with the searcher's public key. The custodian
decides, as the law has it (Children Act 2004 s.16LA): it shares, closed to that key, or withholds.
What it withholds for detriment, or does not hold, is the same to the searcher as what never was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from joinedup.hub.discovery import fetch_ids, hints, notices, reading
from joinedup.hub.discovery.circle import Place, Searcher, View
from joinedup.hub.discovery.claiming import searcher_of, why_of
from joinedup.hub.discovery.models import Fetch, FoundRecord, Kind, Outcome, Search, WorkItem
from joinedup.hub.discovery.reading import WITHHELD_NAME
from joinedup.hub.discovery.sealed_content import public_key as read_key
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.register.models import Pointer
from joinedup.hub.register.supersession import numbers_of, pointers_of
from joinedup.hub.shields.levels import level_of
from joinedup.policy.decision import Duty
from joinedup.policy.question import Level

WINDOW = timedelta(minutes=60)
"""How long a custodian may take, and how long sealed content waits here to be collected."""
_MASKS = frozenset({Duty.MASK_LOCATION, Duty.MASK_SERVICE})
_SAYS_NOTHING = frozenset({"detriment", "not-held"})


class NothingThere(Exception):
    """No such record for this searcher: unknown, another's, expired, hidden, withheld, not held."""


class NotAgreed(Exception):
    """No agreement lets this searcher have content of this custodian; so for every child."""


class Withheld(Exception):
    """The custodian does not share, for a reason that may be told."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CustodianFailed(Exception):
    """The custodian cannot answer; nothing is said about the record."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the searcher asks for, and the key that is to open it."""

    public_key: dict[str, object]
    items: Sequence[str] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A record's sealed content. Names are empty where the child's place, or a service, is masked.

    ``shared_entry`` and ``entry`` are the ledger's entries of the custodian's and of this act.
    """

    content: str
    custodian: str
    custodian_name: str
    record_type: str
    system_id: str
    record_id: str
    shared_entry: UUID | None
    entry: UUID


class _Record(NamedTuple):
    place: Place
    system_id: str
    record_id: str


def fetch(
    searcher: Searcher, fetch_id: str, asked: Asked, now: datetime | None = None
) -> Delivered | None:
    """The content, once; None while the custodian has not answered (ask again).

    The first call makes a work item for the custodian. What was delivered is gone from the hub:
    to have it again is to ask the custodian again. Raises ``NothingThere``, ``NotAgreed``,
    ``Withheld``, ``CustodianFailed``, ``sealed_content.NotAKey`` and ``NotRecorded``.
    """
    now = now or timezone.now()
    note(action="record.fetch")
    key, thumbprint = read_key(dict(asked.public_key))
    target = fetch_ids.read(searcher, fetch_id)
    search = reading.find(searcher, target.search_id) if target else None
    found = _found(search, target) if search and target else None
    if search is None or found is None:
        raise NothingThere
    note(**_facts(search))
    duties, custodian_code, custodian_name = _decide(search, found)
    with transaction.atomic():
        # One at a time: two calls that come together make one item, and one gets the content.
        Search.objects.select_for_update().only("id").get(id=search.id)
        known = _known(search, found, thumbprint, now)
        if known is None:
            _dispatch(search, found, asked, (key, thumbprint), duties, now)
            _recorded(search, found, custodian_code, "asked", 202)
            return None
        return _answer(search, found, known, duties, (custodian_code, custodian_name), now)


def _found(search: Search, target: fetch_ids.Target) -> _Record | None:
    if target.is_pointer:
        pointer = (
            Pointer.objects.select_related("holding").filter(pk=target.key, sui=search.sui).first()
        ) or _under_another_number(search, target.key)
        if pointer is None:
            return None
        held = pointer.holding
        place = Place(held.custodian_id, held.record_type)
        return _Record(place, held.system_id, pointer.record_id)
    row = (
        FoundRecord.objects.select_related("work_item")
        .filter(pk=target.key, work_item__search=search)
        .first()
    )
    if row is None:
        return None
    place = Place(row.work_item.custodian_id, row.work_item.record_type)
    return _Record(place, row.system_id, row.record_id)


def _under_another_number(search: Search, key: int) -> Pointer | None:
    """A pointer under another number of the child: of a shielded one none is fetched."""
    numbers = numbers_of(search.sui)
    if len(numbers) == 1 or level_of(search.sui) is not Level.OPEN:
        return None
    with pointers_of(numbers):
        return Pointer.objects.select_related("holding").filter(pk=key, sui__in=numbers).first()


def _facts(search: Search) -> dict[str, Any]:
    """What the ledger is told of every attempt, whatever comes of it."""
    return {
        "action": "record.fetch",
        "organisation": search.organisation.ods_code,
        "subject": search.sui,
        "purpose": search.purpose,
        "legal_basis": search.legal_basis,
        "role": search.role,
        "reason": search.reason,
        "case_reference": search.case_reference,
        "emergency": search.emergency,
        "correlation_id": search.correlation_id,
        "trace_id": search.trace_id,
    }


def _decide(search: Search, found: _Record) -> tuple[frozenset[Duty], str, str]:
    """The duties under which the record may be given, and whose it is; else raises.

    Where no agreement covers it, that is said, for it is so for every child. Whatever depends on
    this child looks like nothing.
    """
    why = why_of(search)
    note(relationship=why.relationship)
    view = View(searcher_of(search), why)
    custodian = view.directory.custodians.get(found.place.custodian_id)
    types = [found.place.record_type]
    level = level_of(search.sui)
    if custodian is None or found.place not in view.told(types, level).allowed:
        raise NothingThere
    given = view.given(types, level).allowed.get(found.place)
    if given is None:
        if found.place in view.given(types, type(level).OPEN).allowed:
            raise NothingThere
        raise NotAgreed
    duties = given | (view.told(types, level).allowed[found.place] & _MASKS)
    return duties, custodian.code, custodian.name


def _known(search: Search, found: _Record, thumbprint: str, now: datetime) -> Fetch | None:
    """The same request, made before: for the same record and the same key, not yet delivered."""
    return (
        Fetch.objects.select_related("work_item")
        .filter(
            work_item__search=search,
            work_item__custodian_id=found.place.custodian_id,
            work_item__record_type=found.place.record_type,
            work_item__expires_at__gt=now,
            system_id=found.system_id,
            record_id=found.record_id,
            key_thumbprint=thumbprint,
            delivered_at=None,
        )
        .exclude(work_item__outcome__in=[Outcome.CANCELLED, Outcome.REVOKED])
        .order_by("-work_item__expires_at")
        .first()
    )


def _dispatch(
    search: Search,
    found: _Record,
    asked: Asked,
    key: tuple[dict[str, str], str],
    duties: frozenset[Duty],
    now: datetime,
) -> None:
    item = WorkItem.objects.create(
        id=uuid4(),
        kind=Kind.FETCH,
        search=search,
        custodian_id=found.place.custodian_id,
        record_type=found.place.record_type,
        expires_at=now + WINDOW,
        visible_at=now,
    )
    Fetch.objects.create(
        work_item=item,
        system_id=found.system_id,
        record_id=found.record_id,
        public_key=key[0],
        key_thumbprint=key[1],
        items=list(asked.items),
        reason=asked.reason,
        duties=sorted(duties),
    )
    hints.work_for([item.custodian_id], now)


def _answer(
    search: Search,
    found: _Record,
    known: Fetch,
    duties: frozenset[Duty],
    custodian: tuple[str, str],
    now: datetime,
) -> Delivered | None:
    item = known.work_item
    if item.outcome == Outcome.WITHHELD:
        if known.withheld_reason in _SAYS_NOTHING:
            raise NothingThere
        raise Withheld(known.withheld_reason)
    if item.outcome == Outcome.PERMANENT_ERROR:
        raise CustodianFailed
    if item.outcome != Outcome.SHARED:
        _recorded(search, found, custodian[0], "waiting", 202)
        return None
    content = known.content
    known.content, known.delivered_at = "", now
    known.save(update_fields=["content", "delivered_at"])
    if Duty.NOTIFY in duties:
        notices.tell(search, now)
    entry = _recorded(search, found, custodian[0], "allowed", 200, tuple(known.items))
    masked = bool(duties & _MASKS)
    return Delivered(
        content=content,
        custodian="" if masked else custodian[0],
        custodian_name=WITHHELD_NAME if masked else custodian[1],
        record_type=found.place.record_type,
        system_id="" if masked else found.system_id,
        record_id="" if masked else found.record_id,
        shared_entry=item.entry_id,
        entry=entry,
    )


def _recorded(
    search: Search,
    found: _Record,
    custodian: str,
    outcome: str,
    status: int,
    fields: tuple[str, ...] = (),
) -> UUID:
    return record(
        **_facts(search),
        outcome=outcome,
        holders=(custodian,),
        record_types=(found.place.record_type,),
        fields=fields,
        results=1 if status == 200 else 0,
        status=status,
    )
