"""Any table of children, through the names of its columns or a mapping that a person gives."""

from collections.abc import Iterator

from joinedup.people.demographics import FIELDS
from joinedup.standards import sheets, tabular
from joinedup.standards.columns import RECORD_ID, TableError, field_of
from joinedup.standards.head import Head
from joinedup.standards.plan import Table
from joinedup.standards.reading import Input, Row, Unread
from joinedup.standards.records import Child, Issue, Record, Severity
from joinedup.standards.standard import Opened, Options, Standard

_NAME = "mapped"
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
        self._fields = {field: (field,) for field in FIELDS}
        table = Table("children", frozenset(), (RECORD_ID,), fields=self._fields)
        self.tables = {"children": table}

    def rows(self) -> Iterator[Input]:
        try:
            if self._head.is_workbook:
                sheets.open_book(self._head.path)
            table = tabular.open_table(self._head.path, self._mapping, required=())
            # Issues name the columns as this file calls them.
            for field in table.columns.positions:
                self._fields[field] = (table.columns.heading(field),)
            for note in table.notes:
                yield Issue("", "children", (), 0, "table-note", Severity.NOTE, note)
            for row in table:
                if row.problem:
                    empty = not any(map(str.strip, row.cells))
                    rule, severity = (
                        ("row-empty", Severity.NOTE) if empty else ("row-broken", Severity.ERROR)
                    )
                    text = f"{row.problem[0].upper()}{row.problem[1:]}."
                    yield Unread("children", row.number, rule, text, severity)
                else:
                    yield Row("children", row.number, row)
        except TableError as error:
            yield Issue("", "", (), 0, "table-unreadable", Severity.ERROR, str(error))

    def convert(self, row: Row) -> Iterator[Record]:
        fields = {name: text.strip() for name, text in row.content.fields.items() if text.strip()}
        yield Child(fields.pop(RECORD_ID, ""), fields, row.table, row.number)


def _open(head: Head, options: Options) -> Opened:
    mapped = _Mapped(head, options)
    return Opened(mapped.rows(), mapped.convert, mapped.tables)


STANDARD = Standard(_NAME, "Any table of children, by its columns (CSV, Excel)", _recognise, _open)
