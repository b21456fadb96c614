"""Comma-separated text and its cousins, as records of cells."""

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from joinedup.standards.columns import TableError, recognised
from joinedup.standards.encoding import Encoding

DELIMITERS = ",;\t|"
_SAMPLE = 65_536
_EXCEL_HINT = re.compile(r"""\s*"?sep=(.)"?\s*""", re.IGNORECASE)

# Above this a "cell" is a quotation mark that is never closed, with the rest of the file in it.
_CELL_LIMIT = 16 * 1024 * 1024
_OVERSIZE_LIMIT = 50  # each costs a look through so much text

UNCLOSED = (
    "a quotation mark is opened on this row and never closed, so its cells cannot be told apart"
)

Record = tuple[list[str], str]


def find_delimiter(path: Path, encoding: Encoding, mapping: Mapping[str, str] | None) -> str:
    """The delimiter under which the headings make most sense; a comma when nothing tells.

    Guessing from letter frequencies fails on names and addresses full of commas, so the headings
    that we know decide.
    """
    with path.open(encoding=encoding.codec, errors=encoding.errors, newline="") as file:
        sample = file.read(_SAMPLE)
    lines = [line for line in sample.lstrip("\ufeff").splitlines(keepends=True) if line.strip()]
    if lines and (hint := _EXCEL_HINT.fullmatch(lines[0])):
        return hint[1]
    csv.field_size_limit(_CELL_LIMIT)

    def sense(delimiter: str) -> tuple[int, int]:
        header = next(csv.reader(lines, delimiter=delimiter), [])
        return recognised(header, mapping), len(header)

    return max(DELIMITERS, key=sense)  # the first of equals


class _Lines:
    """Lines for ``csv.reader``, kept until the record they make is whole."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        return line

    def give_back(self, lines: list[str]) -> None:
        self._again.extendleft(reversed(lines))
        self.ended = False


def read_delimited(path: Path, encoding: Encoding, delimiter: str) -> Iterator[Record]:
    """Every record as its cells and, when it could not be read, why; a blank line has no cells.

    A quotation mark that is never closed would swallow rows, up to the next one or to the end of
    the file: the line it is on is then read as it stands and reported, and the rest as usual.
    """
    csv.field_size_limit(_CELL_LIMIT)
    with path.open(encoding=encoding.codec, errors=encoding.errors, newline="") as file:
        lines = _Lines(_without_hint(file))
        reader = csv.reader(lines, delimiter=delimiter)
        oversize = 0
        while True:
            lines.taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:  # a cell above the limit: nothing else fails without strict
                oversize += 1
                if oversize > _OVERSIZE_LIMIT:
                    raise TableError(
                        f"More than {_OVERSIZE_LIMIT} cells of {path.name} are larger than 16 "
                        "million characters: look for quotation marks that are never closed."
                    ) from None
            else:
                if not lines.ended and _is_well_quoted(lines.taken, delimiter):
                    yield cells, ""
                    continue
            first, *rest = lines.taken
            lines.give_back(rest)
            reader = csv.reader(lines, delimiter=delimiter)
            yield first.rstrip("\r\n").split(delimiter), UNCLOSED


def _is_well_quoted(lines: list[str], delimiter: str) -> bool:
    """Whether a record of several lines closes its quotations where a writer would."""
    if len(lines) == 1:
        return True
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True


def _without_hint(lines: Iterator[str]) -> Iterator[str]:
    """Leave out a first line ``sep=;``, which is Excel's own and no record."""
    first = next(lines, None)
    if first is None:
        return
    first = first.removeprefix("\ufeff")
    if not _EXCEL_HINT.fullmatch(first):
        yield first
    yield from lines
