"""Asking an agency for a record, and reading what it gave.

Asking makes a work item for the custodian, with this session's public key. What comes back is kept
closed, and is opened for the one request that shows it. Before it is shown again the policy is
asked again: an agreement that was revoked, or a shield that is new, takes it away.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from joinedup.chronology.fields import without_place
from joinedup.chronology.statement import Fetched
from joinedup.custodian import envelope
from joinedup.hub.discovery import fetch_ids, fetching
from joinedup.hub.discovery.circle import Place, Searcher, View
from joinedup.hub.discovery.claiming import searcher_of as who_searched
from joinedup.hub.discovery.claiming import why_of
from joinedup.hub.discovery.models import FoundRecord, Kind, Search, WorkItem
from joinedup.hub.discovery.reading import WITHHELD_NAME
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.organisations.models import Organisation
from joinedup.hub.pages import keeping, purposes, record_words
from joinedup.hub.pages.actor import may_look_up
from joinedup.hub.pages.child_header import header
from joinedup.hub.pages.forms import AskForm, error_list
from joinedup.hub.pages.involved import gone, membership_of, moment, own_search, searcher_of
from joinedup.hub.pages.models import Answer, AskedRecord
from joinedup.hub.pages.record_page import shown
from joinedup.hub.pages.status_words import ANSWER_WORDS, Said
from joinedup.hub.register.models import Pointer
from joinedup.hub.register.supersession import numbers_of
from joinedup.hub.shields.levels import level_of
from joinedup.policy.catalogue import national
from joinedup.policy.decision import Duty

LAST_CALL = fetching.WINDOW - timedelta(minutes=2)
"""After this the custodian's time is over, and the fetch's address with it."""
_MASKS = frozenset({Duty.MASK_LOCATION, Duty.MASK_SERVICE})


class Wanted(NamedTuple):
    """Which record a fetch id is of; its custodian's name as it may be told."""

    custodian_id: int
    custodian_name: str
    record_type: str
    system_id: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A record that is open for this request, as it may be shown now."""

    asked: AskedRecord
    record: dict[str, Any]
    masked: bool

    @property
    def custodian_name(self) -> str:
        """Its custodian's name, where that may be told."""
        return WITHHELD_NAME if self.masked else self.asked.custodian.name

    def fetched(self) -> Fetched:
        """As the chronology takes it."""
        asked = self.asked
        key = f"{asked.custodian_id}/{asked.system_id}/{asked.record_type}/{asked.record_id}"
        return Fetched(
            key,
            self.record,
            "" if self.masked else asked.custodian.ods_code,
            self.custodian_name,
            asked.received_at or asked.asked_at,
        )


@require_http_methods(["GET", "POST"])
@may_look_up
def ask(request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
    """Ask for one record: what of it, and why."""
    membership = membership_of(request)
    search = own_search(membership, search_id)
    given = request.POST if request.method == "POST" else request.GET
    fetch_id = given.get("record", "")
    wanted = _wanted(searcher_of(membership), search, fetch_id) if search else None
    if search is None or wanted is None:
        return gone(request)
    note(subject=search.sui, purpose=search.purpose, record_types=(wanted.record_type,))
    fields = record_words.fields(wanted.record_type)
    if request.method == "POST":
        form = AskForm(fields, request.POST)
        if form.is_valid():
            return _ask(request, search, fetch_id, wanted, form)
    else:
        form = AskForm(fields, initial={"why": search.reason})
    return render(
        request,
        "ask-record.html",
        {
            "form": form,
            "errors": error_list(form),
            "fields": fields,
            "search": search,
            "child": header(request, search),
            "record": fetch_id,
            "name": wanted.custodian_name,
            "about": record_words.about(wanted.record_type),
            "purpose": purposes.name(search.purpose),
            "law": national().purposes[search.purpose].gateway,
        },
    )


def _wanted(searcher: Searcher, search: Search, fetch_id: str) -> Wanted | None:
    """The record of a fetch id, if it may be told now that there is one."""
    target = fetch_ids.read(searcher, fetch_id)
    if target is None or target.search_id != search.id:
        return None
    if target.is_pointer:
        pointer = Pointer.objects.select_related("holding").filter(pk=target.key).first()
        if pointer is None:
            return None
        held = pointer.holding
        place = Place(held.custodian_id, held.record_type)
        ids = (held.system_id, pointer.record_id)
    else:
        found = FoundRecord.objects.select_related("work_item").filter(pk=target.key).first()
        if found is None:
            return None
        place = Place(found.work_item.custodian_id, found.work_item.record_type)
        ids = (found.system_id, found.record_id)
    told = _view(search).told([place.record_type], level_of(search.sui)).allowed.get(place)
    if told is None:
        return None
    name = WITHHELD_NAME
    if not told & _MASKS:
        name = Organisation.objects.get(pk=place.custodian_id).name
    return Wanted(place.custodian_id, name, place.record_type, *ids)


def _view(search: Search) -> View:
    return View(who_searched(search), why_of(search))


def _ask(
    request: HttpRequest, search: Search, fetch_id: str, wanted: Wanted, form: AskForm
) -> HttpResponse:
    with transaction.atomic():
        key = keeping.made_or_found(request)
        asked, _ = AskedRecord.objects.update_or_create(
            key=key.row,
            search=search,
            custodian_id=wanted.custodian_id,
            record_type=wanted.record_type,
            system_id=wanted.system_id,
            record_id=wanted.record_id,
            defaults={
                "fetch_id": fetch_id,
                "items": form.wanted(),
                "reason": form.cleaned_data["why"],
                "asked_at": timezone.now(),
                "answer": Answer.WAITING,
                "work_item": None,
                "content": "",
                "received_at": None,
                "shared_entry_id": None,
            },
        )
        _collect(request, asked, key)
    return keeping.remember(redirect("record", asked_id=asked.pk), key)


def _collect(request: HttpRequest, asked: AskedRecord, key: keeping.Key) -> None:
    """Ask the custodian, or take what it has answered; the ledger's entry is written with it."""
    if timezone.now() > asked.asked_at + LAST_CALL:
        _answered(asked, Answer.SILENT)
        return
    wanted = fetching.Asked(key.public, asked.items, asked.reason)
    try:
        with transaction.atomic():
            given = fetching.fetch(searcher_of(membership_of(request)), asked.fetch_id, wanted)
            if given is not None:
                _take(asked, key, given)
            elif asked.answer != Answer.WAITING:  # a person has decided: the node is asked again
                asked.answer = Answer.WAITING
                asked.save(update_fields=["answer"])
    except fetching.NothingThere:
        _answered(asked, Answer.NOTHING)
    except fetching.NotAgreed:
        _answered(asked, Answer.NOT_AGREED)
    except fetching.Withheld as withheld:
        _answered(asked, Answer(withheld.reason))
    except fetching.CustodianFailed:
        _answered(asked, Answer.FAILED)


def _answered(asked: AskedRecord, answer: Answer) -> None:
    note(outcome="refused")
    asked.answer = answer
    asked.save(update_fields=["answer"])


def _take(asked: AskedRecord, key: keeping.Key, given: fetching.Delivered) -> None:
    """Keep what came, closed as it is, once it is proven to be what was asked for."""
    item = _work_item(asked, key, given.content)
    asked.received_at = timezone.now()
    asked.shared_entry_id = given.shared_entry
    asked.work_item = item
    asked.answer, asked.content = Answer.GIVEN, given.content
    if item is None or _opened(asked, key) is None:
        asked.answer, asked.content = Answer.NOT_OPENED, ""
    asked.save()


def _work_item(asked: AskedRecord, key: keeping.Key, content: str) -> WorkItem | None:
    """The work item that the envelope names, if it is one of this search and for this key."""
    try:
        named = uuid.UUID(envelope.work_item_of(content))
    except ValueError:
        return None
    return WorkItem.objects.filter(
        id=named,
        kind=Kind.FETCH,
        search_id=asked.search_id,
        custodian_id=asked.custodian_id,
        fetch__key_thumbprint=key.row.thumbprint,
    ).first()


def _opened(asked: AskedRecord, key: keeping.Key) -> dict[str, Any] | None:
    """The record, open: of this child, of this type, by its schema. None when it is not."""
    try:
        found = envelope.unseal(asked.content, key.private, work_item=str(asked.work_item_id))
    except envelope.EnvelopeError:
        return None
    sui = asked.search.sui
    if found["personId"] != sui and found["personId"] not in numbers_of(sui):
        return None
    return found if found["recordType"] == asked.record_type else None


def opened(request: HttpRequest, search: Search) -> Iterator[Opened]:
    """Give every record of a search that this session holds and may be shown now, open."""
    key = keeping.key_of(request)
    if key is None:
        return
    for asked in _of(search, key).filter(answer=Answer.GIVEN):
        found = _open_now(asked, key)
        if found is not None:
            yield found


def _of(search: Search, key: keeping.Key) -> Any:
    return (
        AskedRecord.objects.select_related(
            "custodian", "search__organisation__principal", "search__membership"
        )
        .filter(key=key.row, search=search)
        .order_by("asked_at", "id")
    )


def _open_now(asked: AskedRecord, key: keeping.Key) -> Opened | None:
    """Open a record if the policy allows it at this moment; else let go of it."""
    search = asked.search
    view, level = _view(search), level_of(search.sui)
    place, types = Place(asked.custodian_id, asked.record_type), [asked.record_type]
    given = view.given(types, level).allowed.get(place)
    told = view.told(types, level).allowed.get(place)
    found = _opened(asked, key) if given is not None and told is not None else None
    if given is None or told is None or found is None:
        asked.answer, asked.content = Answer.NOTHING, ""
        asked.save(update_fields=["answer", "content"])
        return None
    masked = bool((given | told) & _MASKS)
    return Opened(asked, without_place(found) if masked else found, masked)


@require_GET
@may_look_up
def show(request: HttpRequest, asked_id: uuid.UUID) -> HttpResponse:
    """One record: still waited for, given, or not; open for this request."""
    key = keeping.key_of(request)
    asked = (
        AskedRecord.objects.select_related(
            "custodian", "search__organisation__principal", "search__membership"
        )
        .filter(pk=asked_id, key=key.row, search__membership=membership_of(request))
        .first()
        if key
        else None
    )
    if key is None or asked is None:
        return gone(request)
    if asked.answer == Answer.WAITING or _may_be_decided(asked):
        with transaction.atomic():
            _collect(request, asked, key)
            found = _open_now(asked, key) if asked.answer == Answer.GIVEN else None
    elif asked.answer == Answer.GIVEN:
        with transaction.atomic():
            found = _open_now(asked, key)
            recorded(asked.search, "record.read", [found] if found else [])
    else:
        note(action="record.read", subject=asked.search.sui, outcome="refused")
        found = None
    return _page(request, asked, found)


def _may_be_decided(asked: AskedRecord) -> bool:
    """Whether a person of the agency may have decided since it said to ask it."""
    in_time = timezone.now() <= asked.asked_at + LAST_CALL
    return asked.answer == Answer.ASK_US and in_time


def recorded(search: Search, action: str, found: list[Opened]) -> None:
    """Write down which records are shown now; inside the transaction that opened them."""
    record(
        action=action,
        outcome="allowed" if found else "refused",
        subject=search.sui,
        purpose=search.purpose,
        legal_basis=search.legal_basis,
        reason=search.reason,
        case_reference=search.case_reference,
        holders=tuple(sorted({each.asked.custodian.ods_code for each in found})),
        record_types=tuple(sorted({each.asked.record_type for each in found})),
        fields=tuple(sorted({name for each in found for name in each.record["payload"]})),
        results=len(found),
        emergency=search.emergency,
        correlation_id=search.correlation_id,
        trace_id=search.trace_id,
        status=200,
    )


def _page(request: HttpRequest, asked: AskedRecord, found: Opened | None) -> HttpResponse:
    search = asked.search
    is_personal = found is not None and asked.record_type == "personal.details"
    told = _view(search).told([asked.record_type], level_of(search.sui)).allowed
    duties = told.get(Place(asked.custodian_id, asked.record_type))
    name = asked.custodian.name if duties is not None and not duties & _MASKS else WITHHELD_NAME
    return render(
        request,
        "record.html",
        {
            "search": search,
            "child": header(request, search, [found.record] if found and is_personal else []),
            "tab": "records",
            "asked": asked,
            "said": ANSWER_WORDS[Answer(asked.answer)],
            "name": name,
            "about": record_words.about(asked.record_type),
            "asked_at": moment(asked.asked_at),
            "received_at": moment(asked.received_at) if asked.received_at else "",
            "shown": shown(found.record, found.fetched()) if found else None,
            "masked": bool(found and found.masked),
            "partly": [label for field, label in record_words.fields(asked.record_type)
                       if field in asked.items],
        },
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One record that was asked for, in the list of them."""

    id: uuid.UUID
    name: str
    about: str
    said: Said
    asked_at: str


@require_GET
@may_look_up
def listed(request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
    """Every record that was asked for in this session, and what came of it; none of it open."""
    search = own_search(membership_of(request), search_id)
    if search is None:
        return gone(request)
    key = keeping.key_of(request)
    view, level = _view(search), level_of(search.sui)
    lines = []
    for asked in _of(search, key) if key else ():
        duties = view.told([asked.record_type], level).allowed.get(
            Place(asked.custodian_id, asked.record_type)
        )
        if duties is None:
            continue
        name = WITHHELD_NAME if duties & _MASKS else asked.custodian.name
        lines.append(
            Line(
                asked.pk,
                name,
                record_words.about(asked.record_type),
                ANSWER_WORDS[Answer(asked.answer)],
                moment(asked.asked_at),
            )
        )
    note(
        action="record.list",
        subject=search.sui,
        purpose=search.purpose,
        results=len(lines),
        correlation_id=search.correlation_id,
    )
    return render(
        request,
        "records.html",
        {"search": search, "child": header(request, search), "tab": "records", "lines": lines},
    )
