"""``joinedup simulate``: a region that never existed."""

import json
import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from joinedup.simulate import (
    ENOUGH_NUMBERS,
    Counts,
    SimulateError,
    region_counts,
    simulate,
)


@click.command("simulate")
@click.option(
    "-o", "--out", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the region into; made if it is not there.",
)  # fmt: skip
@click.option(
    "--children", required=True, type=click.IntRange(min=1), help="How many children live there."
)
@click.option(
    "--seed", default=1, show_default=True, type=int, help="The same seed makes the same region."
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes to use; the result is the same."
)
@click.option(
    "--formats/--no-formats", default=True, show_default=True,
    help="Also write each agency's data in its own formats, in a folder of its name.",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress, no summary.")
@click.option("--json", "as_json", is_flag=True, help="A machine-readable summary on stdout.")
def command(
    out: Path,
    children: int,
    seed: int,
    workers: int | None,
    formats: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make a region that never existed: the PDS's people, five agencies' files, and the truth.

    Nobody in it is real: every NHS number is from the range kept for testing, every telephone
    number from the ranges kept for drama, every email address at a domain kept for examples.

    \b
    pds.ndjson            people as the PDS holds them (FHIR R4 Patients)
    <agency>.csv          what each agency holds, with its mistakes
    truth.parquet         which row is which person, and the right NHS number
    people.parquet        who the people are, for break-downs
    mistakes.parquet      what is wrong with which row
    <agency>/             the same children and their events in the agency's own formats:
                          CIN census, SSDA903, Annex A and the CSC API, school census and CTF,
                          FHIR and vaccination lists, police and youth justice events

    There are 909,090 NHS numbers for tests. In a region of more children than that, the rest are
    with the agencies alone: no number, and no record of the PDS.
    """
    console = Console(stderr=True, quiet=quiet)
    started = time.monotonic()
    bar = Progress(
        TextColumn("Making children"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, disable=quiet or not console.is_terminal,
    )  # fmt: skip
    try:
        with bar:
            task = bar.add_task("children", total=children)
            simulate(
                out, children, seed, workers=workers, formats=formats,
                progress=lambda done, _: bar.update(task, completed=done),
            )  # fmt: skip
    except SimulateError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        click.echo(f"Cannot write to {out}: {error.strerror}.", err=True)
        sys.exit(2)
    seconds = time.monotonic() - started
    counts = region_counts(out)
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    if as_json:
        summary = {
            "children": children, "children_without_number": counts.without_number,
            "records": counts.records, "seed": seed, "folder": str(out), "files": files,
            "seconds": round(seconds, 1),
        }  # fmt: skip
        click.echo(json.dumps(summary))
    if note := _ran_out(counts):
        console.print(note)
    console.print(f"{children:,} children in {out} after {seconds:.1f} s: {', '.join(files)}")


def _ran_out(counts: Counts) -> str:
    """What to say of a region with more children than numbers; nothing of any other."""
    if counts.children <= ENOUGH_NUMBERS:
        return ""
    return (
        f"Only 909,090 NHS numbers are kept for tests: {counts.without_number:,} of "
        f"{counts.children:,} children have none. They are in the agencies' files and not in "
        "pds.ndjson, and their nhs_number in truth.parquet is empty."
    )
