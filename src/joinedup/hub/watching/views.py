"""The reviewer's queue: alerts and samples, and what came of each."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from joinedup.hub.administration.shown import visible
from joinedup.hub.ledger.opening import Opened
from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import Membership, Role
from joinedup.hub.pages.actor import in_role, needs_step_up
from joinedup.hub.pages.forms import error_list
from joinedup.hub.watching import reviewing
from joinedup.hub.watching.forms import OutcomeForm
from joinedup.hub.watching.models import Alert, AlertKind, Outcome
from joinedup.hub.watching.words import Words


@require_GET
@in_role(Role.INFORMATION_GOVERNANCE_LEAD)
def queue(request: HttpRequest) -> HttpResponse:
    """What waits to be looked at; no child is named."""
    membership, today = _membership(request), timezone.localdate()
    alerts = [_line(each, today) for each in reviewing.queue(membership)]
    note(action="watching.queue", results=len(alerts))
    counts = reviewing.counts(membership, today)
    return render(request, "watching-queue.html", {"alerts": alerts, "counts": counts})


@require_http_methods(["GET", "POST"])
@in_role(Role.INFORMATION_GOVERNANCE_LEAD)
@needs_step_up
def show(request: HttpRequest, alert_id: uuid.UUID) -> HttpResponse:
    """One alert with its looks, the person's own words, and what to do about it."""
    membership = _membership(request)
    alert = reviewing.find(membership, alert_id)
    if alert is None:
        raise Http404
    note(action="watching.show", case_reference=f"alert {alert.pk}", results=len(alert.entries))
    form = OutcomeForm(request.POST) if request.method == "POST" else OutcomeForm()
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            reviewing.close(alert, Outcome(given["outcome"]), given["note"], membership)
        except reviewing.AlreadyClosed:
            return redirect("watching-alert", alert_id=alert.pk)
        return redirect("watching")
    words = Words()
    context = {
        "alert": _line(alert, timezone.localdate()),
        "outcome": alert.get_outcome_display() if alert.outcome else "",
        "looks": [_look(each, words) for each in reviewing.entries(alert)],
        "form": form,
        "errors": error_list(form) if form.is_bound else [],
    }
    return render(request, "watching-alert.html", context)


def _line(alert: Alert, today: Any) -> dict[str, Any]:
    return {
        "id": alert.pk,
        "kind": AlertKind(alert.kind).label,
        "words": reviewing.words(alert),
        "person": alert.person.name,
        "organisation": alert.organisation.name,
        "day": f"{alert.day.day} {alert.day:%B %Y}",
        "looks": len(alert.entries),
        "due": f"{alert.due_by.day} {alert.due_by:%B %Y}",
        "late": alert.closed_at is None and alert.due_by < today,
    }


def _look(entry: Opened, words: Words) -> dict[str, str]:
    personal = entry.personal or {}
    return {
        "at": words.moment(entry.at),
        "action": words.action(entry.facts["action"]),
        "outcome": words.outcome(entry.facts["outcome"]),
        "purpose": words.purpose(entry.facts["purpose"]),
        "case": visible(personal.get("case_reference", "")),
        "reason": visible(personal.get("reason", "")),
        "relationship": words.relationship(personal.get("relationship", "")),
    }


def _membership(request: HttpRequest) -> Membership:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    return membership
