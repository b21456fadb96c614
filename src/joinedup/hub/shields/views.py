"""The shield pages: ask, review, lift with two, look in an emergency, be connected by the desk."""

import json
import uuid
from typing import Any

from django.db import Error as DatabaseFailure
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from psycopg import Error as LinksFailure
from psycopg_pool import PoolTimeout

from joinedup.hub.approvals.changes import (
    CannotBeDone,
    NotYours,
    SamePerson,
    Stale,
    approve,
    may_decide,
    reject,
)
from joinedup.hub.approvals.models import ProposedChange, Status
from joinedup.hub.ledger.writing import NotRecorded, note, record
from joinedup.hub.organisations.models import Membership, Role
from joinedup.hub.pages import errors
from joinedup.hub.pages.actor import in_role, may_look_up, needs_step_up, stepped_up
from joinedup.hub.pages.forms import error_list
from joinedup.hub.shields import break_glass, reviewing, same_time, sealed
from joinedup.hub.shields.asking import Subject, ask_for_shield
from joinedup.hub.shields.changes import KEEP_APART
from joinedup.hub.shields.forms import ApartForm, AskForm, BreakGlassForm, ContactForm, LiftForm
from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.models import Alert, BreakGlass, ContactRequest, Shield
from joinedup.policy.question import Level

_NO_ANSWER = (DatabaseFailure, LinksFailure, PoolTimeout, NotRecorded)
_REFUSALS = (reviewing.CannotReview, CannotBeDone, NotYours, SamePerson, Stale)
_EVERYBODY = tuple(role.value for role in Role)
_reviewers = in_role(Role.SHIELD_REVIEWER)


@require_http_methods(["GET", "POST"])
@in_role(*_EVERYBODY)
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a shield: anybody at a custodian may, and it holds at once."""
    since = same_time.began()
    note(action="shield.ask")
    form = AskForm(request.POST) if request.method == "POST" else AskForm()
    if request.method == "GET" or not form.is_valid():
        return _page(request, "shield-ask.html", form)
    given, membership = form.cleaned_data, _membership(request)
    try:
        asked = ask_for_shield(
            Subject((given["sui"],)),
            Level(int(given["level"])),
            organisation=membership.organisation,
            by=membership,
            criterion=given["criterion"],
            reason=given["reason"],
        )
    except _NO_ANSWER:
        return errors.failed(request, 503)
    same_time.hold(since)
    return render(
        request, "shield-asked.html", {"asked": asked, "review_by": _day(asked.review_by)}
    )


@require_GET
@_reviewers
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for those who review shields, the most urgent first."""
    membership = _membership(request)
    today = timezone.localdate()
    shields = [_line(each, today) for each in reviewing.due(membership, today)]
    changes = ProposedChange.objects.filter(
        kind__in=[reviewing.LIFT, KEEP_APART], status=Status.WAITING
    ).exclude(proposed_by__person=membership.person)
    if not membership.organisation.runs_hub:
        changes = changes.filter(whose=membership.organisation.ods_code)
    contacts = ContactRequest.objects.filter(done_at=None)
    if not membership.organisation.runs_hub:
        contacts = contacts.none()
    note(action="shield.queue", results=len(shields))
    context = {"shields": shields, "changes": changes, "contacts": contacts.count()}
    return render(request, "shields.html", context)


@require_http_methods(["GET", "POST"])
@_reviewers
@needs_step_up
def show(request: HttpRequest, shield_id: uuid.UUID) -> HttpResponse:
    """One shield; agree with it, or ask to lift it."""
    membership = _membership(request)
    shield = reviewing.of_desk(membership).filter(pk=shield_id).first()
    if shield is None:
        raise Http404
    note(action="shield.show", case_reference=f"shield {shield.pk}")
    form = LiftForm()
    try:
        if request.POST.get("act") == "confirm":
            reviewing.confirm(shield, membership)
            return redirect("shields")
        if request.method == "POST":
            form = LiftForm(request.POST)
            if form.is_valid():
                to = Level(int(form.cleaned_data["to"]))
                reviewing.ask_to_lift(shield, to, membership, form.cleaned_data["why"])
                return redirect("shields")
    except _REFUSALS as refusal:
        return render(request, "shield-refused.html", {"words": str(refusal)}, status=409)
    except _NO_ANSWER:
        return errors.failed(request, 503)
    ours = tokens()
    events = [
        {
            "at": _day(timezone.localdate(event.at)),
            "kind": event.kind,
            "by": event.organisation.name if event.organisation else "",
            "criterion": event.get_criterion_display(),
            "reason": ours.open_text(bytes(event.reason), shield.pk.bytes) if event.reason else "",
        }
        for event in shield.events.select_related("organisation")
    ]
    copies = shield.marks.filter(reviewed_at=None).count()
    context = {"shield": _line(shield, timezone.localdate()), "events": events, "copies": copies}
    return _page(request, "shield.html", form, **context)


@require_http_methods(["GET", "POST"])
@_reviewers
@needs_step_up
def decide(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """The second person's word on a lift, or on a pair that is to be kept apart."""
    membership = _membership(request)
    change = ProposedChange.objects.filter(
        pk=change_id, kind__in=[reviewing.LIFT, KEEP_APART], status=Status.WAITING
    ).first()
    if change is None or not may_decide(change, membership):
        raise Http404
    if request.method == "GET":
        note(action="shield.change")
        return render(request, "shield-change.html", {"change": change, "what": _what(change)})
    try:
        if request.POST.get("act") == "approve":
            approve(change, membership)
        else:
            reject(change, membership, request.POST.get("why", "") or "Not agreed.")
    except _REFUSALS as refusal:
        return render(request, "shield-refused.html", {"words": str(refusal)}, status=409)
    except _NO_ANSWER:
        return errors.failed(request, 503)
    return redirect("shields")


@require_http_methods(["GET", "POST"])
@_reviewers
@needs_step_up
def keep_apart(request: HttpRequest) -> HttpResponse:
    """Propose that the records of two numbers are never joined."""
    form = ApartForm(request.POST) if request.method == "POST" else ApartForm()
    note(action="shield.keep-apart")
    if request.method == "GET" or not form.is_valid():
        return _page(request, "shield-apart.html", form)
    given = form.cleaned_data
    try:
        sealed.propose_apart([given["one"]], [given["other"]], _membership(request), given["why"])
    except _REFUSALS as refusal:
        return render(request, "shield-refused.html", {"words": str(refusal)}, status=409)
    except _NO_ANSWER:
        return errors.failed(request, 503)
    return redirect("shields")


@require_http_methods(["GET", "POST"])
@may_look_up
@needs_step_up
def open_shield(request: HttpRequest) -> HttpResponse:
    """An emergency: see what is hidden of one child."""
    since = same_time.began()
    note(action=break_glass.ACTION)
    form = BreakGlassForm(request.POST) if request.method == "POST" else BreakGlassForm()
    if request.method == "GET" or not form.is_valid():
        return _page(request, "shield-open.html", form)
    given = form.cleaned_data
    try:
        opened = break_glass.break_glass(
            given["sui"],
            _membership(request),
            request.session.session_key or "",
            emergency=break_glass.Emergency(given["emergency"]),
            reason=given["reason"],
            case_reference=given["case_reference"],
            stepped_up=stepped_up(request),
        )
    except break_glass.NothingToOpen:
        same_time.hold(since)
        return render(request, "shield-nothing.html", {"form": ContactForm(), "errors": []})
    except _NO_ANSWER:
        return errors.failed(request, 503)
    return redirect("shield-look", opened_id=opened.pk)


@require_GET
@may_look_up
def look(request: HttpRequest, opened_id: uuid.UUID) -> HttpResponse:
    """What is hidden of the child, for as long as the glass is open, to this person here alone."""
    opened = BreakGlass.objects.filter(pk=opened_id).first()
    if opened is None:
        raise Http404
    try:
        found = break_glass.look(opened, _membership(request), request.session.session_key or "")
    except break_glass.NothingToOpen:
        raise Http404 from None
    except _NO_ANSWER:
        return errors.failed(request, 503)
    until = timezone.localtime(opened.ends_at)
    records = [
        {
            "source": each.record.source,
            "postcode": each.record.postcode or "",
            "homes": each.record.homes,
            "phone": each.record.phone or "",
            "email": each.record.email or "",
        }
        for each in found
    ]
    return render(request, "shield-look.html", {"records": records, "until": f"{until:%H:%M}"})


@require_POST
@may_look_up
def contact(request: HttpRequest) -> HttpResponse:
    """Ask the desk to connect us with whoever works with a child: the same for any number."""
    since = same_time.began()
    note(action="shield.contact")
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _page(request, "shield-nothing.html", form)
    given = form.cleaned_data
    asked = ContactRequest(membership=_membership(request))
    asked.content = tokens().seal_text(json.dumps(given), asked.pk.bytes)
    try:
        with transaction.atomic():
            asked.save()
            record(action="shield.contact", subject=given["sui"], reason=given["reason"])
    except _NO_ANSWER:
        return errors.failed(request, 503)
    same_time.hold(since)
    return render(request, "shield-contact-asked.html")


@require_http_methods(["GET", "POST"])
@_reviewers
@needs_step_up
def contacts(request: HttpRequest) -> HttpResponse:
    """The hub's desk: who asks to be connected with whom; one is done when they were."""
    membership = _membership(request)
    if not membership.organisation.runs_hub:
        raise Http404
    note(action="shield.contacts")
    if request.method == "POST":
        waiting = ContactRequest.objects.filter(pk=_id(request.POST.get("done")), done_at=None)
        waiting.update(done_by=membership, done_at=timezone.now())
        return redirect("shield-contacts")
    ours = tokens()
    waiting = ContactRequest.objects.filter(done_at=None).select_related(
        "membership__person", "membership__organisation"
    )
    lines = [
        {
            "id": each.pk,
            "who": each.membership,
            "at": each.at,
            **json.loads(ours.open_text(bytes(each.content), each.pk.bytes)),
        }
        for each in waiting
    ]
    return render(request, "shield-contacts.html", {"contacts": lines})


@require_http_methods(["GET", "POST"])
@in_role(Role.INFORMATION_GOVERNANCE_LEAD)
def alerts(request: HttpRequest) -> HttpResponse:
    """What the organisation's information governance leads were told of opened shields."""
    membership = _membership(request)
    note(action="shield.alerts")
    own = Alert.objects.filter(organisation=membership.organisation)
    if request.method == "POST":
        read = own.filter(pk=request.POST.get("read") or 0, read_at=None)
        read.update(read_by=membership, read_at=timezone.now())
        return redirect("shield-alerts")
    return render(request, "shield-alerts.html", {"alerts": own})


def _what(change: ProposedChange) -> str:
    if change.kind == reviewing.LIFT:
        to = Level(change.what["to"])
        return (
            "Lift the shield." if to is Level.OPEN else "Lower the shield to hide the place only."
        )
    return "Keep the records of two numbers apart for good."


def _line(shield: Shield, today: Any) -> dict[str, Any]:
    return {
        "id": shield.pk,
        "level": Level(shield.level).letter,
        "standing": shield.standing,
        "organisation": shield.organisation.name if shield.organisation else "Source of truth",
        "review_by": _day(shield.review_by) if shield.review_by else "",
        "late": shield.review_by is not None and shield.review_by < today,
    }


def _id(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise Http404 from None


def _membership(request: HttpRequest) -> Membership:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    return membership


def _page(request: HttpRequest, template: str, form: Any, **more: Any) -> HttpResponse:
    """A form's page; with errors it is 200, as browsers and screen readers expect."""
    found = error_list(form) if form.is_bound else []
    return render(request, template, {"form": form, "errors": found, **more})


def _day(day: Any) -> str:
    return f"{day.day} {day:%B %Y}"
