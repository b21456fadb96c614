"""Adding an event to a shield, and keeping what its events come to.

Plain SQL over a function that runs it, so that it is the same on Django's connection and on the one
that writes records: whichever transaction the event belongs to.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.utils import timezone

from joinedup.identities.index import Link
from joinedup.policy.question import Level
from joinedup.policy.shield import Event, Kind, Shield, fold

Run = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]

_LOCK = "SELECT id FROM shields_shield WHERE id = %s FOR UPDATE"
_EVENTS = "SELECT kind, at, by, level FROM shields_shieldevent WHERE shield_id = %s ORDER BY number"
_ADD = """
INSERT INTO shields_shieldevent
    (reference, shield_id, at, kind, by, level, organisation_id, criterion, reason)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING number
"""
_KEEP = "UPDATE shields_shield SET level = %s, standing = %s, review_by = %s WHERE id = %s "
_MARK = """
INSERT INTO shields_shieldmark (token, shield_id, why, since, reviewed_at)
SELECT token, %s, %s, %s, %s FROM unnest(%s::bytea[]) AS token
ON CONFLICT (token, shield_id) DO NOTHING RETURNING id
"""


def on_django(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run SQL on Django's connection."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []


def on_link(conn: Link) -> Run:
    """Run SQL on the connection that writes records."""

    def run(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        cursor = conn.execute(sql.encode(), values)
        # In a pipeline the cursor itself does not know yet.
        return cursor.fetchall() if "RETURNING" in sql or "SELECT" in sql.split() else []

    return run


def current(run: Run, shield: UUID) -> Shield:
    """Give what a shield's events come to, holding it until the transaction ends."""
    run(_LOCK, [shield])
    return fold(
        Event(Kind(kind), _day(at), by, Level(level))
        for kind, at, by, level in run(_EVENTS, [shield])
    )


def append(
    run: Run,
    shield: UUID,
    kind: Kind,
    *,
    by: str = "",
    level: Level = Level.OPEN,
    organisation_id: int | None = None,
    criterion: str = "",
    reason: bytes = b"",
) -> tuple[UUID, Shield]:
    """Add an event; gives its reference and what the shield comes to, which is kept."""
    before = current(run, shield)
    reference, now = uuid4(), timezone.now()
    run(
        _ADD,
        [reference, shield, now, kind.value, by, int(level), organisation_id, criterion, reason],
    )
    after = fold([Event(kind, _day(now), by, level)], before)
    run(_KEEP, [int(after.level), after.standing.value, after.review_by, shield])
    return reference, after


def mark(run: Run, shield: UUID, tokens: Sequence[bytes], why: str, *, reviewed: bool) -> int:
    """Attach a shield to tokens; gives how many it was not attached to before."""
    now = timezone.now()
    return len(run(_MARK, [shield, why, now, now if reviewed else None, list(tokens)]))


def _day(at: datetime) -> date:
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
