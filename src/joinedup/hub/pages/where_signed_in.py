"""The page of one's own sessions, and signing out of the others (OWASP ASVS 5.0 V7.5.2)."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.hub.ledger.writing import note, record
from joinedup.hub.organisations.models import Membership, Role
from joinedup.hub.pages import sessions
from joinedup.hub.pages.actor import in_role, needs_step_up


@require_safe
@in_role(*Role)
def show(request: HttpRequest) -> HttpResponse:
    """Where the signed-in person is signed in; no address, and nothing of other people's."""
    places = _places(request)
    page = {"places": places, "others": [place for place in places if not place.is_this]}
    return render(request, "where-signed-in.html", page)


@require_http_methods(["GET", "POST"])
@needs_step_up
def end(request: HttpRequest) -> HttpResponse:
    """Sign out of other sessions, all of them unless some are left out."""
    others = [place for place in _places(request) if not place.is_this]
    errors = []
    if request.method == "POST":
        chosen = [place for place in others if str(place.id) in request.POST.getlist("session")]
        if chosen:
            with transaction.atomic():
                sessions.end(chosen)
                record(action="session.end", results=len(chosen))
            return redirect("where-signed-in")
        note(outcome="refused")
        errors = [{"text": "Select where to sign out", "href": "#session"}]
    page = {"others": others, "errors": errors}
    return render(request, "where-signed-in-end.html", page)


def _places(request: HttpRequest) -> list[sessions.Place]:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    return sessions.of(membership.person, request.session.session_key)
