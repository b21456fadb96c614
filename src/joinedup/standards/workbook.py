"""Excel workbooks as records of cells. Formulas and macros are data here, never run."""

import datetime as dt
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from joinedup.standards.columns import TableError

_MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and its kin; the older .xls
_UNPACKED_LIMIT = 2 * 1024**3

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def is_workbook(start: bytes) -> bool:
    """Whether a file that begins so is a workbook, whatever its name says."""
    return start.startswith(_MAGIC)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One worksheet, held by the reader; ``note`` says which it is when there was a choice."""

    sheet: CalamineSheet
    note: str

    def records(self) -> Iterator[list[str]]:
        """Every row from the sheet's first, as text; a row without any text has no cells."""
        for cells in self.sheet.iter_rows():
            texts = [cell_text(cell) for cell in cells]
            yield texts if any(map(str.strip, texts)) else []


def open_sheet(path: Path, name: str | None = None) -> Sheet:
    """The named worksheet, or the first visible one that is not empty. TableError says why not.

    The reader holds one sheet in memory, about 60 bytes a cell.
    """
    _refuse_bomb(path)
    try:
        book = CalamineWorkbook.from_path(path)
        visible = [
            meta.name
            for meta in book.sheets_metadata
            if meta.typ == SheetTypeEnum.WorkSheet and meta.visible == SheetVisibleEnum.Visible
        ]
        if name is not None:
            if name not in book.sheet_names:
                raise TableError(
                    f"{path.name} has no sheet {name}. Sheets: {', '.join(book.sheet_names)}."
                )
            return Sheet(book.get_sheet_by_name(name), "")
        for candidate in visible:
            sheet = book.get_sheet_by_name(candidate)
            if sheet.height:
                others = len(visible) - 1
                note = f"Read the sheet {candidate}; {others} more were not." if others else ""
                return Sheet(sheet, note)
    except PasswordError:
        raise TableError(
            f"{path.name} is protected by a password. Save a copy without one and try again."
        ) from None
    except (CalamineError, OSError):
        raise TableError(
            f"{path.name} cannot be read as a workbook: it may be damaged. Open it in Excel, "
            "save it again as .xlsx or CSV, and try again."
        ) from None
    raise TableError(f"{path.name} is empty: no sheet holds any cell.")


def _refuse_bomb(path: Path) -> None:
    """A small file that unpacks to gigabytes is an attack or an accident; either way not a list."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return  # damaged: whoever reads it next says so
    if unpacked > _UNPACKED_LIMIT:
        raise TableError(
            f"{path.name} unpacks to more than 2 GB. Save the one sheet as CSV and try again."
        )


def cell_text(cell: Cell) -> str:
    """A typed cell as the text a CSV would hold: ISO dates, whole numbers without a point."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):  # every number in a workbook is one, an NHS number too
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
