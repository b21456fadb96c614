"""Delimited text as rows of cells, in bounded memory and without losing a line.

Unlike ``delimited``, which serves a table whose every row must come out again, this reads files
of any size to which no result is added: a quotation mark that is never closed costs one line and
is found within ``_SPAN`` lines, not at the end of the file.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from joinedup.standards.delimited import UNCLOSED
from joinedup.standards.text import Text

# A cell of several lines (an address, a note) is shorter than this; more is a quotation mark that
# was never closed. The limit of characters is also csv's own for one cell, so csv never raises.
_SPAN = 60
_LONGEST = 131_000

# What ``str.strip`` takes off besides the plain space.
_SPACES = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_ASCII_SPACES = _SPACES[:9]

TOO_LONG = "the row is longer than 131,000 characters"


@dataclass(slots=True)
class Piece:
    """Rows that stand together, from row ``number`` on: as cells, or as columns of equal length.

    ``problems`` says by index what is wrong with a row; a blank line has no cells. In ``tidy``
    columns no cell has space around it.
    """

    number: int
    cells: list[Sequence[str]] = field(default_factory=list)
    columns: list[list[str]] = field(default_factory=list)
    tidy: bool = False
    problems: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else len(self.cells)

    def rows(self) -> Sequence[Sequence[str]]:
        """The rows as cells."""
        return list(zip(*self.columns, strict=True)) if self.columns else self.cells

    def below(self, index: int) -> "Piece":
        """The rows after one of these."""
        problems = {i - index - 1: text for i, text in self.problems.items() if i > index}
        return Piece(self.number + index + 1, list(self.rows()[index + 1 :]), problems=problems)


def pieces(text: Text, delimiter: str) -> Iterator[Piece]:
    """Every row of a text, numbered from 1.

    Most text holds no quotation mark and rows of one length: it is split all at once. With
    quotations that end on their line csv takes a piece at once. Only where one runs on is it gone
    through row by row.
    """
    batches = _batches(text)
    number, width = 1, 0
    for lines, cut in batches:
        piece = Piece(number)
        if not cut and not _split(piece, lines, delimiter):
            piece.cells = _cells(lines, delimiter)
        if not piece:
            _careful(piece, _Feed(lines, cut, batches), delimiter, width)
        width = width or len(next(filter(None, piece.rows()), ()))
        number += len(piece)
        yield piece


def _batches(text: Text) -> Iterator[tuple[list[str], set[int]]]:
    """Lines without their ends, many at a time, and which of them had to be cut short."""
    rest, rest_cut = "", False
    for chunk in text.chunks():
        lines = chunk.split("\n")
        lines[0] = rest + lines[0]
        cut = {i for i, line in enumerate(lines) if len(line) > _LONGEST} if _long(lines) else set()
        for index in cut:
            lines[index] = lines[index][:_LONGEST]
        if rest_cut:
            cut.add(0)
        rest_cut = len(lines) - 1 in cut
        cut.discard(len(lines) - 1)
        rest = lines.pop()
        if lines:
            yield lines, cut
    if rest:
        yield [rest], {0} if rest_cut else set()


def _long(lines: list[str]) -> bool:
    return max(map(len, lines)) > _LONGEST


def _split(piece: Piece, lines: list[str], delimiter: str) -> bool:
    """Put lines into a piece as columns; not if they have quotations or differ in length."""
    inner = lines[0].count(delimiter)
    if not inner or any(line.count(delimiter) != inner for line in lines):
        return False
    joined = delimiter.join(lines)
    if '"' in joined:
        return False
    cells = joined.split(delimiter)
    piece.columns = [cells[at :: inner + 1] for at in range(inner + 1)]
    # The delimiter stands on both sides of every cell but the first and the last.
    piece.tidy = not (
        f" {delimiter}" in joined
        or f"{delimiter} " in joined
        or joined[0].isspace()
        or joined[-1].isspace()
        or any(space in joined for space in (_ASCII_SPACES if joined.isascii() else _SPACES))
    )
    return True


def _cells(lines: list[str], delimiter: str) -> list[Sequence[str]]:
    """Lines as rows of cells; none when a quotation runs on over lines."""
    try:
        # A quotation that is open takes up the line that ends this.
        rows: list[Sequence[str]] = list(csv.reader([*lines, ""], delimiter=delimiter))
    except csv.Error:
        return []
    return rows[:-1] if len(rows) == len(lines) + 1 else []


class _Feed:
    """Gives lines to csv, keeps those of a quotation that spans lines, and stops when too many."""

    def __init__(
        self, lines: list[str], cut: set[int], batches: Iterator[tuple[list[str], set[int]]]
    ) -> None:
        self._lines = deque((line, at in cut) for at, line in enumerate(lines))
        self._batches = batches
        self.taken: list[tuple[str, bool]] = []
        self.cut = False
        self.broken_off = False

    def __bool__(self) -> bool:
        """Whether lines wait that were taken from the text."""
        return bool(self._lines)

    def __iter__(self) -> Iterator[str]:
        size = 0
        while True:
            if not self._lines:
                for lines, cut in self._batches:
                    self._lines.extend((line, at in cut) for at, line in enumerate(lines))
                    break
                else:
                    # csv gives what it has of a quotation that is still open
                    self.broken_off = bool(self.taken)
                    return
            line, was_cut = item = self._lines.popleft()
            if was_cut:
                self.cut = True
            taken = self.taken
            if taken or '"' in line:
                size = size + len(line) if taken else len(line)
                taken.append(item)
                if len(taken) > _SPAN or size > _LONGEST:
                    self.broken_off = True
                    return
            yield line + "\n"

    def give_back(self) -> str:
        """Put back all taken lines but the first, which is given."""
        (first, _), *rest = self.taken
        self._lines.extendleft(reversed(rest))
        self.taken.clear()
        self.broken_off = False
        return first


def _careful(piece: Piece, feed: _Feed, delimiter: str, width: int) -> None:
    """Put the rows of a feed into a piece, one by one, with what is wrong with them."""
    reader = csv.reader(iter(feed), delimiter=delimiter)
    while feed:
        feed.taken.clear()
        try:
            cells = next(reader, None)
        except csv.Error:
            # nothing is known to cause it within the limits above; the line is not lost
            cells, feed.cut = [], True
        problem = ""
        if feed.broken_off or (len(feed.taken) > 1 and _swallowed(feed.taken, delimiter, width)):
            # The file ended inside a quotation, or one runs on for too long or over other rows.
            cells, problem = feed.give_back().split(delimiter), UNCLOSED
            reader = csv.reader(iter(feed), delimiter=delimiter)
        elif cells is None:
            return
        elif feed.cut:
            feed.cut, problem = False, TOO_LONG
        else:
            width = width or len(cells)
        if problem:
            piece.problems[len(piece.cells)] = problem
        piece.cells.append(cells)


def _swallowed(taken: list[tuple[str, bool]], delimiter: str, width: int) -> bool:
    """Whether the lines of one quotation look like rows of their own.

    A line inside it with as many cells as the headings is a row; so is a last line whose quotation
    mark stands where a cell begins, which opens and does not close.
    """
    inner = [line for line, _ in taken[1:]]
    last = inner.pop()
    return (width > 1 and any(line.count(delimiter) >= width - 1 for line in inner)) or (
        last.partition('"')[0].endswith(delimiter)
    )
