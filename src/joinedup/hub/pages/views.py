"""Pages without a form: start, signed out, how searches are recorded, accessibility."""

from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from joinedup.hub.discovery.models import Search
from joinedup.hub.organisations.models import Membership
from joinedup.hub.pages import keeping, purposes
from joinedup.hub.reconciliation.views import waiting

LATELY = timedelta(days=1)
MOST_LATELY = 5


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The start page, with its notice that every lookup is recorded."""
    membership: Membership | None = request.membership  # type: ignore[attr-defined]
    to_decide = waiting(membership) if membership and membership.may_look_up else 0
    searches = _searches(membership) if membership and membership.may_look_up else []
    return render(request, "start.html", {"to_decide": to_decide, "searches": searches})


def _searches(membership: Membership) -> list[tuple[Search, str]]:
    """The person's own searches of the last day, by their own reference and without the child."""
    since = timezone.now() - LATELY
    found = Search.objects.filter(membership=membership, created_at__gte=since)
    latest = found.order_by("-created_at")[:MOST_LATELY]
    return [(search, purposes.name(search.purpose)) for search in latest]


@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    """After signing out: the browser is asked to keep nothing either."""
    answer = render(request, "signed-out.html")
    answer["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@require_safe
def timed_out(request: HttpRequest) -> HttpResponse:
    """After 20 idle minutes; ends a session that the browser noticed first."""
    request.session.flush()
    request.membership = None  # type: ignore[attr-defined]
    return keeping.forget(render(request, "timed-out.html"))


@require_POST
def stay(request: HttpRequest) -> HttpResponse:
    """Another 20 minutes, from the warning; saving the session is what extends it."""
    if request.membership is None:  # type: ignore[attr-defined]
        return redirect("timed-out")
    return HttpResponse(status=204)


@require_safe
def how_recorded(request: HttpRequest) -> HttpResponse:
    """What is written down about each lookup, and who can see it."""
    kept_days = settings.REVIEW_DETAILS_KEPT_DAYS
    return render(request, "how-searches-are-recorded.html", {"kept_days": kept_days})


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
        return HttpResponse("no database\n", status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")
