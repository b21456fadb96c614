"""`joinedup check`: what is wrong with an agency's file, row by row."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from joinedup.standards import STANDARDS, Issue, Reading, Severity, read
from joinedup.standards.columns import TableError, read_mapping
from joinedup.standards.output import ResultFile

COLUMNS = ("child_id", "table", "columns", "row", "rule_code", "severity", "description")

_NAMES = ", ".join(STANDARDS)


@click.command("check", epilog=f"Standards: {_NAMES}.")
@click.argument(
    "source", metavar="IN", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--standard", type=click.Choice(sorted(STANDARDS)), help="Found out from the file "
              "when not given.", metavar="NAME")  # fmt: skip
@click.option("--year", type=click.IntRange(2000, 2100), help="Year of the standard's rules: the "
              "file's own or the newest when not given.")  # fmt: skip
@click.option("--map", "pairs", multiple=True, metavar="NAME=COLUMN", help="Which column is which, "
              "for a table of no known standard.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.csv",
              help="Write every issue to this file.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print a summary for machines.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.pass_context
def command(
    ctx: click.Context,
    source: Path,
    standard: str | None,
    year: int | None,
    pairs: tuple[str, ...],
    output: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Check an agency's file: who is in it, what is wrong with it, and in which row.

    Reads any file that Joinedup knows, and tells it from the file itself. Exit status 0 when there
    is nothing to put right, 1 when there is (notes do not count).
    """
    try:
        mapping = read_mapping(pairs)
    except TableError as error:
        raise click.UsageError(str(error)) from None
    if mapping and standard not in (None, "mapped"):
        raise click.UsageError(
            f"--map names the columns of a table of no known standard; {standard} names its own."
        )
    try:
        reading = read(source, standard, year=year, mapping=mapping)
        _run(reading, output, quiet or as_json)
    except OSError as error:
        raise click.UsageError(f"{error.filename or source}: {error.strerror}.") from None
    if as_json:
        click.echo(json.dumps(_summary(reading)))
    elif not quiet:
        _show(reading, output)
    ctx.exit(1 if _problems(reading) else 0)


def _run(reading: Reading, output: Path | None, quiet: bool) -> None:
    """Go through the whole file, writing each issue as it comes."""
    with contextlib.ExitStack() as stack:
        advance = stack.enter_context(_progress(reading, quiet))
        file = stack.enter_context(ResultFile(output, COLUMNS)) if output else None
        for number, record in enumerate(reading):
            if not number % 5_000:
                advance()
            if file is not None and isinstance(record, Issue):
                file.write(issue_row(record))
        if file is not None:
            file.commit()


def issue_row(issue: Issue) -> list[str]:
    """One issue as cells, in the order of ``COLUMNS``."""
    return [
        issue.child_id,
        issue.table,
        "; ".join(issue.columns),
        str(issue.row or ""),
        issue.rule_code,
        issue.severity.value,
        issue.description,
    ]


@contextlib.contextmanager
def _progress(reading: Reading, quiet: bool) -> Iterator[Callable[[], None]]:
    """Rows read so far, on stderr; nothing when it is no terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda: None
        return
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=console, transient=True,
    ) as progress:  # fmt: skip
        task = progress.add_task("Reading")
        yield lambda: progress.update(task, description=f"{reading.count.rows_in:,} rows read")


def _problems(reading: Reading) -> int:
    issues = reading.count.issues
    return issues[Severity.ERROR] + issues[Severity.WARNING]


def _summary(reading: Reading) -> dict[str, object]:
    count = reading.count
    return {
        "standard": reading.standard or None,
        "rows_in": count.rows_in,
        "rows_out": count.rows_out,
        "rows_reported": count.rows_reported,
        "children": count.children,
        "events": count.events,
        "issues": {severity.value: count.issues[severity] for severity in Severity},
        "rules": dict(count.rules.most_common()),
    }


def _show(reading: Reading, output: Path | None) -> None:
    count = reading.count
    console = Console()
    known = STANDARDS.get(reading.standard)
    facts = Table(show_header=False, box=None)
    for name, value in (
        ("Standard", known.title if known else "not known"),
        ("Rows read", f"{count.rows_in:,}"),
        ("  with a child or an event", f"{count.rows_out:,}"),
        ("  reported only", f"{count.rows_reported:,}"),
        ("Children (rows about one)", f"{count.children:,}"),
        ("Events", f"{count.events:,}"),
        *((f"{severity.value}s", f"{count.issues[severity]:,}") for severity in Severity),
    ):
        facts.add_row(name, value)
    console.print(facts)
    if count.rules:
        rules = Table("Rule", "Times")
        for rule, times in count.rules.most_common():
            rules.add_row(rule, f"{times:,}")
        console.print(rules)
        where = f"They are in {output}." if output else "Add -o issues.csv to see every one."
        console.print(where, markup=False)
