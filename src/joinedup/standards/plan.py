"""What to make of the rows of one table: compiled from a standard's rules."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

from joinedup.standards.blocks import Block, Children, Columns, Events, Said, at
from joinedup.standards.columns import plain
from joinedup.standards.records import NOTHING, Issue, Severity
from joinedup.standards.rules import load
from joinedup.standards.table_rows import Names, TableRows, Values
from joinedup.standards.values import Column, faults, read_columns

# Ofsted's lists write "b) Female": the letter is the list's, the rest is the value.
_LIST_LETTER = re.compile(r"[a-z]{1,2}\)\s*")


class Around(NamedTuple):
    """What rows of a table take from the record around each.

    ``children`` are indexes among the block's, ``within`` the numbers of events around.
    """

    child_ids: Sequence[str]
    within: Sequence[str]
    purge: Sequence[bool]
    children: Sequence[int]


@dataclass(slots=True)
class Converted:
    """What became of rows of one table: a block's parts, and issues by place."""

    children: Children | None = None
    events: list[Events] = field(default_factory=list)
    after: Said = field(default_factory=dict)

    def block(self, rows: int) -> Block:
        """These as a block: each row at the place of its own number."""
        return Block(rows, self.children, self.events, {}, self.after, rows, rows)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a standard (or one kind of element): how its rows become records.

    Where several names are given for one thing, the first that is filled counts. ``key`` names the
    columns by which the table is recognised; ``title`` is what people call it. A list in ``each``
    is as many rows; every date in ``dated`` is an event of its own, of that kind; of the names in
    each ``one_of`` at least one must be filled. ``kind_from`` holds the kind of event; a child may
    have several rows when it ``repeats``. ``beyond`` says why no row should be here at all.
    """

    title: str
    key: frozenset[str]
    child_id: Names
    event: str = ""
    event_id: Names = ()
    start: Names = ()
    end: Names = ()
    each: str = ""
    kind_from: Names = ()
    repeats: bool = False
    identity: frozenset[str] = frozenset()
    dated: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Names] = field(default_factory=dict)
    local_ids: Mapping[str, Names] = field(default_factory=dict)
    details: Mapping[str, Names] = field(default_factory=dict)
    whole: bool = True
    list_letters: bool = False
    elements: Names = ()
    columns: Mapping[str, Column] = field(default_factory=dict)
    checked: tuple[Column, ...] = ()
    one_of: tuple[Names, ...] = ()
    beyond: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def convert(
        self,
        rows: TableRows,
        numbers: Sequence[int],
        places: Sequence[int],
        *,
        around: Around | None = None,
    ) -> Converted:
        """The records of rows. ``numbers`` and ``places`` are theirs in file and block."""
        size = len(rows)
        ids = rows.texts(self.child_id)
        if around is not None and any(around.child_ids):
            ids = [given or own for given, own in zip(around.child_ids, ids, strict=True)]
        purge = [False] * size
        if not rows.is_text:
            purge = [value is True for value in rows.column("purge")]
        if around is not None and any(around.purge):
            purge = [one or two for one, two in zip(around.purge, purge, strict=True)]
        found = Converted()
        children = range(size) if around is None else around.children
        if self.fields:
            found.children = self._children(rows, numbers, places, ids, purge)
        else:
            children = [-1] * size if around is None else around.children
        if self.event:
            within = around.within if around is not None else ()
            found.events.append(self._events(rows, numbers, places, ids, purge, children, within))
        for name, kind in self.dated.items():
            days = rows.days((name,))
            on = [i for i, day in enumerate(days) if day is not None]
            if on:
                nothing = [NOTHING] * len(on)
                found.events.append(
                    Events(
                        places=at(places, on), rows=at(numbers, on), tables=[self.title] * len(on),
                        kinds=[kind] * len(on), child_ids=at(ids, on), starts=at(days, on),
                        ends=[None] * len(on), facts=partial(at, nothing), ids=[""] * len(on),
                        purge=at(purge, on), child=at(children, on),
                    )
                )  # fmt: skip
        self._faults(found.after, rows, numbers, places, ids, purge)
        return found

    def _children(
        self, rows: TableRows, numbers: Sequence[int], places: Sequence[int],
        ids: Sequence[str], purge: Sequence[bool],
    ) -> Children:  # fmt: skip
        def field(name: str) -> Sequence[str]:
            texts = rows.texts(self.fields[name])
            return [_LIST_LETTER.sub("", t, 1) for t in texts] if self.list_letters else texts

        return Children(
            places=places, rows=numbers, tables=[self.title] * len(rows), ids=ids,
            fields=Columns(self.fields, field),
            local_ids=Columns(self.local_ids, lambda kind: rows.texts(self.local_ids[kind])),
            details=Columns(self.details, lambda name: rows.first(self.details[name])),
            whole=[self.whole] * len(rows), purge=purge,
        )  # fmt: skip

    def _events(
        self, rows: TableRows, numbers: Sequence[int], places: Sequence[int], ids: Sequence[str],
        purge: Sequence[bool], children: Sequence[int], within: Sequence[str],
    ) -> Events:  # fmt: skip
        size = len(rows)

        def facts(indexes: Sequence[int] | None) -> Sequence[Values]:
            # What says who the child is belongs to the child alone.
            found = rows.values(indexes, self.identity)
            if not any(within):
                return found
            return [
                {**facts, "within": event} if event else facts
                for facts, event in zip(found, at(within, indexes), strict=True)
            ]

        kinds = [self.event] * size
        if self.kind_from:
            kinds = [said or self.event for said in rows.texts(self.kind_from)]
        return Events(
            places=places, rows=numbers, tables=[self.title] * size, kinds=kinds, child_ids=ids,
            starts=rows.days(self.start), ends=rows.days(self.end), facts=facts,
            ids=rows.texts(self.event_id), purge=purge, child=children,
        )  # fmt: skip

    def _faults(
        self, after: Said, rows: TableRows, numbers: Sequence[int], places: Sequence[int],
        ids: Sequence[str], purge: Sequence[bool],
    ) -> None:  # fmt: skip
        """What is wrong with rows; only those in which something is are looked at one by one."""
        wrong: set[int] = set()
        for column in self.checked:
            wrong.update(column.faulty(rows.column(column.name), is_text=rows.is_text))
        lacking: dict[int, list[Names]] = {}
        for names in self.one_of:
            for index, text in enumerate(rows.texts(names)):
                if not text:
                    lacking.setdefault(index, []).append(names)
        indexes = sorted(wrong | lacking.keys()) if not self.beyond else range(len(rows))
        for index, values in zip(indexes, rows.values(indexes, frozenset()), strict=True):
            if purge[index]:
                continue
            child, number = ids[index], numbers[index]
            issues = faults(self.checked, values, child, self.title, number)
            for names in lacking.get(index, ()):
                issues.append(
                    Issue(
                        child, self.title, names, number, "value-missing", Severity.ERROR,
                        f"{' or '.join(names)} must be filled.",
                    )
                )  # fmt: skip
            if self.beyond:
                issues.append(
                    Issue(
                        child, self.title, (), number, "not-in-year", Severity.WARNING, self.beyond
                    )
                )
            if issues:
                after.setdefault(places[index], []).extend(issues)


@lru_cache(maxsize=64)
def tables_of(standard: str, year: int | None) -> dict[str, Table]:
    """Every table of a standard, by the rules of a year.

    Tables of later years are there too, and say so of each row: a file that mixes years is read.
    The result is shared: do not change it.
    """
    rules, newest = load(standard, year), load(standard)
    tables = {
        name: _table(name, entry, rules.get("codes", {})) for name, entry in rules["tables"].items()
    }
    for name, entry in newest["tables"].items():
        if name not in tables:
            later = _table(name, entry, newest.get("codes", {}))
            tables[name] = replace(
                later, beyond=f"{later.title} is not part of the rules for {year}."
            )
    return tables


def _table(name: str, entry: Mapping[str, Any], codes: Mapping[str, list[str]]) -> Table:
    columns = read_columns(entry.get("columns", {}), codes)
    identity: set[str] = set()
    for part in ("fields", "local_ids", "details"):
        identity.update(*map(_names, entry.get(part, {}).values()))
    known = set(columns) | identity
    for part in ("child_id", "event_id", "start", "end", "key"):
        known.update(_names(entry.get(part, ())))
    known.update(entry.get("dated", {}))
    names = {plain(heading): heading for heading in known}
    for heading, others in entry.get("also", {}).items():
        names.update({plain(other): heading for other in others})
    return Table(
        title=entry.get("title", name),
        key=frozenset(_names(entry.get("key", ()))),
        child_id=_names(entry.get("child_id", ())),
        event=entry.get("event", ""),
        event_id=_names(entry.get("event_id", ())),
        start=_names(entry.get("start", ())),
        end=_names(entry.get("end", ())),
        each=entry.get("each", ""),
        kind_from=_names(entry.get("kind_from", ())),
        repeats=entry.get("repeats", False),
        identity=frozenset(identity),
        dated=entry.get("dated", {}),
        fields={k: _names(v) for k, v in entry.get("fields", {}).items()},
        local_ids={k: _names(v) for k, v in entry.get("local_ids", {}).items()},
        details={k: _names(v) for k, v in entry.get("details", {}).items()},
        whole=entry.get("whole", True),
        list_letters=entry.get("list_letters", False),
        elements=_names(entry.get("elements", ())),
        columns=columns,
        checked=tuple(c for c in columns.values() if c.required or c.accepts is not None),
        one_of=tuple(map(_names, entry.get("one_of", ()))),
        names=names,
    )


def _names(value: Any) -> Names:
    return (value,) if isinstance(value, str) else tuple(value)
