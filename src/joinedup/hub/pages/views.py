"""Pages without a form: start, signed out, how searches are recorded, accessibility."""

from django.db import Error as DatabaseFailure
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The start page, with its notice that every lookup is recorded."""
    return render(request, "start.html")


@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    """After signing out."""
    return render(request, "signed-out.html")


@require_safe
def timed_out(request: HttpRequest) -> HttpResponse:
    """After 20 idle minutes; ends a session that the browser noticed first."""
    request.session.flush()
    request.membership = None  # type: ignore[attr-defined]
    return render(request, "timed-out.html")


@require_POST
def stay(request: HttpRequest) -> HttpResponse:
    """Another 20 minutes, from the warning; saving the session is what extends it."""
    if request.membership is None:  # type: ignore[attr-defined]
        return redirect("timed-out")
    return HttpResponse(status=204)


@require_safe
def how_recorded(request: HttpRequest) -> HttpResponse:
    """What is written down about each lookup, and who can see it."""
    return render(request, "how-searches-are-recorded.html")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement."""
    return render(request, "accessibility.html")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process can answer and record: 200, or 503 without its database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseFailure:
        return HttpResponse("no database\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
