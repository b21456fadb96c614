"""The text of somebody's file, whatever its encoding, in bounded memory."""

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from joinedup.standards.encoding import WINDOWS_FALLBACK
from joinedup.standards.records import Issue, Severity

CHUNK = 1 << 17

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_XML_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# What Python may call other things than text (base64, zlib) must not be reached from a file.
_TEXT_ENCODINGS = re.compile(
    r"utf[-_]?(8|16|32)([-_]?[bl]e)?|us[-_]?ascii|ascii|iso[-_]?8859[-_]?\d{1,2}|latin[-_]?1"
    r"|windows[-_]?125\d|cp125\d",
    re.I,
)


def encoding_of(head: bytes) -> tuple[str, int]:
    """The encoding that the first bytes of a file show, and the length of its byte-order mark."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    # UTF-16 without a mark: every other byte of plain text is zero.
    if len(head) >= 8 and head[1:8:2] == b"\0" * 4 and 0 not in head[0:8:2]:
        return "utf-16-le", 0
    if len(head) >= 8 and head[0:8:2] == b"\0" * 4 and 0 not in head[1:8:2]:
        return "utf-16-be", 0
    declared = _XML_DECLARED.match(head.lstrip())
    name = declared[1].decode("ascii") if declared else "utf-8"
    # A declared UTF-16 that showed neither mark nor zeros is not UTF-16.
    if not _TEXT_ENCODINGS.fullmatch(name) or name.lower().startswith(("utf-16", "utf-32")):
        name = "utf-8"
    if name.lower() in ("us-ascii", "ascii"):
        name = "utf-8"
    return name, 0


class Text:
    """A file as text.

    ``misfits`` counts the pieces that were not of the file's encoding, ``given`` the characters
    that were handed out.
    """

    def __init__(self, path: Path, head: bytes) -> None:
        self._path = path
        self.encoding, self._skip = encoding_of(head)
        # A wide encoding has no bytes that could be Windows-1252.
        self._fallback = WINDOWS_FALLBACK if self.encoding == "utf-8" else "replace"
        self.misfits = 0
        self.given = 0

    def chunks(self) -> Iterator[str]:
        """The text in pieces of bounded size, line ends made ``\\n``."""
        newlines = io.IncrementalNewlineDecoder(None, translate=True)
        with self._path.open("rb") as raw:
            raw.seek(self._skip)
            for text, last in self._decoded(raw):
                piece = newlines.decode(text, final=last)
                if piece:
                    self.given += len(piece)
                    yield piece

    def _decoded(self, raw: BinaryIO) -> Iterator[tuple[str, bool]]:
        strict = codecs.getincrementaldecoder(self.encoding)("strict")
        lenient = codecs.getincrementaldecoder(self.encoding)(self._fallback)
        while True:
            data = raw.read(CHUNK)
            last = not data
            state = strict.getstate()
            try:
                yield strict.decode(data, last), last
            except UnicodeDecodeError:
                self.misfits += 1
                lenient.setstate(state)
                text = lenient.decode(data, last)
                strict.setstate(lenient.getstate())
                yield text, last
            if last:
                return


def misfit_note(table: str, text: Text) -> Issue:
    """Say that bytes were read as Windows-1252, which may have gone wrong."""
    return Issue(
        "", table, (), 0, "encoding-mixed", Severity.WARNING,
        f"The file is not {text.encoding.upper()} throughout: what is not was read as "
        "Windows-1252. Check that accented names look right.",
    )  # fmt: skip
