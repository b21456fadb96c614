"""The hub's own look at its log: a part each minute, the whole each night.

It finds what a careless or a lesser attacker did. Who holds the database and the hub finds
nothing against themselves: that is what the witnesses are for, and `joinedup ledger verify` on
another machine.
"""

import time

from django.db import connection

from joinedup.hub.ledger import sequencing, witnesses
from joinedup.hub.ledger.export import contents
from joinedup.hub.ledger.sequencing import LogChanged
from joinedup.ledger.checkpoint import Checkpoint
from joinedup.ledger.merkle import leaf_hash
from joinedup.ledger.verify import Verified, verify

SAMPLE = 5_000

_PART = """
SELECT l.place, e.content, n.hash FROM generate_series(%s::bigint, %s::bigint) AS l (place)
LEFT JOIN ledger_leaf USING (place)
LEFT JOIN ledger_entry e ON e.number = ledger_leaf.entry_id
LEFT JOIN ledger_node n ON n.level = 0 AND n.place = l.place
"""


def sample(minute: int | None = None) -> int:
    """Hash the newest entries, and another part each minute, against the tree; gives how many.

    Raises ``LogChanged``.
    """
    size = sequencing.size()
    if not size:
        return 0
    minute = int(time.time() // 60) if minute is None else minute
    parts = -(-size // SAMPLE)
    start = minute % parts * SAMPLE
    newest = max(0, size - SAMPLE)
    places = {(start, min(start + SAMPLE, size)), (newest, size)}
    read = 0
    for first, end in places:
        with connection.cursor() as cursor:
            cursor.execute(_PART, [first, end - 1])
            for place, content, hash in cursor.fetchall():
                read += 1
                if content is None or hash is None or leaf_hash(bytes(content)) != bytes(hash):
                    raise LogChanged(f"the ledger was changed: entry {place} is not what it was")
    return read


def whole() -> Verified:
    """Hold the whole log against the checkpoints of every witness file that can be read."""
    return verify(contents(sequencing.size()), kept())


def kept() -> list[Checkpoint]:
    """Every checkpoint of our own file, and of those that are set. Raises ``CheckpointError``."""
    files = [witnesses.own(), *witnesses.others()]
    return [
        checkpoint
        for witness in files
        if isinstance(witness, witnesses.FileWitness)
        for checkpoint in witness.file.checkpoints()
    ]
