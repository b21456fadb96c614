"""What one cell of a standard may hold."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joinedup.standards.dates import read_date
from joinedup.standards.records import Issue, Severity

_INTEGER = re.compile(r"-?\d{1,9}(?:\.0+)?", re.A)
_LONGEST = 20_000
# Codes and dates are few; of what is not, this many are remembered.
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a cell cannot be as it is."""

    rule_code: str
    severity: Severity
    description: str


_DATE = Fault(
    "date-unreadable", Severity.ERROR,
    "is not a date of the calendar: write it as 31/12/2015 or 2015-12-31",
)  # fmt: skip
_NUMBER = Fault("number-unreadable", Severity.WARNING, "is not a whole number")
_YES_NO = Fault("code-unknown", Severity.WARNING, "is not 0 or 1")
_CODE = Fault("code-unknown", Severity.WARNING, "is not one of the codes of this standard")
_LONG = Fault("cell-too-long", Severity.ERROR, "holds more than 20,000 characters")
_MISSING = Fault("value-missing", Severity.ERROR, "is empty and must not be")


@dataclass(frozen=True, slots=True)
class Column:
    """One column or element of a standard: whether it must be filled, and what may be in it.

    ``accepts`` is falsy for a value that may not be there, and ``wrong`` then says why; None takes
    any text.
    """

    name: str
    required: bool
    accepts: Callable[[str], object] | None
    wrong: Fault
    _good: set[str] = field(default_factory=set, compare=False, repr=False)

    def faulty(self, cells: Sequence[Any], *, is_text: bool) -> Sequence[int]:
        """The indexes of the cells in which something is wrong: each distinct text is read once."""
        if not is_text and set(map(type, cells)) != {str}:
            return [i for i, cell in enumerate(cells) if not self._takes_value(cell)]
        if self.accepts is None:  # names and numbers differ in nearly every row
            if (not self.required or "" not in cells) and max(map(len, cells)) <= _LONGEST:
                return ()
            return [i for i, text in enumerate(cells) if self.fault(text)]
        bad = {text for text in set(cells).difference(self._good) if not self._takes(text)}
        return [i for i, text in enumerate(cells) if text in bad] if bad else ()

    def _takes_value(self, value: object) -> bool:
        if isinstance(value, list):
            return all(self._takes(_text(item)) for item in value)
        return self._takes(value if isinstance(value, str) else _text(value))

    def _takes(self, text: str) -> bool:
        if text in self._good:
            return True
        if self.fault(text):
            return False
        if len(self._good) >= _REMEMBERED:
            self._good.clear()
        self._good.add(text)
        return True

    def fault(self, value: str) -> Fault | None:
        """What is wrong with the value, if anything."""
        if not value:
            return _MISSING if self.required else None
        if len(value) > _LONGEST:
            return _LONG
        if self.accepts is None or self.accepts(value) or self.accepts(value.upper()):
            return None
        return self.wrong


def read_columns(
    specification: Mapping[str, str], codes: Mapping[str, list[str]]
) -> dict[str, Column]:
    """Columns from a standard's rules: ``NAME = "type[!]"``, where ``!`` says it must be filled.

    Types: ``text``, ``date``, ``integer``, ``yesno`` and ``code:LIST``.
    """
    columns = {}
    for name, kind in specification.items():
        required = kind.endswith("!")
        kind = kind.rstrip("!")
        columns[name] = Column(name, required, *_accepts(kind, codes))
    return columns


def _accepts(
    kind: str, codes: Mapping[str, list[str]]
) -> tuple[Callable[[str], object] | None, Fault]:
    if kind.startswith("code:"):
        return frozenset(codes[kind.removeprefix("code:")]).__contains__, _CODE
    accepts: dict[str, tuple[Callable[[str], object] | None, Fault]] = {
        "date": (read_date, _DATE),
        "integer": (_INTEGER.fullmatch, _NUMBER),
        "yesno": (frozenset("01").__contains__, _YES_NO),
        "text": (None, _LONG),
    }
    return accepts[kind]


def faults(
    columns: Iterable[Column], values: Mapping[str, Any], child: str, table: str, row: int
) -> list[Issue]:
    """Issues of every column whose value is wrong; an absent key is an empty value."""
    issues: list[Issue] = []
    for column in columns:
        value = values.get(column.name, "")
        if isinstance(value, list):
            found = next(filter(None, (column.fault(_text(item)) for item in value)), None)
        else:
            found = column.fault(value if isinstance(value, str) else _text(value))
        if found is not None:
            issues.append(
                Issue(
                    child, table, (column.name,), row,
                    found.rule_code, found.severity, f"{column.name} {found.description}.",
                )
            )  # fmt: skip
    return issues


def _text(value: object) -> str:
    """A value of JSON as the text a table would hold."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)
