"""The subject access workspace: take, gather, mark, have signed, answer; and complaints."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import ROLES_THAT_ASK, Membership, Role
from joinedup.hub.pages.actor import in_role, needs_step_up
from joinedup.hub.pages.forms import error_list
from joinedup.hub.subject_access import working
from joinedup.hub.subject_access.authority import WORDS, Asker
from joinedup.hub.subject_access.clock import Kind, acknowledgement
from joinedup.hub.subject_access.exemptions import LAW, Exemption
from joinedup.hub.subject_access.forms import (
    ComplaintForm,
    ConcludeForm,
    DocumentForm,
    MarkForm,
    SeenForm,
    SignForm,
    TakeForm,
)
from joinedup.hub.subject_access.gathering import SOURCES
from joinedup.hub.subject_access.models import Complaint, Item, Mark, SubjectRequest
from joinedup.hub.subject_access.parts import CONCERN_WORDS, Choice, Concern
from joinedup.hub.subject_access.sealed import opened
from joinedup.hub.watching.exports import csv_file, page_file

_officers = in_role(Role.DATA_OFFICER, Role.INFORMATION_GOVERNANCE_LEAD)
_practitioners = in_role(*ROLES_THAT_ASK)
STEPS = {
    "clarity-asked": Kind.CLARITY_ASKED,
    "clarity-given": Kind.CLARITY_GIVEN,
    "extended": Kind.EXTENDED,
    "refused": Kind.REFUSED,
}


@require_GET
@_officers
def listed(request: HttpRequest) -> HttpResponse:
    """Requests and complaints of the organisation, with their clocks."""
    membership, today = _membership(request), timezone.localdate()
    requests = [_line(each, today) for each in working.of(membership).prefetch_related("steps")]
    requests.sort(key=lambda line: (bool(line["ended"]), line["due_on"] or today))
    complaints = [
        {
            "id": each.pk, "received": _day(each.received_on), "answered": each.answered_on,
            "standing": acknowledgement(each.received_on, each.acknowledged_on, today),
        }
        for each in Complaint.objects.filter(organisation=membership.organisation)
    ]  # fmt: skip
    note(action="subject-access.list", results=len(requests))
    return render(request, "subject-access.html", {"requests": requests, "complaints": complaints})


@require_http_methods(["GET", "POST"])
@_officers
def take(request: HttpRequest) -> HttpResponse:
    """Take a request."""
    note(action="subject-access.take")
    form = TakeForm(request.POST) if request.method == "POST" else TakeForm()
    if request.method == "GET" or not form.is_valid():
        return _page(request, "subject-access-new.html", form)
    given = form.cleaned_data
    who = working.About(
        given["sui"], given["name"], given["age"], given["child_view"], "",
        tuple(given["evidence"]),
    )  # fmt: skip
    made = working.take(Asker(given["asker"]), who, given["received"], _membership(request))
    return redirect("subject-request", request_id=made.pk)


@require_http_methods(["GET", "POST"])
@_officers
@needs_step_up
def show(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """One request: its clock, what was seen, what is held, and what stands in the way."""
    found, membership, today = _found(request, request_id), _membership(request), _today()
    who = working.about(found)
    note(
        action="subject-access.show", subject=who.sui,
        case_reference=f"subject request {found.pk}",
    )  # fmt: skip
    act = request.POST.get("act", "")
    if act == "gather":
        working.gather(found, membership)
    elif act in STEPS:
        working.step(found, STEPS[act], membership, today)
    elif act == "seen":
        seen = SeenForm(request.POST)
        if seen.is_valid():
            facts = {**seen.cleaned_data, "evidence": tuple(seen.cleaned_data["evidence"])}
            working.change(found, membership, today, **facts)
    if request.method == "POST":
        return redirect("subject-request", request_id=found.pk)
    try:
        working.compose(found)
        reasons: list[str] = []
    except working.NotReady as not_ready:
        reasons = not_ready.reasons
    form = SeenForm(
        initial={
            "evidence": list(who.evidence), "child_view": who.child_view,
            "searched": who.searched,
        }
    )  # fmt: skip
    context = {
        "line": _line(found, today),
        "who": who,
        "asker": WORDS[Asker(found.asker)],
        "items": [_item(each) for each in found.items.all()],
        "reasons": reasons,
    }
    return _page(request, "subject-access-request.html", form, **context)


@require_http_methods(["GET", "POST"])
@_officers
@needs_step_up
def mark(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """One item: disclose, disclose in part, or withhold under an exemption."""
    membership = _membership(request)
    item = Item.objects.filter(pk=item_id, request__in=working.of(membership)).first()
    if item is None:
        raise Http404
    parts, before = working.parts(item), working.choice(item)
    note(
        action="subject-access.item", subject=working.about(item.request).sui,
        case_reference=f"subject request {item.request_id}",
    )  # fmt: skip
    initial = {"mark": item.mark, "exemption": item.exemption, "why": before.why,
               "others_agreed": before.others_agreed}  # fmt: skip
    form = MarkForm(request.POST) if request.method == "POST" else MarkForm(initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        texts = {
            place: request.POST.get(f"text-{place}", part.text)
            for place, part in enumerate(parts)
            if request.POST.get(f"give-{place}") and part.may_be_given
        }
        decided = Choice(given["mark"], texts, given["others_agreed"], given["why"])
        working.mark(item, decided, given["exemption"], membership)
        return redirect("subject-request", request_id=item.request_id)
    rows = [
        {
            "place": place,
            "label": part.label,
            "text": part.text,
            "concern": CONCERN_WORDS[part.concern],
            "may": part.may_be_given,
            "words": part.concern is Concern.WORDS,
            "given": place in before.texts or (not before.texts and part.concern is Concern.CHILD),
            "edited": before.texts.get(place, part.text),
        }
        for place, part in enumerate(parts)
    ]
    context = {"item": item, "rows": rows, "source": SOURCES[item.source]}
    return _page(request, "subject-access-item.html", form, **context)


@require_http_methods(["GET", "POST"])
@_officers
@needs_step_up
def add(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Add a document from the organisation's own files."""
    found = _found(request, request_id)
    note(action="subject-access.add")
    form = DocumentForm(request.POST) if request.method == "POST" else DocumentForm()
    if request.method == "GET" or not form.is_valid():
        return _page(request, "subject-access-add.html", form, id=found.pk)
    working.add_document(found, form.cleaned_data["title"], form.parts())
    return redirect("subject-request", request_id=found.pk)


@require_http_methods(["GET", "POST"])
@_officers
@needs_step_up
def answer(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """The answer as a file: a page to print, or CSV."""
    found, membership, today = _found(request, request_id), _membership(request), _today()
    note(action="subject-access.answer")
    if request.method == "GET":
        return redirect("subject-request", request_id=found.pk)
    try:
        told = working.answer(found, membership, today)
    except working.NotReady:
        return redirect("subject-request", request_id=found.pk)
    mark = (
        f"What {membership.organisation} holds. Written on {_day(today)}. Contains personal data."
    )
    items = [(SOURCES[source], lines) for source, lines in told.items]
    if request.POST.get("as") == "csv":
        rows = [
            (str(number), source, label, text)
            for number, (source, lines) in enumerate(items, 1)
            for label, text in lines
        ]
        return csv_file("subject-access.csv", mark, ("Item", "From", "What", "Text"), rows)
    # That an investigation is going on must not be told by naming the exemption.
    laws = [LAW[each] for each in told.left_out if each is not Exemption.CRIME]
    context: dict[str, object] = {"items": items, "mark": mark, "laws": laws}
    return page_file("subject-access.html", "subject-access-answer.html", context)


@require_GET
@_practitioners
def to_sign(request: HttpRequest) -> HttpResponse:
    """What waits for a practitioner's word."""
    items = working.to_sign(_membership(request))
    note(action="subject-access.to-sign", results=len(items))
    return render(request, "subject-access-to-sign.html", {"items": items})


@require_http_methods(["GET", "POST"])
@_practitioners
@needs_step_up
def sign(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """A practitioner reads an item and says whether giving it would do serious harm."""
    membership = _membership(request)
    item = next((each for each in working.to_sign(membership) if each.pk == item_id), None)
    if item is None:
        raise Http404
    note(
        action="subject-access.sign", subject=working.about(item.request).sui,
        case_reference=f"subject request {item.request_id}",
    )  # fmt: skip
    form = SignForm(request.POST) if request.method == "POST" else SignForm()
    if request.method == "GET" or not form.is_valid():
        context = {
            "item": item, "parts": working.parts(item), "why": working.choice(item).why,
            "law": LAW[Exemption(item.exemption)], "asker": WORDS[Asker(item.request.asker)],
        }  # fmt: skip
        return _page(request, "subject-access-sign.html", form, **context)
    given = form.cleaned_data
    working.sign(item, membership, agrees=given["agrees"] == "yes", why=given["why"])
    return redirect("subject-access-to-sign")


@require_http_methods(["GET", "POST"])
@_officers
def complain(request: HttpRequest) -> HttpResponse:
    """Take a complaint."""
    note(action="complaint.take")
    form = ComplaintForm(request.POST) if request.method == "POST" else ComplaintForm()
    if request.method == "GET" or not form.is_valid():
        return _page(request, "subject-access-complain.html", form)
    given = form.cleaned_data
    working.complain(given["received"], given["name"], given["what"], _membership(request))
    return redirect("subject-access")


@require_http_methods(["GET", "POST"])
@_officers
def complaint(request: HttpRequest, complaint_id: uuid.UUID) -> HttpResponse:
    """One complaint: acknowledge it, answer it."""
    membership, today = _membership(request), _today()
    found = Complaint.objects.filter(pk=complaint_id, organisation=membership.organisation).first()
    if found is None:
        raise Http404
    note(action="complaint.show", case_reference=f"complaint {found.pk}")
    form = ConcludeForm()
    if request.POST.get("act") == "acknowledge":
        working.acknowledge(found, today)
        return redirect("subject-access")
    if request.method == "POST":
        form = ConcludeForm(request.POST)
        if form.is_valid():
            working.conclude(found, form.cleaned_data["said"], today)
            return redirect("subject-access")
    context = {
        "complaint": found,
        "said": opened(found, found.box, found.pk),
        "received": _day(found.received_on),
        "standing": acknowledgement(found.received_on, found.acknowledged_on, today),
    }
    return _page(request, "subject-access-complaint.html", form, **context)


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.pk,
        "source": SOURCES[item.source],
        "said": [part for part in working.parts(item) if part.text][:3],
        "mark": Mark(item.mark).label,
        "exemption": LAW[Exemption(item.exemption)] if item.exemption else "",
        "signed": item.signed_at is not None,
    }


def _line(found: SubjectRequest, today: Any) -> dict[str, Any]:
    standing = working.stands(found)
    return {
        "id": found.pk,
        "asker": WORDS[Asker(found.asker)],
        "due_on": standing.due,
        "due": _day(standing.due) if standing.due else "",
        "waits": standing.waits_for,
        "ended": standing.ended.value if standing.ended else "",
        "late": standing.late(today),
        "soon": standing.soon(today),
    }


def _found(request: HttpRequest, request_id: uuid.UUID) -> SubjectRequest:
    found = working.of(_membership(request)).filter(pk=request_id).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, template: str, form: Any, **more: Any) -> HttpResponse:
    errors = error_list(form) if form.is_bound else []
    return render(request, template, {"form": form, "errors": errors, **more})


def _today() -> Any:
    return timezone.localdate()


def _day(day: Any) -> str:
    return f"{day.day} {day:%B %Y}"


def _membership(request: HttpRequest) -> Membership:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    return membership
