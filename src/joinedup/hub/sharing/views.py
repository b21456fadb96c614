"""Pages for both sides of a request: the list, one request, answering it, reading the answer."""

import uuid
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from joinedup.custodian.envelope import EnvelopeError
from joinedup.hub.discovery.circle import Searcher
from joinedup.hub.ledger.receipts import receipt
from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.hub.pages import purposes, record_words
from joinedup.hub.pages.actor import in_role, may_look_up
from joinedup.hub.pages.forms import error_list
from joinedup.hub.pages.involved import membership_of, moment
from joinedup.hub.pages.outcome_words import grouped
from joinedup.hub.sharing import (
    asking,
    deciding,
    envelope,
    offering,
    people,
    reading,
    reading_keys,
    words,
)
from joinedup.hub.sharing.asking import Asked, CannotBeAsked
from joinedup.hub.sharing.course import OPEN, NotNow, Side, State, Urgency
from joinedup.hub.sharing.forms import (
    AnswerForm,
    CompleteForm,
    ItemForm,
    MessageForm,
    OfferForm,
    OfferToForm,
)
from joinedup.hub.sharing.models import Origin, ShareRequest
from joinedup.hub.sharing.permission import NotAgreed
from joinedup.hub.sharing.report import OVER, report
from joinedup.hub.sharing.shown import page, side_of
from joinedup.hub.shields import same_time

MOST = 200
_OPEN = [each.value for each in OPEN]
_OFFER_TO = "offer_to"


@require_GET
@in_role(*people.SEE)
def listed(request: HttpRequest) -> HttpResponse:
    """What we were asked and offered, and what we asked; the most pressing first."""
    membership = membership_of(request)
    ours = membership.organisation
    asked_of_us = _newest(ShareRequest.objects.filter(holder=ours, origin=Origin.ASKED))
    offered = ShareRequest.objects.filter(asker=ours, origin=Origin.OFFERED)
    by_us = ShareRequest.objects.filter(asker=ours, origin=Origin.ASKED)
    if membership.role not in people.LEADS:
        by_us = by_us.filter(membership__person=membership.person)
    groups = [
        ("Requests to us", asked_of_us),
        ("Offered to us", [each for each in _newest(offered) if side_of(each, membership)]),
        ("Requests by us", _newest(by_us)),
        ("Offered by us", _newest(ShareRequest.objects.filter(holder=ours, origin="offered"))),
    ]
    note(action="share.list", results=sum(len(found) for _, found in groups))
    now = timezone.now()
    lines = [(title, [_line(each, membership, now) for each in found]) for title, found in groups]
    is_lead = membership.role in people.LEADS
    context = {"groups": lines, "is_lead": is_lead, "may_ask": membership.may_look_up}
    return render(request, "sharing-list.html", context)


@require_http_methods(["GET", "POST"])
@in_role(*people.SEE)
def show(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """One request; speak about it, hand it on, withdraw it, complete it."""
    since = same_time.began()
    membership = membership_of(request)
    found, side = _own(request_id, membership)
    note(action="share.show", case_reference=f"request {found.reference}")
    act = request.POST.get("act", "")
    form = MessageForm(request.POST) if act in ("message", "hand-on") else MessageForm()
    complete = CompleteForm(request.POST) if act == "complete" else CompleteForm()
    try:
        done = _done(act, found, side, membership, form, complete)
    except (NotNow, CannotBeAsked) as refusal:
        return render(request, "sharing-refused.html", {"words": str(refusal)}, status=409)
    if done:
        return redirect("request", request_id=found.id)
    note(subject=found.sui)
    context = page(found, membership, side)
    answer = render(
        request,
        "sharing-request.html",
        {
            **context,
            "number": grouped(found.sui),
            "form": form,
            "complete": complete,
            "errors": [
                *(error_list(form) if form.is_bound else []),
                *(error_list(complete) if complete.is_bound else []),
            ],
        },
    )
    if side is Side.ASKER:  # an answer of "nothing" takes as long whatever it stands for
        same_time.hold(since)
    return answer


@require_http_methods(["GET", "POST"])
@in_role(*people.SEE)
def answer(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Decide, item by item, in one step: what is typed here is kept nowhere but closed."""
    membership = membership_of(request)
    found, side = _own(request_id, membership)
    if side is not Side.HOLDER or found.origin != Origin.ASKED or found.state == State.WITHDRAWN:
        raise Http404
    note(action="share.answer", case_reference=f"request {found.reference}", subject=found.sui)
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    items = [ItemForm(each, data, files) for each in found.items.all()]
    form = AnswerForm(data)
    if data is not None:
        fine = [each.is_valid() for each in items]
        form.is_valid()
        form.complete(items)
        if all(fine) and form.is_valid():
            try:
                deciding.decide(found.id, form.decision(found.sui, items), membership)
            except (NotNow, deciding.CannotBeDecided, EnvelopeError) as refusal:
                return _refused(request, str(refusal))
            except NotAgreed:
                return _refused(request, "No agreement lets them have this any more.")
            return redirect("request", request_id=found.id)
    lines = [(each, words.item(each.asked)) for each in items]
    context = page(found, membership, side)
    errors = [line for each in items for line in _errors(each)] + _errors(form)
    return render(
        request,
        "sharing-answer.html",
        {**context, "number": grouped(found.sui), "lines": lines, "form": form, "errors": errors},
    )


@require_GET
@may_look_up
def read(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Read what was shared: opened for this one page, with its entry in the ledger."""
    found, opened = _opened(request, request_id)
    if opened is None:
        return redirect("reading-key")
    items = [
        {
            "place": each.item.place,
            "what": words.item(each.item),
            "content": each.content,
        }
        for each in opened
    ]
    context = {"request_": found, "number": grouped(found.sui), "items": items}
    answer = render(request, "sharing-read.html", {**context, "holder": found.holder.name})
    answer["Cache-Control"] = "no-store"
    key = reading_keys.of(request, membership_of(request))
    return reading_keys.remember(answer, key) if key else answer


@require_GET
@may_look_up
def file(request: HttpRequest, request_id: uuid.UUID, place: int) -> HttpResponse:
    """A file that was shared, to keep on one's own computer."""
    _, opened = _opened(request, request_id)
    for each in opened or ():
        if each.item.place == place and each.content and each.content.file:
            kept = each.content
            answer = HttpResponse(_bytes(kept), content_type="application/octet-stream")
            ending = _ENDINGS.get(kept.file_type, "bin")
            answer["Content-Disposition"] = f'attachment; filename="shared-{place + 1}.{ending}"'
            answer["Cache-Control"] = "no-store"
            return answer
    raise Http404


@require_GET
@in_role(*people.SEE)
def proof(request: HttpRequest, request_id: uuid.UUID, entry_id: uuid.UUID) -> HttpResponse:
    """The receipt of a reading, for either side; 202 until a checkpoint covers it."""
    found, _ = _own(request_id, membership_of(request))
    if entry_id not in reading.entries(found):
        raise Http404
    note(action="share.receipt", case_reference=f"request {found.reference}")
    made = receipt(entry_id)
    if made is None:
        return render(request, "sharing-no-receipt.html", {"request_": found}, status=202)
    answer = JsonResponse(made.as_dict(), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="receipt-{entry_id}.json"'
    return answer


@require_http_methods(["GET", "POST"])
@may_look_up
def take_up(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Ask for what was offered, where it was not closed to one's own key."""
    membership = membership_of(request)
    found, side = _own(request_id, membership)
    may = side is Side.ASKER and people.may_read(found, membership)
    if found.origin != Origin.OFFERED or not may:
        raise Http404
    key = reading_keys.of(request, membership)
    if key is None:
        return redirect("reading-key")
    if request.method == "GET":
        return redirect("request", request_id=found.id)
    wanted = asking.Wanted(
        found.sui,
        found.holder,
        [Asked(each.record_type, each.field) for each in found.items.all()],
        found.purpose,
        found.legal_basis,
        f"You offered this to us: {found.reference}",
        key.row.public_key,
        whole_reason="As it was offered",
        urgency=Urgency.URGENT,
    )
    try:
        asked = asking.ask(Searcher(membership.organisation, membership=membership), wanted)
    except (NotAgreed, CannotBeAsked):
        return _refused(request, "No agreement lets you have this.")
    return redirect("request", request_id=asked.id)


@require_http_methods(["GET", "POST"])
@in_role(*people.SEE)
def offer_to(request: HttpRequest) -> HttpResponse:
    """You should know: about which child, and who should know."""
    membership = membership_of(request)
    others = Organisation.objects.exclude(pk=membership.organisation_id)
    form = OfferToForm(_may_be_offered(membership, others), request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        request.session[_OFFER_TO] = {"sui": given["nhs_number"], "to": given["to"]}
        return redirect("offer")
    errors = error_list(form) if form.is_bound else []
    return render(request, "sharing-offer-to.html", {"form": form, "errors": errors})


@require_http_methods(["GET", "POST"])
@in_role(*people.SEE)
def offer(request: HttpRequest) -> HttpResponse:
    """What they should know, and why: closed to their keys when it is sent."""
    membership = membership_of(request)
    kept = request.session.get(_OFFER_TO)
    if kept is None:
        return redirect("offer-to")
    to = Organisation.objects.select_related("principal").get(ods_code=kept["to"])
    may = offering.may_offer(membership.organisation, to)
    about = [
        (f"{purpose}/{each}", f"{record_words.about(each)}, for: {purposes.name(purpose)}")
        for purpose, types in may.items()
        for each in types
    ]
    files = request.FILES if request.method == "POST" else None
    form = OfferForm(about, request.POST or None, files)
    if request.method == "POST" and form.is_valid():
        try:
            made = offering.offer(membership, _offered(form, kept["sui"], to))
        except (NotAgreed, CannotBeAsked) as refusal:
            return _refused(request, str(refusal) or "No agreement lets them have this.")
        request.session.pop(_OFFER_TO)
        return render(request, "sharing-offered.html", {"made": made, "to": to.name})
    context = {"form": form, "errors": _errors(form), "to": to.name}
    return render(request, "sharing-offer.html", {**context, "number": grouped(kept["sui"])})


@require_GET
@in_role(*sorted(people.LEADS))
def reported(request: HttpRequest) -> HttpResponse:
    """How our organisation answers, in counts."""
    membership = membership_of(request)
    note(action="share.report")
    found = report(membership.organisation, timezone.now())
    return render(request, "sharing-report.html", {"report": found, "days": OVER.days})


def _own(request_id: uuid.UUID, membership: Membership) -> tuple[ShareRequest, Side]:
    """A request of one's own organisation; 404 for any other, as for none at all."""
    found = (
        ShareRequest.objects.select_related(
            "asker__principal", "holder__principal", "membership__person", "client"
        )
        .filter(Q(asker=membership.organisation_id) | Q(holder=membership.organisation_id))
        .filter(id=request_id)
        .first()
    )
    side = side_of(found, membership) if found else None
    if found is None or side is None:
        raise Http404
    return found, side


def _done(
    act: str,
    found: ShareRequest,
    side: Side,
    membership: Membership,
    form: MessageForm,
    complete: CompleteForm,
) -> bool:
    """Do what was asked for; False when nothing was, or its form is not right."""
    may_act = side is Side.HOLDER or people.may_read(found, membership)
    if act == "withdraw" and side is Side.ASKER and may_act:
        asking.withdraw(found.id, membership)
    elif act == "message" and may_act and form.is_valid():
        asking.say(found.id, side, membership, form.cleaned_data["message"])
    elif act == "hand-on" and side is Side.HOLDER and form.is_valid():
        deciding.hand_on(found.id, form.cleaned_data["message"], membership)
    elif act == "complete" and side is Side.ASKER and complete.is_valid():
        given = complete.cleaned_data
        asking.complete(found.id, given["case_reference"], given["words"], membership)
    else:
        return False
    return True


def _opened(
    request: HttpRequest, request_id: uuid.UUID
) -> tuple[ShareRequest, list[reading.Unclosed] | None]:
    """What was shared, opened with this person's key; None when this browser has it not."""
    since = same_time.began()
    membership = membership_of(request)
    found, side = _own(request_id, membership)
    if side is not Side.ASKER or not people.may_read(found, membership):
        raise Http404
    key = reading_keys.of(request, membership)
    if key is None:
        return found, None
    try:
        return found, reading.unclose(found, membership, key.private, key.row.thumbprint)
    except reading.NothingToRead:
        same_time.hold(since)
        raise Http404 from None


def _newest(requests: QuerySet[ShareRequest]) -> list[ShareRequest]:
    """The newest, those that wait for an answer first."""
    found = requests.select_related("asker", "holder", "membership__person")
    newest = list(found.order_by("-received_at")[:MOST])
    return sorted(newest, key=lambda each: (each.state not in _OPEN, each.due_at))


def _line(found: ShareRequest, membership: Membership, now: Any) -> dict[str, Any]:
    is_ours = found.holder_id == membership.organisation_id
    waits = found.state in _OPEN
    return {
        "id": found.id,
        "reference": found.reference,
        "other": found.asker.name if is_ours else found.holder.name,
        "purpose": purposes.name(found.purpose),
        "urgency": found.urgency,
        "state": words.STATES[State(found.state)],
        "due": moment(found.due_at) if waits else "",
        "late": waits and found.due_at <= now,
        "tasks": _tasks(found, is_ours, now),
    }


def _tasks(found: ShareRequest, is_ours: bool, now: Any) -> list[str]:
    tasks = []
    if is_ours and found.review_by and found.review_by < timezone.localdate(now):
        tasks.append("Look again at what was withheld")
    if not is_ours and found.complete_by and not found.completed_at:
        tasks.append("Complete this emergency request")
    return tasks


def _may_be_offered(membership: Membership, others: QuerySet[Organisation]) -> list[Organisation]:
    """Those to whom the policy lets something of ours be given."""
    return [
        each
        for each in others.select_related("principal")
        if offering.may_offer(membership.organisation, each)
    ]


def _offered(form: OfferForm, sui: str, to: Organisation) -> offering.Offer:
    given = form.cleaned_data
    purpose, record_type = given["about"].split("/", 1)
    item = form.item(sui)
    told = "Told" if given["told"] == "told" else f"Not told. {given['why_not_told']}"
    return offering.Offer(
        sui,
        to,
        record_type,
        purpose,
        given["reason"],
        told,
        item.text,
        item.standing,
        item.as_at,
        item.source,
        item.file_name,
        item.file_type,
        item.file,
    )


def _bytes(kept: envelope.Item) -> bytes:
    try:
        return kept.file_bytes()
    except EnvelopeError:
        raise Http404 from None


def _errors(form: Any) -> list[dict[str, str]]:
    """A form's errors for the summary, also of a form with a prefix."""
    if not form.is_bound:
        return []
    return [
        {"text": str(form.errors[name][0]), "href": f"#{form.add_prefix(name)}"}
        for name in form.fields
        if name in form.errors
    ]


def _refused(request: HttpRequest, said: str) -> HttpResponse:
    return render(request, "sharing-refused.html", {"words": said}, status=409)


_ENDINGS = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "text/plain": "txt",
    "text/csv": "csv",
}
