"""Every request is answered with the rights of the hub's role alone."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from joinedup.hub.rights import acting


class RightsMiddleware:
    """Around all else that asks the database, the ledger's own entry included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting.request():
            return self.get_response(request)
