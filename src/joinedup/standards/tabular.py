"""Agency tables in: CSV, Excel and JSON lines as one stream of rows about children.

``open_table`` finds out kind, encoding, delimiter and columns, and counts the rows, before the
first is handed over: what is wrong with a file as a whole is said before any work is done on it.
What is wrong with one row goes with the row, so that rows out = rows in.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from joinedup.standards import delimited, jsonlines, workbook
from joinedup.standards.columns import (
    REQUIRED,
    Columns,
    TableError,
    field_of,
    find_columns,
)
from joinedup.standards.encoding import find_encoding

__all__ = ["Row", "Table", "TableError", "open_table"]

_SEPARATORS = frozenset(delimited.DELIMITERS)
_MAY_SPAN_LINES = frozenset({"address_history"})
_HEADER_SEARCH = 15
_DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

Numbered = tuple[int, list[str], str]  # row number, cells, problem


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    ``number`` is the row's number as Excel shows it (the headings are on row 1); for JSON lines,
    the line. ``cells`` are the raw texts, one for each heading. ``fields`` maps each recognised
    field to its text. ``problem`` says why the row cannot be read; ``fields`` is then empty.
    """

    number: int
    cells: tuple[str, ...]
    fields: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A file ready to be read, any number of times, from the start.

    ``kind`` describes it to people; ``row_count`` is exact; ``digest`` is the SHA-256 of the file;
    ``wants_mark`` says that its user's tool expects a byte order mark; ``notes`` are for people.
    """

    path: Path
    kind: str
    columns: Columns
    row_count: int
    digest: bytes
    wants_mark: bool
    notes: tuple[str, ...]
    _records: Callable[[], Iterator[Numbered]] = field(repr=False)

    def __iter__(self) -> Iterator[Row]:
        width = len(self.columns.headings)
        for number, cells, problem in self._records():
            cells, problem = _fit(cells, problem, width)
            fields: dict[str, str] = {}
            if not problem:
                fields = {name: cells[at] for name, at in self.columns.positions.items()}
                problem = self._cell_problem(fields)
            yield Row(number, tuple(cells), {} if problem else fields, problem)

    def _cell_problem(self, fields: Mapping[str, str]) -> str:
        """A value that runs over lines with separators in it is several rows run together."""
        for name, text in fields.items():
            if "\n" not in text and "\r" not in text:
                continue
            if name not in _MAY_SPAN_LINES and _SEPARATORS & set(text):
                return (
                    f"the cell under {self.columns.heading(name)} holds several rows: look for a "
                    "quotation mark that is opened and not closed"
                )
        return ""


def open_table(
    path: Path | str,
    mapping: Mapping[str, str] | None = None,
    *,
    required: Sequence[str] = REQUIRED,
    sheet: str | None = None,
) -> Table:
    """Open a CSV, Excel or JSON lines file; its first bytes, not its name, say which.

    ``mapping`` (field -> heading) names columns that are not recognised by themselves; ``required``
    are the fields it must have; ``sheet`` picks a worksheet. TableError says, to a data officer,
    what is wrong and how to put it right.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(4096)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").digest()
    except IsADirectoryError:
        raise TableError(f"{path} is a folder. Give one file.") from None
    except OSError as error:
        raise TableError(f"{path} cannot be opened: {error.strerror}.") from None
    if not start.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise TableError(f"{path.name} is empty. It needs a row of headings and a row per child.")
    if workbook.is_workbook(start):
        source = _workbook(path, sheet)
    elif _is_json(path, start):
        source = _json_lines(path)
    else:
        source = _delimited(path, mapping)
    columns = _columns(source, mapping, required)
    count = sum(1 for _ in source.records())
    return Table(
        path=path,
        kind=source.kind,
        columns=columns,
        row_count=count,
        digest=digest,
        wants_mark=source.wants_mark,
        notes=tuple(note for note in (source.note, *columns.notes) if note),
        _records=source.records,
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """What the three kinds of file have in common: headings, then numbered records."""

    kind: str
    header: list[str]
    records: Callable[[], Iterator[Numbered]]
    wants_mark: bool = False
    note: str = ""


def _columns(
    source: _Source, mapping: Mapping[str, str] | None, required: Sequence[str]
) -> Columns:
    """Recognise the headings; when they are further down the file, say where."""
    try:
        return find_columns(source.header, mapping, required)
    except TableError as error:
        for number, cells, _ in islice(source.records(), _HEADER_SEARCH):
            if set(required) and set(required) <= {field_of(cell) for cell in cells}:
                raise TableError(
                    f"The headings seem to be on row {number}, not on the first. "
                    f"Delete the rows above row {number} and try again."
                ) from error
        raise


def _is_json(path: Path, start: bytes) -> bool:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        raise TableError(f"{path.name} is XML. Give a CSV, Excel or JSON lines file.")
    if text.startswith(b"[") and path.suffix.lower() in {".json", ".jsonl", ".ndjson"}:
        raise TableError(
            f"{path.name} is one JSON list. Give JSON lines instead: one object a line, "
            "without the brackets and the commas between them."
        )
    return text.startswith(b"{")


def _delimited(path: Path, mapping: Mapping[str, str] | None) -> _Source:
    encoding = find_encoding(path)
    delimiter = delimited.find_delimiter(path, encoding, mapping)

    def numbered() -> Iterator[Numbered]:
        records = delimited.read_delimited(path, encoding, delimiter)
        return _without_last_blanks(
            (number, cells, problem) for number, (cells, problem) in enumerate(records, start=1)
        )

    header = next(((cells, problem) for _, cells, problem in numbered() if cells), ([], ""))
    if header[1]:
        raise TableError(
            f"The headings of {path.name} have a quotation mark that is opened and never closed. "
            "Correct the first row."
        )
    named = _DELIMITER_NAMES.get(delimiter, repr(delimiter))
    return _Source(
        kind=f"text separated by {named}, {encoding.name}",
        header=header[0],
        records=lambda: _after_header(numbered()),
        wants_mark=encoding.wants_mark,
        note=encoding.note,
    )


def _workbook(path: Path, name: str | None) -> _Source:
    sheet = workbook.open_sheet(path, name)

    def numbered() -> Iterator[Numbered]:
        return _without_last_blanks(
            (number, cells, "") for number, cells in enumerate(sheet.records(), start=1)
        )

    header = next((cells for _, cells, _ in numbered() if cells), None)
    if header is None:
        raise TableError(f"{path.name} is empty: the sheet holds no text.")
    return _Source(
        kind="an Excel workbook",
        header=header,
        records=lambda: _after_header(numbered()),
        wants_mark=True,  # the result is opened in Excel too, which takes plain UTF-8 for ANSI
        note=sheet.note,
    )


def _json_lines(path: Path) -> _Source:
    encoding = find_encoding(path)
    keys = jsonlines.read_keys(path, encoding)
    return _Source(
        kind=f"JSON lines, {encoding.name}",
        header=keys,
        records=lambda: jsonlines.read_objects(path, encoding, keys),
        wants_mark=encoding.wants_mark,
        note=encoding.note,
    )


def _without_last_blanks(records: Iterator[Numbered]) -> Iterator[Numbered]:
    """Blank lines at the end are nothing; one in between keeps its place, so that a result pasted
    beside the file it came from still stands beside the right child."""
    blanks: list[int] = []
    for number, cells, problem in records:
        if not cells:
            blanks.append(number)
            continue
        for blank in blanks:
            yield blank, [], ""
        blanks.clear()
        yield number, cells, problem


def _after_header(records: Iterator[Numbered]) -> Iterator[Numbered]:
    for _, cells, _ in records:
        if cells:
            break
    return records


def _fit(cells: list[str], problem: str, width: int) -> tuple[list[str], str]:
    """One cell for each heading, losing nothing, and why the row cannot be trusted if it cannot."""
    found = len(cells)
    if found == width:
        return cells, problem or ("" if any(map(str.strip, cells)) else "the row is empty")
    if found > width:
        extra = cells[width:]
        if not any(map(str.strip, extra)):  # a comma too many at the end harms nobody
            return _fit(cells[:width], problem, width)
        kept = [*cells[: width - 1], ",".join(cells[width - 1 :])]
        return kept, problem or (
            f"the row has {found} cells and the headings {width}: look for a separator inside a "
            "cell that is not in quotation marks"
        )
    padded = cells + [""] * (width - found)
    if not any(map(str.strip, cells)):
        return padded, problem or "the row is empty"
    return padded, problem or (
        f"the row has {found} cells and the headings {width}: a separator is missing"
    )
