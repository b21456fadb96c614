"""Identities over time in PostgreSQL: records come, change and go, people decide, nothing is lost.

Every change is an event in a log that only grows (``log``), written in one transaction with the
state that it makes (``current``). Whether a record joins an identity is the model's to say
(``joining``), within what people have decided; when it is not certain, the record stands by itself
and a question is noted for a person.

Locks keep writers out of each other's way, always taken in this order. One that whoever handles a
record shares, and that a decision has for itself, because it may move records that it does not
name. One for the record. Then the record's blocking keys, sorted: two records that could be one
child have a key in common, so they are never handled at once. All are held until the transaction
ends, which needs PostgreSQL's usual isolation (read committed): what is read under a lock is what
the one before has left.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple, TypeVar
from uuid import UUID, uuid4

from psycopg_pool import ConnectionPool

from joinedup.identities import current, log
from joinedup.identities.current import Difference, Moved
from joinedup.identities.index import Link, PostgresIndex
from joinedup.identities.joining import Found, Joining
from joinedup.identities.linking_index import LinkingIndex, Side
from joinedup.identities.sealed_index import Sealed
from joinedup.identities.tables import make_tables
from joinedup.linkage.constraints import Constraints, Ref
from joinedup.linkage.history import Event, Evidence, Kind, brought_together, by_model, live
from joinedup.linkage.index import Candidate
from joinedup.linkage.keys import key_maker
from joinedup.linkage.model import Model
from joinedup.linkage.record import LinkRecord
from joinedup.policy.question import Level

# Any number will do, so long as nothing else in the database takes the same one.
WRITERS = 0x6A6F_6C6B
"""The advisory lock that everybody who writes records shares, and a decision has for itself."""
_A_RECORD = 0x6A6F_7263
_AT_ONCE = 200  # records of an extract in one transaction
_NO_EVIDENCE = Evidence()
# Of what the sealed pairs forbid: nothing that says why.
_TOGETHER = "These records cannot be joined."
_KEEPS_APART = {Kind.UNLINK, Kind.SPLIT, Kind.CANNOT_LINK}

Item = TypeVar("Item")
Result = TypeVar("Result")
Subject = tuple[str, str] | UUID
# Of an event: its kind, records, the identity that begins with it, and why.
Draft = tuple[Kind, tuple[Ref, ...], UUID | None, Evidence]


class Outcome(StrEnum):
    """What became of a record: it joined others, founded an identity, or was where it belongs.

    ``possible``: it stands where it did, or by itself, and a person should look.
    """

    JOINED = "joined"
    NEW = "new"
    POSSIBLE = "possible"
    KEPT = "kept"


class Placed(NamedTuple):
    """Where a record is, and who else it may be."""

    identity: UUID
    outcome: Outcome
    candidates: tuple[Candidate, ...] = ()


class Decision(NamedTuple):
    """What a decision did: its event, whom it moved, and which events it left without effect."""

    number: int
    moved: tuple[Moved, ...]
    overruled: frozenset[int]


class Standing(StrEnum):
    """What has become of an event."""

    COUNTS = "counts"
    UNDONE = "undone"
    OVERRULED = "overruled"


class Past(NamedTuple):
    """An event of a child's history."""

    event: Event
    standing: Standing


class Conflict(NamedTuple):
    """An open question: its event (``joining.QUESTIONS``), and its records' identities."""

    event: Event
    identities: tuple[UUID, ...]


class Synced(NamedTuple):
    """What an extract changed. ``repeated`` names records that it holds twice: the first counts.

    ``purged`` were purged for good and not taken in.
    """

    joined: int
    new: int
    possible: int
    changed: int
    same: int
    gone: int
    purged: int
    repeated: tuple[Ref, ...]


class Refused(ValueError):
    """What was asked for cannot be done; the message says why and what to do."""


class Gone(Refused):
    """A record that was purged for good is not taken in again; nothing of it is repeated."""


class Unknown(LookupError):
    """No such record, identity or event."""


class _NeedsEverybody(Exception):
    """This needs the lock that a decision has: begin again with it."""


class Identities:
    """Which records are of one child, kept over time. Safe to use from many threads and processes.

    ``constraints`` says which sources hold each child once and whose NHS numbers are verified; what
    people decided (its ``cannot_link`` and ``must_link``) belongs in the log, through ``decide``.
    With ``shields`` records are kept as their child's shield has it, and the sealed pairs hold.
    Every method is one transaction, ``sync`` one for each 200 records. Raises what psycopg raises
    when the database does not answer; nothing is half done then.
    """

    def __init__(
        self,
        pool: ConnectionPool[Link],
        model: Model,
        constraints: Constraints | None = None,
        shields: LinkingIndex | None = None,
    ) -> None:
        self._pool = pool
        self._shields = shields
        self._index = shields or PostgresIndex(model)
        self._keys = key_maker(model.block)
        self._joining = Joining(self._index, constraints or Constraints())
        self._by = by_model(model.version)

    def create(self) -> None:
        """Make the tables where absent; several processes may do so at once."""
        with self._pool.connection() as conn, conn.transaction():
            make_tables(conn)
            self._index.create(conn)

    # ------------------------------------------------------------------ records come, change, go
    def add(self, record: LinkRecord) -> Placed:
        """Take in a record, or a new version of one. The same again changes nothing.

        Raises ``Gone`` for one that was purged.
        """
        return self._handling(record, lambda conn, alone: self._put(conn, record, alone))

    def change(self, record: LinkRecord) -> Placed:
        """Take in a new version of a known record; raises ``Unknown``.

        It stays in its identity when others are there, even if it fits another better: that is a
        question for a person.
        """

        def put(conn: Link, alone: bool) -> Placed:
            if not current.identities(conn, [_ref(record)]):
                raise Unknown(f"{_ref(record)} is not here: add it")
            return self._put(conn, record, alone)

        return self._handling(record, put)

    def remove(self, source: str, id: str) -> bool:
        """Note that a record is gone from its source; says whether it was here.

        What it held together stays together, and it comes back to the same place.
        """
        nothing = LinkRecord(source, id)
        return self._handling(nothing, lambda conn, _: self._remove(conn, _ref(nothing)))

    def sync(
        self,
        source: str,
        records: Iterable[LinkRecord],
        *,
        most_gone: float = 0.1,
        progress: Callable[[str], None] = lambda outcome: None,
    ) -> Synced:
        """Take in a source's new extract, which holds all of its records: adds, changes, removes.

        ``progress`` is told of each record what was done. When more than the share ``most_gone`` of
        what was known is not in the extract, nothing is removed and ``Refused`` is raised: an
        extract cut short must not take children away. What breaks off can be done again. Raises
        ``ValueError`` for a record of another source.
        """
        with self._transaction() as conn:
            rows = conn.execute("SELECT id FROM identities.place WHERE source = %s", (source,))
            known = {id for (id,) in rows}
        seen: set[str] = set()
        repeated: list[Ref] = []
        counts = dict.fromkeys(Synced._fields[:-1], 0)

        def fresh() -> Iterator[LinkRecord]:
            for record in records:
                if record.source != source:
                    raise ValueError(f"{_ref(record)} is in an extract of {source}")
                if record.id in seen:
                    repeated.append(_ref(record))
                    continue
                seen.add(record.id)
                yield record

        def take(conn: Link, record: LinkRecord) -> str:
            if record.id in known and self._index.get(conn, *_ref(record)) == record:
                return "same"
            try:
                outcome = self._put(conn, record, alone=True).outcome
            except Gone:
                return "purged"
            # One that was gone and is back has changed, too.
            return "changed" if record.id in known or outcome is Outcome.KEPT else outcome.value

        def drop(conn: Link, id: str) -> str:
            self._remove(conn, Ref(source, id))
            return "gone"

        self._in_batches(fresh(), take, counts, progress)
        gone = sorted(known - seen)
        if len(gone) > most_gone * len(known):
            raise Refused(
                f"{len(gone)} of the {len(known)} records known of {source} are not in its new "
                "extract, so it may have been cut short. What is in it was taken in; nothing was "
                "removed. If they really are gone, do it again with a higher most_gone."
            )
        self._in_batches(gone, drop, counts, progress)
        return Synced(**counts, repeated=tuple(repeated))

    # ------------------------------------------------------------------ what people decide
    def decide(
        self,
        kind: Kind,
        subjects: Iterable[Subject],
        *,
        by: str,
        note: str = "",
    ) -> Decision:
        """Take a person's decision. It beats whatever the model finds, now and later.

        ``subjects`` are records (source, id) or identities; ``by`` is who decided. The kinds are
        those of ``linkage.history.Kind``, but ``undo``. Raises ``Unknown`` when there is no such
        subject, ``Refused`` when the decision cannot be taken. Records from before and after an
        adoption are never a decision here, where all can be read: see ``forbid``.
        """
        kind = Kind(kind)
        with self._transaction() as conn:
            hold_writers(conn)
            records = tuple(_named(conn, kind, subject) for subject in subjects)
            if kind is Kind.UNDO or (kind is Kind.LINK and len(records) != 2):
                raise Refused(f"A {kind} of these is not for decide: see undo, and add.")
            group = log.group(conn, records)
            undoes = None
            if kind is Kind.SPLIT and len(records) == 2:
                merge = brought_together(log.about(conn, group), *records)
                undoes = merge.number if merge else None
            identity = _new_identity(conn, records[0]) if kind is Kind.UNLINK and records else None
            before = current.identities(conn, group)
            decision = self._decided(
                conn, by, kind, records, identity=identity, undoes=undoes, note=note
            )
            self._keep_shields(conn, records, decision.moved)
            if kind is Kind.MERGE and _torn(before, current.identities(conn, group)):
                events = live(log.about(conn, group))
                against = [e for e in events if e.manual and e.kind in _KEEPS_APART]
                raise Refused(
                    "Joining them would part others, because of what was decided before. Undo that "
                    f"first: {', '.join(f'event {event.number}' for event in against)}."
                )
            return decision

    def undo(self, number: int, *, by: str, note: str = "") -> Decision:
        """Undo one event, by its number: all is as if it had never been.

        An undo can be undone too. Raises ``Unknown``, ``Refused``.
        """
        with self._transaction() as conn:
            hold_writers(conn)
            event = log.read(conn, number)
            if event is None:
                raise Unknown(f"there is no event {number}")
            if event.arrival or event.departure:
                raise Refused("Records come and go with their sources: add or remove the record.")
            if number not in _counting(conn, event.records):
                raise Refused(f"Event {number} is undone already.")
            decision = self._decided(
                conn, by, Kind.UNDO, event.records, undoes=number, note=note, undone=event
            )
            self._keep_shields(conn, event.records, decision.moved)
            return decision

    # ------------------------------------------------------------------ shields
    def shield(
        self,
        level: Level,
        *,
        numbers: Iterable[str] = (),
        refs: Iterable[Ref] = (),
        child: LinkRecord | None = None,
        held: bool = False,
    ) -> list[LinkRecord]:
        """Take all that is known of a child out of what is searched, as far as the level says.

        Gives the records, as ``LinkingIndex.shield`` finds them. ``held``: the caller has the lock
        of ``hold_writers`` on another connection. Raises ``Refused`` without ``shields``.
        """
        with self._transaction() as conn:
            if not held:
                hold_writers(conn)
            return self._shielding().shield(conn, level, numbers=numbers, refs=refs, child=child)

    def relevel(self, names: list[bytes]) -> None:
        """Bring records, by their own tokens, to the level that their shields have now."""
        with self._transaction() as conn:
            hold_writers(conn)
            self._shielding().relevel(conn, names)

    def shielded(self, number: str) -> list[Sealed]:
        """Give the shielded records that hold an NHS number, with all that is known of them."""
        with self._transaction() as conn:
            shields = self._shielding()
            refs = [Ref(*each[:2]) for each in shields.holders(conn, [number])]
            return list(shields.sealed.get(conn, refs).values())

    def forbid(self, one: Side, other: Side) -> UUID:
        """Keep two sides apart for good: each is NHS numbers and records.

        What is known of each side is recognised from now on. Nobody is told why: this is for
        records from before and after an adoption, and the only place that knows of it: no event
        says so. Raises ``Refused`` when the two are in one identity, which must be parted first
        (an unlink names one record alone), and when a side says nothing.
        """
        with self._transaction() as conn:
            hold_writers(conn)
            try:
                return self._shielding().forbid(conn, one, other)
            except ValueError as error:
                raise Refused(str(error)) from None

    def never_of_one(self, records: Iterable[Ref]) -> bool:
        """Say whether a sealed pair keeps two of these records apart: then nobody is asked."""
        with self._transaction() as conn:
            return self._shielding().never_of_one(conn, records)

    def _shielding(self) -> LinkingIndex:
        if self._shields is None:
            raise Refused("These identities are kept without shields.")
        return self._shields

    def _keep_shields(self, conn: Link, named: Iterable[Ref], moved: Iterable[Moved]) -> None:
        """Carry shields along with records that moved, and hold what may never be together.

        ``named`` are the records that were decided about: one that is gone comes back to whom it
        is joined to now.
        """
        if self._shields is None:
            return
        moves = list(moved)
        after = {move.after for move in moves}
        for identity in after | {w.identity for r in named if (w := current.place_of(conn, r))}:
            ever = current.ever_members(conn, identity)
            records = [self._index.get(conn, *ref) or LinkRecord(*ref) for ref in ever]
            if self._shields.never.one_side(conn, records):
                raise Refused(_TOGETHER)
        for identity in after:
            self._shields.even_out(conn, identity)
        for move in moves:
            left = current.members(conn, move.before) if move.before else []
            if left:
                self._shields.parted(conn, [move.record, *left])

    def _spread(self, conn: Link, record: LinkRecord, identity: UUID, alone: bool) -> None:
        if self._shields and not self._shields.spread(conn, record, identity, alone):
            raise _NeedsEverybody

    # ------------------------------------------------------------------ what there is
    def identity_of(self, source: str, id: str) -> UUID | None:
        """Give the identity that a record is in, ``None`` when it is not here."""
        ref = Ref(source, id)
        with self._transaction() as conn:
            return current.identities(conn, [ref]).get(ref)

    def resolve(self, identity: UUID) -> UUID:
        """Give what an identity now goes by: itself, or the one it was merged into.

        Raises ``Unknown`` when it was never given out.
        """
        with self._transaction() as conn:
            return _goes_by(conn, identity)

    def members(self, identity: UUID) -> list[Ref]:
        """Give the records of an identity, or of the one it was merged into, oldest first.

        Raises ``Unknown``.
        """
        with self._transaction() as conn:
            return current.members(conn, _goes_by(conn, identity))

    def history(self, identity: UUID) -> list[Past]:
        """Give all that ever happened to the records of an identity, oldest first.

        Raises ``Unknown``.
        """
        with self._transaction() as conn:
            rows = conn.execute(
                "SELECT DISTINCT source, id FROM identities.name WHERE goes_by = %s",
                (_goes_by(conn, identity),),
            )
            records = [Ref(source, id) for source, id in rows]
            events = log.about(conn, records)
            counting = _counting(conn, records)
            overruled = current.overruled(conn, [event.number for event in events])
        return [
            Past(
                event,
                Standing.UNDONE
                if event.number not in counting
                else Standing.OVERRULED
                if event.number in overruled
                else Standing.COUNTS,
            )
            for event in events
        ]

    def conflicts(
        self, *, after: int = 0, limit: int = 100, shielded: bool = False
    ) -> list[Conflict]:
        """Give the questions that are open, oldest first; ``after`` is the last one seen.

        Those about a shielded child are for the people who review shields: ``shielded`` gives
        these, and no others.
        """
        with self._transaction() as conn:
            events = log.questions(conn, after, limit)
            if self._shields is not None:
                refs = {record for event in events for record in event.records}
                guarded = self._shields.sealed.levels(conn, refs).keys()
                events = [
                    e
                    for e in events
                    if shielded is not guarded.isdisjoint(e.records)
                    and not self._shields.never_of_one(conn, e.records)
                ]
            where = current.identities(conn, sorted({r for e in events for r in e.records}))
        return [
            Conflict(event, tuple(where[record] for record in event.records)) for event in events
        ]

    def rebuild(self) -> list[Difference]:
        """Fold the whole log anew, and give every difference from the state as it was kept.

        There is none unless something else has written to the tables: to be run every night.
        Others may write meanwhile.
        """
        with self._pool.connection() as conn, conn.transaction():
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return list(current.differences(conn))

    # ------------------------------------------------------------------ one record
    def _put(self, conn: Link, record: LinkRecord, alone: bool) -> Placed:
        """Take in a record whose keys are held; ``alone`` when nobody else can write at all."""
        if self._shields and self._shields.is_gone(conn, record):
            raise Gone("What was held of this person was purged for good.")
        ref = _ref(record)
        place = current.place_of(conn, ref)
        if place is None:
            return self._first(conn, record, alone)
        if place.here:
            if self._index.get(conn, *ref) == record:
                return Placed(place.identity, Outcome.KEPT)
        else:
            self._write(conn, (Kind.LINK, (ref,), None, _NO_EVIDENCE))
            current.add_place(conn, ref, place.own, place.identity)
        self._index.put(conn, record)
        placed = self._look_again(conn, record, place.identity, alone)
        self._spread(conn, record, placed.identity, alone)
        return placed

    def _first(self, conn: Link, record: LinkRecord, alone: bool) -> Placed:
        ref, own = _ref(record), uuid4()
        found = self._joining.by_itself(conn, record, None)
        identity = found.identity or own
        links = [_link(ref, found.join)] if found.join else []
        arrival, *_ = self._write(
            conn, (Kind.LINK, (ref,), own, _NO_EVIDENCE), *links, *_questions(ref, found)
        )
        current.add_place(conn, ref, own, identity)
        current.add_name(conn, own, identity, ref, arrival.number)
        self._index.put(conn, record)
        self._spread(conn, record, identity, alone)
        return _placed(identity, found, Outcome.NEW)

    def _look_again(self, conn: Link, record: LinkRecord, identity: UUID, alone: bool) -> Placed:
        ref = _ref(record)
        if current.members(conn, identity) != [ref]:
            found = self._joining.among_others(conn, record, identity)
        else:
            found = self._joining.by_itself(conn, record, identity)
        if found.join is not None:
            if not alone:
                raise _NeedsEverybody
            self._write(conn, _link(ref, found.join), *_questions(ref, found))
            settled = current.settle_again(conn, [ref]).settled
            return _placed(settled.placed[ref].identity, found, Outcome.KEPT)
        asked = current.open_questions(conn, ref)
        new = [draft for draft in _questions(ref, found) if frozenset(draft[1]) not in asked]
        self._write(conn, *new)
        return _placed(identity, found, Outcome.KEPT)

    def _remove(self, conn: Link, ref: Ref) -> bool:
        place = current.place_of(conn, ref)
        if place is None or not place.here:
            return False
        self._write(conn, (Kind.UNLINK, (ref,), None, _NO_EVIDENCE))
        current.drop_place(conn, ref)
        self._index.remove(conn, *ref)
        return True

    # ------------------------------------------------------------------ events
    def _write(self, conn: Link, *drafts: Draft) -> list[Event]:
        """Write what the model found or a source said."""
        if not drafts:
            return []
        now = datetime.now(UTC)
        events = [
            Event(number, now, self._by, kind, records, identity, evidence=evidence)
            for number, (kind, records, identity, evidence) in zip(
                log.next_numbers(conn, len(drafts)), drafts, strict=True
            )
        ]
        log.write(conn, events)
        current.open_disputes(conn, [e.number for e in events if e.kind is Kind.DISPUTE])
        return events

    def _decided(
        self,
        conn: Link,
        by: str,
        kind: Kind,
        records: tuple[Ref, ...],
        *,
        identity: UUID | None = None,
        undoes: int | None = None,
        note: str = "",
        undone: Event | None = None,
    ) -> Decision:
        """Write what a person decided; nobody else may write meanwhile."""
        (number,) = log.next_numbers(conn, 1)
        event = Event(number, datetime.now(UTC), by, kind, records, identity, undoes, note=note)
        if not event.manual:
            raise Refused(f"a decision is a person's, not of {by}")
        log.write(conn, [event], undone)
        change = current.settle_again(conn, records)
        return Decision(number, change.moved, change.overruled)

    # ------------------------------------------------------------------ transactions and locks
    @contextmanager
    def _transaction(self) -> Iterator[Link]:
        # In a pipeline: statements whose answers nobody waits for cost no round trip.
        with self._pool.connection() as conn, conn.pipeline(), conn.transaction():
            yield conn

    def _handling(self, record: LinkRecord, act: Callable[[Link, bool], Result]) -> Result:
        """Act on one record, with its locks held, or with everybody's when it turns out so."""
        try:
            with self._transaction() as conn:
                self._lock(conn, record)
                return act(conn, False)
        except _NeedsEverybody:
            with self._transaction() as conn:
                hold_writers(conn)
                return act(conn, True)

    def _lock(self, conn: Link, record: LinkRecord) -> None:
        named = blake2b("\0".join(_ref(record)).encode("utf-8", "surrogatepass"), digest_size=4)
        conn.execute(
            "SELECT pg_advisory_xact_lock_shared(%s), pg_advisory_xact_lock(%s, %s)",
            (WRITERS, _A_RECORD, int.from_bytes(named.digest(), "big", signed=True)),
        )
        keys = set(self._keys(record))
        held = self._index.get(conn, *_ref(record))
        if held is not None:
            keys.update(self._keys(held))
        conn.execute(
            "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", (sorted(keys),)
        )

    def _in_batches(
        self,
        items: Iterable[Item],
        act: Callable[[Link, Item], str],
        counts: dict[str, int],
        progress: Callable[[str], None],
    ) -> None:
        waiting = iter(items)
        while batch := list(islice(waiting, _AT_ONCE)):
            with self._transaction() as conn:
                hold_writers(conn)
                for item in batch:
                    outcome = act(conn, item)
                    counts[outcome] += 1
                    progress(outcome)


def hold_writers(conn: Link) -> None:
    """Keep everybody else from writing until the transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(%s)", (WRITERS,))


def _counting(conn: Link, records: Iterable[Ref]) -> set[int]:
    """Give the events of these records' group that are not undone."""
    return {event.number for event in live(log.about(conn, log.group(conn, records)))}


def _goes_by(conn: Link, identity: UUID) -> UUID:
    name = current.name(conn, identity)
    if name is None:
        raise Unknown(f"no identity {identity} was ever given out")
    return name.goes_by


def _named(conn: Link, kind: Kind, subject: Subject) -> Ref:
    """Give the record that a decision is about: itself, or one that stands for its identity."""
    if not isinstance(subject, UUID):
        ref = Ref(*subject)
        if current.place_of(conn, ref) is None:
            raise Unknown(f"{ref} is not known")
        return ref
    goes_by = _goes_by(conn, subject)
    if kind is Kind.SPLIT:
        # Two identities that are one now: only the records that brought them tell them apart.
        name = current.name(conn, subject)
        if name is None or (place := current.place_of(conn, name.record)) is None:
            raise Unknown(f"no identity {subject} was ever given out")
        if place.own != subject:
            raise Refused("The record that brought this identity was taken out: name two records.")
        return name.record
    members = current.members(conn, goes_by)
    if not members:
        raise Refused(f"Nobody is in the identity {subject} any more.")
    return members[0]


def _new_identity(conn: Link, record: Ref) -> UUID:
    place = current.place_of(conn, record)
    if place is None or not place.here:
        raise Refused(f"{record} is gone from its source.")
    if current.is_alone(conn, place.identity, record):
        raise Refused(f"{record} is by itself already.")
    return uuid4()


def _torn(before: dict[Ref, UUID], after: dict[Ref, UUID]) -> bool:
    """Say whether records that were together no longer are."""
    return len({(was, after.get(ref)) for ref, was in before.items()}) > len(set(before.values()))


def _link(record: Ref, to: Candidate) -> Draft:
    other = Ref(to.record.source, to.record.id)
    return Kind.LINK, (record, other), None, Evidence(to.weighed.weight, to.weighed.levels)


def _questions(record: Ref, found: Found) -> list[Draft]:
    return [
        (
            Kind.DISPUTE,
            (record,) if each.other is None else (record, each.other),
            None,
            each.evidence,
        )
        for each in found.questions
    ]


def _placed(identity: UUID, found: Found, otherwise: Outcome) -> Placed:
    if found.join is not None:
        outcome = Outcome.JOINED
    else:
        outcome = Outcome.POSSIBLE if found.questions else otherwise
    return Placed(identity, outcome, found.candidates)


def _ref(record: LinkRecord) -> Ref:
    return Ref(record.source, record.id)
