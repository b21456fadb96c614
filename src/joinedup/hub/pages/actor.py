"""Who is signed in: read from the session and checked again on every request."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import Membership
from joinedup.hub.pages import sessions
from joinedup.hub.rights.acting import act_for

MEMBERSHIP = "membership"
SIGNED_IN_AT = "signed_in_at"
STEPPED_UP_AT = "stepped_up_at"
STEP_UP_BACK = "step_up_back"

STEP_UP_LASTS = 5 * 60
"""Seconds for which having proved again who one is counts (reference 2.1: at most 5 minutes)."""

View = Callable[..., HttpResponse]


class ActorMiddleware:
    """Sets ``request.membership`` to the signed-in person's live membership, or None."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.membership = None  # type: ignore[attr-defined]
        if not request.path.startswith(("/api/", "/fhir/", "/healthz")):
            request.membership = _membership(request)  # type: ignore[attr-defined]
        return self.get_response(request)


def _membership(request: HttpRequest) -> Membership | None:
    key = request.session.get(MEMBERSHIP)
    if key is None:
        return None
    membership = (
        Membership.objects.select_related("person", "organisation__principal")
        .filter(pk=key)
        .first()
    )
    began = float(request.session.get(SIGNED_IN_AT, 0))
    too_long = time.time() > began + settings.SIGNED_IN_FOR_AT_MOST
    if membership is None or too_long or not membership.is_live(timezone.localdate()):
        request.session.flush()
        return None
    try:
        sessions.know(request.session, membership, began, request.headers.get("User-Agent", ""))
    except IntegrityError:  # another browser of theirs has just ended this session
        request.session.flush()
        return None
    _note_who(membership)
    return membership


def _note_who(membership: Membership) -> None:
    """Say who acts: in the request's ledger entry, and to the database."""
    act_for(membership.organisation_id)
    note(
        organisation=membership.organisation.ods_code,
        person=str(membership.person_id),
        role=membership.role,
    )


def in_role(*roles: str) -> Callable[[View], View]:
    """Only for people who are signed in, in one of these roles."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            membership: Membership | None = request.membership  # type: ignore[attr-defined]
            if membership is None:
                return redirect("timed-out" if request.method == "POST" else "start")
            if membership.role not in roles:
                return render(request, "not-your-role.html", status=403)
            return view(request, *args, **kwargs)

        return guarded

    return guard


def signed_in_as(request: HttpRequest, membership: Membership) -> None:
    """Start a fresh session for this membership; nothing from before sign-in is kept."""
    request.session.flush()
    request.session[MEMBERSHIP] = membership.pk
    request.session[SIGNED_IN_AT] = time.time()
    _note_who(membership)


def stepped_up(request: HttpRequest) -> bool:
    """Whether the signed-in person proved again who they are in the last five minutes."""
    if getattr(request, "membership", None) is None:
        return False
    proved = float(request.session.get(STEPPED_UP_AT, 0))
    return 0 <= time.time() - proved <= STEP_UP_LASTS


def needs_step_up(view: View) -> View:
    """Only for people who have just proved again who they are; the rest are sent to do so.

    They come back to the view's own address by GET, so put it on a view that shows its form and
    takes it at one address. What was sent in a form is lost then, on purpose: a sensitive act is
    confirmed by whoever has just proved who they are.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        membership: Membership | None = request.membership  # type: ignore[attr-defined]
        if membership is None:
            return redirect("timed-out" if request.method == "POST" else "start")
        if not stepped_up(request):
            request.session[STEP_UP_BACK] = request.path
            return redirect("sign-in-again")
        return view(request, *args, **kwargs)

    return guarded


def may_look_up(view: View) -> View:
    """Only for people who are signed in, in a role that looks up children."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        membership: Membership | None = request.membership  # type: ignore[attr-defined]
        if membership is None:
            # A form sent after the session ended: say so, and that nothing was looked up.
            return redirect("timed-out" if request.method == "POST" else "start")
        if not membership.may_look_up:
            return render(request, "not-your-role.html", status=403)
        return view(request, *args, **kwargs)

    return guarded
