"""Nested records (an XML element, a JSON object) as children and events, by a standard's rules.

A record is the table called ``child``; elements inside it that the rules name are events, at any
depth; every other element only groups values, which count as the surrounding element's own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from joinedup.standards.blocks import Block, Said
from joinedup.standards.plan import Around, Table
from joinedup.standards.reading import Row
from joinedup.standards.records import Issue, Severity
from joinedup.standards.table_rows import ValueRows, one

# No standard nests deeper; what does is somebody's attempt to exhaust the stack.
_DEEPEST = 40

# What belongs to no element: text between them, lists in lists, nesting beyond reason.
LOOSE = "(loose)"


# An element: its values by name (a list where one name comes again), and the elements in it.
Node = tuple[dict[str, Any], list[tuple[str, "Node"]]]


def of_xml(element: Element, depth: int = 0) -> Node:
    """An XML element as a node; attributes are not read, no standard uses them."""
    values: dict[str, Any] = {}
    nodes: list[tuple[str, Node]] = []
    for inner in element:
        name, tail = inner.tag, inner.tail
        if tail and not tail.isspace():
            values[LOOSE] = tail.strip()
        if name[0] == "{":
            name = name.rpartition("}")[2]
        if len(inner):
            if depth < _DEEPEST:
                nodes.append((name, of_xml(inner, depth + 1)))
            else:
                values[LOOSE] = name
        elif (text := inner.text) and (text := text.strip()):
            if name in values:
                _append(values, name, text)
            else:
                values[name] = text
    return values, nodes


def of_json(item: Mapping[str, Any], depth: int = 0) -> Node:
    """A JSON object as a node."""
    values: dict[str, Any] = {}
    nodes: list[tuple[str, Node]] = []
    for name, value in item.items():
        if depth >= _DEEPEST:
            values[LOOSE] = name
            break
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                nodes.append((name, of_json(part, depth + 1)))
            elif isinstance(part, list):
                values[LOOSE] = name
            elif name in values:
                _append(values, name, part)
            elif part is not None:
                values[name] = part
    return values, nodes


def _append(values: dict[str, Any], name: str, value: Any) -> None:
    held = values[name]
    if isinstance(held, list):
        held.append(value)
    else:
        values[name] = [held, value]


class TreeConverter:
    """Turns records into children and their events, a block at a time.

    ``beside`` are events whose values stand among the child's own.
    """

    def __init__(
        self,
        tables: Mapping[str, Table],
        node_of: Callable[[Any], Node],
        beside: tuple[Table, ...] = (),
    ) -> None:
        self._beside = beside
        self._child = tables["child"]
        self._node_of = node_of
        self._tables: dict[str, Table] = {}
        for name, table in tables.items():
            for element in (*table.elements, name):
                self._tables[element] = table
        self._by_key = [table for table in tables.values() if table.key]

    def __call__(self, rows: Sequence[Row]) -> Block:
        """The records of some rows."""
        walk = _Walk(self._child)
        for index, row in enumerate(rows):
            values, nodes = self._gather(self._node_of(row.content))
            child_id = one(values, self._child.child_id)
            walk.begin(row.number, index, child_id)
            walk.add(self._child, values, "", False)
            walk.loose(values, self._child)
            purge = values.get("purge") is True
            for table in self._beside:
                if one(values, (*table.start, *table.end)):
                    walk.add(table, values, "", purge)
            if nodes:
                self._events(walk, nodes, "", purge)
        return walk.block(len(rows))

    def _events(
        self, walk: "_Walk", nodes: list[tuple[Table, Node]], within: str, purge: bool
    ) -> None:
        for table, node in nodes:
            values, inner = self._gather(node)
            if not values and all(below is table for below, _ in inner):
                # Empty, or an element that only stands around several of its own kind.
                self._events(walk, inner, within, purge)
                continue
            gone = purge or values.get("purge") is True
            walk.add(table, values, within, gone)
            if LOOSE in values:
                walk.loose(values, table)
            if inner:
                around = one(values, table.event_id) if table.event_id else ""
                self._events(walk, inner, around, gone)

    def _gather(self, node: Node) -> tuple[dict[str, Any], list[tuple[Table, Node]]]:
        """A node's values with those of elements that only group, and its events."""
        values, nodes = node
        if not nodes:
            return values, []
        events: list[tuple[Table, Node]] = []
        for name, inner in nodes:
            table = self._tables.get(name) or self._table_by_key(inner)
            if table is not None and table is not self._child:
                events.append((table, inner))
                continue
            inner_values, inner_events = self._gather(inner)
            events += inner_events
            if inner_values:
                # "purge" of a group (child_details) is about the group, not what surrounds it.
                inner_values.pop("purge", None)
                values = inner_values | values
        return values, events

    def _table_by_key(self, node: Node) -> Table | None:
        if not self._by_key:
            return None
        names = node[0].keys()
        return next((table for table in self._by_key if table.key <= names), None)


# What a row of a table holds, its number and place, and what is around it.
_Found = tuple[dict[str, Any], int, int, str, str, bool, int]


class _Walk:
    """Gathers the rows of each table as they are come upon, so that they become columns."""

    def __init__(self, child: Table) -> None:
        self._child = child
        self._tables: dict[int, tuple[Table, list[_Found]]] = {}
        self._after: Said = {}
        self._place = -1
        self._row = (0, 0, "")

    def begin(self, number: int, index: int, child_id: str) -> None:
        self._row = (number, index, child_id)

    def add(self, table: Table, values: dict[str, Any], within: str, purge: bool) -> None:
        if table.each:
            several = values.get(table.each)
            if isinstance(several, list):
                for value in several:
                    self.add(table, {**values, table.each: value}, within, purge)
                return
        held = self._tables.get(id(table))
        if held is None:
            held = self._tables[id(table)] = table, []
        number, index, child_id = self._row
        self._place += 1
        held[1].append((values, number, self._place, child_id, within, purge, index))

    def loose(self, values: Mapping[str, Any], table: Table) -> None:
        """Report what belongs to no element, after the records of this place."""
        if LOOSE in values:
            number, _, child_id = self._row
            self._after.setdefault(self._place, []).append(
                Issue(
                    child_id, table.title, (), number, "loose-text", Severity.WARNING,
                    "Something here stands between the elements or is nested too deeply; it was "
                    "not read.",
                )
            )  # fmt: skip

    def block(self, rows: int) -> Block:
        block = Block(self._place + 1, rows_in=rows, rows_out=rows)
        for table, gathered in self._tables.values():
            values, numbers, places, *around = zip(*gathered, strict=True)
            found = table.convert(ValueRows(values), numbers, places, around=Around(*around))
            block.children = found.children or block.children
            block.events += found.events
            block.after |= found.after
        for place, issues in self._after.items():
            block.after.setdefault(place, []).extend(issues)
        return block


def flat(node: Node) -> dict[str, Any]:
    """All values of a node and of those in it; the outermost of a name wins."""
    values: dict[str, Any] = {}
    for _, inner in node[1]:
        values |= flat(inner)
    return values | node[0]
