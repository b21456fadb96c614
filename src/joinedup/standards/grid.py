"""Tables of cells (delimited text, worksheets) as rows of a standard's tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from joinedup.standards import cells
from joinedup.standards.blocks import Block, Said, issues_only
from joinedup.standards.cells import Piece
from joinedup.standards.columns import looks_like_data, plain
from joinedup.standards.head import Head
from joinedup.standards.plan import Table
from joinedup.standards.reading import Row, convert_safely
from joinedup.standards.records import Issue, Severity
from joinedup.standards.sheets import LONGEST_HEADING
from joinedup.standards.table_rows import CellRows
from joinedup.standards.text import Text, misfit_note


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
        self._names: dict[str, int] = {}
        self._blank = 0

    def delimited(self, head: Head, delimiter: str) -> Iterator[Block]:
        """The records of a text file."""
        text = Text(head.path, head.data)
        yield from self.blocks(cells.pieces(text, delimiter), "")
        if text.misfits:
            yield issues_only([misfit_note("", text)])

    def blocks(self, pieces: Iterator[Piece], sheet: str) -> Iterator[Block]:
        """The records of the rows below the headings, which are the first row with text."""
        below = Piece(0)
        for piece in pieces:
            rows = piece.rows()
            index = next((i for i, row in enumerate(rows) if any(map(str.strip, row))), None)
            if index is not None:
                problem = piece.problems.get(index, "")
                yield issues_only(list(self._headings(rows[index], problem, sheet)))
                below = piece.below(index)
                break
        if self._table is None:
            yield from _unused(chain([below], pieces), sheet)
            return
        for piece in chain([below], pieces):
            if piece:
                yield from self._converted(piece, self._table)

    def _converted(self, piece: Piece, table: Table) -> Iterator[Block]:
        columns: Sequence[Sequence[str]] = piece.columns
        numbers: Sequence[int] = range(piece.number, piece.number + len(piece))
        others = _Others(table.title, len(self._names))
        if self._blank or len(columns) != len(self._names) or _has_blank(columns):
            numbers, kept = self._kept(piece, others)
            if not kept:
                yield issues_only(others.before.get(0, []), others.rows)
                return
            columns = list(zip(*kept, strict=True))
        try:
            block = self._block(numbers, columns, table, piece.tidy)
        except Exception:
            # One of them fails: with each alone, that one is found and reported.
            said = [*others.before.values(), list(others.short.values())]
            yield issues_only(list(chain.from_iterable(said)), others.rows)
            cells = zip(*columns, strict=True)
            rows = [Row(table.title, n, row) for n, row in zip(numbers, cells, strict=True)]
            yield from convert_safely(rows, lambda some: self._block_of(some, table))
            return
        block.before = others.before
        block.rows_in += others.rows
        for place, issue in others.short.items():
            block.after.setdefault(place, []).append(issue)
        yield block

    def _block_of(self, rows: Sequence[Row], table: Table) -> Block:
        columns = list(zip(*(row.content for row in rows), strict=True))
        return self._block([row.number for row in rows], columns, table)

    def _block(
        self, numbers: Sequence[int], columns: Sequence[Sequence[str]], table: Table,
        tidy: bool = False,
    ) -> Block:  # fmt: skip
        rows = CellRows(self._names, columns, tidy=tidy)
        return table.convert(rows, numbers, range(len(rows))).block(len(rows))

    def _kept(self, piece: Piece, others: "_Others") -> tuple[list[int], list[Sequence[str]]]:
        """The rows that can be read, each with one cell a heading; the rest goes to ``others``."""
        width = len(self._names)
        numbers: list[int] = []
        kept: list[Sequence[str]] = []
        for index, row in enumerate(piece.rows()):
            number = piece.number + index
            if not row:
                self._blank += 1
                continue
            if self._blank:
                others.empty(len(kept), number - self._blank, self._blank)
                self._blank = 0
            problem = piece.problems.get(index)
            if problem:
                others.broken(len(kept), number, problem)
            elif not any(map(str.strip, row)):
                others.empty(len(kept), number, 1)
            elif len(row) > width and any(map(str.strip, row[width:])):
                others.wide(len(kept), number, len(row))
            else:
                if len(row) < width:
                    others.narrow(len(kept), number, len(row))
                    row = [*row, *[""] * (width - len(row))]
                numbers.append(number)
                kept.append(row[:width])
        return numbers, kept

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
        names: dict[str, int] = {}
        for heading in row:
            tidy = " ".join(heading.split())
            name = table.names.get(plain(tidy), tidy)
            if name in names and name:
                yield Issue(
                    "", table.title, (name,), 0, "column-twice", Severity.ERROR,
                    f"The column {name[:60]} is there more than once; the first is read.",
                )  # fmt: skip
            place = len(names)
            while not name or name in names:
                name = f"{name} ({place + 1})".lstrip()
            names[name] = place
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


def _has_blank(columns: Sequence[Sequence[str]]) -> bool:
    """Whether no cell of some row holds text."""
    first = columns[0]
    return ("" in first or any(map(str.isspace, first))) and any(
        not text.strip() and not any(column[index].strip() for column in columns)
        for index, text in enumerate(first)
    )


class _Others:
    """What is said of rows that are not read, or not wholly, by the place they stand before."""

    def __init__(self, title: str, width: int) -> None:
        self._title = title
        self._width = width
        self.rows = 0
        self.before: Said = {}
        self.short: dict[int, Issue] = {}

    def empty(self, place: int, number: int, rows: int) -> None:
        what = "This row is empty" if rows == 1 else f"{rows} rows from here on are empty"
        self._unread(place, number, "row-empty", f"{what}.", Severity.NOTE, rows)

    def broken(self, place: int, number: int, problem: str) -> None:
        self._unread(place, number, "row-broken", f"{problem[0].upper()}{problem[1:]}.")

    def wide(self, place: int, number: int, cells: int) -> None:
        self._unread(
            place, number, "row-width",
            f"The row has {cells} cells and the headings {self._width}: look for a separator "
            "inside a cell that is not in quotation marks.",
        )  # fmt: skip

    def narrow(self, place: int, number: int, cells: int) -> None:
        """The row is read; this is said after it."""
        self.short[place] = Issue(
            "", self._title, (), number, "row-short", Severity.WARNING,
            f"The row has {cells} cells and the headings {self._width}: a separator may be "
            "missing.",
        )  # fmt: skip

    def _unread(
        self, place: int, number: int, rule: str, text: str,
        severity: Severity = Severity.ERROR, rows: int = 1,
    ) -> None:  # fmt: skip
        self.rows += rows
        issue = Issue("", self._title, (), number, rule, severity, text)
        self.before.setdefault(place, []).append(issue)


def _unused(pieces: Iterable[Piece], sheet: str) -> Iterator[Block]:
    """Rows below headings that nobody knows: counted, and reported as one."""
    first, rows = 0, 0
    for piece in pieces:
        for index, row in enumerate(piece.rows()):
            if any(map(str.strip, row)):
                first = first or piece.number + index
                rows += 1
    if rows:
        issue = Issue(
            "", sheet, (), first, "rows-not-read",
            Severity.WARNING if sheet else Severity.ERROR,
            f"Rows from here on ({rows}) were not read, because their columns are not known.",
        )  # fmt: skip
        yield issues_only([issue], rows)
