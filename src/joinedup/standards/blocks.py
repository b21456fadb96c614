"""What a reader gives, many rows at a time: columns that become records only when asked.

A ``Block`` is some hundreds of rows that stand together in a file. Its children and events are
columns, which is how they are checked and how a linker takes them. An object for each costs more
than reading the file did, so it is made only for those who go through the records.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import chain
from typing import Any

from joinedup.standards.records import Child, Event, Issue, Record

# As ``Child._make``, without its call of Python for each.
_child: Callable[[Iterable[Any]], Child] = partial(tuple.__new__, Child)
_event: Callable[[Iterable[Any]], Event] = partial(tuple.__new__, Event)

Said = dict[int, list[Issue]]


class Columns(Mapping[str, Sequence[Any]]):
    """Columns by name, each made when it is first asked for; "" where a row has nothing."""

    __slots__ = ("_made", "_make", "_names")

    def __init__(self, names: Iterable[str], make: Callable[[str], Sequence[Any]]) -> None:
        self._names = dict.fromkeys(names)
        self._make = make
        self._made: dict[str, Sequence[Any]] = {}

    def __getitem__(self, name: str) -> Sequence[Any]:
        found = self._made.get(name)
        if found is None:
            if name not in self._names:
                raise KeyError(name)
            found = self._made[name] = self._make(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def at(column: Sequence[Any], indexes: Sequence[int] | None) -> Sequence[Any]:
    """A column's cells at some indexes, or all."""
    return column if indexes is None else [column[i] for i in indexes]


def filled(
    columns: Mapping[str, Sequence[Any]], indexes: Sequence[int] | None, size: int
) -> Sequence[Mapping[str, Any]]:
    """Each row's cells by name, without those that are empty."""
    full: dict[str, Sequence[Any]] = {}
    part: dict[str, Sequence[Any]] = {}
    for name, column in columns.items():
        chosen = at(column, indexes)
        if all(chosen):
            full[name] = chosen
        elif any(chosen):
            part[name] = chosen
    if full:
        rows = [dict(zip(full, row, strict=True)) for row in zip(*full.values(), strict=True)]
    else:
        rows = [{} for _ in range(size if indexes is None else len(indexes))]
    for name, column in part.items():
        for row, cell in zip(rows, column, strict=True):
            if cell:
                row[name] = cell
    return rows


@dataclass(slots=True, kw_only=True)
class Children:
    """Children as columns, in the order of the file.

    ``rows`` are their rows in the file, ``ids`` the sender's numbers; ``fields`` holds the raw text
    by the names of ``people.FIELDS`` (only those that the file has). ``places`` say where each
    stands in its block; ``said`` is what the checks say of one. ``made`` are the records, where
    they came before the columns.
    """

    places: Sequence[int]
    rows: Sequence[int]
    tables: Sequence[str]
    ids: Sequence[str]
    fields: Mapping[str, Sequence[str]]
    local_ids: Mapping[str, Sequence[str]]
    details: Mapping[str, Sequence[Any]]
    whole: Sequence[bool]
    purge: Sequence[bool]
    said: Said = field(default_factory=dict)
    made: Sequence[Child] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def records(self, indexes: Sequence[int] | None = None) -> Sequence[Child]:
        """The children as records: all, or those at some indexes."""
        if self.made is not None:
            return at(self.made, indexes)
        size = len(self)
        columns = (
            at(self.ids, indexes),
            filled(self.fields, indexes, size),
            at(self.tables, indexes),
            at(self.rows, indexes),
            filled(self.local_ids, indexes, size),
            filled(self.details, indexes, size),
            at(self.whole, indexes),
            at(self.purge, indexes),
        )
        return list(map(_child, zip(*columns, strict=True)))


@dataclass(slots=True, kw_only=True)
class Events:
    """Events of one kind or many as columns.

    ``facts`` makes the facts of those at some indexes, or of all. ``child`` is, for each, the index
    among the block's children of the child that the file gave last (-1 for one before the block).
    """

    places: Sequence[int]
    rows: Sequence[int]
    tables: Sequence[str]
    kinds: Sequence[str]
    child_ids: Sequence[str]
    starts: Sequence[date | None]
    ends: Sequence[date | None]
    facts: Callable[[Sequence[int] | None], Sequence[Mapping[str, Any]]]
    ids: Sequence[str]
    purge: Sequence[bool]
    child: Sequence[int]
    said: Said = field(default_factory=dict)
    made: Sequence[Event] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def records(self, indexes: Sequence[int] | None = None) -> Sequence[Event]:
        """The events as records: all, or those at some indexes."""
        if self.made is not None:
            return at(self.made, indexes)
        columns = (
            at(self.kinds, indexes),
            at(self.child_ids, indexes),
            at(self.starts, indexes),
            at(self.ends, indexes),
            self.facts(indexes),
            at(self.tables, indexes),
            at(self.rows, indexes),
            at(self.ids, indexes),
            at(self.purge, indexes),
        )
        return list(map(_event, zip(*columns, strict=True)))


@dataclass(slots=True)
class Block:
    """Rows that stand together in a file, and what they hold.

    Records stand at places 0 to ``size``, in the order of the file. ``before`` and ``after`` are
    issues around the records of a place. ``rows_in`` rows were found, and of ``rows_out`` of them
    came a child or an event.
    """

    size: int
    children: Children | None = None
    events: list[Events] = field(default_factory=list)
    before: Said = field(default_factory=dict)
    after: Said = field(default_factory=dict)
    rows_in: int = 0
    rows_out: int = 0

    def records(self) -> Iterator[Record]:
        """Every child, event and issue, in the order of the file."""
        parts = self._parts()
        step = len(parts)
        flat: list[Record | None] = [None] * (self.size * step)
        for order, part in enumerate(parts):
            records: Sequence[Record] = part.records()
            if part.places == range(self.size):
                flat[order::step] = records
            else:
                for place, record in zip(part.places, records, strict=True):
                    flat[place * step + order] = record
        start = 0
        for end, issues in sorted(self._issues().items()):
            yield from filter(None, flat[start:end])
            yield from issues
            start = end
        yield from filter(None, flat[start:])

    def issues(self) -> list[Issue]:
        """The issues alone, in the order of the file; no child or event is made for them."""
        return [issue for _, issues in sorted(self._issues().items()) for issue in issues]

    def _issues(self) -> Said:
        """Issues by how many records could stand before them, each part having one at a place."""
        parts = self._parts()
        step = len(parts)
        found: Said = {}
        for order, part in enumerate(parts, start=1):
            for index, issues in part.said.items():
                found.setdefault(part.places[index] * step + order, []).extend(issues)
        for place, issues in self.after.items():
            found.setdefault((place + 1) * step, []).extend(issues)
        for place, issues in self.before.items():
            found.setdefault(place * step, []).extend(issues)
        return found

    def _parts(self) -> list[Children | Events]:
        return [*self.events] if self.children is None else [self.children, *self.events]


def issues_only(issues: list[Issue], rows_in: int = 0) -> Block:
    """A block without records."""
    return Block(0, before={0: issues}, rows_in=rows_in)


def of_records(rows: Sequence[Sequence[Record]]) -> Block:
    """A block of records that were made one row at a time."""
    block = Block(sum(map(len, rows)), rows_in=len(rows))
    children: list[Child] = []
    events: list[Event] = []
    child_places, event_places, last = [], [], []
    place = 0
    for records in rows:
        out = False
        for record in records:
            if isinstance(record, Event):
                events.append(record)
                event_places.append(place)
                last.append(len(children) - 1)
                out = True
            elif isinstance(record, Child):
                children.append(record)
                child_places.append(place)
                out = True
            else:
                block.before[place] = [record]
            place += 1
        block.rows_out += out
    if children:
        block.children = _children_of(children, child_places)
    if events:
        kinds, ids, starts, ends, facts, tables, numbers, own, purge = zip(*events, strict=True)
        block.events.append(
            Events(
                places=event_places, rows=numbers, tables=tables, kinds=kinds, child_ids=ids,
                starts=starts, ends=ends, facts=lambda indexes: at(facts, indexes), ids=own,
                purge=purge, child=last, made=events,
            )
        )  # fmt: skip
    return block


def _children_of(children: list[Child], places: list[int]) -> Children:
    ids, fields, tables, numbers, local_ids, details, whole, purge = zip(*children, strict=True)
    return Children(
        places=places, rows=numbers, tables=tables, ids=ids, fields=_columns(fields),
        local_ids=_columns(local_ids), details=_columns(details), whole=whole, purge=purge,
        made=children,
    )  # fmt: skip


def _columns(rows: Sequence[Mapping[str, Any]]) -> Columns:
    names = dict.fromkeys(chain.from_iterable(rows))
    return Columns(names, lambda name: [row.get(name, "") for row in rows])
