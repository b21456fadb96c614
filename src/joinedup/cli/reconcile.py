"""``joinedup reconcile``: what a file holds about each child, against the source of truth."""

import functools
import json
import logging
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table as Grid

from joinedup.cli.file_run import (
    NO_ANSWER,
    PROBLEMS,
    Misuse,
    asking_options,
    check_input,
    check_outputs,
    end_journal,
    failures_told,
    journal_of,
    open_journal,
    running_options,
    tell_waiting,
    warn_of_strategy,
)
from joinedup.cli.interrupt import stop_on_interrupt
from joinedup.cli.progress import RowProgress
from joinedup.cli.source import open_source
from joinedup.identify.match_file import Run
from joinedup.identify.outcome import Status
from joinedup.identify.reconcile import ReconcileStatus
from joinedup.identify.reconcile_file import ReconcileTally, reconcile_file
from joinedup.identify.report import MEANINGS as OUTCOMES
from joinedup.identify.report import duration
from joinedup.standards.columns import TableError, read_mapping
from joinedup.standards.tabular import open_table

_EPILOG = """
\b
Examples:
  joinedup reconcile children.csv
  joinedup reconcile children.xlsx -o compared.csv --pds-url https://pds.example.nhs.uk
  joinedup reconcile census.csv --map given="Preferred first name" --map dob=Born
  joinedup reconcile children.csv --json -q > run.json

The columns added are those of `joinedup match`, and SUI_ReconcileStatus, SUI_Differences,
SUI_MissingLocalFields, SUI_MissingNhsFields, SUI_PrimaryAddressSame and
SUI_AddressHistoriesIntersect. They name fields; what the source of truth holds is not written.
A run that was stopped, or killed, goes on where it was when the same command is given again.

Exit status: 0 done, 1 some rows, or the NHS numbers in them, cannot be used (they are in the
output with the reason), 2 wrong usage or a file that cannot be read, 3 the source of truth did
not answer for some rows (run the same command again), 130 stopped with Ctrl-C.
"""

_MEANINGS: dict[str, str] = {
    ReconcileStatus.NO_DIFFERENCES: "Nothing that both sides hold differs.",
    ReconcileStatus.DIFFERENCES: "The child was found; the fields named differ.",
    ReconcileStatus.DID_NOT_MATCH: "The details are not surely those of any one child.",
    ReconcileStatus.NUMBER_NOT_VALID: "The NHS number held cannot be one: it is mistyped.",
    ReconcileStatus.NUMBER_NOT_FOUND: "The NHS number held is nobody's, or was withdrawn.",
    ReconcileStatus.NUMBER_SUPERSEDED: "The NHS number held was replaced by another.",
    ReconcileStatus.UNAVAILABLE: "The source of truth did not answer. This says nothing of the "
    "child.",
}


@click.command(epilog=_EPILOG)
@click.argument("in_file", metavar="IN", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="OUT.csv", type=click.Path(path_type=Path),
    help="Where the results go. Default: IN_reconciled.csv beside IN.",
)  # fmt: skip
@asking_options
@running_options
def command(
    in_file: Path,
    output: Path | None,
    strategy: str,
    pds_url: str | None,
    pds_tps: float | None,
    workers: int,
    patience: float,
    maps: tuple[str, ...],
    sheet: str | None,
    restart: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Compare what is held about every child in a file with the source of truth.

    IN is a CSV, Excel (.xlsx) or JSON lines file with a row for each child, as for `joinedup
    match`. A row with an NHS number is compared with the record of that number; one without, or
    whose number is wrong, is looked for by its details first. Every row is in the output, in the
    same order, with its other columns as they were.
    """
    # The client's warnings are in the rows they are about; here they would break up the bar.
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    errors = Console(stderr=True, highlight=False)
    say = functools.partial(errors.print, markup=False, soft_wrap=True)

    def tell(message: str) -> None:
        if not quiet:
            say(message)

    out = output or in_file.with_name(f"{in_file.stem}_reconciled.csv")
    try:
        check_input([in_file])
        check_outputs([out], [in_file])
        table = open_table(in_file, read_mapping(maps), sheet=sheet)
    except TableError as error:
        raise Misuse(str(error)) from None
    tell(f"{in_file.name}: {table.kind}, {table.row_count:,} rows.")
    for note in table.notes:
        tell(note)
    warn_of_strategy(strategy, say)
    kept = journal_of(out)
    with (
        failures_told(kept, say),
        stop_on_interrupt(say) as stop,
        open_source(pds_url, pds_tps, tell) as opened,
        open_journal(kept, "reconcile", [table], strategy, opened.identity, restart) as journal,
    ):
        if journal.resumed:
            tell(f"Going on with an earlier run: {journal.resumed:,} answers are known.")
        begun = time.monotonic()
        with RowProgress(errors, table.row_count, quiet=quiet) as progress:
            run = Run(
                source=opened.source,
                strategy=strategy,
                journal=journal,
                workers=workers,
                progress=lambda done: progress.row(done.answer.status),
                stop=stop,
                patience=patience,
                waiting=tell_waiting(tell, patience),
            )
            tally = reconcile_file(table, out, run)
        seconds = time.monotonic() - begun
        status = _status(tally)
        if as_json:
            facts = {"input": str(in_file), "output": str(out), "strategy": strategy}
            facts |= {"source": opened.words}
            click.echo(json.dumps({**facts, **_summary(tally, seconds), "exit_status": status}))
        elif not quiet:
            _show(in_file.name, out, tally, seconds)
        end_journal(journal, tally.unavailable, tally.matched.rows, opened.words, say)
    sys.exit(status)


def _status(tally: ReconcileTally) -> int:
    if tally.unavailable:
        return NO_ANSWER
    wrong = tally.statuses[ReconcileStatus.NUMBER_NOT_VALID]
    return PROBLEMS if wrong or tally.matched.outcomes[Status.INVALID] else 0


def _summary(tally: ReconcileTally, seconds: float) -> dict[str, Any]:
    """What ``--json`` prints of the counts."""
    matched = tally.matched
    return {
        "command": "reconcile",
        "rows": matched.rows,
        "statuses": {name: tally.statuses[name] for name in _MEANINGS},
        "outcomes": {name: matched.outcomes[name] for name in OUTCOMES},
        "differences": dict(tally.differing.most_common()),
        "missing_local": dict(tally.missing_local.most_common()),
        "missing_nhs": dict(tally.missing_nhs.most_common()),
        "calls": matched.calls,
        "calls_this_run": matched.calls_this_run,
        "calls_per_child": round(matched.calls_per_child, 4),
        "duplicates": matched.copies,
        "rows_from_earlier_run": matched.earlier,
        "seconds": round(seconds, 3),
        "data_quality": {name: dict(counts) for name, counts in matched.quality.items()},
    }


def _show(name: str, out: Path, tally: ReconcileTally, seconds: float) -> None:
    matched = tally.matched
    grid = Grid(title=f"{name}: {matched.rows:,} rows", title_justify="left")
    grid.add_column("Status", no_wrap=True)
    grid.add_column("Rows", justify="right")
    grid.add_column("Meaning")
    for status, meaning in _MEANINGS.items():
        if tally.statuses[status]:
            grid.add_row(status, f"{tally.statuses[status]:,}", meaning)
    console = Console(highlight=False)
    console.print(grid)
    for words, counts in (
        ("Different", tally.differing),
        ("Missing in your file", tally.missing_local),
        ("Missing at the NHS", tally.missing_nhs),
    ):
        if counts:
            console.print(f"{words}: {_listed(counts)}.", soft_wrap=True)
    parts = [
        f"{matched.calls:,} calls ({matched.calls_per_child:.2f} for each child asked about)",
        f"{matched.copies:,} repeated rows asked once",
        duration(seconds),
    ]
    if matched.earlier:
        parts.insert(1, f"{matched.earlier:,} rows known from an earlier run")
    console.print("; ".join(parts) + ".", soft_wrap=True)
    console.print(f"Results: {out}", markup=False, soft_wrap=True)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common())
