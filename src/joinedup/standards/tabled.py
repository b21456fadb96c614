"""Standards whose files are tables: a CSV for each, or a workbook with a sheet for each."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from joinedup.standards import grid, sheets
from joinedup.standards.blocks import Block, issues_only
from joinedup.standards.cells import Piece
from joinedup.standards.columns import TableError
from joinedup.standards.head import Head
from joinedup.standards.plan import Table, tables_of
from joinedup.standards.records import Issue, Severity
from joinedup.standards.standard import Opened, Options, Standard

_TOGETHER = 1_000


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
        return Opened(_workbook(head, tables), tables)
    delimiter = grid.best_delimiter(head, tables)[1]
    return Opened(grid.Grid(tables).delimited(head, delimiter), tables)


def _opener(name: str) -> Callable[[Head, Options], Opened]:
    def opened(head: Head, options: Options) -> Opened:
        return open_tables(head, tables_of(name, options.year))

    return opened


def _workbook(head: Head, tables: dict[str, Table]) -> Iterator[Block]:
    try:
        book = sheets.open_book(head.path)
        for name in sheets.sheet_names(book):
            rows = sheets.sheet_rows(book, name)
            yield from grid.Grid(tables).blocks(_pieces(rows, tables), name)
    except TableError as error:
        issue = Issue("", "", (), 0, "workbook-unreadable", Severity.ERROR, str(error))
        yield issues_only([issue])


def _pieces(rows: Iterator[list[str]], tables: dict[str, Table]) -> Iterator[Piece]:
    """A sheet's rows, without the titles that stand above its headings where these are known."""
    above: list[Sequence[str]] = []
    number = 1
    for row in islice(rows, sheets.HEADING_SEARCH):
        above.append(row)
        if grid.best_table([cell[: sheets.LONGEST_HEADING] for cell in row], tables)[0]:
            number, above = len(above), [row]
            break
    yield Piece(number, above)
    number += len(above)
    while below := list(islice(rows, _TOGETHER)):
        yield Piece(number, [*below])
        number += len(below)
