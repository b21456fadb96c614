"""Police and youth justice events, by our own contract: no open standard exists.

A CSV with one row an event, or JSON ``{"events": [...]}`` (or one object a line) with the same
names. docs/standards.md describes it; ``rules/crime.toml`` holds it.
"""

from collections.abc import Sequence

from joinedup.standards import tabled
from joinedup.standards.blocks import Block
from joinedup.standards.head import Head
from joinedup.standards.json_rows import json_rows
from joinedup.standards.plan import tables_of
from joinedup.standards.reading import Row, converted
from joinedup.standards.standard import Opened, Options, Standard
from joinedup.standards.table_rows import ValueRows
from joinedup.standards.text import Text

_NAME = "crime"


def _recognise(head: Head) -> float:
    if head.is_json:
        key = tables_of(_NAME, None)["events"].key
        return 1.0 if key <= head.keys else 0.0
    return tabled.recognise(_NAME, head)


def _open(head: Head, options: Options) -> Opened:
    tables = tables_of(_NAME, options.year)
    if not head.is_json:
        return tabled.open_tables(head, tables)
    table = tables["events"]

    def convert(rows: Sequence[Row]) -> Block:
        values = [
            {
                name: value.strip() if isinstance(value, str) else str(value)
                for name, value in row.content.items()
                if value not in ("", None)
            }
            for row in rows
        ]
        found = table.convert(ValueRows(values), [row.number for row in rows], range(len(rows)))
        return found.block(len(rows))

    rows = json_rows(Text(head.path, head.data), frozenset({"events"}), table.title)
    return Opened(converted(rows, convert), tables)


STANDARD = Standard(_NAME, "Police and youth justice events (CSV or JSON)", _recognise, _open)
