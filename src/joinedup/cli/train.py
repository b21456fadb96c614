"""``joinedup train``: the linkage model's weights, learnt from agencies' own files."""

import json
import os
import sys
from pathlib import Path

import click
from rich.console import Console

from joinedup.cli.progress import StageProgress
from joinedup.identities.files import read_records
from joinedup.linkage.model import Model, ModelError
from joinedup.linkage.train import TrainingError, train
from joinedup.linkage.train_report import report
from joinedup.standards.columns import TableError, read_mapping


@click.command("train")
@click.argument(
    "in_files", metavar="IN...", nargs=-1, required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)  # fmt: skip
@click.option(
    "-o", "--output", "out", metavar="FILE", required=True,
    type=click.Path(dir_okay=False, path_type=Path), help="The model to write.",
)  # fmt: skip
@click.option(
    "--start", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A model to start from, with its comparisons. Default: the one that is shipped.",
)  # fmt: skip
@click.option("--version", "version", default="1", show_default=True, help="The model's own.")
@click.option(
    "--report", "page", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="Where the training report goes. Default: beside the model.",
)  # fmt: skip
@click.option(
    "--map", "maps", metavar="NAME=COLUMN", multiple=True,
    help="Say which column holds a field, when its heading is not recognised. Repeatable.",
)  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="For the pairs drawn at random.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON on stdout.")
def command(
    in_files: tuple[Path, ...],
    out: Path,
    start: Path | None,
    version: str,
    page: Path | None,
    maps: tuple[str, ...],
    seed: int,
    quiet: bool,
    as_json: bool,
) -> None:
    """Learn the linkage model from agency files, without knowing who is who.

    IN are the files that `joinedup link` takes: the more agencies and children, the better; a few
    thousand records at least. Writes the model, and a report of what was learnt. The same files and
    seed give the same model. No record is kept in it, but names that several records share are,
    with how common they are.

    \b
    joinedup train schools.csv health.csv -o ours.json
    joinedup link schools.csv health.csv -o linked --model ours.json
    """
    progress = StageProgress(Console(stderr=True, highlight=False), quiet=quiet)
    try:
        begin = Model.load(start) if start else Model.default()
        with progress.stage("Reading"):
            records = read_records(in_files, mapping=read_mapping(maps))
        with progress.stage("Learning"):
            names = ", ".join(sorted({file.source for file in records.files}))
            model = train(
                records.table,
                begin,
                seed=seed,
                version=version,
                trained_on=f"Sources: {names}.",
                progress=progress.step,
            )
    except (ModelError, TableError, TrainingError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror or error}.") from error
    page = page or out.with_suffix(".html")
    for path, text in ((out, model.text()), (page, report(model, begin))):
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(text, "utf-8")
        os.replace(partial, path)
    problems = sum(len(file.problems) for file in records.files)
    if as_json:
        summary = {
            "command": "train",
            "inputs": [str(path) for path in in_files],
            "model": str(out),
            "report": str(page),
            "version": model.version,
            "records": model.population,
            "priors": dict(model.priors),
            "problems": problems,
        }
        click.echo(json.dumps(summary))
    elif not quiet:
        click.echo(f"{out}: learnt from {model.population:,} records. Report: {page}")
    sys.exit(1 if problems else 0)
