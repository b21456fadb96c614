"""Who is signed in: read from the session and checked again on every request."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from joinedup.hub.organisations.models import Membership

MEMBERSHIP = "membership"
SIGNED_IN_AT = "signed_in_at"

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
    return membership


def signed_in_as(request: HttpRequest, membership: Membership) -> None:
    """Start a fresh session for this membership; nothing from before sign-in is kept."""
    request.session.flush()
    request.session[MEMBERSHIP] = membership.pk
    request.session[SIGNED_IN_AT] = time.time()


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
