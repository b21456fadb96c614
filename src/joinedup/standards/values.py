"""What one cell of a standard may hold."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from joinedup.standards.dates import read_date
from joinedup.standards.records import Issue, Severity

_INTEGER = re.compile(r"-?\d{1,9}(?:\.0+)?", re.A)
_LONGEST = 20_000


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
        # Nearly every cell of a good file leaves here.
        if value == "" and not column.required:
            continue
        if type(value) is str and column.accepts is not None and column.accepts(value):
            continue
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
