"""Bodies larger than Django reads by itself, each address with a limit of its own."""

from django.http import HttpRequest

from joinedup.hub.api.problems import BY_STATUS, Problem

MB = 1024 * 1024
LIMITS = {
    "/api/v2/register/pointers": 4 * MB,  # 10,000 pointers
    "/api/v2/register/withdraw": 3 * MB,
    "/api/v2/work/result": 5 * MB + 64 * 1024,  # a sealed record of 5 MB, and what is around it
}


def read(request: HttpRequest) -> None:
    """Read the body of such an address to its limit, for a caller who may send it.

    Raises ``Problem`` 413 before anything is read. Other addresses keep Django's own limit.
    """
    limit = LIMITS.get(request.path)
    if limit is None:
        return
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    if length > limit:
        raise Problem(413, *BY_STATUS[413])
    # Where Django keeps a body that was read: ``request.body`` gives it from now on.
    request._body = request.read(length)
