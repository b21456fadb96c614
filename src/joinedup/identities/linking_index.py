"""The index that linking reads: what may be searched, and what is sealed, as one.

A record goes in at the level of its child's shield, which it is recognised for in four ways: it was
shielded before; a token of its own (number, record, details) is; it is in an identity with a
shielded record; or it is as likely as not of the same child as one ("quarantine on resemblance": a
copy loaded again under another spelling is born shielded, and a person looks). Nothing here makes a
shield weaker but ``relevel``, which asks who keeps the shields.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from joinedup.identities import current
from joinedup.identities.index import Link, PostgresIndex
from joinedup.identities.never import NeverTogether
from joinedup.identities.open_view import open_view
from joinedup.identities.sealed_index import Sealed, SealedIndex
from joinedup.identities.tokens import Tokens
from joinedup.linkage.constraints import Ref
from joinedup.linkage.index import MOST, POSSIBLE, Answer, weigh_all
from joinedup.linkage.model import Model
from joinedup.linkage.record import LinkRecord
from joinedup.policy.question import Level
from joinedup.policy.shield import together


class Side(NamedTuple):
    """One of two that are never to be joined: its NHS numbers and its records."""

    numbers: tuple[str, ...] = ()
    refs: tuple[Ref, ...] = ()


class Guard(Protocol):
    """Who keeps the shields: what is asked of them, on the connection that writes the records."""

    def level(self, conn: Link, tokens: Sequence[bytes]) -> Level:
        """Give the highest level of a shield that any of these tokens is under."""

    def spread(self, conn: Link, like: Sequence[bytes], to: Sequence[bytes], why: str) -> None:
        """Put what has these tokens under the shields of what has those; ``why`` is one word."""

    def gone(self, conn: Link, record: LinkRecord) -> bool:
        """Say whether a record was purged for good, so that it is not taken in again."""

    def parted(self, conn: Link, tokens: Sequence[bytes]) -> None:
        """Note that what has these tokens was split from others: its shields are to be reviewed."""


class LinkingIndex(PostgresIndex):
    """Records by their keys, the shielded ones with all that is known of them."""

    def __init__(self, model: Model, tokens: Tokens, guard: Guard, *, most: int = MOST) -> None:
        super().__init__(model, most=most)
        self.tokens = tokens
        self.sealed = SealedIndex(model, tokens)
        self.never = NeverTogether(tokens)
        self._guard = guard

    def create(self, conn: Link) -> None:
        """Make the tables where absent."""
        super().create(conn)
        self.sealed.create(conn)

    def get(self, conn: Link, source: str, id: str) -> LinkRecord | None:
        """Give the record of this name with all that is known of it, or ``None``."""
        ref = Ref(source, id)
        held = self.sealed.get(conn, [ref]).get(ref)
        return held.record if held else super().get(conn, source, id)

    def match(
        self, conn: Link, record: LinkRecord, *, least: float = POSSIBLE, limit: int = 10
    ) -> Answer:
        """As ``PostgresIndex.match``; shielded candidates are all listed, beyond the limit."""
        answer = super().match(conn, record, least=least, limit=limit)
        hits = [each.record for each in self.sealed.hits(conn, record)]
        if not hits:
            return answer
        hidden = {each[:2] for each in hits}
        found = weigh_all(self.scorer, record, hits, True, least, len(hits))
        found += (each for each in answer if each.record[:2] not in hidden)
        found.sort(key=lambda each: (-each.weighed.weight, each.record[:2]))
        return Answer(found, answer.complete)

    def put(self, conn: Link, record: LinkRecord) -> None:
        """Add a record, or a new version of one, at the level of its child's shield."""
        ref, tokens = _ref(record), self.tokens.of(record)
        guarded = self.never.learn(conn, record)
        held = self.sealed.levels(conn, [ref]).get(ref)
        known = self._guard.level(conn, tokens)
        like = self._like(conn, record)
        level = together([held or Level.OPEN, known, *(each.level for each in like)])
        if level is Level.OPEN and held is None and not guarded:
            super().put(conn, record)
            return
        if known is not Level.OPEN:
            self._guard.spread(conn, tokens, tokens, "known")
        if like:
            others = [token for each in like for token in self.tokens.of(each.record)]
            self._guard.spread(conn, others, tokens, "resembles")
        self._seal(conn, record, level)

    def guarded(self, conn: Link, records: Iterable[LinkRecord]) -> dict[Ref, Level]:
        """Give those of these records that no machine joins, with their levels."""
        return self.sealed.levels(conn, [_ref(each) for each in records])

    def is_gone(self, conn: Link, record: LinkRecord) -> bool:
        """Say whether a record was purged for good, so that it is not taken in again."""
        return self._guard.gone(conn, record)

    def is_guarded(self, conn: Link, record: LinkRecord) -> bool:
        """Say whether a record that is not in yet will be one that no machine joins."""
        tokens = self.tokens.of(record)
        return self._guard.level(conn, tokens) is not Level.OPEN or bool(
            self.never.sides(conn, tokens)
        )

    def spread(self, conn: Link, record: LinkRecord, identity: UUID, alone: bool) -> bool:
        """Shield what must not stand open beside this record: its identity, and who resembles it.

        Says ``False``, having done nothing, when others must change and nobody else may write
        meanwhile (``alone``) does not hold.
        """
        identities = {identity}
        copies: list[LinkRecord] = []
        level = self.sealed.levels(conn, [_ref(record)]).get(_ref(record), Level.OPEN)
        if level is not Level.OPEN:
            copies = self._open_copies(conn, record)
        if not alone and (copies or self._uneven(conn, identity)[1]):
            return False
        for copy in copies:
            self._take_under(conn, copy, level, record, "resembles")
        identities.update(current.identities(conn, [_ref(copy) for copy in copies]).values())
        for each in identities:
            self.even_out(conn, each)
        return True

    def even_out(self, conn: Link, identity: UUID) -> None:
        """Shield all records of an identity as far as the most shielded of them."""
        highest, lower = self._uneven(conn, identity)
        if highest is None:
            return
        for ref in lower:
            record = self.get(conn, *ref)
            if record is not None:
                self._take_under(conn, record, highest.level, highest.record, "joined")

    def parted(self, conn: Link, refs: Iterable[Ref]) -> None:
        """Have the shields reviewed of records that were split from others."""
        for each in self.sealed.get(conn, refs).values():
            if each.level is not Level.OPEN:
                self._guard.parted(conn, self.tokens.of(each.record))

    def shield(
        self,
        conn: Link,
        level: Level,
        *,
        numbers: Iterable[str] = (),
        refs: Iterable[Ref] = (),
        child: LinkRecord | None = None,
    ) -> list[LinkRecord]:
        """Shield all that is known of a child, and give it; nobody else may write meanwhile.

        The child is whoever has one of the numbers, or is one of the records, or fits the details
        as likely as not; with all that resemble them, and all of their identities.
        """
        found = {_ref(each): each for each in self.holders(conn, numbers, refs)}
        for start in [*found.values(), *([child] if child else [])]:
            like = self._without_others(conn, start, [c.record for c in self._around(conn, start)])
            found.update({_ref(each): each for each in like})
        found = {_ref(each): each for each in self._with_identities(conn, found)}
        here = current.identities(conn, list(found))
        levels = self.sealed.levels(conn, list(found))
        for ref, record in found.items():
            self._seal(conn, record, max(level, levels.get(ref, Level.OPEN)), here=ref in here)
        return list(found.values())

    def holders(
        self, conn: Link, numbers: Iterable[str] = (), refs: Iterable[Ref] = ()
    ) -> list[LinkRecord]:
        """Give the records that hold one of these NHS numbers, and those of these names."""
        found: dict[Ref, LinkRecord] = {}
        for number in numbers:
            holder = LinkRecord("", "", nhs_numbers=(number,))
            for each in self.match(conn, holder, least=-math.inf, limit=MOST):
                if number in each.record.nhs_numbers:
                    found[_ref(each.record)] = each.record
        for ref in refs:
            record = self.get(conn, *ref)
            if record is not None:
                found[ref] = record
        return list(found.values())

    def forbid(self, conn: Link, one: Side, other: Side) -> UUID:
        """Keep two sides apart, by all that is known of each; nobody else may write meanwhile.

        No machine joins anybody to their records from here on. Raises ``ValueError``.
        """
        sides = []
        for side in (one, other):
            held = {_ref(each): each for each in self.holders(conn, *side)}
            sides.append({_ref(each): each for each in self._with_identities(conn, held)})
        places = [
            {w.identity for ref in (*side, *given.refs) if (w := current.place_of(conn, ref))}
            for given, side in zip((one, other), sides, strict=True)
        ]
        if not places[0].isdisjoint(places[1]):
            raise ValueError("Both are in one identity: part them first.")
        tokens = [
            {
                *map(self.tokens.number, given.numbers),
                *map(self.tokens.record, given.refs),
                *(token for each in records.values() for token in self.tokens.of(each)),
            }
            for given, records in zip((one, other), sides, strict=True)
        ]
        pair = self.never.forbid(conn, *tokens)
        records = {**sides[0], **sides[1]}
        here = current.identities(conn, list(records))
        levels = self.sealed.levels(conn, list(records))
        for ref, record in records.items():
            self._seal(conn, record, levels.get(ref, Level.OPEN), here=ref in here)
        return pair

    def never_of_one(self, conn: Link, refs: Iterable[Ref]) -> bool:
        """Say whether a sealed pair keeps two of these records apart."""
        records = [self.get(conn, *ref) or LinkRecord(*ref) for ref in refs]
        return bool(self.never.one_side(conn, records))

    def relevel(self, conn: Link, names: list[bytes]) -> None:
        """Bring records (by their own tokens) to the level that their shields have now.

        The only way to a lower one. Nobody else may write meanwhile.
        """
        held = self.sealed.by_token(conn, names)
        here = current.identities(conn, list(held))
        for ref, each in held.items():
            tokens = self.tokens.of(each.record)
            level = self._guard.level(conn, tokens)
            if level is Level.OPEN and not self.never.sides(conn, tokens):
                self.sealed.remove(conn, ref)
                if ref in here:
                    super().put(conn, each.record)
            elif level is not each.level:
                self._seal(conn, each.record, level, here=ref in here)

    def _seal(self, conn: Link, record: LinkRecord, level: Level, *, here: bool = True) -> None:
        self.sealed.put(conn, record, level)
        view = open_view(record, level)
        if here and view is not None:
            super().put(conn, view)
        else:
            super().remove(conn, *_ref(record))

    def _take_under(
        self, conn: Link, record: LinkRecord, level: Level, like: LinkRecord, why: str
    ) -> None:
        self._guard.spread(conn, self.tokens.of(like), self.tokens.of(record), why)
        self._seal(conn, record, level)

    def _like(self, conn: Link, record: LinkRecord) -> list[Sealed]:
        """Give the shielded records that this one is as likely as not of one child with."""
        hits = [each for each in self.sealed.hits(conn, record) if each.level is not Level.OPEN]
        weigh = self.scorer.weigh
        near = [each for each in hits if weigh(record, each.record).weight >= POSSIBLE]
        if not near:
            return []
        kept = self._without_others(conn, record, [each.record for each in near])
        refs = {_ref(each) for each in kept}
        return [each for each in near if _ref(each.record) in refs]

    def _with_identities(self, conn: Link, found: dict[Ref, LinkRecord]) -> list[LinkRecord]:
        """Give these records with all others of their identities."""
        records = dict(found)
        for identity in set(current.identities(conn, list(found)).values()):
            for ref in current.members(conn, identity):
                if ref not in records and (record := self.get(conn, *ref)) is not None:
                    records[ref] = record
        return list(records.values())

    def _around(self, conn: Link, record: LinkRecord) -> Answer:
        return self.match(conn, record, limit=MOST)

    def _open_copies(self, conn: Link, record: LinkRecord) -> list[LinkRecord]:
        """Give the records that stand open and are as likely as not of this shielded one's child.

        Only those of which everything is in the open are looked at: the others are shielded.
        """
        near = [each.record for each in super().match(conn, record, limit=MOST)]
        sealed = self.sealed.levels(conn, [_ref(each) for each in near])
        shielded = {ref for ref, level in sealed.items() if level is not Level.OPEN}
        return self._without_others(conn, record, [r for r in near if _ref(r) not in shielded])

    def _without_others(
        self, conn: Link, record: LinkRecord, near: list[LinkRecord]
    ) -> list[LinkRecord]:
        """Leave out whom people, or the sealed pairs, say this record is not."""
        if not near:
            return []
        place = current.place_of(conn, _ref(record))
        barred = current.kept_apart(conn, place.identity) if place else set()
        where = current.identities(conn, [_ref(each) for each in near]) if barred else {}
        never = self.never.forbidden(conn, record, near)
        return [r for r in near if where.get(_ref(r)) not in barred and _ref(r) not in never]

    def _uneven(self, conn: Link, identity: UUID) -> tuple[Sealed | None, list[Ref]]:
        """Give the most shielded record of an identity, and those that are less so."""
        members = current.members(conn, identity)
        levels = self.sealed.levels(conn, members)
        level = together(levels.values())
        if level is Level.OPEN:
            return None, []
        lower = [ref for ref in members if levels.get(ref, Level.OPEN) < level]
        if not lower:
            return None, []
        highest = next(ref for ref in members if levels.get(ref) is level)
        return self.sealed.get(conn, [highest])[highest], lower


def _ref(record: LinkRecord) -> Ref:
    return Ref(record.source, record.id)
