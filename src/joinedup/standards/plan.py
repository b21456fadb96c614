"""What to make of the rows of one table: compiled from a standard's rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from joinedup.standards.columns import plain
from joinedup.standards.dates import read_date
from joinedup.standards.records import NOTHING, Child, Event, Issue, Record, Severity
from joinedup.standards.rules import load
from joinedup.standards.values import Column, faults, read_columns

# Ofsted's lists write "b) Female": the letter is the list's, the rest is the value.
_LIST_LETTER = re.compile(r"[a-z]{1,2}\)\s*")

Values = Mapping[str, Any]
Names = tuple[str, ...]


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

    def records(
        self, values: Values, row: int, child_id: str = "", within: str = "", purge: bool = False
    ) -> list[Record]:
        """The records of one row. ``child_id`` and ``within`` come from the record around it."""
        several = values.get(self.each) if self.each else None
        if isinstance(several, list):
            return [
                record
                for value in several
                for record in self.records(
                    {**values, self.each: value}, row, child_id, within, purge
                )
            ]
        found: list[Record] = []
        purge = purge or values.get("purge") is True
        child_id = child_id or one(values, self.child_id)
        if self.fields:
            found.append(self._child(values, row, child_id, purge))
        if self.event:
            found.append(self._event(values, row, child_id, within, purge))
        for name, kind in self.dated.items():
            day = _day(values, (name,))
            if day is not None:
                found.append(Event(kind, child_id, day, None, NOTHING, self.title, row, "", purge))
        if purge:
            return found
        found += faults(self.checked, values, child_id, self.title, row)
        for names in self.one_of:
            if not one(values, names):
                found.append(
                    Issue(
                        child_id, self.title, names, row, "value-missing", Severity.ERROR,
                        f"{' or '.join(names)} must be filled.",
                    )
                )  # fmt: skip
        if self.beyond:
            found.append(
                Issue(child_id, self.title, (), row, "not-in-year", Severity.WARNING, self.beyond)
            )
        return found

    def _child(self, values: Values, row: int, child_id: str, purge: bool) -> Child:
        fields = {}
        for name, sources in self.fields.items():
            text = one(values, sources)
            if text:
                fields[name] = _LIST_LETTER.sub("", text, 1) if self.list_letters else text
        return Child(
            child_id, fields, self.title, row,
            {kind: text for kind, names in self.local_ids.items() if (text := one(values, names))},
            {name: found for name, names in self.details.items() if (found := _any(values, names))},
            self.whole, purge,
        )  # fmt: skip

    def _event(self, values: Values, row: int, child_id: str, within: str, purge: bool) -> Event:
        kind = (one(values, self.kind_from) or self.event) if self.kind_from else self.event
        # What says who the child is belongs to the child alone.
        facts: Values = values
        if self.identity:
            facts = {name: value for name, value in values.items() if name not in self.identity}
        if within:
            facts = {**facts, "within": within}
        event_id = one(values, self.event_id) if self.event_id else ""
        return Event(
            kind, child_id, _day(values, self.start), _day(values, self.end), facts,
            self.title, row, event_id, purge,
        )  # fmt: skip


def one(values: Values, names: Names) -> str:
    """The first of these that is filled, as text."""
    for name in names:
        value = values.get(name)
        if type(value) is str and value:
            return value.strip()
        if isinstance(value, list):
            value = next((item for item in value if item not in ("", None)), None)
        if value not in ("", None):
            return value.strip() if isinstance(value, str) else _text(value)
    return ""


def _any(values: Values, names: Names) -> object:
    return next((values[name] for name in names if values.get(name) not in ("", None)), "")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)[:200]


def _day(values: Values, names: Names) -> date | None:
    for name in names:
        value = values.get(name)
        if isinstance(value, str) and value and (day := read_date(value)):
            return day
    return None


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
