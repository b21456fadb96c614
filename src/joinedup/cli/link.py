"""``joinedup link``: which records of which agencies are one child."""

import datetime as dt
import functools
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table as Grid

from joinedup.cli.check import COLUMNS as ISSUE_COLUMNS
from joinedup.cli.check import issue_row
from joinedup.cli.interrupt import INTERRUPTED
from joinedup.cli.progress import StageProgress
from joinedup.identify.report import duration
from joinedup.identities.link_files import Linked, LinkError, Settings, Work, link_files, worst
from joinedup.identities.never import SealedPairs, read_sides
from joinedup.identities.tokens import Tokens
from joinedup.linkage.clusters import THRESHOLD
from joinedup.linkage.constraints import ConstraintError, Constraints, read_pairs
from joinedup.linkage.link_examples import examples
from joinedup.linkage.link_report import MEANINGS, Counts, LinkFacts, count, render
from joinedup.linkage.model import Model, ModelError
from joinedup.linkage.places import RecordsError
from joinedup.linkage.score import Scorer
from joinedup.linkage.told_cuts import told
from joinedup.linkage.train import TrainingError
from joinedup.standards.columns import TableError, read_mapping
from joinedup.standards.output import ResultFile

PROBLEMS, USAGE, NO_ANSWER = 1, 2, 3  # exit status, contract 5.1

_EPILOG = """
\b
Examples:
  joinedup link census.csv health.csv police.csv -o linked
  joinedup link *.csv -o linked --one-each health --cannot-link decided.csv
  joinedup link big/*.parquet -o linked --engine spark --model ours.json

A run that was stopped goes on where it was when the same command is given again.

Exit status: 0 done, 1 done and the files have problems (they are in problems.csv), 2 wrong usage
or files that cannot be used, 3 Spark did not answer, 130 stopped with Ctrl-C.
"""


class Misuse(click.ClickException):
    """The command cannot be carried out as given."""

    exit_code = USAGE


class NoAnswer(click.ClickException):
    """Something that the command needs did not answer."""

    exit_code = NO_ANSWER


@click.command("link", epilog=_EPILOG)
@click.argument(
    "in_files", metavar="IN...", nargs=-1, required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)  # fmt: skip
@click.option(
    "-o", "--output", "out", metavar="DIR", required=True,
    type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.",
)  # fmt: skip
@click.option(
    "--model", "model_file", metavar="FILE", type=click.Path(exists=True, dir_okay=False,
    path_type=Path), help="A model of `joinedup train`. Default: the one that is shipped.",
)  # fmt: skip
@click.option(
    "--train", "training", is_flag=True,
    help="Estimate the model's weights from these files first; kept as DIR/model.json.",
)  # fmt: skip
@click.option(
    "--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True,
    help="Where pairs are found: this machine, or Spark.",
)  # fmt: skip
@click.option(
    "--threshold", default=THRESHOLD, show_default=True,
    type=click.FloatRange(0.5, 1, max_open=True), help="The probability that a join needs.",
)  # fmt: skip
@click.option(
    "--source", "sources", metavar="NAME", multiple=True,
    help="The system that each IN comes from, in their order. Default: the files' names.",
)  # fmt: skip
@click.option(
    "--one-each", metavar="SOURCE", multiple=True,
    help="A source that is known to hold each child once: two of its records are two children.",
)  # fmt: skip
@click.option(
    "--verified", metavar="SOURCE", multiple=True,
    help="A source whose NHS numbers were all checked with the source of truth: two different "
    "ones are two children.",
)  # fmt: skip
@click.option(
    "--cannot-link", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False,
    path_type=Path), help="Pairs of records that a person decided are not one child: "
    "source_l,id_l,source_r,id_r. Before and after an adoption: --sealed.",
)  # fmt: skip
@click.option(
    "--sealed", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Pairs never to be joined that nobody can read, such as before and after an adoption, "
    "as the hub exports them; needs --sealed-key. No result names them.",
)  # fmt: skip
@click.option(
    "--sealed-key", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The hub's shield key.",
)  # fmt: skip
@click.option(
    "--must-link", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False,
    path_type=Path), help="Pairs that a person decided are one child, in the same columns.",
)  # fmt: skip
@click.option(
    "--map", "maps", metavar="NAME=COLUMN", multiple=True,
    help="Say which column holds a field, when its heading is not recognised. Repeatable.",
)  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="For --train.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON on stdout.")
def command(
    in_files: tuple[Path, ...],
    out: Path,
    model_file: Path | None,
    training: bool,
    engine: str,
    threshold: float,
    sources: tuple[str, ...],
    one_each: tuple[str, ...],
    verified: tuple[str, ...],
    cannot_link: Path | None,
    sealed: Path | None,
    sealed_key: Path | None,
    must_link: Path | None,
    maps: tuple[str, ...],
    seed: int,
    quiet: bool,
    as_json: bool,
) -> None:
    """Link the records of agency files that are of one child.

    IN are files that `joinedup check` reads, or Parquet tables with the same columns. Writes into
    DIR: links.parquet (pairs of records of one child, with their weight), clusters.parquet (every
    record with the child it belongs to), conflicts.parquet (what a person should look at), cuts.csv
    (likely pairs that are not joined, and why), cohesion.parquet (how firmly each child's records
    hold together) and report.html.
    """
    errors = Console(stderr=True, highlight=False)
    say = functools.partial(errors.print, markup=False, soft_wrap=True)
    if sources and len(sources) != len(in_files):
        raise Misuse(
            f"--source is given {len(sources)} times for {len(in_files)} files: once for each IN."
        )
    progress = StageProgress(errors, quiet=quiet)
    try:
        settings = Settings(
            model=Model.load(model_file) if model_file else Model.default(),
            engine="spark" if engine == "spark" else "duckdb",
            training=training,
            seed=seed,
            threshold=threshold,
            constraints=Constraints(
                one_each=frozenset(one_each),
                verified_sources=frozenset(verified),
                cannot_link=read_pairs(cannot_link) if cannot_link else frozenset(),
                must_link=read_pairs(must_link) if must_link else frozenset(),
            ),
            sources=sources or None,
            mapping=read_mapping(maps),
            sealed=_sealed(sealed, sealed_key),
        )
        work = Work(out / "work")
        linked = link_files(in_files, work, settings, progress)
        with progress.stage("Writing"):
            counts = count(linked.clusters)
            _write(out, linked, settings, progress)
    except KeyboardInterrupt:
        say(f"Stopped. Give the same command again to go on; {out / 'work'} has what was done.")
        sys.exit(INTERRUPTED)
    except ImportError as error:
        if engine != "spark":
            raise
        raise Misuse(f"Spark is not installed ({error}): pip install 'joinedup[spark]'.") from None
    except OSError as error:
        raise Misuse(f"{error.filename or out}: {error.strerror or error}.") from None
    except (
        ConstraintError, LinkError, ModelError, RecordsError, TableError, TrainingError,
    ) as error:  # fmt: skip
        raise Misuse(str(error)) from None
    except Exception as error:
        if type(error).__module__.split(".")[0] not in {"pyspark", "py4j"}:
            raise
        first = str(error).strip().split("\n")[0]
        raise NoAnswer(
            f"Spark did not answer: {first} What was done is kept in {work.folder}."
        ) from error
    work.remove()
    if linked.kept and not quiet:
        say(f"Kept from an earlier run: {', '.join(linked.kept)}.")
    for note in linked.clusters.notes:
        say(f"Note: {note}")
    status = PROBLEMS if worst(linked.problems) or linked.clusters.notes else 0
    if as_json:
        click.echo(json.dumps(_summary(in_files, out, linked, settings, counts, progress, status)))
    elif not quiet:
        _show(out, linked, counts)
    sys.exit(status)


def _sealed(file: Path | None, key: Path | None) -> SealedPairs | None:
    """Read the sealed pairs with the key that recognises them."""
    if file is None and key is None:
        return None
    if file is None or key is None:
        raise Misuse("--sealed and --sealed-key go together.")
    try:
        return SealedPairs(Tokens(key.read_bytes().strip()), read_sides(file))
    except ValueError as error:
        raise Misuse(str(error)) from None


def _write(out: Path, linked: Linked, settings: Settings, progress: StageProgress) -> None:
    """Write every result whole, or leave what was there."""
    clusters = linked.clusters
    for name, table in {
        "links": clusters.links,
        "clusters": clusters.table,
        "conflicts": clusters.conflicts,
        "cohesion": clusters.cohesion,
    }.items():
        _write_table(out / f"{name}.parquet", table)
    if settings.training:
        linked.model.save(out / "model.json")
    problems = out / "problems.csv"
    problems.unlink(missing_ok=True)
    if linked.problems:
        with ResultFile(problems, ("file", *ISSUE_COLUMNS)) as file:
            for name, issue in linked.problems:
                file.write([name, *issue_row(issue)])
            file.commit()
    cuts = told(clusters, settings.constraints.cannot_link)
    _write_cuts(out / "cuts.csv", cuts)
    shown = examples(clusters.links, cuts, linked.records, Scorer(linked.model))
    page = render(_facts(linked, settings, progress), clusters, linked.pairs, cuts, shown)
    partial = out / "report.html.partial"
    partial.write_text(page, "utf-8")
    os.replace(partial, out / "report.html")


def _write_cuts(path: Path, cuts: pa.Table) -> None:
    with ResultFile(path, cuts.column_names) as file:
        for batch in cuts.to_batches():
            for row in batch.to_pylist():
                file.write([_cell(each) for each in row.values()])
        file.commit()


def _cell(value: float | str | None) -> str:
    return f"{value:.3f}" if isinstance(value, float) else value or ""


def _write_table(path: Path, table: pa.Table) -> None:
    partial = path.with_name(path.name + ".partial")
    pq.write_table(table, partial, compression="zstd")
    os.replace(partial, path)


def _facts(linked: Linked, settings: Settings, progress: StageProgress) -> LinkFacts:
    return LinkFacts(
        files=[
            (file.name, file.source, file.rows_in, file.rows_reported, file.children)
            for file in linked.files
        ],
        left_out=linked.left_out,
        problems=len(linked.problems),
        threshold=settings.threshold,
        engine=settings.engine,
        model=linked.model.version,
        duration=duration(sum(progress.seconds.values())),
        stages=[(name, duration(each)) for name, each in progress.seconds.items()],
        finished_at=dt.datetime.now().astimezone(),
        notes=linked.clusters.notes,
    )


def _summary(
    in_files: Iterable[Path],
    out: Path,
    linked: Linked,
    settings: Settings,
    counts: Counts,
    progress: StageProgress,
    status: int,
) -> dict[str, Any]:
    return {
        "command": "link",
        "inputs": [str(path) for path in in_files],
        "output": str(out),
        "engine": settings.engine,
        "model": linked.model.version,
        "threshold": settings.threshold,
        "records": counts.records,
        "records_joined_by_id": linked.joined,
        "records_left_out": linked.left_out,
        "children": counts.children,
        "children_of_several_sources": counts.shared,
        "links": counts.links,
        "cluster_sizes": {str(size): number for size, number in counts.sizes.items()},
        "sources": {
            name: {"records": records, "children": children, "known_elsewhere": shared}
            for name, (records, children, shared) in counts.sources.items()
        },
        "cuts": counts.cuts,
        "conflicts": counts.conflicts,
        "problems": len(linked.problems),
        "notes": list(linked.clusters.notes),
        "stages_from_earlier_run": list(linked.kept),
        "seconds": {name: round(each, 3) for name, each in progress.seconds.items()},
        "exit_status": status,
    }


def _show(out: Path, linked: Linked, counts: Counts) -> None:
    console = Console(highlight=False)
    grid = Grid("Source", title=f"{counts.records:,} records", title_justify="left")
    for heading in ("Records", "Children", "Known elsewhere too"):
        grid.add_column(heading, justify="right")
    for name, figures in counts.sources.items():
        grid.add_row(name, *(f"{figure:,}" for figure in figures))
    console.print(grid)
    lines = [
        f"{counts.children:,} children, {counts.shared:,} of them known to several sources.",
        f"{sum(counts.conflicts.values()):,} cases for a person to look at.",
    ]
    lines += [f"  {number:,} × {MEANINGS[reason]}" for reason, number in counts.conflicts.items()]
    if linked.problems:
        lines.append(f"{len(linked.problems):,} problems in the files: {out / 'problems.csv'}")
    lines.append(f"Results: {out}\nReport:  {out / 'report.html'}")
    console.print("\n".join(lines), markup=False, soft_wrap=True)
