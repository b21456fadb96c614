"""``joinedup evaluate``: strategies, or links, against known truth."""

import html
import json
import os
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from joinedup.identify import STRATEGIES
from joinedup.identify.evaluation import Report, compare_in_parallel
from joinedup.identify.evaluation_report import document, markdown, page, table_html
from joinedup.linkage.quality import (
    Quality,
    QualityError,
    group_markdown,
    measure,
    summary_markdown,
    wrong_markdown,
)
from joinedup.simulate import SimulateError, demo_people, questions


def run(
    region: Path, rows: int, seed: int, strategies: tuple[str, ...], *, held: bool, quiet: bool
) -> tuple[Report, int]:
    """Compare strategies on ``rows`` labelled rows of a region; gives the report and the rows."""
    asked = questions(region, rows, seed, held_numbers=held)
    report = Report()
    processes = os.cpu_count() or 1
    with Progress(console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("Asking", total=len(asked))
        people = region / "pds.ndjson"
        for done, part in compare_in_parallel(asked, people, strategies, processes):
            report.add(part)
            progress.advance(task, done)
    return report, len(asked)


def links_tables(quality: Quality) -> dict[str, str]:
    """What was measured of links, as Markdown tables under headings."""
    return {
        "Pairs": summary_markdown(quality),
        "Children": wrong_markdown(quality),
        **{f"By {kind}": group_markdown(kind, each) for kind, each in quality.groups.items()},
    }


def links_page(tables: dict[str, str], about: str) -> str:
    """The tables as a page."""
    parts = [f"<h1>Links compared with the truth</h1><p>{html.escape(about)}</p>"]
    parts += [f"<h2>{heading}</h2>{table_html(table)}" for heading, table in tables.items()]
    return document("Links compared with the truth", parts)


def _links_summary(quality: Quality) -> dict[str, object]:
    return {
        **{
            name: {
                "precision": round(each.precision.share, 6),
                "recall": round(each.recall.share, 6),
                "right": each.right,
                "said": each.said,
                "true": each.true,
            }
            for name, each in (("links", quality.links), ("clusters", quality.clusters))
        },
        "whole_children": [quality.whole.hits, quality.whole.of],
        "mixed_clusters": [quality.mixed.hits, quality.mixed.of],
        "wrongly_joined": {name: [each.hits, each.of] for name, each in quality.wrong.items()},
        "groups": {
            kind: {
                name: {"right": each.right, "said": each.said, "true": each.true}
                for name, each in values.items()
            }
            for kind, values in quality.groups.items()
        },
    }


@click.command("evaluate")
@click.option(
    "--region",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder that `joinedup simulate` wrote. Without it, the demo's region.",
)
@click.option(
    "--links",
    "links_dir",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Evaluate what `joinedup link -o DIR` made of the region's files, not strategies.",
)
@click.option("--rows", default=2_000, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=1, show_default=True, help="Which rows are drawn.")
@click.option(
    "--strategy",
    "strategies",
    multiple=True,
    type=click.Choice(list(STRATEGIES)),
    help="Once for each to compare. Without it, all.",
)
@click.option("--held", is_flag=True, help="Leave in the NHS numbers that agencies already hold.")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("evaluation.html"),
    show_default=True,
    help="The report to write.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.option("--json", "as_json", is_flag=True, help="A machine-readable summary on stdout.")
def command(
    region: Path | None,
    links_dir: Path | None,
    rows: int,
    seed: int,
    strategies: tuple[str, ...],
    held: bool,
    out: Path,
    quiet: bool,
    as_json: bool,
) -> None:
    """Compare search strategies, or the links between agencies, with the known truth.

    Rows are drawn from the agencies of an invented region, with their mistakes. Each strategy asks
    the PDS emulator's engine, and what it says is compared with the truth: right numbers, wrong
    numbers, and calls to the source of truth. Numbers that an agency already holds are taken out,
    so that every strategy starts from the same details.

    \b
    joinedup evaluate
    joinedup simulate -o region --children 60000
    joinedup evaluate --region region --rows 20000 --strategy adaptive --strategy s5
    joinedup link region/*.csv -o linked
    joinedup evaluate --links linked --region region
    """
    console = Console(stderr=True, quiet=quiet)
    if links_dir is not None:
        _evaluate_links(links_dir, region, out, console, as_json=as_json)
        return
    try:
        where = region or demo_people()
        report, asked = run(
            where, rows, seed, strategies or tuple(STRATEGIES), held=held, quiet=quiet
        )
    except SimulateError as error:
        raise click.UsageError(str(error)) from error
    about = f"{asked:,} labelled rows of {where.name}, seed {seed}."
    out.write_text(page(report, about), "utf-8")
    if as_json:
        summary = {
            name: {
                "rows": tally.rows,
                "findable": tally.findable,
                "right": tally.right,
                "wrong": tally.wrong,
                "calls_per_child": round(tally.calls_per_child, 4),
                "statuses": dict(tally.statuses),
            }
            for name, tally in report.total.items()
        }
        click.echo(json.dumps(summary))
    else:
        click.echo(markdown(report))
    console.print(f"Report: {out}")


def _evaluate_links(
    links: Path, region: Path | None, out: Path, console: Console, *, as_json: bool
) -> None:
    if region is None:
        raise click.UsageError("--links needs --region: the folder of the files that were linked.")
    try:
        quality = measure(links / "links.parquet", links / "clusters.parquet", region)
    except QualityError as error:
        raise click.UsageError(str(error)) from None
    tables = links_tables(quality)
    out.write_text(links_page(tables, f"{links.name}, with the truth of {region.name}."), "utf-8")
    if as_json:
        click.echo(json.dumps(_links_summary(quality)))
    else:
        click.echo("\n\n".join(f"## {heading}\n\n{table}" for heading, table in tables.items()))
    console.print(f"Report: {out}")
