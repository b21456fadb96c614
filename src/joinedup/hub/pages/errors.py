"""Pages for what goes wrong, in plain words and with nothing personal."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from joinedup.hub import tracing


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return render(request, "not-found.html", status=404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return failed(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return failed(request, 403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    return failed(request, 500)


def failed(request: HttpRequest, status: int) -> HttpResponse:
    """The service could not do what was asked; nothing was learnt about any child."""
    reference = tracing.current().correlation_id
    return render(request, "failed.html", {"reference": reference}, status=status)


def not_allowed(request: HttpRequest, words: str) -> HttpResponse:
    """The policy does not let this person look children up for this reason; nobody was asked."""
    return render(request, "look-up-refused.html", {"words": words}, status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose session has gone: the usual cause is that the person was signed out."""
    if getattr(request, "membership", None) is None:
        return redirect("timed-out")
    return failed(request, 403)
