"""Result tables out: CSV that a spreadsheet can open without running anything in it."""

import contextlib
import csv
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

# Characters that make a spreadsheet read a cell as a formula (OWASP, CSV injection), with the
# full-width forms that East Asian versions of Excel accept.
_STARTERS = frozenset("=+-@\t\r\n＝＋－＠")
_SIGNED = re.compile(r"[+-][\d\s().,/+-]*|[+-]\d+(\.\d*)?[eE][+-]?\d+", re.ASCII)


def neutralise(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run.

    An apostrophe goes before a cell that begins as a formula does. A negative number, a phone
    number such as ``+44 7700 900123`` and a lone dash stay as they are: digits and signs alone
    can call nothing.
    """
    if cell and cell[0] in _STARTERS and not _SIGNED.fullmatch(cell):
        return "'" + cell
    return cell


def create_private(path: Path) -> int:
    """Create a file only its owner can read, in place of whatever was there; gives a descriptor."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


class ResultFile:
    """A CSV that is either whole or not there.

    Rows go to ``<path>.partial``, which only its owner can read; ``commit`` puts it in the place of
    ``path`` in one step. Left without ``commit``, the partial file is removed.
    """

    def __init__(self, path: Path, headings: Sequence[str], *, mark: bool = False) -> None:
        """``mark`` writes a byte order mark, by which Excel knows UTF-8."""
        self.path = path
        self._partial = path.with_name(path.name + ".partial")
        self._file = os.fdopen(
            create_private(self._partial),
            "w",
            encoding="utf-8-sig" if mark else "utf-8",
            newline="",
        )
        self._writer = csv.writer(self._file)
        self.write(headings)

    def write(self, cells: Iterable[str]) -> None:
        """Add a row, every cell neutralised."""
        self._writer.writerow([neutralise(cell) for cell in cells])

    def commit(self) -> None:
        """Make the file safe on disk and give it its name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._partial, self.path)

    def __enter__(self) -> "ResultFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._file.closed:
            self._file.close()
            self._partial.unlink(missing_ok=True)
