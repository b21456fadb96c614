"""Any table of children, through the names of its columns or a mapping that a person gives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from joinedup.people.demographics import FIELDS
from joinedup.standards import sheets, tabular
from joinedup.standards.blocks import Block
from joinedup.standards.columns import RECORD_ID, TableError, field_of
from joinedup.standards.head import Head
from joinedup.standards.plan import Table
from joinedup.standards.reading import Input, Row, Unread, converted
from joinedup.standards.records import Issue, Severity
from joinedup.standards.standard import Opened, Options, Standard
from joinedup.standards.table_rows import CellRows

_NAME = "mapped"
_TABLE = "children"
_TOGETHER = 1_000
_TELLING = frozenset({"birth_date", "nhs_number", "upn"})


def _recognise(head: Head) -> float:
    """Sure only in so far as nothing more exact is: any recognised standard wins."""
    if head.is_xml:
        return 0.0
    candidates = list(head.headings.values()) + head.sheet_rows + [list(head.keys)]
    best = 0
    for headings in candidates:
        fields = {field_of(heading) for heading in headings} - {None}
        if fields & _TELLING:
            best = max(best, len(fields))
    return 0.5 if best >= 2 else 0.0


class _Mapped:
    def __init__(self, head: Head, options: Options) -> None:
        self._head = head
        self._mapping = dict(options.mapping)
        # What converts the rows, and what names the columns in issues as this file calls them.
        self._table = Table(
            _TABLE, frozenset(), (RECORD_ID,), fields={field: (field,) for field in FIELDS}
        )
        self._headings: dict[str, tuple[str, ...]] = {}
        self.tables = {_TABLE: replace(self._table, fields=self._headings)}
        self._positions: Mapping[str, int] = {}

    def rows(self) -> Iterator[Input]:
        held: list[Row] = []
        try:
            if self._head.is_workbook:
                sheets.open_book(self._head.path)
            table = tabular.open_table(self._head.path, self._mapping, required=())
            self._positions = table.columns.positions
            self._headings |= {field: (table.columns.heading(field),) for field in self._positions}
            for note in table.notes:
                yield Issue("", _TABLE, (), 0, "table-note", Severity.NOTE, note)
            for row in table:
                if row.problem:
                    if held:
                        yield held
                        held = []
                    yield _unread(row)
                    continue
                held.append(Row(_TABLE, row.number, row.cells))
                if len(held) == _TOGETHER:
                    yield held
                    held = []
            if held:
                yield held
        except TableError as error:
            if held:
                yield held
            yield Issue("", "", (), 0, "table-unreadable", Severity.ERROR, str(error))

    def convert(self, rows: Sequence[Row]) -> Block:
        cells = CellRows(self._positions, list(zip(*[row.content for row in rows], strict=True)))
        numbers = [row.number for row in rows]
        return self._table.convert(cells, numbers, range(len(rows))).block(len(rows))


def _unread(row: tabular.Row) -> Unread:
    empty = not any(map(str.strip, row.cells))
    rule, severity = ("row-empty", Severity.NOTE) if empty else ("row-broken", Severity.ERROR)
    text = f"{row.problem[0].upper()}{row.problem[1:]}."
    return Unread(_TABLE, row.number, rule, text, severity)


def _open(head: Head, options: Options) -> Opened:
    mapped = _Mapped(head, options)
    return Opened(converted(mapped.rows(), mapped.convert), mapped.tables)


STANDARD = Standard(_NAME, "Any table of children, by its columns (CSV, Excel)", _recognise, _open)
