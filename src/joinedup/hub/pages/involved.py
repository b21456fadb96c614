"""Who is involved with a child: the search, and what has come of it so far.

An address holds the search's id and nothing of the child. Only the person who made a search reads
it here; every reading asks the policy again and is recorded (``discovery.reading``).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from joinedup.hub.agreements.asking import basis_of
from joinedup.hub.discovery import reading, searching
from joinedup.hub.discovery.circle import Refused, Searcher, Why
from joinedup.hub.discovery.models import Search
from joinedup.hub.discovery.relationships import relationship_of
from joinedup.hub.limits import enumeration
from joinedup.hub.organisations.models import Membership
from joinedup.hub.pages import purposes, record_words
from joinedup.hub.pages.actor import may_look_up
from joinedup.hub.pages.child_header import CHILD, header, remember_child
from joinedup.hub.pages.forms import NumberForm, error_list
from joinedup.hub.pages.journey import QUESTION, REASON, RESULT
from joinedup.hub.pages.models import Answer, AskedRecord
from joinedup.hub.pages.status_words import ANSWER_WORDS, STATUS_WORDS, STILL_TO_COME, Said
from joinedup.policy.catalogue import national

_SEEMS = Said("Holds a record, it seems", "turquoise", "It has not confirmed this yet.")


def membership_of(request: HttpRequest) -> Membership:
    """The signed-in person, on a view that is for signed-in people."""
    found: Membership = request.membership  # type: ignore[attr-defined]
    return found


def searcher_of(membership: Membership) -> Searcher:
    """The signed-in person as discovery sees them."""
    return Searcher(membership.organisation, membership=membership)


def own_search(membership: Membership, search_id: uuid.UUID) -> Search | None:
    """A search that this person made, in this role; None for any other."""
    return (
        Search.objects.select_related("organisation__principal", "membership")
        .filter(id=search_id, membership=membership)
        .first()
    )


def gone(request: HttpRequest) -> HttpResponse:
    """404: no such search or record for this person, whyever that is."""
    return render(request, "search-gone.html", status=404)


@require_http_methods(["GET", "POST"])
@may_look_up
def number(request: HttpRequest) -> HttpResponse:
    """The child by NHS number, for somebody who has it already."""
    if REASON not in request.session:
        return redirect("find-reason")
    if not purposes.finds(request.session[REASON]["reason"]):
        return redirect("find-child")
    form = NumberForm(request.POST) if request.method == "POST" else NumberForm()
    if request.method == "POST" and form.is_valid():
        request.session.pop(CHILD, None)
        return _begin(request, form.cleaned_data["nhs_number"])
    return render(request, "find-number.html", {"form": form, "errors": error_list(form)})


@require_POST
@may_look_up
def begin(request: HttpRequest) -> HttpResponse:
    """Ask who is involved with the child whom this session has just found."""
    found = request.session.get(RESULT)
    if found is None or not found["nhs_number"] or REASON not in request.session:
        return redirect("find-reason")
    sui = found["nhs_number"].replace(" ", "")
    remember_child(request, sui, request.session[QUESTION])
    return _begin(request, sui)


def _begin(request: HttpRequest, sui: str) -> HttpResponse:
    membership = membership_of(request)
    given = request.session[REASON]
    purpose = national().purposes[given["reason"]]
    searcher = searcher_of(membership)
    why = Why(
        purpose.code,
        basis_of(purpose.code, membership.organisation),
        given["explanation"],
        purpose.emergency,
        relationship_of(searcher, sui),
    )
    wanted = searching.Wanted(sui, case_reference=given["case_reference"])
    try:
        searching.check_limits(searcher, sui)
        with transaction.atomic():
            search = searching.begin(searcher, wanted, why)
    except Refused as refusal:
        return render(request, "search-refused.html", {"words": refusal.words}, status=403)
    except enumeration.Held as held:
        return render(
            request, "too-often.html", {"seconds": held.seconds, "held": str(held)}, status=429
        )
    return redirect("search", search_id=search.id)


@dataclass(frozen=True, slots=True)
class Row:
    """One record that an agency holds, as the page shows it."""

    about: str
    seen: str
    said: Said
    fetch_id: str
    asked: AskedRecord | None
    asked_said: Said | None
    other_number: bool


@dataclass(slots=True)
class Agency:
    """An agency that holds something, and what."""

    name: str
    rows: list[Row] = field(default_factory=list)


@require_GET
@may_look_up
def show(request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
    """Who is involved, as it stands now."""
    membership = membership_of(request)
    search = own_search(membership, search_id)
    if search is None:
        return gone(request)
    searcher = searcher_of(membership)
    state = reading.read(searcher, search)
    holders = _holders(request, search, state.items)
    asked = [each for each in state.custodians if each.status != "notAsked"]
    named = {(item.custodian, item.record_type) for item in state.items if not item.masked}
    others = [
        (each.custodian_name, record_words.about(each.record_type), STATUS_WORDS[each.status])
        for each in asked
        if (each.custodian, each.record_type) not in named and each.status != "hasRecords"
    ]
    still = sum(each.status in STILL_TO_COME for each in asked)
    answered = sum(each.status in ("hasRecords", "noRecords") for each in asked)
    return render(
        request,
        "involved.html",
        {
            "search": search,
            "child": header(request, search),
            "tab": "involved",
            "agencies": holders,
            "others": others,
            "not_asked": sorted(
                {each.custodian_name for each in state.custodians if each.status == "notAsked"}
            ),
            "asked_count": len(asked),
            "answered_count": answered,
            "still_count": still if state.status == "running" else 0,
            "status": state.status,
            "replaced": state.replaced,
            "looked_at": clock(timezone.now()),
            "purpose": purposes.name(search.purpose),
            "ends": moment(search.expires_at),
        },
    )


def _holders(request: HttpRequest, search: Search, items: Sequence[reading.Item]) -> list[Agency]:
    """Who holds what, with what came of asking; a masked record is not told from its like."""
    asked = {
        (each.custodian.ods_code, each.record_type, each.system_id, each.record_id): each
        for each in AskedRecord.objects.select_related("custodian").filter(
            key__session_id=request.session.session_key, search=search
        )
    }
    found: dict[str, Agency] = {}
    for item in items:
        agency = found.setdefault(item.custodian_name, Agency(item.custodian_name))
        place = (item.custodian, item.record_type, item.system_id, item.record_id)
        before = asked.get(place)
        said = _SEEMS if item.provisional else STATUS_WORDS["hasRecords"]
        agency.rows.append(
            Row(
                record_words.about(item.record_type),
                _seen(item.first_seen, item.last_seen),
                said,
                item.fetch_id,
                before,
                ANSWER_WORDS[Answer(before.answer)] if before else None,
                item.other_number,
            )
        )
    return sorted(found.values(), key=lambda agency: agency.name)


def _seen(first: date | None, last: date | None) -> str:
    if first and last and first != last:
        return f"{day(first)} to {day(last)}"
    return day(last or first)


def day(value: date | None) -> str:
    """A day in words."""
    return f"{value.day} {value:%B %Y}" if value else ""


def moment(value: datetime) -> str:
    """A moment in words, in London's time."""
    local = timezone.localtime(value)
    return f"{day(local.date())} at {local:%H:%M}"


def clock(value: datetime) -> str:
    """The time of day."""
    return f"{timezone.localtime(value):%H:%M:%S}"
