"""How the text of a file is encoded, found out without asking."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from joinedup.standards.columns import TableError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_SAMPLE = 65_536
_BLOCK = 1 << 20


def _windows_byte(error: UnicodeError) -> tuple[str, int]:
    """Read what is not UTF-8 as Windows-1252, byte by byte: files get pasted together."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return bad.decode("cp1252", errors="replace"), error.end


WINDOWS_FALLBACK = "joinedup.windows-1252"
codecs.register_error(WINDOWS_FALLBACK, _windows_byte)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec with its error handler, its name for people, and what they should be told."""

    codec: str
    errors: str
    name: str
    note: str = ""

    @property
    def wants_mark(self) -> bool:
        """Whether the tool that made the file expects a byte order mark in what it opens."""
        return self.codec != "utf-8" or bool(self.note)


def find_encoding(path: Path) -> Encoding:
    """The encoding of a text file; TableError when it is not text.

    A byte order mark decides; then UTF-16 without one, known by its zero bytes; then UTF-8, with
    whatever is not valid UTF-8 read as Windows-1252, which is what Excel's plain "CSV" holds.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    for mark, codec, name in _BOMS:
        if sample.startswith(mark):
            return Encoding(codec, "replace", name)
    if wide := _utf16_without_mark(sample):
        return Encoding(wide, "replace", "UTF-16")
    if sample.startswith(b"%PDF") or _is_binary(sample):
        raise TableError(
            f"{path.name} is not a table of text. Save it as CSV or Excel (.xlsx) and try again."
        )
    multibyte, stray = _high_bytes(path)
    if not stray:
        return Encoding("utf-8", "strict", "UTF-8")
    if multibyte:
        return Encoding(
            "utf-8",
            WINDOWS_FALLBACK,
            "UTF-8 and Windows-1252 mixed",
            "The file mixes two encodings, UTF-8 and Windows-1252; each was read as what it is. "
            "Check that accented names look right in the output.",
        )
    return Encoding(
        "utf-8",
        WINDOWS_FALLBACK,
        "Windows-1252",
        "The file is not UTF-8: it was read as Windows-1252, which is what Excel's plain CSV "
        "holds. Check that accented names look right in the output.",
    )


def _is_binary(sample: bytes) -> bool:
    """More control characters than slip into a table by accident."""
    return len(_CONTROL.findall(sample)) > max(16, len(sample) // 20)


def _utf16_without_mark(sample: bytes) -> str | None:
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if half >= 4 and odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if half >= 4 and even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return None


def _high_bytes(path: Path) -> tuple[bool, bool]:
    """Whether the file has characters of several bytes in UTF-8, and bytes that are not UTF-8."""
    multibyte = stray = False
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            block += file.readline(_BLOCK)  # no character spans the end of a line
            if block.isascii():
                continue
            try:
                block.decode("utf-8")
                multibyte = True
            except UnicodeDecodeError:
                rest = _MULTIBYTE.sub(b"", block)
                multibyte = multibyte or len(rest) < len(block)
                stray = True
    return multibyte, stray
