"""`joinedup explain`: why two records are, or are not, taken for one child."""

import json
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table as Grid

from joinedup.identities.files import read_records
from joinedup.linkage.constraints import Ref
from joinedup.linkage.explain import Explanation, explain, signed, summary, waterfall_svg
from joinedup.linkage.model import Model, ModelError
from joinedup.linkage.prepare import rows
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import Scorer
from joinedup.standards.columns import TableError, read_mapping

_EPILOG = """
\b
Examples:
  joinedup explain census.csv health.csv --pair census/S17 health/H4
  joinedup explain census.csv health.csv --pair census/S17 health/H4 --svg why.svg

A record is named by its source (the file's name without its ending, or --source) and its id, or
"row 7" where the file has no ids. Exit status: 0 done, 2 wrong usage or no such record.
"""


@click.command("explain", epilog=_EPILOG)
@click.argument(
    "in_files", metavar="FILE...", nargs=-1, required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)  # fmt: skip
@click.option(
    "--pair", "pair", nargs=2, required=True, metavar="SOURCE/ID SOURCE/ID",
    help="The two records.",
)  # fmt: skip
@click.option(
    "--model", "model_file", metavar="FILE", type=click.Path(exists=True, dir_okay=False,
    path_type=Path), help="A model of `joinedup train`. Default: the one that is shipped.",
)  # fmt: skip
@click.option(
    "--source", "sources", metavar="NAME", multiple=True,
    help="The system that each FILE comes from, in their order. Default: the files' names.",
)  # fmt: skip
@click.option(
    "--map", "maps", metavar="NAME=COLUMN", multiple=True,
    help="Say which column holds a field, when its heading is not recognised. Repeatable.",
)  # fmt: skip
@click.option(
    "--svg", metavar="OUT", type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the steps into this file.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the steps as JSON on stdout.")
def command(
    in_files: tuple[Path, ...],
    pair: tuple[str, str],
    model_file: Path | None,
    sources: tuple[str, ...],
    maps: tuple[str, ...],
    svg: Path | None,
    as_json: bool,
) -> None:
    """Explain how much two records speak for one child, step by step.

    FILEs are what `joinedup link` reads. Every step has its evidence in bits: positive speaks for
    one child, and one bit more doubles the odds. No detail of a child is printed.
    """
    if sources and len(sources) != len(in_files):
        raise click.UsageError(
            f"--source is given {len(sources)} times for {len(in_files)} files: once for each FILE."
        )
    refs = [_ref(text) for text in pair]
    try:
        model = Model.load(model_file) if model_file else Model.default()
        table = read_records(in_files, sources=sources or None, mapping=read_mapping(maps)).table
    except (ModelError, TableError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}.") from None
    one, other = (_record(table, ref) for ref in refs)
    found = explain(Scorer(model), one, other)
    if svg is not None:
        try:
            svg.write_text(waterfall_svg(found), "utf-8")
        except OSError as error:
            raise click.UsageError(f"{svg}: {error.strerror}.") from None
    if as_json:
        told = {"command": "explain", "pair": [list(ref) for ref in refs], "model": model.version}
        click.echo(json.dumps({**told, **found.as_dict()}))
    else:
        _show(found)


def _ref(text: str) -> Ref:
    source, slash, id = text.partition("/")
    if not (source and slash and id):
        raise click.UsageError(f"--pair names each record as SOURCE/ID, not {text}.")
    return Ref(source, id)


def _record(table: pa.Table, ref: Ref) -> LinkRecord:
    of_source = table.filter(pc.equal(table["source"], ref.source))
    for record in rows(of_source.filter(pc.equal(of_source["id"], ref.id))):
        return record
    if of_source.num_rows:
        raise click.UsageError(f"{ref.source} has no record {ref.id} that can be linked.")
    known = ", ".join(sorted(pc.unique(table["source"]).to_pylist()))
    raise click.UsageError(f"There is no source {ref.source}, only {known or 'empty files'}.")


def _show(found: Explanation) -> None:
    grid = Grid("Step", title_justify="left")
    grid.add_column("Bits", justify="right")
    grid.add_column("Total", justify="right")
    for step in found.steps:
        grid.add_row(step.words, signed(step.bits), signed(step.total))
    console = Console(highlight=False)
    console.print(grid)
    console.print(summary(found), markup=False, soft_wrap=True)
    if found.not_compared:
        missing = ", ".join(found.not_compared)
        console.print(
            f"Not known in both, so no evidence: {missing}.", markup=False, soft_wrap=True
        )
