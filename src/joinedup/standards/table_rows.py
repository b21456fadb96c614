"""Rows of one table as columns, whether they came as cells or as named values.

Both kinds give the same: for every row, the text, date or value of the first of several names that
is filled.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from joinedup.standards.blocks import at, filled
from joinedup.standards.dates import read_date

Values = Mapping[str, Any]
Names = tuple[str, ...]


class TableRows(Protocol):
    """What a table needs to know of its rows; ``is_text`` when no value is anything else."""

    is_text: bool

    def __len__(self) -> int: ...

    def column(self, name: str) -> Sequence[Any]:
        """Every row's value of a name, "" where there is none."""

    def texts(self, names: Names) -> Sequence[str]:
        """The first of these names that is filled, as text."""

    def first(self, names: Names) -> Sequence[Any]:
        """The first of these names that is filled, as it is."""

    def days(self, names: Names) -> Sequence[date | None]:
        """The first of these names that is a date."""

    def values(self, indexes: Sequence[int] | None, without: frozenset[str]) -> Sequence[Values]:
        """All that rows hold by name, but for some names."""


class CellRows:
    """Rows of cells.

    ``names`` says which of the ``columns``, all of one length, a name is; in ``tidy`` ones no cell
    has space around it.
    """

    is_text = True

    def __init__(
        self, names: Mapping[str, int], columns: Sequence[Sequence[str]], *, tidy: bool = False
    ) -> None:
        self._names = names
        self._columns = columns
        self._is_tidy = tidy
        self._size = len(columns[0])
        self._tidy: dict[str, Sequence[str]] = {}

    def __len__(self) -> int:
        return self._size

    def column(self, name: str) -> Sequence[str]:
        found = self._tidy.get(name)
        if found is None:
            index = self._names.get(name)
            if index is None:
                found = [""] * self._size
            else:
                found = self._columns[index]
                if not self._is_tidy:
                    found = list(map(str.strip, found))
            self._tidy[name] = found
        return found

    def texts(self, names: Names) -> Sequence[str]:
        here = [self.column(name) for name in names if name in self._names]
        if not here:
            return [""] * self._size
        first, *others = here
        for other in others:
            first = [one or two for one, two in zip(first, other, strict=True)]
        return first

    first = texts

    def days(self, names: Names) -> Sequence[date | None]:
        found: Sequence[date | None] = [None] * self._size
        for name in reversed([name for name in names if name in self._names]):
            column = self.column(name)
            read = {text: read_date(text) for text in set(column)}
            days = [read[text] for text in column]
            found = (
                [one or two for one, two in zip(days, found, strict=True)] if any(found) else days
            )
        return found

    def values(self, indexes: Sequence[int] | None, without: frozenset[str]) -> Sequence[Values]:
        columns = {name: self.column(name) for name in self._names if name not in without}
        return filled(columns, indexes, self._size)


class ValueRows:
    """Rows as named values, which may be lists and of any JSON type."""

    is_text = False

    def __init__(self, rows: Sequence[Values]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def column(self, name: str) -> Sequence[Any]:
        return [row.get(name, "") for row in self._rows]

    def texts(self, names: Names) -> Sequence[str]:
        found = self._only_texts(names)
        return list(map(str.strip, found)) if found else [one(row, names) for row in self._rows]

    def first(self, names: Names) -> Sequence[Any]:
        if len(names) == 1:
            return self.column(names[0])
        return [
            next((row[name] for name in names if row.get(name) not in ("", None)), "")
            for row in self._rows
        ]

    def days(self, names: Names) -> Sequence[date | None]:
        found = self._only_texts(names)
        if found and len(names) == 1:
            return list(map(read_date, found))
        return [_day(row, names) for row in self._rows]

    def _only_texts(self, names: Names) -> Sequence[str]:
        """The first of these names that is filled, as it is; nothing where one is no text."""
        found: Sequence[str] = []
        for name in names:
            column = self.column(name)
            if set(map(type, column)) != {str}:
                return ()
            found = (
                [one or two for one, two in zip(found, column, strict=True)] if found else column
            )
        return found

    def values(self, indexes: Sequence[int] | None, without: frozenset[str]) -> Sequence[Values]:
        rows = at(self._rows, indexes)
        if not without:
            return rows
        return [
            row
            if without.isdisjoint(row)
            else {name: value for name, value in row.items() if name not in without}
            for row in rows
        ]


def text_of(value: object) -> str:
    """A value of JSON as short text."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)[:200]


def one(values: Values, names: Names) -> str:
    """The first of these names that is filled, as text."""
    for name in names:
        value = values.get(name)
        if type(value) is str and value:
            return value.strip()
        if isinstance(value, list):
            value = next((item for item in value if item not in ("", None)), None)
        if value not in ("", None):
            return value.strip() if isinstance(value, str) else text_of(value)
    return ""


def _day(values: Values, names: Names) -> date | None:
    for name in names:
        value = values.get(name)
        if isinstance(value, str) and value and (day := read_date(value)):
            return day
    return None
