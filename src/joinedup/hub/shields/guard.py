"""The hub's shields as linking sees them, on the connection that writes the records."""

from collections.abc import Sequence

from joinedup.hub.retention.box import about, about_record
from joinedup.hub.shields.state import append, mark, on_link
from joinedup.identities.index import Link
from joinedup.linkage.record import LinkRecord
from joinedup.policy.question import Level
from joinedup.policy.shield import Kind

_LEVEL = """
SELECT max(s.level) FROM shields_shieldmark m JOIN shields_shield s ON s.id = m.shield_id
WHERE m.token = ANY(%s::bytea[])
"""
_SHIELDS = """
SELECT DISTINCT s.id FROM shields_shieldmark m JOIN shields_shield s ON s.id = m.shield_id
WHERE m.token = ANY(%s::bytea[]) AND s.level > 0 ORDER BY s.id
"""
_KNOWN = "known"


_GONE = """
SELECT EXISTS (SELECT FROM retention_purged WHERE about = ANY(%s::bytea[]) AND new_since IS NULL)
    OR EXISTS (SELECT FROM retention_purgedrecord WHERE about = %s)
"""


class HubGuard:
    """Answers for linking from the hub's tables."""

    def level(self, conn: Link, tokens: Sequence[bytes]) -> Level:
        """Give the highest level of a shield that any of these tokens is under."""
        ((level,),) = on_link(conn)(_LEVEL, [list(tokens)])
        return Level(level or 0)

    def spread(self, conn: Link, like: Sequence[bytes], to: Sequence[bytes], why: str) -> None:
        """Attach the shields of what has those tokens to these; reviewers are to look."""
        run = on_link(conn)
        for (shield,) in run(_SHIELDS, [list(like)]):
            mark(run, shield, to, why, reviewed=why == _KNOWN)

    def gone(self, conn: Link, record: LinkRecord) -> bool:
        """Say whether a record, or its person, was purged and has not begun anew since."""
        numbers = [about(each) for each in record.nhs_numbers]
        ((gone,),) = on_link(conn)(_GONE, [numbers, about_record(record.source, record.id)])
        return bool(gone)

    def parted(self, conn: Link, tokens: Sequence[bytes]) -> None:
        """Have the shields of what has these tokens reviewed."""
        run = on_link(conn)
        for (shield,) in run(_SHIELDS, [list(tokens)]):
            append(run, shield, Kind.PARTED)
