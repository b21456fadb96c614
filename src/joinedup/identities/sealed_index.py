"""The index of shielded records, which only the hub's own linking reads.

It lies in a schema of its own, ``sealed``, so that a database account can be kept out of it; its
rows hold keyed tokens, keyed blocking keys and encrypted details, so that the account's rights are
not all that stands between a reader and a child. A record that its source no longer has stays:
when it comes back under another number, it is recognised.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from joinedup.identities.index import Link
from joinedup.identities.never import TABLE as NEVER
from joinedup.identities.tokens import Tokens
from joinedup.linkage.constraints import Ref
from joinedup.linkage.keys import key_maker
from joinedup.linkage.model import Model
from joinedup.linkage.record import LinkRecord
from joinedup.policy.question import Level

# Any number will do, so long as nothing else in the database takes the same one.
_MAKING = 0x6A6F_7365

_TABLES = f"""
CREATE SCHEMA IF NOT EXISTS sealed;
CREATE TABLE IF NOT EXISTS sealed.record (
    token bytea PRIMARY KEY,
    level smallint NOT NULL,
    content bytea NOT NULL,
    keys bigint[] NOT NULL
);
CREATE INDEX IF NOT EXISTS record_keys ON sealed.record USING gin (keys);
{NEVER}
CREATE TABLE IF NOT EXISTS sealed.rules (rules text NOT NULL);
"""
_PUT = """
INSERT INTO sealed.record (token, level, content, keys) VALUES (%s, %s, %s, %s::bigint[])
ON CONFLICT (token) DO UPDATE
SET level = excluded.level, content = excluded.content, keys = excluded.keys
"""
_LEVELS = "SELECT token, level FROM sealed.record WHERE token = ANY(%s::bytea[])"
_GET = "SELECT token, level, content FROM sealed.record WHERE token = ANY(%s::bytea[])"
_HITS = "SELECT token, level, content FROM sealed.record WHERE keys && %s::bigint[]"
_ALL = "SELECT token, level, content FROM sealed.record"
_REMOVE = "DELETE FROM sealed.record WHERE token = %s"


class Sealed(NamedTuple):
    """A record with its level. ``Level.OPEN``: nothing is hidden, but no machine joins it."""

    record: LinkRecord
    level: Level


class SealedIndex:
    """Shielded records by their keys. Nothing here commits."""

    def __init__(self, model: Model, tokens: Tokens) -> None:
        self.tokens = tokens
        self._make_keys = key_maker(model.block)
        self._rules = "\n".join(" ".join(rule) for rule in model.block)

    def create(self, conn: Link) -> None:
        """Make the tables where absent, and keys anew when the model's blocking rules changed."""
        known = conn.execute("SELECT to_regclass('sealed.rules')").fetchone()
        with conn.transaction():
            if known is None or known[0] is None:
                conn.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
                conn.execute(_TABLES)
            if conn.execute("SELECT rules FROM sealed.rules").fetchone() == (self._rules,):
                return
            conn.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
            conn.execute("DELETE FROM sealed.rules")
            for each in self._read(conn.execute(_ALL).fetchall()):
                self.put(conn, *each)
            conn.execute("INSERT INTO sealed.rules VALUES (%s)", (self._rules,))

    def put(self, conn: Link, record: LinkRecord, level: Level) -> None:
        """Keep a record's details at this level, in the place of what was kept of it."""
        tokens = self.tokens
        name = tokens.record(Ref(record.source, record.id))
        conn.execute(_PUT, (name, int(level), tokens.seal(record), self._keys(record)))

    def remove(self, conn: Link, ref: Ref) -> None:
        """Forget a record: its shield was lifted."""
        conn.execute(_REMOVE, (self.tokens.record(ref),))

    def levels(self, conn: Link, refs: Collection[Ref]) -> dict[Ref, Level]:
        """Give the level of each of these records that is kept here."""
        by_token = {self.tokens.record(ref): ref for ref in refs}
        if not by_token:
            return {}
        rows = conn.execute(_LEVELS, (list(by_token),))
        return {by_token[bytes(token)]: Level(level) for token, level in rows}

    def get(self, conn: Link, refs: Iterable[Ref]) -> dict[Ref, Sealed]:
        """Give these records, those that are kept here."""
        return self.by_token(conn, [self.tokens.record(ref) for ref in refs])

    def by_token(self, conn: Link, tokens: list[bytes]) -> dict[Ref, Sealed]:
        """Give the records of these names."""
        if not tokens:
            return {}
        found = self._read(conn.execute(_GET, (tokens,)).fetchall())
        return {Ref(each.record.source, each.record.id): each for each in found}

    def hits(self, conn: Link, record: LinkRecord) -> list[Sealed]:
        """Give the other records that share a blocking key with this one."""
        keys = self._keys(record)
        if not keys:
            return []
        found = self._read(conn.execute(_HITS, (keys,)).fetchall())
        return [each for each in found if each.record[:2] != record[:2]]

    def _keys(self, record: LinkRecord) -> list[int]:
        return [self.tokens.blind(key) for key in self._make_keys(record)]

    def _read(self, rows: Iterable[tuple[bytes, int, bytes]]) -> Iterator[Sealed]:
        for token, level, content in rows:
            yield Sealed(self.tokens.open(bytes(content), bytes(token)), Level(level))
