"""One pass over one file, in which no row can be lost without being reported."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from joinedup.standards.blocks import Block, issues_only, of_records
from joinedup.standards.records import Issue, Record, Severity


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

    def issue(self) -> Issue:
        """What is said of them."""
        return Issue(
            "", self.table, (), self.number, self.rule_code, self.severity, self.description
        )


# What the lower layer gives: rows, rows that it could not read, and issues of the whole file.
Input = Sequence[Row] | Unread | Issue


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

    def add(self, block: Block) -> None:
        """Count a block."""
        issues = block.issues()
        self.rows_in += block.rows_in
        self.rows_out += block.rows_out
        self.rows_reported += block.rows_in - block.rows_out
        self.children += len(block.children or ())
        self.events += sum(map(len, block.events))
        self.issues.update(issue.severity for issue in issues)
        self.rules.update(issue.rule_code for issue in issues)


class Reading:
    """A file being read: go through it once; ``count`` is complete afterwards.

    Content never raises. A row whose conversion fails or yields nothing becomes an issue, so
    ``count.balanced`` holds for every file. Only the operating system's errors (no such file, no
    permission) come through.
    """

    def __init__(
        self, standard: str, blocks: Iterable[Block], check: Callable[[Block], None] | None = None
    ) -> None:
        """``check`` adds to a block what is wrong between its records."""
        self.standard = standard
        self.count = Count()
        self._blocks = blocks
        self._check = check

    def blocks(self) -> Iterator[Block]:
        """What the file holds as columns, some hundreds of rows at a time."""
        for block in self._read():
            if self._check is not None:
                self._check(block)
            self.count.add(block)
            yield block

    def __iter__(self) -> Iterator[Record]:
        """Every child, event and issue, one by one."""
        for block in self.blocks():
            yield from block.records()

    def _read(self) -> Iterator[Block]:
        try:
            yield from self._blocks
        except OSError:
            raise
        except Exception as error:  # as in ``converted``, for the layer below
            yield issues_only(
                [
                    Issue(
                        "", "", (), 0, "read-failed", Severity.ERROR,
                        f"The rest of the file could not be read ({type(error).__name__}). Please "
                        "report it.",
                    )
                ]
            )  # fmt: skip


def converted(
    inputs: Iterable[Input], convert: Callable[[Sequence[Row]], Block]
) -> Iterator[Block]:
    """The rows of a file made into blocks by ``convert``, with all that is said of others."""
    for item in inputs:
        if isinstance(item, Issue):
            yield issues_only([item])
        elif isinstance(item, Unread):
            yield issues_only([item.issue()], item.rows)
        else:
            yield from convert_safely(item, convert)


def convert_safely(
    rows: Sequence[Row], convert: Callable[[Sequence[Row]], Block]
) -> Iterator[Block]:
    """Rows as one block or, where one of them makes that fail, as a block each."""
    try:
        block = convert(rows)
    except Exception as error:
        # The last resort for shapes nobody thought of: said, counted, and never a crash in
        # the middle of a million rows. The error's text may quote a cell, its type cannot.
        if len(rows) > 1:
            for row in rows:
                yield from convert_safely([row], convert)
            return
        row = rows[0]
        text = f"This row could not be read ({type(error).__name__}). Please report it."
        issue = Issue("", row.table, (), row.number, "read-failed", Severity.ERROR, text)
        block = issues_only([issue], 1)
    yield block


def one_by_one(convert: Callable[[Row], Iterable[Record]]) -> Callable[[Sequence[Row]], Block]:
    """Make blocks with what converts one row. A row that gives nothing is reported."""

    def records(row: Row) -> list[Record]:
        return list(convert(row)) or [
            Issue(
                "", row.table, (), row.number, "row-unknown", Severity.ERROR,
                "This row holds nothing that this standard knows.",
            )
        ]  # fmt: skip

    return lambda rows: of_records(list(map(records, rows)))
