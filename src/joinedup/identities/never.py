"""Who is never to be joined with whom, kept so that nobody can read who they are.

A child's record before an adoption and the one after it must not be connected (Adoption and
Children Act 2002, s. 57). A list of such pairs in clear would be the connection itself. So each
side is kept as keyed tokens of all that it is recognised by: numbers, records, details. The matcher
puts a record's tokens to it and is told which others it is never of one child with, never why.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from joinedup.identities.index import Link
from joinedup.identities.tokens import Tokens
from joinedup.linkage.constraints import ConstraintError, Ref
from joinedup.linkage.constraints import pair as in_order
from joinedup.linkage.record import LinkRecord

TABLE = """
CREATE TABLE IF NOT EXISTS sealed.never (
    token bytea NOT NULL,
    pair uuid NOT NULL,
    side smallint NOT NULL,
    PRIMARY KEY (token, pair, side)
);
CREATE INDEX IF NOT EXISTS never_of ON sealed.never (pair);
"""
_FIND = "SELECT token, pair, side FROM sealed.never WHERE token = ANY(%s::bytea[])"
_ADD = "INSERT INTO sealed.never (token, pair, side) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"


class Side(NamedTuple):
    """One half of a pair that is kept apart."""

    pair: UUID
    side: int

    @property
    def other(self) -> "Side":
        """The half that it is kept apart from."""
        return Side(self.pair, 1 - self.side)


Sides = dict[bytes, set[Side]]


class NeverTogether:
    """The sealed pairs, in the schema ``sealed``. Nothing here commits."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def forbid(self, conn: Link, one: Iterable[bytes], other: Iterable[bytes]) -> UUID:
        """Keep two sides apart for good, by all the tokens that each is recognised by.

        A token that both have (a name that did not change) recognises neither. Raises
        ``ValueError`` when nothing is left of a side.
        """
        sides = set(one), set(other)
        shared = sides[0] & sides[1]
        if not sides[0] - shared or not sides[1] - shared:
            raise ValueError("Each side needs a number or a record that the other does not have.")
        pair = uuid4()
        for number, tokens in enumerate(sides):
            for token in tokens - shared:
                conn.execute(_ADD, (token, pair, number))
        return pair

    def learn(self, conn: Link, record: LinkRecord) -> bool:
        """Recognise a side by this record from now on, if the record is of it; says whether it is.

        A token that the other side has is not learnt: by it nobody can be told apart.
        """
        own = set(self._tokens.of(record))
        found = self.sides(conn, own)
        mine = _of(own, found)
        for side in mine:
            if side.other in mine:
                continue
            taken = {token for token, each in found.items() if side in each or side.other in each}
            for token in own - taken:
                conn.execute(_ADD, (token, *side))
        return bool(mine)

    def forbidden(self, conn: Link, record: LinkRecord, others: Sequence[LinkRecord]) -> set[Ref]:
        """Give those of these records that this one is never to be joined with."""
        own = set(self._tokens.of(record))
        theirs = {Ref(each.source, each.id): set(self._tokens.of(each)) for each in others}
        found = self.sides(conn, own.union(*theirs.values()))
        mine = _of(own, found)
        if not mine:
            return set()
        return {ref for ref, tokens in theirs.items() if _opposed(mine, _of(tokens, found))}

    def one_side(self, conn: Link, records: Sequence[LinkRecord]) -> set[Ref]:
        """Give those to leave out so that no two of one pair are in a list, the earlier kept."""
        tokens = [(Ref(each.source, each.id), set(self._tokens.of(each))) for each in records]
        found = self.sides(conn, set().union(*(each for _, each in tokens)))
        if not found:
            return set()
        kept: set[Side] = set()
        left_out = set()
        for ref, own in tokens:
            mine = _of(own, found)
            if _opposed(kept, mine):
                left_out.add(ref)
            else:
                kept |= mine
        return left_out

    def sides(self, conn: Link, tokens: Iterable[bytes]) -> Sides:
        """Give the halves that each of these tokens belongs to."""
        found: Sides = defaultdict(set)
        asked = list(tokens)
        if asked:
            for token, pair, side in conn.execute(_FIND, (asked,)):
                found[bytes(token)].add(Side(pair, side))
        return dict(found)


def write_sides(conn: Link, path: Path) -> int:
    """Write the sealed pairs as they are kept, tokens alone; gives how many lines."""
    rows = conn.execute("SELECT token, pair, side FROM sealed.never ORDER BY pair, side, token")
    lines = [
        json.dumps({"token": bytes(token).hex(), "pair": str(pair), "side": side})
        for token, pair, side in rows
    ]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return len(lines)


def read_sides(path: Path) -> Sides:
    """Read what ``write_sides`` wrote; raises ``ConstraintError`` with the line that is wrong."""
    found: Sides = defaultdict(set)
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            side = Side(UUID(row["pair"]), int(row["side"]))
            found[bytes.fromhex(row["token"])].add(side)
        except (ValueError, KeyError, TypeError):
            raise ConstraintError(
                f"{path.name}, line {number} is not of a sealed file: export it from the hub anew."
            ) from None
    return dict(found)


class SealedPairs(NamedTuple):
    """The sealed pairs for a batch: what ``read_sides`` read, and the key to recognise by."""

    tokens: Tokens
    sides: Sides

    def among(self, records: Iterable[LinkRecord]) -> frozenset[tuple[Ref, Ref]]:
        """Give the pairs of these records that are never to be joined; each is looked up once."""
        halves: dict[Side, list[Ref]] = defaultdict(list)
        for record in records:
            mine = _of(set(self.tokens.of(record)), self.sides)
            for side in mine:
                if side.other not in mine:
                    halves[side].append(Ref(record.source, record.id))
        return frozenset(
            in_order(one, other)
            for side, refs in halves.items()
            if side.side == 0
            for one in refs
            for other in halves.get(side.other, ())
        )


def _of(tokens: set[bytes], found: Sides) -> set[Side]:
    return {side for token in tokens for side in found.get(token, ())}


def _opposed(one: set[Side], other: set[Side]) -> bool:
    """Say whether two are of opposite halves; one that is of both itself says nothing."""
    return any(side.other in other and side.other not in one and side not in other for side in one)
