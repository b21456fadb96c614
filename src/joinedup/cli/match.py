"""``joinedup match``: an identifier for every row of a file, or of several."""

import datetime as dt
import functools
import json
import logging
import os
import sys
import tempfile
import time
from dataclasses import dataclass
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
from joinedup.cli.progress import RowProgress, StageProgress
from joinedup.cli.source import open_source
from joinedup.identify.match_file import Run, match_file, match_files
from joinedup.identify.outcome import Status
from joinedup.identify.report import MEANINGS, RunFacts, duration, write_report
from joinedup.identify.tally import Tally
from joinedup.identify.together import Groups
from joinedup.standards.columns import TableError, read_mapping
from joinedup.standards.tabular import Table, open_table

_EPILOG = """
\b
Examples:
  joinedup match children.csv
  joinedup match social_care.csv schools.xlsx health.csv -o results/
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


@click.command(epilog=_EPILOG)
@click.argument(
    "in_files", metavar="IN...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "-o", "--output", metavar="OUT.csv", type=click.Path(path_type=Path),
    help="Where the results go; a folder when there are several files. Default: IN_matched.csv "
    "beside IN.",
)  # fmt: skip
@asking_options
@click.option(
    "--report", metavar="FILE.html", type=click.Path(path_type=Path),
    help="Where the report goes, for a single file. Default: OUT.csv.report.html.",
)  # fmt: skip
@running_options
def command(
    in_files: tuple[Path, ...],
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
    """Find the NHS number of every child in a file, or in several.

    IN is a CSV, Excel (.xlsx) or JSON lines file with a row for each child. It needs a given name,
    a family name and a date of birth; gender, postcode, phone, e-mail and a held NHS number make
    the answer surer and cheaper. Every row is in the output, in the same order, with its other
    columns as they were.

    Give the files of several agencies together: their rows are linked first, and a child whom
    several of them know is asked about once. Each file has its own output.
    """
    # The client's warnings are in the rows they are about; here they would break up the bar.
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    errors = Console(stderr=True, highlight=False)
    say = functools.partial(errors.print, markup=False, soft_wrap=True)

    def tell(message: str) -> None:
        if not quiet:
            say(message)

    try:
        outs, reports, kept = _destinations(in_files, output, report)
        mapping = read_mapping(maps)
        tables = [open_table(path, mapping, sheet=sheet) for path in in_files]
    except TableError as error:
        raise Misuse(str(error)) from None
    for table in tables:
        tell(f"{table.path.name}: {table.kind}, {table.row_count:,} rows.")
        for note in table.notes:
            tell(note)
    warn_of_strategy(strategy, say)
    with (
        failures_told(kept, say),
        stop_on_interrupt(say) as stop,
        open_source(pds_url, pds_tps, tell) as opened,
        open_journal(kept, "match", tables, strategy, opened.identity, restart) as journal,
    ):
        if journal.resumed:
            tell(f"Going on with an earlier run: {journal.resumed:,} answers are known.")
        begun = time.monotonic()
        groups = _link(tables, errors, quiet) if len(tables) > 1 else None
        total = sum(table.row_count for table in tables)
        with RowProgress(errors, total, quiet=quiet) as progress:
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
            tallies = (
                [match_file(tables[0], outs[0], run)]
                if groups is None
                else match_files(tables, outs, groups, run)
            )
        seconds = time.monotonic() - begun
        done = [
            _Done(
                table, out, told, tally,
                RunFacts(
                    input_name=table.path.name,
                    output_name=out.name,
                    kind=table.kind,
                    strategy=strategy,
                    source=opened.words,
                    seconds=seconds,
                    finished_at=dt.datetime.now().astimezone(),
                    notes=table.notes,
                ),
            )
            for table, out, told, tally in zip(tables, outs, reports, tallies, strict=True)
        ]  # fmt: skip
        for one in done:
            write_report(one.report, one.facts, one.tally, one.table.columns)
        status = max(_status(tally) for tally in tallies)
        if as_json:
            click.echo(json.dumps(_summary(done, status)))
        elif not quiet:
            for one in done:
                _show(one)
            if groups is not None:
                _show_together(tallies, groups)
        unavailable = sum(tally.unavailable for tally in tallies)
        end_journal(journal, unavailable, total, opened.words, say)
    sys.exit(status)


@dataclass(frozen=True, slots=True)
class _Done:
    """One file of a run that is complete."""

    table: Table
    out: Path
    report: Path
    tally: Tally
    facts: RunFacts


def _link(tables: list[Table], errors: Console, quiet: bool) -> Groups:
    # Not above: a single file needs none of the linking engine, which takes a second to load.
    from joinedup.identify.gather import gather

    stages = StageProgress(errors, quiet=quiet)
    with (
        tempfile.TemporaryDirectory(prefix="joinedup-match-") as work,
        stages.stage("Linking the files' rows"),
    ):
        return gather(tables, Path(work), progress=stages.step)


def _destinations(
    in_files: tuple[Path, ...], output: Path | None, report: Path | None
) -> tuple[list[Path], list[Path], Path]:
    """Where outputs, reports and journal go; TableError when that would harm an input."""
    check_input(in_files)
    if len(in_files) == 1:
        out = output or in_files[0].with_name(f"{in_files[0].stem}_matched.csv")
        if out.is_dir():
            raise TableError(f"{out} is a folder. Give -o the name of a file.")
        _check(out, report or _report_of(out), in_files)
        return [out], [report or _report_of(out)], journal_of(out)
    if report is not None:
        raise TableError("--report is for a single file: each of several has its own.")
    if len({path.stem for path in in_files}) < len(in_files):
        raise TableError("Two of the files have the same name, so their outputs would too.")
    if output is not None:
        if output.exists() and not output.is_dir():
            raise TableError(f"{output} is a file. For several inputs give -o a folder.")
        if not output.exists() and not os.access(output.absolute().parent, os.W_OK):
            raise TableError(f"The folder {output} cannot be made.")
        output.mkdir(exist_ok=True)
    outs = [(output or path.parent) / f"{path.stem}_matched.csv" for path in in_files]
    for out in outs:
        _check(out, _report_of(out), in_files)
    return outs, [_report_of(out) for out in outs], outs[0].with_name("matched.journal")


def _report_of(out: Path) -> Path:
    return out.with_name(out.name + ".report.html")


def _check(out: Path, report: Path, in_files: tuple[Path, ...]) -> None:
    check_outputs((out, report), in_files)
    if out.absolute() == report.absolute():
        raise TableError("The output and the report cannot be the same file.")


def _status(tally: Tally) -> int:
    if tally.unavailable:
        return NO_ANSWER
    return PROBLEMS if tally.outcomes[Status.INVALID] else 0


def _summary(done: list[_Done], status: int) -> dict[str, Any]:
    """What ``--json`` prints: for a single file its own summary, for several the sum and each."""
    if len(done) == 1:
        return {"command": "match", **_summary_of(done[0]), "exit_status": status}
    rows, calls = (sum(getattr(one.tally, name) for one in done) for name in ("rows", "calls"))
    return {
        "command": "match",
        "strategy": done[0].facts.strategy,
        "source": done[0].facts.source,
        "rows": rows,
        "outcomes": {name: sum(one.tally.outcomes[name] for one in done) for name in MEANINGS},
        "calls": calls,
        "calls_per_row": round(calls / rows, 4) if rows else 0.0,
        "seconds": round(done[0].facts.seconds, 3),
        "files": [_summary_of(one) for one in done],
        "exit_status": status,
    }


def _summary_of(done: _Done) -> dict[str, Any]:
    tally, facts = done.tally, done.facts
    return {
        "input": str(done.table.path),
        "output": str(done.out),
        "report": str(done.report),
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
    }


def _rate(facts: RunFacts, tally: Tally) -> float:
    return tally.rows / facts.seconds if facts.seconds else 0.0


def _show(done: _Done) -> None:
    tally, facts = done.tally, done.facts
    grid = Grid(title=f"{facts.input_name}: {tally.rows:,} rows", title_justify="left")
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
    console.print(f"Results: {done.out}\nReport:  {done.report}", markup=False, soft_wrap=True)


def _show_together(tallies: list[Tally], groups: Groups) -> None:
    rows, calls = (sum(getattr(tally, name) for tally in tallies) for name in ("rows", "calls"))
    Console(highlight=False).print(
        f"Together: {rows:,} rows of {groups.children:,} children as far as linking can tell, "
        f"{calls:,} calls ({calls / rows if rows else 0:.2f} a row).",
        soft_wrap=True,
    )
