"""Random histories of a few records: everything that can happen, in any order."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random
from uuid import UUID

from joinedup.linkage.constraints import Ref
from joinedup.linkage.history import Event, Evidence, Kind, Settled, by_model

START = datetime(2026, 9, 1, tzinfo=UTC)
MODEL = by_model("1")
PERSON = "reviewer 7"


def ref(name: str | int) -> Ref:
    return Ref("schools", str(name))


def make(number: int, kind: Kind, *records: Ref, by: str = PERSON, **rest: object) -> Event:
    at = START + timedelta(minutes=number)
    return Event(number, at, by, kind, records, **rest)  # type: ignore[arg-type]


def arrival(number: int, record: Ref) -> Event:
    """A record is seen for the first time, and brings the identity of that number."""
    return make(number, Kind.LINK, record, by=MODEL, identity=UUID(int=number))


def link(number: int, record: Ref, to: Ref, weight: float = 20.0, by: str = MODEL) -> Event:
    return make(number, Kind.LINK, record, to, by=by, evidence=Evidence(weight))


def merge(number: int, one: Ref, other: Ref, by: str = PERSON) -> Event:
    return make(number, Kind.MERGE, one, other, by=by)


def apart(number: int, one: Ref, other: Ref) -> Event:
    return make(number, Kind.CANNOT_LINK, one, other)


def take_out(number: int, record: Ref) -> Event:
    return make(number, Kind.UNLINK, record, identity=UUID(int=number))


def undo(number: int, event: Event) -> Event:
    return make(number, Kind.UNDO, *event.records, undoes=event.number)


def history(chance: Random, events: int, records: int = 7) -> list[Event]:
    """A log of so many events over a few records; each arrives before anything is said of it."""
    log: list[Event] = []
    known: list[Ref] = []
    number = 0
    while len(log) < events:
        number += chance.randint(1, 3)  # numbers may have gaps
        if len(known) < 2 or (len(known) < records and chance.random() < 0.3):
            record = ref(len(known))
            log.append(arrival(number, record))
            if known and chance.random() < 0.7:
                number += 1
                log.append(link(number, record, chance.choice(known), chance.uniform(5, 40)))
            known.append(record)
        else:
            log.append(something(chance, number, known, log))
    return log


def something(chance: Random, number: int, known: list[Ref], log: list[Event]) -> Event:
    one, other = chance.sample(known, 2)
    kind = chance.choice(("link", "link", "merge", "merge", "apart", "out", "undo", "undo", "rest"))
    if kind == "link":
        by = chance.choice((MODEL, MODEL, PERSON))
        return link(number, one, other, chance.uniform(5, 40), by)
    if kind == "merge":
        return merge(number, one, other, chance.choice((PERSON, PERSON, MODEL)))
    if kind == "apart":
        return apart(number, one, other)
    if kind == "out":
        return take_out(number, one)
    undoable = [event for event in log if event.identity is None or event.takes_out]
    if kind == "undo" and undoable:
        return undo(number, chance.choice(undoable))
    merges = [event for event in log if event.kind is Kind.MERGE]
    if merges and chance.random() < 0.4:
        event = chance.choice(merges)
        return make(number, Kind.SPLIT, *event.records, undoes=event.number)
    if chance.random() < 0.5:
        by = chance.choice((MODEL, PERSON))
        reasons = chance.choice((("possible",), ("changed",)))
        return make(number, Kind.DISPUTE, one, other, by=by, evidence=Evidence(9.0, (), reasons))
    if chance.random() < 0.5:
        return make(number, Kind.UNLINK, one, by=MODEL)
    return make(number, Kind.LINK, one, by=MODEL)


def together(settled: Settled, records: Iterable[Ref]) -> set[frozenset[Ref]]:
    """The pairs of these records that are in one identity."""
    placed = settled.placed
    return {
        frozenset(pair)
        for pair in combinations(sorted(set(records) & placed.keys()), 2)
        if placed[pair[0]].identity == placed[pair[1]].identity
    }
