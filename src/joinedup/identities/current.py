"""The state that the log comes to, kept in tables: settled again in part, or compared in whole."""

from collections.abc import Collection, Iterable, Iterator
from struct import pack
from typing import Any, NamedTuple
from uuid import UUID

from joinedup.identities import log
from joinedup.identities.index import Link
from joinedup.identities.quick_query import QuickQuery
from joinedup.linkage.constraints import Ref
from joinedup.linkage.history import Name, Settled, by_model, fold, settle

# Any number will do, so long as nothing else in the database takes the same one.
_AN_IDENTITY = 0x6A6F_6965

_PLACES = "SELECT source, id, own, identity FROM identities.place"
_NAMES = "SELECT own, goes_by, source, id, since FROM identities.name"
_APART = "SELECT one, other, event FROM identities.apart"
_DISPUTES = "SELECT event FROM identities.open_dispute"
_OVERRULED = "SELECT event FROM identities.overruled"
_ADD = {
    "place": "INSERT INTO identities.place (source, id, own, identity) VALUES (%s, %s, %s, %s)",
    "name": "INSERT INTO identities.name (own, goes_by, source, id, since) "
    "VALUES (%s, %s, %s, %s, %s)",
    "apart": "INSERT INTO identities.apart (one, other, event) VALUES (%s, %s, %s)",
    "open_dispute": "INSERT INTO identities.open_dispute (event) VALUES (%s)",
    "overruled": "INSERT INTO identities.overruled (event) VALUES (%s)",
}
_TEXT = 25  # PostgreSQL's number for text; 1009 is an array of them
# One look-up a record, whatever the planner thinks of a table that it has not analysed yet. The
# lists are in selects of their own: how long they are would have it plan anew for every question,
# which takes longer than the answer.
_ASK_IDENTITY = """
SELECT source, id, (SELECT p.identity FROM identities.place p
                    WHERE p.source = asked.source AND p.id = asked.id)
FROM unnest((SELECT %s::text[]), (SELECT %s::text[])) AS asked (source, id)
"""
_IDENTITY_OF = QuickQuery(_ASK_IDENTITY.replace("%s", "$1", 1).replace("%s", "$2"), (1009, 1009))
_OF = " JOIN unnest(%s::text[], %s::text[]) AS asked (source, id) USING (source, id)"


class Difference(NamedTuple):
    """A row that the tables have and the log does not come to (``live``), or the other way."""

    table: str
    row: tuple[Any, ...]
    live: bool


class Moved(NamedTuple):
    """A record that is in another identity than before."""

    record: Ref
    before: UUID | None
    after: UUID


class Change(NamedTuple):
    """What settling a group again changed: who moved, and which events lost their effect."""

    settled: Settled
    moved: tuple[Moved, ...]
    overruled: frozenset[int]


def settle_again(conn: Link, records: Iterable[Ref]) -> Change:
    """Work out the state of these records' group from the log, and keep it.

    Nobody else may write events meanwhile.
    """
    group = log.group(conn, records)
    events = log.about(conn, group)
    settled = settle(events)
    before = identities(conn, group)
    numbers = [event.number for event in events]
    without_effect = overruled(conn, numbers)
    _keep(conn, settled, group, numbers)
    moved = (
        Moved(record, before.get(record), place.identity)
        for record, place in sorted(settled.placed.items())
        if before.get(record) != place.identity
    )
    return Change(settled, tuple(moved), settled.overruled - without_effect)


def identities(conn: Link, records: Collection[Ref]) -> dict[Ref, UUID]:
    """Give the identity of each of these records that is here."""
    if not records:
        return {}
    if _IDENTITY_OF.may_ask(conn):
        asked = [_texts(column) for column in log.columns(records)]
        return {
            Ref((source or b"").decode(), (id or b"").decode()): UUID(bytes=identity)
            for source, id, identity in _IDENTITY_OF.rows(conn, asked)
            if identity is not None
        }
    rows = conn.execute(_ASK_IDENTITY, log.columns(records))
    return {Ref(source, id): identity for source, id, identity in rows if identity is not None}


def _texts(values: Collection[str]) -> bytes:
    """Give texts as PostgreSQL sends an array of them: its head, then length and text."""
    parts = [pack("!iiIii", 1, 0, _TEXT, len(values), 1)]
    for value in values:
        text = value.encode()
        parts += (pack("!i", len(text)), text)
    return b"".join(parts)


class Where(NamedTuple):
    """Where a record is, or was when it was last here."""

    own: UUID
    identity: UUID
    here: bool


def place_of(conn: Link, record: Ref) -> Where | None:
    """Give where a record is; ``None`` when it was never seen."""
    row = conn.execute(
        """
        SELECT n.own, n.goes_by, p.own IS NOT NULL
        FROM identities.name n LEFT JOIN identities.place p USING (source, id)
        WHERE n.source = %s AND n.id = %s ORDER BY n.since DESC LIMIT 1
        """,
        record,
    ).fetchone()
    return None if row is None else Where(*row)


def name(conn: Link, identity: UUID) -> Name | None:
    """Give what an identity goes by and who brought it; ``None`` when it was never given out."""
    row = conn.execute(_NAMES + " WHERE own = %s", (identity,)).fetchone()
    if row is None:
        return None
    _, goes_by, source, id, since = row
    return Name(goes_by, Ref(source, id), since)


def is_alone(conn: Link, identity: UUID, record: Ref) -> bool:
    """Say whether a record is all that an identity ever held together."""
    others = conn.execute(
        "SELECT 1 FROM identities.name WHERE goes_by = %s AND (source, id) <> (%s, %s) LIMIT 1",
        (identity, *record),
    )
    return others.fetchone() is None


def open_questions(conn: Link, record: Ref) -> set[frozenset[Ref]]:
    """Give the records of each open dispute that names this one."""
    rows = conn.execute(
        """
        SELECT array_agg(there.source), array_agg(there.id)
        FROM identities.event_record here
        JOIN identities.open_dispute d ON d.event = here.number
        JOIN identities.event_record there ON there.number = here.number
        WHERE here.source = %s AND here.id = %s GROUP BY here.number
        """,
        record,
    )
    return {frozenset(map(Ref, sources, ids)) for sources, ids in rows}


def overruled(conn: Link, numbers: list[int]) -> set[int]:
    """Give those of these events that have no effect, because others count more."""
    rows = conn.execute(_OVERRULED + " WHERE event = ANY(%s)", (numbers,))
    return {number for (number,) in rows}


def add_place(conn: Link, record: Ref, own: UUID, identity: UUID) -> None:
    """Note where a record is that was not here."""
    conn.execute(_ADD["place"], (*record, own, identity))


def add_name(conn: Link, own: UUID, goes_by: UUID, record: Ref, since: int) -> None:
    """Note an identity that a record brings."""
    conn.execute(_ADD["name"], (own, goes_by, *record, since))


def drop_place(conn: Link, record: Ref) -> None:
    """Note that a record is not here."""
    conn.execute("DELETE FROM identities.place WHERE source = %s AND id = %s", record)


def open_disputes(conn: Link, numbers: list[int]) -> None:
    """Note that these disputes are open."""
    for number in numbers:
        conn.execute(_ADD["open_dispute"], (number,))


def members(conn: Link, identity: UUID) -> list[Ref]:
    """Give the records of an identity that goes by its own name, oldest first."""
    rows = conn.execute(
        "SELECT source, id FROM identities.place p WHERE identity = %s "
        "ORDER BY (SELECT since FROM identities.name n WHERE n.own = p.own)",
        (identity,),
    )
    return [Ref(source, id) for source, id in rows]


def ever_members(conn: Link, identity: UUID) -> list[Ref]:
    """Give the records of an identity, those too that are gone and would come back to it."""
    rows = conn.execute(
        """
        SELECT source, id FROM identities.name n WHERE goes_by = %s AND NOT EXISTS (
            SELECT 1 FROM identities.name later
            WHERE later.source = n.source AND later.id = n.id AND later.since > n.since)
        ORDER BY since
        """,
        (identity,),
    )
    return [Ref(source, id) for source, id in rows]


def kept_apart(conn: Link, identity: UUID) -> set[UUID]:
    """Give the identities that nothing may join to this one."""
    rows = conn.execute(
        """
        SELECT there.goes_by
        FROM identities.name here
        JOIN identities.apart a ON here.own IN (a.one, a.other)
        JOIN identities.name there
            ON there.own = CASE WHEN here.own = a.one THEN a.other ELSE a.one END
        WHERE here.goes_by = %s
        """,
        (identity,),
    )
    return {goes_by for (goes_by,) in rows}


def hold(conn: Link, identity: UUID) -> None:
    """Keep others from joining an identity until the transaction ends.

    To be taken after all other locks, for one identity.
    """
    number = int.from_bytes(identity.bytes[:4], "big", signed=True)
    conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_AN_IDENTITY, number))


def is_contested(conn: Link, identity: UUID) -> bool:
    """Say whether a person disputes this identity, or a record of it."""
    rows = conn.execute(
        """
        SELECT (
            SELECT true
            FROM identities.event_record r
            JOIN identities.open_dispute d ON d.event = r.number
            JOIN identities.event e ON e.number = r.number
            WHERE r.source = p.source AND r.id = p.id AND NOT starts_with(e.by, %s) LIMIT 1
        ) IS NOT NULL
        FROM identities.place p WHERE p.identity = %s
        """,
        (by_model(""), identity),
    )
    return any(contested for (contested,) in rows)


def _keep(conn: Link, settled: Settled, group: list[Ref], numbers: list[int]) -> None:
    sources, ids = log.columns(group)
    named = conn.execute(_NAMES + _OF, (sources, ids))
    owns = {own for own, *_ in named} | settled.names.keys()
    of_group = "USING unnest(%s::text[], %s::text[]) AS g (source, id) WHERE "
    for table in ("place", "name"):
        conn.execute(
            f"DELETE FROM identities.{table} t {of_group} t.source = g.source AND t.id = g.id",  # noqa: S608
            (sources, ids),
        )
    conn.execute(
        "DELETE FROM identities.apart WHERE one = ANY(%(own)s) OR other = ANY(%(own)s)",
        {"own": list(owns)},
    )
    for table in ("open_dispute", "overruled"):
        conn.execute(f"DELETE FROM identities.{table} WHERE event = ANY(%s)", (numbers,))  # noqa: S608
    for table, rows in _rows(settled).items():
        for row in rows:
            conn.execute(_ADD[table], row)


def _rows(settled: Settled) -> dict[str, list[tuple[Any, ...]]]:
    """Give the state as the rows of its tables."""
    return {
        "place": [(*record, *place) for record, place in settled.placed.items()],
        "name": [
            (own, name.goes_by, *name.record, name.since) for own, name in settled.names.items()
        ],
        "apart": [tuple(each) for each in settled.apart],
        "open_dispute": [(number,) for number in settled.disputes],
        "overruled": [(number,) for number in settled.overruled],
    }


def differences(conn: Link) -> Iterator[Difference]:
    """Fold the whole log anew, and give every row in which the tables differ from it.

    Needs a transaction that sees one state of the database throughout.
    """
    folded = _rows(fold(log.everything(conn)))
    live = {
        "place": _PLACES,
        "name": _NAMES,
        "apart": _APART,
        "open_dispute": _DISPUTES,
        "overruled": _OVERRULED,
    }
    for table, query in live.items():
        rows = set(folded.pop(table))
        with conn.cursor(name=f"identities_{table}") as cursor:
            cursor.itersize = 10_000
            for row in cursor.execute(query):
                if row in rows:
                    rows.discard(row)
                else:
                    yield Difference(table, row, live=True)
        for row in rows:
            yield Difference(table, row, live=False)
