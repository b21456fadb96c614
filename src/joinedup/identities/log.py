"""The log of link events in PostgreSQL: written once, read back as events."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import TupleRow

from joinedup.identities.index import Link
from joinedup.linkage.constraints import Ref
from joinedup.linkage.history import Event, Evidence, Kind

_WRITE = """
INSERT INTO identities.event
    (number, at, by, kind, identity, undoes, weight, levels, reasons, note)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_WRITE_RECORDS = """
INSERT INTO identities.event_record (number, position, source, id, binds)
SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::text[], %s::boolean[])
"""
_COLUMNS = """
    e.number, e.at, e.by, e.kind, e.identity, e.undoes, e.weight, e.levels, e.reasons, e.note,
    (SELECT array_agg(r.source ORDER BY r.position) FROM identities.event_record r
             WHERE r.number = e.number),
    (SELECT array_agg(r.id ORDER BY r.position) FROM identities.event_record r
     WHERE r.number = e.number)
"""
# Disputes move nothing, so they do not widen a group.
_GROUP = """
WITH RECURSIVE reached (source, id) AS (
    SELECT * FROM unnest(%s::text[], %s::text[])
    UNION
    SELECT there.source, there.id
    FROM reached
    JOIN identities.event_record here USING (source, id)
    JOIN identities.event_record there ON there.number = here.number
    WHERE here.binds
)
SELECT source, id FROM reached ORDER BY source, id
"""


def next_numbers(conn: Link, count: int) -> list[int]:
    """Take numbers for events. Take them once the locks are held: their order is then true."""
    rows = conn.execute(
        "SELECT nextval('identities.event_number') FROM generate_series(1, %s)", (count,)
    )
    return [number for (number,) in rows]


def write(conn: Link, events: Sequence[Event], undone: Event | None = None) -> None:
    """Append events; ``undone`` is the one that an undo among them undoes."""
    dispute_undone = undone is not None and undone.kind is Kind.DISPUTE
    for e in events:
        conn.execute(
            _WRITE,
            (
                e.number, e.at, e.by, e.kind.value, e.identity, e.undoes, e.evidence.weight,
                list(e.evidence.levels), list(e.evidence.reasons), e.note,
            ),
        )  # fmt: skip
    rows = [
        (e.number, position, *record, e.kind is not Kind.DISPUTE and not dispute_undone)
        for e in events
        for position, record in enumerate(e.records)
    ]
    conn.execute(_WRITE_RECORDS, tuple(map(list, zip(*rows, strict=True))))


def read(conn: Link, number: int) -> Event | None:
    """Give the event of this number, or ``None``."""
    rows = _events(conn, "WHERE e.number = %s", (number,))
    return next(rows, None)


def about(conn: Link, records: Iterable[Ref]) -> list[Event]:
    """Give the events that name one of these records, oldest first."""
    sources, ids = columns(records)
    return list(
        _events(
            conn,
            "WHERE e.number IN (SELECT number FROM identities.event_record "
            "JOIN unnest(%s::text[], %s::text[]) AS asked (source, id) USING (source, id))",
            (sources, ids),
        )
    )


def group(conn: Link, records: Iterable[Ref]) -> list[Ref]:
    """Give all records whose state must be settled together with that of these."""
    return [Ref(source, id) for source, id in conn.execute(_GROUP, columns(records))]


def questions(conn: Link, after: int, limit: int) -> list[Event]:
    """Give open disputes whose records are all here, oldest first, from after this number on."""
    where = """
        JOIN identities.open_dispute d ON d.event = e.number
        WHERE e.number > %s AND NOT EXISTS (
            SELECT 1 FROM identities.event_record r
            LEFT JOIN identities.place p USING (source, id)
            WHERE r.number = e.number AND p.own IS NULL
        )
    """
    return list(_events(conn, where, (after,), limit))


def everything(conn: Link) -> Iterator[Event]:
    """Give the whole log, oldest first, a part at a time. Needs an open transaction."""
    with conn.cursor(name="identities_log") as cursor:
        cursor.itersize = 10_000
        cursor.execute(f"SELECT {_COLUMNS} FROM identities.event e ORDER BY e.number")  # noqa: S608
        yield from map(_event, cursor)


def columns(records: Iterable[Ref]) -> tuple[list[str], list[str]]:
    """Give records as two columns, sources and ids, for ``unnest``."""
    rows = list(records)
    return [record.source for record in rows], [record.id for record in rows]


def _events(
    conn: Link, where: str, values: tuple[Any, ...], limit: int | None = None
) -> Iterator[Event]:
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM identities.event e {where} ORDER BY e.number LIMIT %s",  # noqa: S608
        (*values, limit),
    )
    return map(_event, rows)


def _event(row: TupleRow) -> Event:
    number, at, by, kind, identity, undoes, weight, levels, reasons, note, *named = row
    sources, ids = named
    given: UUID | None = identity
    return Event(
        number, at, by, Kind(kind), tuple(map(Ref, sources, ids)), given, undoes,
        Evidence(weight, tuple(levels), tuple(reasons)), note,
    )  # fmt: skip
