"""Workbooks sheet by sheet, as data only: formulas give their stored results, macros are not run.

The reader holds one sheet in memory, about 60 bytes a cell; Excel ends at 1,048,576 rows.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from joinedup.standards.columns import TableError
from joinedup.standards.workbook import cell_text

# What a workbook may unpack to: a small file that grows to gigabytes is an attack or an accident.
_UNPACKED = 2 * 1024**3

# Headings are in one of the first so many rows of a sheet.
HEADING_SEARCH = 15

# A longer cell is no heading.
LONGEST_HEADING = 200

# What the reader and zipfile raise on damaged files.
_DAMAGED = (
    CalamineError, OSError, zipfile.BadZipFile, ValueError, NotImplementedError, EOFError,
    struct.error, zlib.error,
)  # fmt: skip


def open_book(path: Path) -> CalamineWorkbook:
    """Open a workbook; TableError says, to a data officer, why it cannot be read."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if sum(info.file_size for info in archive.infolist()) > _UNPACKED:
                    raise TableError(
                        "The workbook unpacks to more than 2 GB. Save its sheets as CSV."
                    )
        return CalamineWorkbook.from_path(path)
    except PasswordError:
        raise TableError(
            "The workbook is protected by a password. Save a copy without one."
        ) from None
    except _DAMAGED:
        raise TableError(
            "The workbook cannot be read: it may be damaged. Open it in Excel and save it again."
        ) from None


def sheet_names(book: CalamineWorkbook) -> list[str]:
    """The names of the worksheets (not of charts and macros)."""
    return [meta.name for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]


def sheet_rows(book: CalamineWorkbook, name: str) -> Iterator[list[str]]:
    """Each row's cells as text, none when blank; the first is row 1 as Excel shows it."""
    try:
        sheet = book.get_sheet_by_name(name)
        for row in sheet.iter_rows():
            texts = [cell_text(cell) for cell in row]
            yield texts if any(map(str.strip, texts)) else []
    except _DAMAGED:
        raise TableError(
            f"The sheet {name} cannot be read: it may be damaged. Open it in Excel and save it "
            "again."
        ) from None


def first_rows(path: Path) -> list[list[str]]:
    """The rows among which each sheet's headings must be; none when the workbook is unreadable."""
    found = []
    try:
        book = open_book(path)
        for name in sheet_names(book):
            for row in islice(sheet_rows(book, name), HEADING_SEARCH):
                found.append([cell[:LONGEST_HEADING] for cell in row])
    except TableError:
        return []
    return found
