"""Tables of cells (delimited text, worksheets) as rows of a standard's tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from joinedup.standards import cells
from joinedup.standards.columns import looks_like_data, plain
from joinedup.standards.head import Head
from joinedup.standards.plan import Table
from joinedup.standards.reading import Input, Row, Unread
from joinedup.standards.records import Issue, Record, Severity
from joinedup.standards.sheets import LONGEST_HEADING
from joinedup.standards.text import Text, misfit_note

# A row's number, its cells (none for a blank line), and what is wrong with it.
Numbered = tuple[int, Sequence[str], str]


def fit(headings: Iterable[str], table: Table) -> float:
    """How surely these are the headings of a table, from 0 to 1, by its key and what is known."""
    found = {plain(heading) for heading in headings} - {""}
    if not table.key or not {plain(name) for name in table.key} <= found:
        return 0.0
    return 0.6 + 0.4 * len(found & table.names.keys()) / len(found)


def best_table(headings: Sequence[str], tables: Mapping[str, Table]) -> tuple[float, Table]:
    """The table these headings fit best, and how surely."""
    return max(((fit(headings, table), table) for table in tables.values()), key=lambda p: p[0])


def best_delimiter(head: Head, tables: Mapping[str, Table]) -> tuple[float, str]:
    """The delimiter under which the headings make most sense as one of the tables, how surely."""
    return max(
        ((best_table(headings, tables)[0], mark) for mark, headings in head.headings.items()),
        key=lambda pair: pair[0],
        default=(0.0, ","),
    )


class Grid:
    """Rows of cells under one row of headings, as rows of the table that the headings fit."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._table: Table | None = None
        self._names: list[str] = []
        self._blank = 0

    def delimited(self, head: Head, delimiter: str) -> Iterator[Input]:
        """The rows of a text file."""
        text = Text(head.path, head.data)
        numbered = (
            (number, row, problem)
            for number, (row, problem) in enumerate(cells.rows(text, delimiter), start=1)
        )
        yield from self.rows(numbered, "")
        if text.misfits:
            yield misfit_note("", text)

    def rows(self, numbered: Iterator[Numbered], sheet: str) -> Iterator[Input]:
        """The rows below the headings, which are the first row with text."""
        for _, row, problem in numbered:
            if any(map(str.strip, row)):
                yield from self._headings(row, problem, sheet)
                break
        if self._table is None:
            yield from _unused(numbered, sheet)
            return
        title, width, blank = self._table.title, len(self._names), 0
        for number, row, problem in numbered:
            if not row:
                blank += 1
                continue
            if blank:
                yield _empty(title, number - blank, blank)
                blank = 0
            if problem:
                yield Unread(title, number, "row-broken", f"{problem[0].upper()}{problem[1:]}.")
            elif not any(map(str.strip, row)):
                yield _empty(title, number, 1)
            elif len(row) > width and any(map(str.strip, row[width:])):
                yield Unread(
                    title, number, "row-width",
                    f"The row has {len(row)} cells and the headings {width}: look for a separator "
                    "inside a cell that is not in quotation marks.",
                )  # fmt: skip
            else:
                yield Row(title, number, row)

    def convert(self, row: Row) -> list[Record]:
        """The records of one row."""
        table, cells_in = self._table, row.content
        assert table is not None  # rows only come once the headings are known
        values = {
            name: text
            for name, cell in zip(self._names, cells_in, strict=False)
            if (text := cell.strip())
        }
        records = table.records(values, row.number)
        if len(cells_in) < len(self._names):
            records.append(
                Issue(
                    "", table.title, (), row.number, "row-short", Severity.WARNING,
                    f"The row has {len(cells_in)} cells and the headings {len(self._names)}: a "
                    "separator may be missing.",
                )
            )  # fmt: skip
        return records

    def _headings(self, row: Sequence[str], problem: str, sheet: str) -> Iterator[Issue]:
        row = [heading[:LONGEST_HEADING] for heading in row]
        sure, table = best_table(row, self._tables)
        if problem or not sure:
            shown = "" if looks_like_data(row) else _shown(row)
            yield Issue(
                "", sheet, (), 0, "columns-unknown",
                Severity.WARNING if sheet else Severity.ERROR,
                f"The headings are of no table that is known here.{shown}",
            )  # fmt: skip
            return
        names: list[str] = []
        for heading in row:
            tidy = " ".join(heading.split())
            name = table.names.get(plain(tidy), tidy)
            if name in names and name:
                yield Issue(
                    "", table.title, (name,), 0, "column-twice", Severity.ERROR,
                    f"The column {name[:60]} is there more than once; the first is read.",
                )  # fmt: skip
                name = f"{name} ({len(names) + 1})"
            names.append(name or f"({len(names) + 1})")
        self._names = names
        missing = [c.name for c in table.checked if c.required and c.name not in names]
        for name in missing:
            yield Issue(
                "", table.title, (name,), 0, "column-missing", Severity.ERROR,
                f"The file has no column {name}, which this table must have.",
            )  # fmt: skip
        # Said once for the file, it need not be said of every row.
        checked = tuple(column for column in table.checked if column.name in names)
        self._table = replace(table, checked=checked)


def _shown(row: Sequence[str]) -> str:
    names = [" ".join(name.split())[:40] for name in row[:30] if name.strip()]
    return f" They are: {', '.join(names)}." if names else ""


def _empty(title: str, number: int, rows: int) -> Unread:
    what = "This row is empty" if rows == 1 else f"{rows} rows from here on are empty"
    return Unread(title, number, "row-empty", f"{what}.", Severity.NOTE, rows)


def _unused(numbered: Iterator[Numbered], sheet: str) -> Iterator[Unread]:
    """Rows below headings that nobody knows: counted, and reported as one."""
    first, rows = 0, 0
    for number, row, _ in numbered:
        if any(map(str.strip, row)):
            first = first or number
            rows += 1
    if rows:
        yield Unread(
            sheet, first, "rows-not-read",
            f"Rows from here on ({rows}) were not read, because their columns are not known.",
            Severity.WARNING if sheet else Severity.ERROR, rows,
        )  # fmt: skip
