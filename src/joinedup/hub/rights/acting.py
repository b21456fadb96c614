"""For whom the database answers: the rights of the hub's role, narrowed to one organisation.

While a request is answered its connection has the rights of ``joinedup_hub``, which is neither
superuser nor owner of a table, and sees of every table about children the rows of the organisation
that asks. Until it is known who asks, that is none. So a view that forgets a filter still gives
nothing of another organisation's (reference 2.2).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

from joinedup.hub.prepared import rows

HUB_ROLE = "joinedup_hub"
NOBODY = ""
EVERYONE = "every"
"""Stands for all organisations, where an act is between them."""

_NARROW = "SELECT set_config('role', %s, false), set_config('joinedup.organisation', %s, false)"
_WIDEN = "SELECT set_config('role', 'none', false), set_config('joinedup.organisation', '', false)"


@dataclass(slots=True)
class _Request:
    """The request that this thread answers, and for whom."""

    organisation: str = NOBODY


_request: ContextVar[_Request | None] = ContextVar("rights_request", default=None)


@contextmanager
def request() -> Iterator[None]:
    """Answer a request: nothing is seen of any organisation's until ``act_for``."""
    token = _request.set(_Request())
    try:
        if connection.connection is not None:
            _apply()
        yield
    finally:
        _request.reset(token)
        if connection.connection is not None:
            _give_back()


def act_for(organisation_id: int | None) -> None:
    """From here on the request sees the rows of this organisation, and of no other; or of none.

    Does nothing outside a request: commands and the worker act for the hub itself.
    """
    _see(NOBODY if organisation_id is None else str(int(organisation_id)))


@contextmanager
def across_organisations() -> Iterator[None]:
    """For an act that is between organisations by its nature, and for as short as it can be.

    ``tests/hub/hardening/test_rows.py`` holds the list of places that may.
    """
    ours = _request.get()
    if ours is None or ours.organisation == EVERYONE:
        yield
        return
    before = ours.organisation
    _see(EVERYONE)
    try:
        yield
    finally:
        # In a transaction that failed nothing can be said to the database: rolling it back brings
        # back what was set before it began.
        ours.organisation = before
        if not connection.needs_rollback:
            _apply()


def _see(organisation: str) -> None:
    ours = _request.get()
    if ours is None or ours.organisation == organisation:
        return
    ours.organisation = organisation
    if connection.connection is not None:
        _apply()


def _apply(**_: Any) -> None:
    """Tell the database, also whenever a connection is taken from the pool.

    What the last one to have it set is never trusted: it may have given it back in a hurry.
    """
    ours = _request.get()
    if ours is None:
        _say(_WIDEN, [])
    else:
        _say(_NARROW, [HUB_ROLE, ours.organisation])


def _give_back() -> None:
    """Leave the connection to the pool, whose next user says anew for whom it is."""
    if connection.in_atomic_block:
        _apply()
    else:
        connection.close()


def _say(statement: str, given: list[str]) -> None:
    """Twice or thrice a request: prepared by the server once."""
    rows(statement, given)


connection_created.connect(_apply, dispatch_uid="joinedup.rights")
