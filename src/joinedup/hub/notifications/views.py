"""Pages of notices: what somebody was told, what they want to be told, and what nobody is told."""

import uuid

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from joinedup.hub.ledger.writing import note, record
from joinedup.hub.notifications import caseloads, inbox, quiet
from joinedup.hub.notifications.forms import QuietForm, SubscriberForm
from joinedup.hub.notifications.models import OF_A_CHILD, Kind, Subscriber
from joinedup.hub.organisations.models import ROLES_THAT_ASK, Role
from joinedup.hub.pages import purposes
from joinedup.hub.pages.actor import in_role, may_look_up
from joinedup.hub.pages.forms import error_list
from joinedup.hub.pages.involved import membership_of, moment
from joinedup.hub.pages.outcome_words import grouped

_EVERYBODY = tuple(role.value for role in Role)
_KEEPS_QUIET = (*sorted(ROLES_THAT_ASK), Role.INFORMATION_GOVERNANCE_LEAD)
_OF_A_REQUEST = frozenset(
    {
        Kind.REQUEST,
        Kind.MESSAGE,
        Kind.ANSWER,
        Kind.ESCALATED,
        Kind.OFFER,
        Kind.REVIEW_DUE,
        Kind.INCOMPLETE,
    }
)


@require_http_methods(["GET", "POST"])
@in_role(*_EVERYBODY)
def notices(request: HttpRequest) -> HttpResponse:
    """What this person was told; a POST marks one, or all, as read."""
    membership = membership_of(request)
    if request.method == "POST":
        note(action="notice.seen")
        own = inbox.own(membership).filter(read_at=None)
        if request.POST.get("seen") != "all":
            own = own.filter(pk=_id(request.POST.get("seen", "")))
        own.update(read_at=timezone.now())
        return redirect("notices")
    with transaction.atomic():
        lines = inbox.read(membership)
        record(
            action="notice.read",
            others=tuple(sorted({line.notice.sui for line in lines if line.notice.sui})),
            results=len(lines),
            status=200,
        )
    context = {
        "lines": [
            {
                "line": line,
                "at": moment(line.notice.at),
                "number": grouped(line.notice.sui) if line.notice.sui else "",
                "request": line.notice.reference if line.notice.kind in _OF_A_REQUEST else None,
                "is_correction": line.notice.kind == Kind.CORRECTION,
            }
            for line in lines
        ],
        "unread": sum(line.notice.read_at is None for line in lines),
        "may_subscribe": membership.may_look_up,
        "may_keep_quiet": membership.role in _KEEPS_QUIET,
    }
    return render(request, "notices.html", context)


@require_http_methods(["GET", "POST"])
@may_look_up
def subscribe(request: HttpRequest) -> HttpResponse:
    """What this person wants to be told about the children in their caseload."""
    membership = membership_of(request)
    known = Subscriber.objects.filter(membership=membership).first()
    offered = [each for each in purposes.reasons(membership) if purposes.finds(each.code)]
    before = (
        {"kinds": known.kinds, "purpose": known.purpose, "how": known.how, "email": known.email}
        if known
        else {"kinds": [each.value for each in OF_A_CHILD]}
    )
    form = SubscriberForm(offered, request.POST or None, initial=before)
    if request.method == "POST" and form.is_valid():
        note(action="notice.subscribe")
        Subscriber.objects.update_or_create(
            membership=membership, defaults={**form.cleaned_data, "since": timezone.now()}
        )
        return redirect("notices")
    count = len(caseloads.children_of(membership))
    errors = error_list(form) if form.is_bound else []
    context = {"form": form, "errors": errors, "children": count}
    return render(request, "notices-subscribe.html", context)


@require_http_methods(["GET", "POST"])
@in_role(*_KEEPS_QUIET)
def keep_quiet(request: HttpRequest) -> HttpResponse:
    """Tell nobody of our searches about a child."""
    form = QuietForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        quiet.keep_quiet(
            membership_of(request),
            given["nhs_number"],
            quiet.Code(given["code"]),
            given["why"],
            quiet.LASTS[given["lasts"]],
        )
        return render(request, "notices-quiet-kept.html")
    errors = error_list(form) if form.is_bound else []
    return render(request, "notices-quiet.html", {"form": form, "errors": errors})


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None
