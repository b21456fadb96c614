"""One question about a child and its answer: allowed, counted, and recorded before it is told."""

from collections.abc import Callable
from functools import lru_cache
from uuid import uuid4

from django.utils import timezone
from psycopg import Error as IndexFailure
from psycopg_pool import PoolTimeout

from joinedup.hub.api.problems import Problem
from joinedup.hub.api.tokens import Caller
from joinedup.hub.fhir.known import Fit
from joinedup.hub.identifiers.asking import (
    Asker,
    asked,
    check_policy,
    note_asker,
    within_limit,
)
from joinedup.hub.identifiers.models import Channel, IdentifierRequest
from joinedup.hub.identifiers.permission import MayNotLookUp
from joinedup.hub.ledger.writing import record_with
from joinedup.hub.shields import same_time
from joinedup.linkage.index import Verdict
from joinedup.people.demographics import Demographics

SCOPE = "match"

Found = tuple[Verdict, list[Fit]]


def ask(
    caller: Caller,
    action: str,
    child: Demographics,
    look: Callable[[Demographics], Found],
    told: Callable[[Found], list[Fit]],
) -> tuple[Found, list[Fit]]:
    """Have ``look`` find who fits, and record whom ``told`` names; gives both.

    The question, its answer and the ledger's entry are one transaction, committed before anything
    is told. Nobody named takes as long as somebody who is hidden. Raises ``Problem``,
    ``TooOften``, ``NotRecorded``, and what the index and the database raise.
    """
    client = caller.client
    asker = Asker(client.organisation, client.purpose, client.requests_per_minute, client)
    note_asker(asker, action)
    try:
        check_policy(asker)
    except MayNotLookUp as refusal:
        raise Problem(403, "not-allowed", refusal.words) from None
    within_limit(asker, child)
    since = same_time.began()
    row = {
        **asked(asker, child, Channel.MATCH),
        "organisation_id": client.organisation_id,
        "client_id": client.pk,
    }
    try:
        found = look(child)
    except (IndexFailure, PoolTimeout):
        IdentifierRequest.objects.create(**row)  # without an answer
        raise
    named = told(found)
    row |= {
        "id": uuid4(),
        "answered_at": timezone.now(),
        "status": found[0],
        "score": named[0].score if named else None,
        "identities": [fit.identity for fit in named],
    }
    first, *others = [str(fit.identity) for fit in named] or [""]
    record_with(
        _insert(tuple(row)),
        list(row.values()),
        outcome=found[0],
        status=200,
        subject=first,
        others=tuple(others),
        fields=("identity",) if named else (),
        results=len(named),
    )
    if not named:
        same_time.hold(since)
    return found, named


@lru_cache(maxsize=1)
def _insert(columns: tuple[str, ...]) -> str:
    """The model's own way of being written takes longer than the statement."""
    places = ", ".join(["%s"] * len(columns))
    table = IdentifierRequest._meta.db_table
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our own
