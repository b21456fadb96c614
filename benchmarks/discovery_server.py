"""The hub with one address more, ``/api/v2/work/bare``: a bare 204 behind the same middleware."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from joinedup.hub.wsgi import application  # first: it makes Django ready

# isort: split
from joinedup.hub import urls

__all__ = ["application"]


def bare(request: HttpRequest) -> HttpResponse:
    """What a poll cannot be quicker than."""
    return HttpResponse(status=204)


urls.urlpatterns.insert(0, path("api/v2/work/bare", bare))
