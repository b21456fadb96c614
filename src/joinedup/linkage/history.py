"""Which records are of one child, over time: link events, and the state they fold into.

Each record brings an identity of its own when it is first seen. A record that is linked takes the
identity of the one it is linked to; of identities that are merged the oldest shows; every other one
still leads there. What is joined and what is kept
apart is said by events, and the state is worked out from those of them that are not undone, never
from a state before. So an undone event leaves no trace in the state, a merge taken back leaves
exactly what was there before it, and folding the whole log gives what folding it bit by bit gave.

Events that contradict each other count in this order, and one that contradicts what counts already
has no effect (it stays in the log):

1. decisions of people, the newest first;
2. the model's links and merges, the heaviest first.

Whom nobody may ever join, as before and after an adoption, is in no event: that would be the
connection itself. Whoever writes events keeps those pairs elsewhere (``identities.never``).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import product
from typing import NamedTuple
from uuid import UUID

from joinedup.linkage.constraints import Ref

_MODEL = "model "


class HistoryError(ValueError):
    """An event that cannot be; the message says why."""


class Kind(StrEnum):
    """What an event says. The words are fixed (docs/glossary.md).

    - ``link`` of one record: it is here. The first such event names the identity it brings.
    - ``link`` of two: the first is of the child that the second is of. Of several such links of
      one record the latest counts, a person's before the model's.
    - ``unlink`` of a record: it is gone from its source; or, when the event names a new identity, a
      person took it out of the one it was in. It then begins anew, by itself. What it had held
      together stays together.
    - ``merge``: two records, and all that each is joined to, are of one child.
    - ``split``: they are not, and the merge that had brought them together is undone.
    - ``cannot-link``: two records are never of one child.
    - ``dispute``: whether these records are of one child (or this one of its) is in question.
      Nothing moves.
    - ``undo``: the event it names counts as if it had never been.
    """

    LINK = "link"
    UNLINK = "unlink"
    MERGE = "merge"
    SPLIT = "split"
    CANNOT_LINK = "cannot-link"
    DISPUTE = "dispute"
    UNDO = "undo"


class Evidence(NamedTuple):
    """Why: a pair's weight in bits, its level in each comparison, and reasons as codes."""

    weight: float | None = None
    levels: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()


# The reason of a dispute that asks whether records now together should be.
CHANGED = "changed"
_NO_EVIDENCE = Evidence()
_RECORDS = {
    Kind.LINK: (1, 2),
    Kind.UNLINK: (1,),
    Kind.MERGE: (2,),
    Kind.SPLIT: (2,),
    Kind.CANNOT_LINK: (2,),
    Kind.DISPUTE: (1, 2),
}
_SAYS_NOTHING = {Kind.DISPUTE, Kind.UNDO}
_BY_THE_MODEL = {Kind.LINK, Kind.UNLINK, Kind.MERGE, Kind.DISPUTE}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was found or decided. Events are never changed; ``number`` orders them.

    ``by`` is a person's id or role, or ``model <version>``. ``identity`` is the one that begins
    with this event. ``undoes`` is the number of the event that is undone. An undo holds the records
    of the event it undoes. Raises ``HistoryError`` for what cannot be.
    """

    number: int
    at: datetime
    by: str
    kind: Kind
    records: tuple[Ref, ...]
    identity: UUID | None = None
    undoes: int | None = None
    evidence: Evidence = _NO_EVIDENCE
    note: str = ""

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise HistoryError("an event's time needs its time zone")
        allowed = _RECORDS.get(self.kind)
        if allowed and len(self.records) not in allowed:
            wanted = " or ".join(map(str, allowed))
            raise HistoryError(f"a {self.kind} names {wanted} records, not {len(self.records)}")
        if len(set(self.records)) != len(self.records):
            raise HistoryError(f"a {self.kind} of a record and itself")
        if not self.manual and (self.kind not in _BY_THE_MODEL or self.takes_out):
            raise HistoryError(f"a {self.kind} is for people to decide, not for a model")
        if self.kind is Kind.UNDO and self.undoes is None:
            raise HistoryError("an undo names the event that it undoes")
        if self.undoes is not None:
            if self.kind not in {Kind.UNDO, Kind.SPLIT}:
                raise HistoryError(f"a {self.kind} undoes no other event")
            if self.undoes >= self.number:
                raise HistoryError("only an event before this one can be undone")
        if self.identity is not None and not (self.kind is Kind.UNLINK or self.arrival):
            raise HistoryError(f"no identity begins with a {self.kind} of these records")

    @property
    def manual(self) -> bool:
        """Say whether a person decided it."""
        return not self.by.startswith(_MODEL)

    @property
    def arrival(self) -> bool:
        """Say whether it tells that a record is here."""
        return self.kind is Kind.LINK and len(self.records) == 1

    @property
    def departure(self) -> bool:
        """Say whether it tells that a record is gone from its source."""
        return self.kind is Kind.UNLINK and self.identity is None

    @property
    def takes_out(self) -> bool:
        """Say whether a person took a record out of its identity with it."""
        return self.kind is Kind.UNLINK and self.identity is not None


def by_model(version: str) -> str:
    """Give the author of what a model found."""
    return _MODEL + version


class Place(NamedTuple):
    """Where a record is: the identity of its own, and the one it is in."""

    own: UUID
    identity: UUID


class Name(NamedTuple):
    """An identity ever given out: the one it now goes by, whose own it is, and since when."""

    goes_by: UUID
    record: Ref
    since: int


class Apart(NamedTuple):
    """Two identities' own records are never to be joined, because of an event."""

    one: UUID
    other: UUID
    event: int


class Stand(NamedTuple):
    """A record since the unlink of this number took it out (0 for none): what events join."""

    record: Ref
    since: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What events come to.

    ``placed`` holds every record that is here, ``names`` every identity that ever was. ``apart``
    is what no link may join. ``disputes`` and ``overruled`` are numbers of events: questions that
    are open, and what has no effect because it contradicts what counts more.
    """

    placed: dict[Ref, Place] = field(default_factory=dict)
    names: dict[UUID, Name] = field(default_factory=dict)
    apart: frozenset[Apart] = frozenset()
    disputes: frozenset[int] = frozenset()
    overruled: frozenset[int] = frozenset()

    def members(self, identity: UUID) -> frozenset[Ref]:
        """Give the records that are in the identity which this one goes by."""
        name = self.names.get(identity)
        return frozenset(
            record
            for record, placed in self.placed.items()
            if name is not None and placed.identity == name.goes_by
        )


def live(events: Iterable[Event]) -> list[Event]:
    """Give the events that are not undone, oldest first."""
    ordered = sorted(events, key=lambda event: event.number, reverse=True)
    undone: set[int] = set()
    kept = []
    # From the newest on: whatever undoes an event comes after it.
    for event in ordered:
        if event.number in undone:
            continue
        kept.append(event)
        if event.undoes is not None:
            undone.add(event.undoes)
    kept.reverse()
    return kept


def settle(events: Iterable[Event]) -> Settled:
    """Work out what a set of events comes to. Their order in the argument makes no difference."""
    return _Settling(live(events)).settled()


class _Settling:
    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.outs: dict[Ref, list[int]] = defaultdict(list)
        for event in events:
            if event.takes_out:
                self.outs[event.records[0]].append(event.number)
        self.root: dict[Stand, Stand] = {}
        self.enemies: dict[Stand, set[Stand]] = defaultdict(set)
        self.linked: set[Stand] = set()
        self.followers: set[Stand] = set()
        self.beside: dict[Stand, list[tuple[Stand, Event]]] = defaultdict(list)
        self.apart: list[tuple[Stand, Stand, int]] = []
        self.overruled: set[int] = set()

    def settled(self) -> Settled:
        for event in self._in_order():
            if not self._holds(event):
                self.overruled.add(event.number)
        own, owners = self._own()
        names = self._names(owners)
        return Settled(
            placed={
                record: Place(own[stand], names[own[stand]].goes_by)
                for record in self._here()
                if (stand := self._stand(record)) in own
            },
            names=names,
            apart=frozenset(
                Apart(min(own[one], own[other]), max(own[one], own[other]), number)
                for one, other, number in self.apart
                if one in own and other in own
            ),
            disputes=frozenset(self._disputes()),
            overruled=frozenset(self.overruled),
        )

    def merge_between(self, one: Ref, other: Ref) -> Event | None:
        self.settled()
        start = self._stand(one)
        reached: dict[Stand, Event | None] = {start: None}
        waiting = [start]
        while waiting:
            at = waiting.pop()
            for there, event in self.beside[at]:
                if there not in reached:
                    latest = reached[at]
                    if event.kind is Kind.MERGE and (
                        latest is None or event.number > latest.number
                    ):
                        latest = event
                    reached[there] = latest
                    waiting.append(there)
        return reached.get(self._stand(other))

    # ------------------------------------------------------------------ records as they stood
    def _stand(self, record: Ref, at: int | None = None) -> Stand:
        """The record as an event of this number means it; without a number, as it is now."""
        outs = self.outs.get(record)
        if outs:
            for number in reversed(outs):
                if at is None or number <= at:
                    return Stand(record, number)
        return Stand(record, 0)

    def _from_then_on(self, record: Ref, at: int) -> list[Stand]:
        later = [Stand(record, number) for number in self.outs.get(record, ()) if number > at]
        return [self._stand(record, at), *later]

    # ------------------------------------------------------------------ what counts
    def _in_order(self) -> Iterator[Event]:
        decided, found = [], []
        latest: dict[Stand, Event] = {}
        for event in self.events:
            if event.kind in _SAYS_NOTHING or event.arrival or event.departure:
                continue
            elif event.manual:
                decided.append(event)
            elif event.kind is Kind.LINK:
                latest[self._stand(event.records[0], event.number)] = event
            else:
                found.append(event)
        found += latest.values()
        found.sort(key=lambda event: (-(event.evidence.weight or 0.0), event.number))
        yield from reversed(decided)
        yield from found

    def _holds(self, event: Event) -> bool:
        """Give the event its effect, unless it contradicts what has been given its effect."""
        number = event.number
        if event.takes_out:
            (record,) = event.records
            before = self._stand(record, number - 1)
            return self._part([before], self._from_then_on(record, number), number)
        one, other = event.records
        if event.kind in {Kind.CANNOT_LINK, Kind.SPLIT}:
            ones, others = self._from_then_on(one, number), self._from_then_on(other, number)
            return self._part(ones, others, number)
        left, right = self._stand(one, number), self._stand(other, number)
        if event.kind is Kind.LINK:
            if left in self.linked:
                return True  # a person has linked it elsewhere since: no contradiction
            if self._find(left) != self._find(right):
                if not self._join(left, right, event):
                    return False
                self.followers.add(left)
            self.linked.add(left)
            return True
        return self._join(left, right, event)

    def _find(self, stand: Stand) -> Stand:
        root = self.root.setdefault(stand, stand)
        while root != stand:
            self.root[stand] = stand = self.root[root]
            root = self.root[stand]
        return root

    def _join(self, one: Stand, other: Stand, event: Event) -> bool:
        left, right = self._find(one), self._find(other)
        if left == right:
            return True
        if right in self.enemies[left]:
            return False
        self.root[right] = left
        for enemy in self.enemies.pop(right, ()):
            self.enemies[enemy].discard(right)
            self.enemies[enemy].add(left)
            self.enemies[left].add(enemy)
        self.beside[one].append((other, event))
        self.beside[other].append((one, event))
        return True

    def _part(self, ones: Sequence[Stand], others: Sequence[Stand], number: int) -> bool:
        pairs = list(product(ones, others))
        if any(self._find(one) == self._find(other) for one, other in pairs):
            return False
        for one, other in pairs:
            left, right = self._find(one), self._find(other)
            self.enemies[left].add(right)
            self.enemies[right].add(left)
            self.apart.append((one, other, number))
        return True

    # ------------------------------------------------------------------ what it comes to
    def _own(self) -> tuple[dict[Stand, UUID], dict[UUID, tuple[Stand, int]]]:
        """Give each stand's own identity, and whose each is and since when, the oldest first."""
        own: dict[Stand, UUID] = {}
        owners: dict[UUID, tuple[Stand, int]] = {}
        for event in self.events:
            if event.identity is not None and event.identity not in owners:
                stand = self._stand(event.records[0], event.number)
                if stand not in own:
                    own[stand] = event.identity
                    owners[event.identity] = stand, event.number
        return own, owners

    def _names(self, owners: dict[UUID, tuple[Stand, int]]) -> dict[UUID, Name]:
        # Whoever was linked to another brings no name; in each group one was not. It may be that
        # one has no name itself: nothing was heard of it but what joined it.
        leading: dict[Stand, UUID] = {}
        following: dict[Stand, UUID] = {}
        for identity, (stand, _) in owners.items():
            names = following if stand in self.followers else leading
            names.setdefault(self._find(stand), identity)
        shown = following | leading
        return {
            identity: Name(shown[self._find(stand)], stand.record, since)
            for identity, (stand, since) in owners.items()
        }

    def _here(self) -> list[Ref]:
        here: dict[Ref, bool] = {}
        for event in self.events:
            if event.arrival:
                here[event.records[0]] = True
            elif event.departure:
                here[event.records[0]] = False
        return [record for record, is_here in here.items() if is_here]

    def _disputes(self) -> Iterator[int]:
        decided: dict[frozenset[Ref], int] = {}
        for event in self.events:
            if event.manual and not (event.kind in _SAYS_NOTHING or event.arrival):
                decided[frozenset(event.records)] = event.number
        for event in self.events:
            if event.kind is not Kind.DISPUTE:
                continue
            if decided.get(frozenset(event.records), 0) > event.number:
                continue
            if not event.manual and len(event.records) == 2:
                one, other = map(self._stand, event.records)
                together = self._find(one) == self._find(other)
                # The model asks whether to join, or, after a change, whether to part: moot once
                # they are joined, or parted, by other means.
                if together != (CHANGED in event.evidence.reasons):
                    continue
            yield event.number


def brought_together(events: Iterable[Event], one: Ref, other: Ref) -> Event | None:
    """Give the merge that brought two records together: the latest on the way between them.

    ``None`` when they are apart, or when links alone hold them together.
    """
    return _Settling(live(events)).merge_between(one, other)


class State:
    """The fold of a log so far: groups of events that are settled together, and what they come to.

    A group holds the records that events name together, disputes apart, which move nothing. No
    group's events affect another's records, so an event costs no more than its own group.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._group: dict[Ref, _Group] = {}
        self._events: dict[int, Event] = {}
        self._settled: dict[int, Settled] = {}
        self.add(events)

    def add(self, events: Iterable[Event]) -> None:
        """Take more events, each with a number of its own; raises ``HistoryError``."""
        touched: dict[int, _Group] = {}
        for event in events:
            if event.number in self._events:
                raise HistoryError(f"there are two events with the number {event.number}")
            self._events[event.number] = event
            undone = self._events.get(event.undoes) if event.undoes is not None else None
            named = event.records if undone is None else (*event.records, *undone.records)
            groups = {id(group): group for group in map(self._group_of, named)}
            if len(groups) > 1 and Kind.DISPUTE not in {event.kind, undone and undone.kind}:
                group = self._united(list(groups.values()))
                groups = {id(group): group}
            for key, group in groups.items():
                group.events.append(event)
                touched[key] = group
        for group in touched.values():
            if group.records:  # not taken into another since
                group.settled = settle(group.events)

    def settled(self) -> Settled:
        """Give what all the events come to."""
        groups = {id(group): group for group in self._group.values()}
        whole = Settled()
        apart: set[Apart] = set()
        disputes: set[int] = set()
        overruled: set[int] = set()
        for group in groups.values():
            part = group.settled
            whole.placed.update(part.placed)
            whole.names.update(part.names)
            apart |= part.apart
            disputes |= part.disputes
            overruled |= part.overruled
        return Settled(
            whole.placed, whole.names, frozenset(apart), frozenset(disputes), frozenset(overruled)
        )

    def _group_of(self, record: Ref) -> "_Group":
        group = self._group.get(record)
        if group is None:
            group = self._group[record] = _Group([record])
        return group

    def _united(self, groups: list["_Group"]) -> "_Group":
        largest = max(groups, key=lambda group: len(group.records))
        held = {event.number for event in largest.events}
        for group in groups:
            if group is largest:
                continue
            for record in group.records:
                self._group[record] = largest
            largest.records += group.records
            # A dispute between the two was in both.
            largest.events += [event for event in group.events if event.number not in held]
            held |= {event.number for event in group.events}
            group.records, group.events = [], []
        return largest


@dataclass(slots=True, eq=False)
class _Group:
    records: list[Ref]
    events: list[Event] = field(default_factory=list)
    settled: Settled = field(default_factory=Settled)


def fold(events: Iterable[Event]) -> Settled:
    """Fold a log into the state it comes to."""
    return State(events).settled()
