"""Giving entries their places in the log, in batches, and keeping the tree over them.

Requests write entries at the same time, and commit in any order. Each leaves a row in ``Waiting``
with its own commit; one sequencer at a time takes what is there, and never waits for, or misses,
an entry whose transaction takes longer.
"""

import logging
from typing import Any

from django.db import connection, transaction

from joinedup.ledger.merkle import Frontier, full_subtrees, leaf_hash

log = logging.getLogger("joinedup.hub.ledger")

BATCH = 2_000
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('joinedup.ledger.sequencer'))"

_TAKE = """
WITH taken AS (
  DELETE FROM ledger_waiting WHERE entry_id IN
    (SELECT entry_id FROM ledger_waiting ORDER BY entry_id LIMIT %s)
  RETURNING entry_id
)
SELECT entry_id, content FROM taken LEFT JOIN ledger_entry ON number = entry_id ORDER BY entry_id
"""
_NODES = """
SELECT level, place, hash FROM ledger_node
WHERE (level, place) IN (SELECT * FROM unnest(%s::smallint[], %s::bigint[]))
"""
_ADD_LEAVES = """
INSERT INTO ledger_leaf (place, entry_id) SELECT * FROM unnest(%s::bigint[], %s::bigint[])
"""
_ADD_NODES = """
INSERT INTO ledger_node (level, place, hash)
SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])
"""


class LogChanged(Exception):
    """The stored log is not what it was: nothing more is added to it, or signed for."""


def sequence() -> int:
    """Give every entry that waits its place; gives how many there were. Raises ``LogChanged``."""
    total = 0
    while done := _batch():
        total += done
        if done < BATCH:
            break
    return total


@transaction.atomic
def _batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute(_TAKE, [BATCH])
        rows = cursor.fetchall()
        if not rows:
            return 0
        taken = [(number, bytes(content)) for number, content in rows if content is not None]
        if len(taken) < len(rows):
            # Nobody has signed for them: what can be done is to say so.
            log.error("%s entries are gone that had no place yet", len(rows) - len(taken))
        frontier = _frontier(cursor)
        first = frontier.size
        nodes = [node for _, content in taken for node in frontier.append(leaf_hash(content))]
        places = list(range(first, frontier.size))
        cursor.execute(_ADD_LEAVES, [places, [number for number, _ in taken]])
        cursor.execute(
            _ADD_NODES, [list(column) for column in zip(*nodes, strict=True)] or [[]] * 3
        )
    return len(rows)


def size() -> int:
    """How many entries have a place."""
    with connection.cursor() as cursor:
        return _size(cursor)


def nodes(wanted: list[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Give the hashes of full subtrees by (level, place); raises ``KeyError`` on a missing one."""
    with connection.cursor() as cursor:
        return _nodes(cursor, wanted)


def _frontier(cursor: Any) -> Frontier:
    size = _size(cursor)
    cursor.execute("SELECT coalesce(max(place) + 1, 0) FROM ledger_node WHERE level = 0")
    hashed = cursor.fetchone()[0]
    wanted = full_subtrees(size)
    known = _nodes(cursor, wanted)
    if hashed != size or len(known) != len(wanted):
        raise LogChanged(f"the ledger was changed: {size} places, and a tree over {hashed}")
    return Frontier(size, [known[each] for each in wanted])


def _size(cursor: Any) -> int:
    cursor.execute("SELECT coalesce(max(place) + 1, 0) FROM ledger_leaf")
    return int(cursor.fetchone()[0])


def _nodes(cursor: Any, wanted: list[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    if not wanted:
        return {}
    levels, places = zip(*wanted, strict=True)
    cursor.execute(_NODES, [list(levels), list(places)])
    return {(level, place): bytes(hash) for level, place, hash in cursor.fetchall()}
