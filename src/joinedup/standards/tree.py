"""Nested records (an XML element, a JSON object) as children and events, by a standard's rules.

A record is the table called ``child``; elements inside it that the rules name are events, at any
depth; every other element only groups values, which count as the surrounding element's own.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from joinedup.standards.plan import Table, one
from joinedup.standards.reading import Row
from joinedup.standards.records import Issue, Record, Severity

# No standard nests deeper; what does is somebody's attempt to exhaust the stack.
_DEEPEST = 40

# What belongs to no element: text between them, lists in lists, nesting beyond reason.
LOOSE = "(loose)"


class Node(NamedTuple):
    """An element: its values by name (a list where one name comes again), and elements in it."""

    values: dict[str, Any]
    nodes: list[tuple[str, "Node"]]


def of_xml(element: Element, depth: int = 0) -> Node:
    """An XML element as a node; attributes are not read, no standard uses them."""
    node = Node({}, [])
    values = node.values
    for inner in element:
        name = inner.tag
        if inner.tail and (stray := inner.tail.strip()):
            values[LOOSE] = stray
        if "}" in name:
            name = name.rpartition("}")[2]
        if len(inner):
            if depth < _DEEPEST:
                node.nodes.append((name, of_xml(inner, depth + 1)))
            else:
                values[LOOSE] = name
        elif inner.text and (text := inner.text.strip()):
            if name in values:
                _append(values, name, text)
            else:
                values[name] = text
    return node


def of_json(item: Mapping[str, Any], depth: int = 0) -> Node:
    """A JSON object as a node."""
    node = Node({}, [])
    for name, value in item.items():
        if depth >= _DEEPEST:
            node.values[LOOSE] = name
            break
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                node.nodes.append((name, of_json(part, depth + 1)))
            elif isinstance(part, list):
                node.values[LOOSE] = name
            elif name in node.values:
                _append(node.values, name, part)
            elif part is not None:
                node.values[name] = part
    return node


def _append(values: dict[str, Any], name: str, value: Any) -> None:
    held = values[name]
    if isinstance(held, list):
        held.append(value)
    else:
        values[name] = [held, value]


class TreeConverter:
    """Turns one record into a child and its events.

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

    def __call__(self, row: Row) -> Iterator[Record]:
        node = self._node_of(row.content)
        values, nodes = self._gather(node)
        yield from self._child.records(values, row.number)
        child_id = one(values, self._child.child_id)
        yield from _loose(values, self._child, row.number, child_id)
        purge = values.get("purge") is True
        for table in self._beside:
            if one(values, (*table.start, *table.end)):
                yield from table.records(values, row.number, child_id, "", purge)
        yield from self._events(nodes, row.number, child_id, "", purge)

    def _events(
        self, nodes: list[tuple[Table, Node]], row: int, child_id: str, within: str, purge: bool
    ) -> Iterator[Record]:
        for table, node in nodes:
            values, inner = self._gather(node)
            if not values and not inner:
                continue
            gone = purge or values.get("purge") is True
            yield from table.records(values, row, child_id, within, gone)
            yield from _loose(values, table, row, child_id)
            if inner:
                around = one(values, table.event_id) if table.event_id else ""
                yield from self._events(inner, row, child_id, around, gone)

    def _gather(self, node: Node) -> tuple[dict[str, Any], list[tuple[Table, Node]]]:
        """A node's values with those of elements that only group, and its events."""
        if not node.nodes:
            return node.values, []
        values = node.values
        events: list[tuple[Table, Node]] = []
        for name, inner in node.nodes:
            table = self._tables.get(name) or self._table_by_key(inner)
            if table is not None and table is not self._child:
                events.append((table, inner))
                continue
            inner_values, inner_events = self._gather(inner)
            events += inner_events
            if inner_values:
                # "purge" of a group (child_details) is about the group, not what surrounds it.
                values = {k: v for k, v in inner_values.items() if k != "purge"} | values
        return values, events

    def _table_by_key(self, node: Node) -> Table | None:
        return next((table for table in self._by_key if table.key <= node.values.keys()), None)


def _loose(values: Mapping[str, Any], table: Table, row: int, child_id: str) -> Iterator[Issue]:
    if LOOSE in values:
        yield Issue(
            child_id, table.title, (), row, "loose-text", Severity.WARNING,
            "Something here stands between the elements or is nested too deeply; it was not read.",
        )  # fmt: skip


def flat(node: Node) -> dict[str, Any]:
    """All values of a node and of those in it; the outermost of a name wins."""
    values: dict[str, Any] = {}
    for _, inner in node.nodes:
        values |= flat(inner)
    return values | node.values
