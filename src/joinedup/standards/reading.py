"""One pass over one file, in which no row can be lost without being reported."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from joinedup.standards.records import Child, Event, Issue, Record, Severity


class Row(NamedTuple):
    """One row as it was taken from the file: a line, an XML record, an item of JSON.

    ``number`` is what a person counts to find it: the spreadsheet's row number, or the record's
    place among those of its table, from 1.
    """

    table: str
    number: int
    content: Any


class Unread(NamedTuple):
    """``rows`` rows, from ``number`` on, that were found but hold nothing that can be read."""

    table: str
    number: int
    rule_code: str
    description: str
    severity: Severity = Severity.ERROR
    rows: int = 1


# What the lower layer gives: rows, rows that it could not read, and issues of the whole file.
Input = Row | Unread | Issue
Convert = Callable[[Row], Iterable[Record]]


@dataclass(slots=True)
class Count:
    """Every row that went in, and what became of it.

    ``rows_in`` is counted where rows are taken from the file, ``rows_out`` where a child or an
    event came of a row, ``rows_reported`` where a row gave issues alone.
    """

    rows_in: int = 0
    rows_out: int = 0
    rows_reported: int = 0
    children: int = 0
    events: int = 0
    issues: Counter[Severity] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def balanced(self) -> bool:
        """Whether rows in equals rows out plus rows reported."""
        return self.rows_in == self.rows_out + self.rows_reported

    def add(self, record: Record) -> None:
        """Count one record."""
        if isinstance(record, Event):
            self.events += 1
        elif isinstance(record, Child):
            self.children += 1
        else:
            self.issues[record.severity] += 1
            self.rules[record.rule_code] += 1


class Reading:
    """A file being read: go through it once; ``count`` is complete afterwards.

    Content never raises. A row whose conversion fails or yields nothing becomes an issue, so
    ``count.balanced`` holds for every file. Only the operating system's errors (no such file, no
    permission) come through.
    """

    def __init__(
        self,
        standard: str,
        rows: Iterable[Input],
        convert: Convert,
        check: Callable[[Record], Iterable[Issue]] = lambda _: (),
    ) -> None:
        self.standard = standard
        self.count = Count()
        self._rows = rows
        self._convert = convert
        self._check = check

    def __iter__(self) -> Iterator[Record]:
        count, check = self.count, self._check
        for item in self._input():
            if isinstance(item, Row):
                count.rows_in += 1
                out = False
                for record in self._records(item):
                    count.add(record)
                    yield record
                    if not isinstance(record, Issue):
                        out = True
                        for issue in check(record):
                            count.add(issue)
                            yield issue
                if out:
                    count.rows_out += 1
                else:
                    count.rows_reported += 1
                continue
            if isinstance(item, Unread):
                count.rows_in += item.rows
                count.rows_reported += item.rows
                item = Issue(
                    "", item.table, (), item.number, item.rule_code, item.severity, item.description
                )
            count.add(item)
            yield item

    def _input(self) -> Iterator[Input]:
        try:
            yield from self._rows
        except OSError:
            raise
        except Exception as error:  # as in _records, for the layer below
            yield Issue(
                "", "", (), 0, "read-failed", Severity.ERROR,
                f"The rest of the file could not be read ({type(error).__name__}). Please report "
                "it.",
            )  # fmt: skip

    def _records(self, row: Row) -> Iterable[Record]:
        try:
            records = self._convert(row)
            if not isinstance(records, list):
                records = list(records)
        except Exception as error:
            # The last resort for shapes nobody thought of: said, counted, and never a crash in
            # the middle of a million rows. The error's text may quote a cell, its type cannot.
            return [
                Issue(
                    "", row.table, (), row.number, "read-failed", Severity.ERROR,
                    f"This row could not be read ({type(error).__name__}). Please report it.",
                )
            ]  # fmt: skip
        if records:
            return records
        return [
            Issue(
                "", row.table, (), row.number, "row-unknown", Severity.ERROR,
                "This row holds nothing that this standard knows.",
            )
        ]  # fmt: skip
