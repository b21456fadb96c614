"""The administration pages. Whatever changes something asks first who one is, again."""

import uuid
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from joinedup.hub.administration import shown
from joinedup.hub.administration.forms import StopForm, WhyForm
from joinedup.hub.approvals.changes import (
    CannotBeDone,
    NotYours,
    SamePerson,
    Stale,
    adopt,
    approve,
    deciding_roles,
    handler_of,
    may_decide,
    propose,
    reject,
)
from joinedup.hub.approvals.models import ProposedChange, Status
from joinedup.hub.ledger.writing import note
from joinedup.hub.limits.models import Hold
from joinedup.hub.organisations.forms import FORMS
from joinedup.hub.organisations.models import (
    ClientKey,
    MachineClient,
    Membership,
    Organisation,
    Person,
    Role,
)
from joinedup.hub.organisations.stopping import block_person, revoke_client, revoke_key
from joinedup.hub.pages.actor import View, in_role, needs_step_up
from joinedup.hub.pages.forms import error_list

PAGE = 50


def decides(view: View) -> View:
    """Only for people in a role that decides some kind of change."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return in_role(*deciding_roles())(view)(request, *args, **kwargs)

    return guarded


@require_GET
@decides
def overview(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, what was decided, and what can be proposed."""
    membership = _membership(request)
    decided = request.GET.get("show") == "decided"
    found = ProposedChange.objects.select_related("proposed_by__person", "decided_by__person")
    found = found.exclude(status=Status.WAITING) if decided else found.filter(status=Status.WAITING)
    mine = [change for change in found if may_decide(change, membership)]
    page = Paginator(mine, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "administration.html",
        {
            "changes": [shown.line(change) for change in page],
            "page": page,
            "decided": decided,
            "kinds": _kinds(membership),
            "holds": _holds(membership),
        },
    )


@require_GET
@in_role(Role.ADMINISTRATOR)
def organisations(request: HttpRequest) -> HttpResponse:
    """Organisations with their systems, clients and keys: all of them, or one's own."""
    found = _organisations(_membership(request)).prefetch_related(
        "systems", "machine_clients__keys", "grants"
    )
    return render(
        request,
        "administration-organisations.html",
        {
            "organisations": found,
            "now": timezone.now(),
            "runs_hub": _membership(request).organisation.runs_hub,
        },
    )


@require_http_methods(["GET", "POST"])
@in_role(Role.ADMINISTRATOR)
@needs_step_up
def propose_change(request: HttpRequest, kind: str) -> HttpResponse:
    """Propose one kind of change; a second person sees exactly what this page reads."""
    membership = _membership(request)
    if kind not in FORMS or kind not in dict(_kinds(membership)):
        raise Http404
    form = FORMS[kind](
        request.POST if request.method == "POST" else None, initial=request.GET.dict()
    )
    why = WhyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() & why.is_valid():
        try:
            change = propose(kind, form.what(), membership, why.cleaned_data["why"])
        except (CannotBeDone, NotYours, SamePerson) as refusal:
            return _refused(request, refusal)
        return redirect("administration-change", change_id=change.id)
    return render(
        request,
        "administration-propose.html",
        {
            "title": form.title,
            "kind": kind,
            "forms": (form, why),
            "errors": error_list(form) + error_list(why),
        },
    )


@require_GET
@decides
def show(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """One change, exactly as it will be or was applied."""
    return _change_page(request, _change(request, change_id), "administration-change.html")


@require_http_methods(["GET", "POST"])
@decides
@needs_step_up
def decide(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Approve or reject; or put forward what the command line asked for."""
    change = _change(request, change_id)
    if request.method != "POST":
        return _change_page(request, change, "administration-decide.html")
    membership = _membership(request)
    try:
        if request.POST.get("choice") == "approve":
            approve(change, membership)
        elif request.POST.get("choice") == "adopt":
            adopt(change, membership)
        elif request.POST.get("choice") == "reject":
            reject(change, membership, request.POST.get("why", "")[:500])
        else:
            return redirect("administration-decide", change_id=change.id)
    except (CannotBeDone, NotYours, SamePerson, Stale) as refusal:
        return _refused(request, refusal)
    return redirect("administration-change", change_id=change.id)


@require_http_methods(["GET", "POST"])
@in_role(Role.ADMINISTRATOR, Role.INFORMATION_GOVERNANCE_LEAD)
@needs_step_up
def lift(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Propose that a hold be lifted, once one has seen why it is there."""
    membership = _membership(request)
    hold = next((each for each in _holds(membership) if each.pk == hold_id), None)
    if hold is None:
        raise Http404
    form = WhyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            change = propose("hold.lift", {"hold": hold.pk}, membership, form.cleaned_data["why"])
        except (CannotBeDone, NotYours, SamePerson) as refusal:
            return _refused(request, refusal)
        return redirect("administration-change", change_id=change.id)
    page = {"hold": hold, "forms": (form,), "errors": error_list(form)}
    return render(request, "administration-hold.html", page)


@require_http_methods(["GET", "POST"])
@in_role(Role.ADMINISTRATOR)
@needs_step_up
def stop(request: HttpRequest) -> HttpResponse:
    """Stop a client, a key or a person at once; to let it back in takes two."""
    membership = _membership(request)
    form = StopForm(membership, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        found, why = form.found, form.cleaned_data["why"]
        if isinstance(found, MachineClient):
            revoke_client(found, membership, why)
        elif isinstance(found, ClientKey):
            revoke_key(found, membership, why)
        elif isinstance(found, Person):
            block_person(found, membership.organisation.ods_code, membership, why)
        return render(request, "administration-stopped.html")
    let_in = [each for each in _kinds(membership) if each[0].endswith(".let-in")]
    page = {"forms": (form,), "errors": error_list(form), "let_in": let_in}
    return render(request, "administration-stop.html", page)


def _kinds(membership: Membership) -> list[tuple[str, str]]:
    """Kinds of change that this person may propose, with their titles."""
    if membership.role != Role.ADMINISTRATOR:
        return []
    return [
        (kind, form.title)
        for kind, form in FORMS.items()
        if membership.organisation.runs_hub or handler_of(kind).whose is not None
    ]


def _holds(membership: Membership) -> list[Hold]:
    """Holds that last, of one's organisation or of all."""
    if membership.role not in (Role.ADMINISTRATOR, Role.INFORMATION_GOVERNANCE_LEAD):
        return []
    found = Hold.objects.filter(lifted_at=None, until__gt=timezone.now()).select_related(
        "organisation", "client", "person"
    )
    if not membership.organisation.runs_hub:
        found = found.filter(organisation=membership.organisation)
    return list(found[:PAGE])


def _organisations(membership: Membership) -> Any:
    everyone = Organisation.objects.select_related("principal")
    if membership.organisation.runs_hub:
        return everyone
    return everyone.filter(pk=membership.organisation_id)


def _change(request: HttpRequest, change_id: uuid.UUID) -> ProposedChange:
    """A change that this person decides on; anyone else's is not found."""
    found = ProposedChange.objects.select_related("proposed_by__person", "decided_by__person")
    change = found.filter(pk=change_id).first()
    if change is None or not may_decide(change, _membership(request)):
        raise Http404
    return change


def _change_page(request: HttpRequest, change: ProposedChange, template: str) -> HttpResponse:
    own = change.proposed_by and change.proposed_by.person_id == _membership(request).person_id
    return render(
        request,
        template,
        {
            "change": change,
            "line": shown.line(change),
            "rows": shown.rows(change),
            "waits": change.status == Status.WAITING,
            "own": bool(own),
            "adopts": change.proposed_by is None,
        },
    )


def _refused(request: HttpRequest, refusal: Exception) -> HttpResponse:
    note(outcome="refused", reason=str(refusal))
    status = 409 if isinstance(refusal, Stale | CannotBeDone) else 403
    return render(request, "administration-refused.html", {"why": str(refusal)}, status=status)


def _membership(request: HttpRequest) -> Membership:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    return membership
