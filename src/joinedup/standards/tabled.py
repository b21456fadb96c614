"""Standards whose files are tables: a CSV for each, or a workbook with a sheet for each."""

from collections.abc import Callable, Iterator

from joinedup.standards import grid, sheets
from joinedup.standards.columns import TableError
from joinedup.standards.head import Head
from joinedup.standards.plan import Table, tables_of
from joinedup.standards.reading import Input, Row
from joinedup.standards.records import Issue, Record, Severity
from joinedup.standards.standard import Opened, Options, Standard

_HEADING_SEARCH = 15


def table_standard(name: str, title: str) -> Standard:
    """A standard that ``rules/<name>.toml`` describes wholly."""
    return Standard(name, title, lambda head: recognise(name, head), _opener(name))


def recognise(name: str, head: Head) -> float:
    """How surely a file holds at least one table of the standard."""
    tables = tables_of(name, None)
    if head.is_workbook:
        return max((grid.best_table(row, tables)[0] for row in head.sheet_rows), default=0.0)
    return grid.best_delimiter(head, tables)[0]


def open_tables(head: Head, tables: dict[str, Table]) -> Opened:
    """A text file or workbook opened as these tables."""
    if head.is_workbook:
        book = _Workbook(head, tables)
        return Opened(book.rows(), book.convert, tables)
    source = grid.Grid(tables)
    rows = source.delimited(head, grid.best_delimiter(head, tables)[1])
    return Opened(rows, source.convert, tables)


def _opener(name: str) -> Callable[[Head, Options], Opened]:
    def opened(head: Head, options: Options) -> Opened:
        return open_tables(head, tables_of(name, options.year))

    return opened


class _Workbook:
    def __init__(self, head: Head, tables: dict[str, Table]) -> None:
        self._head = head
        self._tables = tables
        self._grid = grid.Grid(tables)

    def rows(self) -> Iterator[Input]:
        try:
            book = sheets.open_book(self._head.path)
            for name in sheets.sheet_names(book):
                self._grid = grid.Grid(self._tables)
                yield from self._grid.rows(self._from_headings(sheets.sheet_rows(book, name)), name)
        except TableError as error:
            yield Issue("", "", (), 0, "workbook-unreadable", Severity.ERROR, str(error))

    def convert(self, row: Row) -> list[Record]:
        return self._grid.convert(row)

    def _from_headings(self, rows: Iterator[grid.Numbered]) -> Iterator[grid.Numbered]:
        """Leave out titles that stand above the headings; all rows when no headings are found."""
        above: list[grid.Numbered] = []
        for item in rows:
            above.append(item)
            if grid.best_table([cell[:200] for cell in item[1]], self._tables)[0]:
                above = [item]
                break
            if len(above) == _HEADING_SEARCH:
                break
        yield from above
        yield from rows
