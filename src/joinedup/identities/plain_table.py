"""Plain tables of children, column by column: many times faster than row by row.

Only what is regular is read here, so that the result is the same as the standards' own reader
gives (``standards.mapped``); for everything else ``read_plain`` gives ``None`` and that reader is
used. Parquet, which has no irregular rows, is read here alone.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from joinedup.standards.columns import RECORD_ID, Columns, TableError, find_columns
from joinedup.standards.delimited import find_delimiter
from joinedup.standards.encoding import find_encoding
from joinedup.standards.workbook import cell_text

_TEXT = pa.string()
_BLOCK = 1 << 24
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Anything but tabs and line ends: a table that holds one is looked at by the careful reader.
_CONTROLS = bytes(set(range(32)) - set(b"\t\r\n"))
_HINT = re.compile(rb'\s*"?sep=', re.I)


@dataclass(frozen=True, slots=True)
class Plain:
    """A table of text: the recognised fields and ``id`` by name, trimmed, null when empty.

    ``row`` holds each row's number as ``standards`` counts. ``notes`` are for people.
    """

    table: pa.Table
    notes: tuple[str, ...] = ()


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its first bytes."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def read_parquet(path: Path, mapping: Mapping[str, str] | None = None) -> Plain:
    """Read a Parquet table by the names of its columns. TableError says why it cannot be used."""
    try:
        with pa.parquet.ParquetFile(path) as file:
            columns = find_columns(file.schema_arrow.names, mapping, required=())
            if not columns.positions.keys() - {RECORD_ID}:
                raise TableError(
                    "No column is recognised. Name the columns with --map, for example "
                    "--map given=FIRST_COLUMN"
                )
            names = {field: file.schema_arrow.names[at] for field, at in columns.positions.items()}
            table = file.read(columns=list(names.values()))
    except pa.ArrowInvalid:
        raise TableError("The file cannot be read as Parquet: it may be damaged.") from None
    found = {field: _as_text(table[name], name) for field, name in names.items()}
    return Plain(_numbered(found, table.num_rows, first=1), columns.notes)


def read_plain(path: Path, mapping: Mapping[str, str] | None = None) -> Plain | None:
    """Read a regular table of delimited text; ``None`` when anything about it is irregular."""
    delimiter = _regular_delimiter(path, mapping)
    if delimiter is None:
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader([next(file, "")], delimiter=delimiter), [])
    if len(header) < 2:  # an empty line and an empty cell would look alike
        return None
    try:
        columns = find_columns(header, mapping, required=())
    except TableError:
        return None
    return _read_csv(path, delimiter, len(header), columns)


def _read_csv(path: Path, delimiter: str, width: int, columns: Columns) -> Plain | None:
    names = [str(at) for at in range(width)]
    wanted = {field: str(at) for field, at in columns.positions.items()}
    try:
        table = pa.csv.read_csv(
            path,
            read_options=pa.csv.ReadOptions(column_names=names, skip_rows=1, block_size=1 << 22),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, _TEXT),
                include_columns=list(wanted.values()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:  # rows of another width
        return None
    found = {field: _trimmed(table[name]) for field, name in wanted.items()}
    if _has_empty_row(found):
        return None
    return Plain(_numbered(found, table.num_rows, first=2), columns.notes)


def _regular_delimiter(path: Path, mapping: Mapping[str, str] | None) -> str | None:
    """The delimiter of a file of plain UTF-8, whose quotation marks are where a writer puts them.

    ``None`` for any other: a file that is not text, has a hint for Excel or blank lines first.
    """
    delimiter = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            block += file.readline()  # neither a line nor a character is cut
            if not delimiter:
                block = block.removeprefix(_BYTE_ORDER_MARK)
                if not block.strip() or block[:1].isspace() or _HINT.match(block):
                    return None
                try:
                    found = find_delimiter(path, find_encoding(path), mapping)
                except (TableError, csv.Error):
                    return None
                delimiter = found.encode()
            if not _is_regular(block, delimiter):
                return None
    return delimiter.decode() or None


def _is_regular(block: bytes, delimiter: bytes) -> bool:
    try:
        block.isascii() or block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if len(block.translate(None, _CONTROLS)) != len(block):
        return False
    if b'"' not in block:
        return True
    # Taking out whole cells in quotation marks from the left must leave no mark behind.
    mark = re.escape(delimiter)
    cell = rb"(?<=[\n" + mark + rb'])"[^"\r\n]*(?:""[^"\r\n]*)*"(?=[\r\n' + mark + rb"]|\Z)"
    return b'"' not in re.sub(cell, b"", b"\n" + block)


def _as_text(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Give the text that a CSV would hold, trimmed and null when empty."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        column = column.cast(kind)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        raise TableError(f"The column {name} holds no text: give one value a cell.")
    if pa.types.is_integer(kind) or pa.types.is_date32(kind) or _is_text(kind):
        return _trimmed(column.cast(_TEXT))
    texts = [None if cell is None else cell_text(cell) for cell in column.to_pylist()]
    return _trimmed(pa.chunked_array([pa.array(texts, _TEXT)]))


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    )


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, _TEXT), column)


def _has_empty_row(columns: Mapping[str, pa.ChunkedArray]) -> bool:
    """Whether some row holds none of the recognised fields, so may be an empty row."""
    empty = None
    for column in columns.values():
        empty = column.is_null() if empty is None else pc.and_(empty, column.is_null())
        if not pc.any(empty).as_py():
            return False
    return True


def _numbered(columns: Mapping[str, pa.ChunkedArray], count: int, first: int) -> pa.Table:
    table = pa.table(dict(columns)) if columns else pa.table({"id": pa.nulls(count, _TEXT)})
    return table.append_column("row", pa.array(np.arange(first, first + count)))
