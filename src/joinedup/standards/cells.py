"""Delimited text as rows of cells, in bounded memory and without losing a line.

Unlike ``delimited``, which serves a table whose every row must come out again, this reads files
of any size to which no result is added: a quotation mark that is never closed costs one line and
is found within ``_SPAN`` lines, not at the end of the file.
"""

import csv
from collections import deque
from collections.abc import Iterator

from joinedup.standards.delimited import UNCLOSED
from joinedup.standards.text import Text

# A cell of several lines (an address, a note) is shorter than this; more is a quotation mark that
# was never closed. The limit of characters is also csv's own for one cell, so csv never raises.
_SPAN = 60
_LONGEST = 131_000

TOO_LONG = "the row is longer than 131,000 characters"

Cells = tuple[list[str], str]


def lines(text: Text) -> Iterator[tuple[str, bool]]:
    """Each line without its end, and whether it had to be cut short."""
    rest, cut = "", False
    for chunk in text.chunks():
        first, *more = chunk.split("\n")
        if len(rest) + len(first) > _LONGEST:
            rest, cut = (rest + first)[:_LONGEST], True
        else:
            rest += first
        if not more:
            continue
        yield rest, cut
        rest, cut = more.pop(), False
        if len(rest) > _LONGEST:
            rest, cut = rest[:_LONGEST], True
        for line in more:
            if len(line) > _LONGEST:
                yield line[:_LONGEST], True
            else:
                yield line, False
    if rest:
        yield rest, cut


class _Feed:
    """Gives lines to csv, keeps those of a quotation that spans lines, and stops when too many."""

    def __init__(self, source: Iterator[tuple[str, bool]]) -> None:
        self._source = source
        self._again: deque[tuple[str, bool]] = deque()
        self.taken: list[tuple[str, bool]] = []
        self.cut = False
        self.broken_off = False
        self.at_end = False

    def __iter__(self) -> Iterator[str]:
        size = 0
        while True:
            item = self._again.popleft() if self._again else next(self._source, None)
            taken = self.taken
            if item is None:
                self.at_end = True
                # csv gives what it has of a quotation that is still open
                self.broken_off = bool(taken)
                return
            line, cut = item
            if cut:
                self.cut = True
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
        self._again.extendleft(reversed(rest))
        self.taken.clear()
        self.broken_off = self.at_end = False
        return first


def rows(text: Text, delimiter: str) -> Iterator[Cells]:
    """Every row's cells, and what is wrong with the row; a blank line has no cells."""
    feed = _Feed(lines(text))
    reader = csv.reader(iter(feed), delimiter=delimiter)
    width = 0
    while True:
        feed.taken.clear()
        try:
            cells = next(reader, None)
        except csv.Error:
            # nothing is known to cause it within the limits above; the line is not lost
            cells, feed.cut = [], True
        if feed.broken_off or (len(feed.taken) > 1 and _swallowed(feed.taken, delimiter, width)):
            # The file ended inside a quotation, or one runs on for too long or over other rows.
            first = feed.give_back()
            reader = csv.reader(iter(feed), delimiter=delimiter)
            yield first.split(delimiter), UNCLOSED
        elif cells is None:
            return
        elif feed.cut:
            feed.cut = False
            yield cells, TOO_LONG
        else:
            width = width or len(cells)
            yield cells, ""


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
