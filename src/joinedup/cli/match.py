"""``joinedup match``: an identifier for every row of a file."""

import contextlib
import datetime as dt
import functools
import json
import logging
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table as Grid

from joinedup import __version__
from joinedup.cli.interrupt import INTERRUPTED, stop_on_interrupt
from joinedup.cli.progress import RowProgress
from joinedup.cli.source import SourceError, open_source
from joinedup.identify import STRATEGIES
from joinedup.identify.batch import Stopped
from joinedup.identify.journal import Journal, JournalError
from joinedup.identify.match_file import PATIENCE, match_file
from joinedup.identify.outcome import Status
from joinedup.identify.report import MEANINGS, RunFacts, duration, write_report
from joinedup.identify.tally import Tally
from joinedup.standards.columns import TableError, read_mapping
from joinedup.standards.tabular import Table, open_table

PROBLEMS, USAGE, NO_ANSWER = 1, 2, 3  # exit status, contract 5.1

_EPILOG = """
\b
Examples:
  joinedup match children.csv
  joinedup match children.xlsx -o numbers.csv --pds-url https://pds.example.nhs.uk
  joinedup match census.csv --map given="Preferred first name" --map dob=Born
  joinedup match children.csv --json -q > run.json

The columns added are SUI_Status, SUI_NHSNo (for Match alone), SUI_Score, SUI_Reason,
SUI_DataQuality and SUI_Calls. A run that was stopped, or killed, goes on where it was when the
same command is given again.

Exit status: 0 done, 1 some rows have data problems (they are in the output with the reason),
2 wrong usage or a file that cannot be read, 3 the source of truth did not answer for some rows
(run the same command again), 130 stopped with Ctrl-C.
"""


class Misuse(click.ClickException):
    """The command cannot be carried out as given."""

    exit_code = USAGE


class NoAnswer(click.ClickException):
    """Something that the command needs did not answer."""

    exit_code = NO_ANSWER


@click.command(epilog=_EPILOG)
@click.argument("in_file", metavar="IN", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="OUT.csv", type=click.Path(path_type=Path),
    help="Where the results go. Default: IN_matched.csv beside IN.",
)  # fmt: skip
@click.option(
    "--strategy", type=click.Choice(sorted(STRATEGIES)), default="adaptive", show_default=True,
    help="How to search. All but adaptive are the national prototype's, for comparison only.",
)  # fmt: skip
@click.option(
    "--pds-url", metavar="URL", envvar="JOINEDUP_PDS_URL", show_envvar=True,
    help="The source of truth: the address before /personal-demographics. "
    "Default: an emulator with the demo's invented people.",
)  # fmt: skip
@click.option(
    "--pds-tps", metavar="N", type=click.FloatRange(min=0),
    help="Calls a second that may be made, 0 for no limit. Default: 5, and no limit for the "
    "demo's emulator.",
)  # fmt: skip
@click.option(
    "--workers", metavar="N", type=click.IntRange(1, 64), default=8, show_default=True,
    help="Questions in flight at a time.",
)  # fmt: skip
@click.option(
    "--patience",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=PATIENCE,
    show_default=True,
    help="How long to wait for a source that stops answering before giving it up.",
)
@click.option(
    "--map", "maps", metavar="NAME=COLUMN", multiple=True,
    help="Say which column holds a field, when its heading is not recognised. Repeatable.",
)  # fmt: skip
@click.option("--sheet", metavar="NAME", help="The sheet of a workbook. Default: the first in use.")
@click.option(
    "--report", metavar="FILE.html", type=click.Path(path_type=Path),
    help="Where the report goes. Default: OUT.csv.report.html.",
)  # fmt: skip
@click.option("--restart", is_flag=True, help="Forget the answers of an unfinished run.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON on stdout.")
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
    report: Path | None,
    restart: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Find the NHS number of every child in a file.

    IN is a CSV, Excel (.xlsx) or JSON lines file with a row for each child. It needs a given name,
    a family name and a date of birth; gender, postcode, phone, e-mail and a held NHS number make
    the answer surer and cheaper. Every row is in the output, in the same order, with its other
    columns as they were.
    """
    # The client's warnings are in the rows they are about; here they would break up the bar.
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    errors = Console(stderr=True, highlight=False)
    say = functools.partial(errors.print, markup=False, soft_wrap=True)

    def tell(message: str) -> None:
        if not quiet:
            say(message)

    try:
        out, report = _destinations(in_file, output, report)
        table = open_table(in_file, read_mapping(maps), sheet=sheet)
    except TableError as error:
        raise Misuse(str(error)) from None
    tell(f"{in_file.name}: {table.kind}, {table.row_count:,} rows.")
    for note in table.notes:
        tell(note)
    if STRATEGIES[strategy].accepts_on_score:
        say(
            f"Warning: {strategy} accepts on the source's score alone, without comparing who came "
            "back. It is for comparison; do not use its numbers for real children."
        )
    try:
        with (
            stop_on_interrupt(say) as stop,
            open_source(pds_url, pds_tps, tell) as opened,
            _open_journal(out, table, strategy, opened.identity, restart) as journal,
        ):
            if journal.resumed:
                tell(f"Going on with an earlier run: {journal.resumed:,} answers are known.")
            begun = time.monotonic()
            with RowProgress(errors, table.row_count, quiet=quiet) as progress:
                tally = match_file(
                    table,
                    out,
                    source=opened.source,
                    strategy=strategy,
                    journal=journal,
                    workers=workers,
                    progress=lambda done: progress.row(done.answer.status),
                    stop=stop,
                    patience=patience,
                    waiting=lambda seconds: tell(
                        "The source of truth does not answer. Waiting for it, up to "
                        f"{duration(patience)} (--patience)."
                    ),
                )
            facts = RunFacts(
                input_name=in_file.name,
                output_name=out.name,
                kind=table.kind,
                strategy=strategy,
                source=opened.words,
                seconds=time.monotonic() - begun,
                finished_at=dt.datetime.now().astimezone(),
                notes=table.notes,
            )
            write_report(report, facts, tally, table.columns)
            status = _status(tally)
            if as_json:
                click.echo(json.dumps(_summary(table, out, report, facts, tally, status)))
            elif not quiet:
                _show(out, report, facts, tally)
            if tally.unavailable:
                say(
                    f"The source of truth ({opened.words}) did not answer for "
                    f"{tally.unavailable:,} of {tally.rows:,} rows. They are marked Unavailable, "
                    "which says nothing about those children. When it is back, give the same "
                    "command again: only those rows are asked. The other answers are kept in "
                    f"{journal.path.name} until then."
                )
            else:  # the last thing of all: until here, a killed run finds every answer again
                journal.remove()
    except (TableError, JournalError) as error:
        raise Misuse(str(error)) from None
    except SourceError as error:
        raise (Misuse if error.at_fault else NoAnswer)(str(error)) from None
    except Stopped:
        say(
            "Stopped. What was answered is kept in "
            f"{_journal_path(out)}: give the same command again to go on."
        )
        sys.exit(INTERRUPTED)
    except (OSError, sqlite3.Error) as error:
        raise Misuse(
            f"The run cannot go on: {error}. What was answered is kept in "
            f"{_journal_path(out)}: put that right and give the same command again."
        ) from None
    sys.exit(status)


def _journal_path(out: Path) -> Path:
    return out.with_name(out.name + ".journal")


@contextlib.contextmanager
def _open_journal(
    out: Path, table: Table, strategy: str, source: str, restart: bool
) -> Iterator[Journal]:
    journal = Journal.open(
        _journal_path(out),
        content=table.digest,
        settings={"strategy": strategy, "source": source, "version": __version__},
        restart=restart,
    )
    try:
        yield journal
    finally:
        journal.close()


def _destinations(in_file: Path, out: Path | None, report: Path | None) -> tuple[Path, Path]:
    """Where output and report go; TableError when that would harm the input or cannot be."""
    if not in_file.exists():
        raise TableError(f"{in_file} does not exist.")
    out = out or in_file.with_name(f"{in_file.stem}_matched.csv")
    if out.is_dir():
        raise TableError(f"{out} is a folder. Give -o the name of a file.")
    report = report or out.with_name(out.name + ".report.html")
    if out.suffix.lower() in {".xlsx", ".xls", ".xlsm", ".ods"}:
        raise TableError(
            f"The output is CSV, which Excel opens. Give -o a name such as {out.stem}.csv."
        )
    for path in (out, report):
        if path.exists() and path.samefile(in_file):
            raise TableError(f"{path} is the input, which is never overwritten. Give another name.")
        if path.is_dir():
            raise TableError(f"{path} is a folder. Give the name of a file.")
        if not os.access(path.parent, os.W_OK):
            raise TableError(f"The folder {path.parent} does not exist or cannot be written to.")
    if out.absolute() == report.absolute():
        raise TableError("The output and the report cannot be the same file.")
    return out, report


def _status(tally: Tally) -> int:
    if tally.unavailable:
        return NO_ANSWER
    return PROBLEMS if tally.outcomes[Status.INVALID] else 0


def _summary(
    table: Table, out: Path, report: Path, facts: RunFacts, tally: Tally, status: int
) -> dict[str, Any]:
    return {
        "command": "match",
        "input": str(table.path),
        "output": str(out),
        "report": str(report),
        "strategy": facts.strategy,
        "source": facts.source,
        "rows": tally.rows,
        "outcomes": {name: tally.outcomes[name] for name in MEANINGS},
        "calls": tally.calls,
        "calls_this_run": tally.calls_this_run,
        "calls_per_child": round(tally.calls_per_child, 4),
        "duplicates": tally.copies,
        "rows_from_earlier_run": tally.earlier,
        "seconds": round(facts.seconds, 3),
        "rows_per_second": round(_rate(facts, tally), 1),
        "data_quality": {name: dict(counts) for name, counts in tally.quality.items()},
        "notes": list(facts.notes),
        "exit_status": status,
    }


def _rate(facts: RunFacts, tally: Tally) -> float:
    return tally.rows / facts.seconds if facts.seconds else 0.0


def _show(out: Path, report: Path, facts: RunFacts, tally: Tally) -> None:
    grid = Grid(title=f"{tally.rows:,} rows", title_justify="left")
    grid.add_column("Outcome")
    grid.add_column("Rows", justify="right")
    grid.add_column("Meaning")
    for name, meaning in MEANINGS.items():
        if tally.outcomes[name]:
            grid.add_row(name, f"{tally.outcomes[name]:,}", meaning)
    console = Console(highlight=False)
    console.print(grid)
    parts = [
        f"{tally.calls:,} calls ({tally.calls_per_child:.2f} for each child asked about)",
        f"{tally.copies:,} repeated rows asked once",
        f"{duration(facts.seconds)} ({_rate(facts, tally):,.1f} rows a second)",
    ]
    if tally.earlier:
        parts.insert(1, f"{tally.earlier:,} rows known from an earlier run")
    console.print("; ".join(parts) + ".", soft_wrap=True)
    console.print(f"Results: {out}\nReport:  {report}", markup=False, soft_wrap=True)
