"""The beginning of a file: enough to recognise what it is."""

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from joinedup.standards.delimited import DELIMITERS
from joinedup.standards.sheets import LONGEST_HEADING, first_rows
from joinedup.standards.text import encoding_of
from joinedup.standards.workbook import is_workbook

_SIZE = 1 << 16
_TAG = re.compile(r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_KEY = re.compile(r'"([A-Za-z_][\w ]{0,60})"\s*:')


@dataclass(frozen=True)
class Head:
    """The first bytes of a file, looked at in every way that a standard may want."""

    path: Path
    data: bytes

    @classmethod
    def of(cls, path: Path) -> "Head":
        """Read the head of a file; the operating system's errors come through."""
        with path.open("rb") as file:
            return cls(path, file.read(_SIZE))

    @cached_property
    def is_workbook(self) -> bool:
        """Whether it is an Excel workbook."""
        return is_workbook(self.data)

    @cached_property
    def text(self) -> str:
        """The head as text, "" for a workbook."""
        if self.is_workbook:
            return ""
        encoding, mark = encoding_of(self.data)
        text = self.data[mark:].decode(encoding, "replace")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def sheet_rows(self) -> list[list[str]]:
        """The first rows of every sheet of a workbook."""
        return first_rows(self.path) if self.is_workbook else []

    @cached_property
    def is_xml(self) -> bool:
        """Whether it looks like XML."""
        return self.text.lstrip().startswith("<")

    @cached_property
    def is_json(self) -> bool:
        """Whether it looks like JSON."""
        return self.text.lstrip()[:1] in ("{", "[")

    @cached_property
    def tags(self) -> frozenset[str]:
        """Names of the XML elements in it, without prefixes."""
        return frozenset(_TAG.findall(self.text)) if self.is_xml else frozenset()

    @cached_property
    def keys(self) -> frozenset[str]:
        """Keys of the JSON objects in it."""
        return frozenset(_KEY.findall(self.text)) if self.is_json else frozenset()

    @cached_property
    def headings(self) -> dict[str, list[str]]:
        """The first line with text, split by each delimiter in turn."""
        if self.is_workbook or self.is_xml or self.is_json:
            return {}
        for line in self.text.split("\n"):
            if line.strip():
                return {
                    mark: [
                        cell.strip()[:LONGEST_HEADING]
                        for cell in next(csv.reader([line], delimiter=mark), [])
                    ]
                    for mark in DELIMITERS
                }
        return {}
