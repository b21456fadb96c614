"""The report on a linking run: one HTML page that needs nothing else and names no child."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from markupsafe import Markup

from joinedup.linkage.clusters import Clusters
from joinedup.linkage.constraints import Reason
from joinedup.linkage.explain import percent, signed, summary
from joinedup.linkage.link_examples import Example
from joinedup.linkage.score import probability
from joinedup.page import render_page, share, svg

MEANINGS: dict[str, str] = {
    Reason.CANNOT_LINK: "The list of records never to be joined forbids it.",
    Reason.ONE_EACH: "Two records of a source that holds each child once would be joined.",
    Reason.VERIFIED: "Two different NHS numbers, both checked with the source of truth.",
    Reason.SIDE_BY_SIDE: "Two children side by side in one file, most likely twins, would be "
    "joined.",
    Reason.EVIDENCE: "Others of the two groups do not fit each other.",
    Reason.CONTESTED: "A record fits two children nearly as well. It is left on its own.",
    Reason.DECISION: "A person decided to join records whose details or rules speak against it.",
}
_GREEN, _BLUE, _GREY, _RED = "#00703c", "#1d70b8", "#b1b4b6", "#d4351c"
_MOST_SETS = 15
_BINS = 2  # bits


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What a report says of a run besides its result."""

    files: Sequence[tuple[str, str, int, int, int]]  # name, source, rows, rows reported, children
    left_out: int
    problems: int
    threshold: float
    engine: str
    model: str
    duration: str
    stages: Sequence[tuple[str, str]]
    finished_at: dt.datetime
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of a result, for the report and for summaries."""

    records: int
    children: int
    shared: int  # children whom several sources know
    links: int
    sizes: dict[int, int]
    sources: dict[str, tuple[int, int, int]]  # records, children, children others know too
    sets: list[tuple[tuple[str, ...], int]]
    cuts: dict[str, int]
    conflicts: dict[str, int]


def count(clusters: Clusters) -> Counts:
    """Count records, children and who shares them."""
    with duckdb.connect() as con:
        con.register("members", clusters.table)
        con.execute(
            "create table held as select cluster_id, source, count(*) n from members group by all"
        )
        con.execute(
            "create table child as select cluster_id, list_sort(list(source)) sources, sum(n) n "
            "from held group by 1"
        )
        sizes = con.execute("select n::int, count(*) from child group by 1 order by 1").fetchall()
        sets = con.execute(
            "select sources, count(*) from child group by 1 order by 2 desc, 1"
        ).fetchall()
        sources = con.execute(
            "select h.source, sum(h.n)::int, count(*), count(*) filter (len(c.sources) > 1) "
            "from held h join child c using (cluster_id) group by 1 order by 1"
        ).fetchall()
    return Counts(
        records=clusters.table.num_rows,
        children=sum(number for _, number in sizes),
        shared=sum(number for names, number in sets if len(names) > 1),
        links=clusters.links.num_rows,
        sizes=dict(sizes),
        sources={name: (n, children, shared) for name, n, children, shared in sources},
        sets=[(tuple(names), number) for names, number in sets],
        cuts=dict(Counter(clusters.cuts["reason"].to_pylist()).most_common()),
        conflicts=dict(Counter(clusters.conflicts["reason"].to_pylist()).most_common()),
    )


def weight_bins(pairs: Path, clusters: Clusters) -> list[tuple[float, str, int]]:
    """Count the candidate pairs by weight, and whether they are linked: (from, what, pairs)."""
    with duckdb.connect() as con:
        con.register("members", clusters.table)
        found: list[tuple[float, str, int]] = con.execute(
            f"""
            select floor(match_weight / {_BINS}) * {_BINS},
                case when a.cluster_id = b.cluster_id then 'one child' else 'apart' end, count(*)
            from read_parquet(?) p
            join members a on a.source = p.source_l and a.id = p.id_l
            join members b on b.source = p.source_r and b.id = p.id_r
            group by 1, 2 order by 1, 2
            """,  # noqa: S608 - a number of ours
            [str(pairs)],
        ).fetchall()
    return found


def render(
    facts: LinkFacts, clusters: Clusters, pairs: Path, cuts: pa.Table, shown: Sequence[Example]
) -> str:
    """The page as text. ``pairs`` is the Parquet file of candidate pairs.

    ``cuts`` are those that are told of one by one, ``shown`` the examples (``link_examples``).
    """
    counts = count(clusters)
    return render_page(
        "joinedup.linkage",
        "link_report.html.jinja",
        facts=facts,
        counts=counts,
        share=share,
        meanings=MEANINGS,
        sizes=_sizes(counts),
        overlap=_overlap(counts),
        overlap_chart=_overlap_chart(counts) if len(counts.sources) > 1 else None,
        sets=counts.sets[:_MOST_SETS],
        sets_chart=_sets_chart(counts),
        weight_chart=_weight_chart(weight_bins(pairs, clusters), facts.threshold),
        strongest=_strongest(clusters.conflicts),
        not_listed=clusters.cuts.num_rows - cuts.num_rows,
        examples=shown,
        signed=signed,
        percent=percent,
        probability=probability,
        summary=summary,
    )


def _sizes(counts: Counts) -> list[tuple[str, int]]:
    few = {str(size): number for size, number in counts.sizes.items() if size < 7}
    many = sum(number for size, number in counts.sizes.items() if size >= 7)
    return [*few.items(), *([("7 or more", many)] if many else [])]


def _overlap(counts: Counts) -> list[tuple[str, list[tuple[int, str]]]]:
    """For each source, how many of its children each source knows, and the share of its own."""
    names = list(counts.sources)
    both: Counter[tuple[str, str]] = Counter()
    for known, number in counts.sets:
        both.update({(one, other): number for one in known for other in known})
    return [
        (one, [(both[one, other], share(both[one, other], both[one, one])) for other in names])
        for one in names
    ]


def _strongest(conflicts: pa.Table) -> dict[str, float]:
    """The highest weight among the cases of each reason."""
    found: dict[str, float] = {}
    for reason, weight in zip(
        conflicts["reason"].to_pylist(), conflicts["match_weight"].to_pylist(), strict=True
    ):
        if weight is not None:
            found[reason] = max(weight, found.get(reason, weight))
    return found


def _overlap_chart(counts: Counts) -> Markup:
    names = list(counts.sources)
    values = [
        {"source": one, "other": other, "children": number, "of": part}
        for one, row in _overlap(counts)
        for other, (number, part) in zip(names, row, strict=True)
        if one != other
    ]
    axis: dict[str, Any] = {"type": "nominal", "sort": names}
    return svg(
        {
            "data": {"values": values},
            "width": {"step": 120},
            "height": {"step": 44},
            "encoding": {
                "y": {"field": "source", **axis, "title": None},
                "x": {
                    "field": "other", **axis, "title": "known to",
                    "axis": {"orient": "top", "labelAngle": 0},
                },
            },
            "layer": [
                {
                    "mark": "rect",
                    "encoding": {
                        "color": {
                            "field": "children", "type": "quantitative", "title": "Children",
                            "scale": {"range": ["#eef5fb", "#5694ca"]}, "legend": None,
                        }
                    },
                },
                {
                    "mark": {"type": "text", "fontSize": 13},
                    "encoding": {"text": {"field": "of", "type": "nominal"}},
                },
            ],
        },
        "Which share of each source's children each other source knows. The table after it has "
        "the same figures.",
    )  # fmt: skip


def _sets_chart(counts: Counts) -> Markup:
    shown = [(" + ".join(names), number) for names, number in counts.sets[:_MOST_SETS]]
    return svg(
        _bars([{"set": name, "children": n} for name, n in shown], "set", "children", "Children"),
        "Bar chart of children by the sources that know them. The table after it has the same.",
    )


def _bars(values: list[dict[str, Any]], name: str, measure: str, title: str) -> dict[str, Any]:
    return {
        "data": {"values": values},
        "height": {"step": 26},
        "encoding": {
            "y": {
                "field": name, "type": "nominal", "sort": None, "title": None,
                "axis": {"labelLimit": 360},
            },
            "x": {"field": measure, "type": "quantitative", "title": title,
                  "axis": {"tickCount": 5}},
        },
        "layer": [
            {"mark": {"type": "bar", "color": _BLUE}},
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 13},
                "encoding": {"text": {"field": measure, "type": "quantitative", "format": ","}},
            },
        ],
    }  # fmt: skip


def _weight_chart(bins: list[tuple[float, str, int]], threshold: float) -> Markup:
    return svg(
        {
            "data": {
                "values": [
                    {"from": start, "to": start + _BINS, "what": what, "pairs": number}
                    for start, what, number in bins
                ]
            },
            "height": 200,
            "mark": "bar",
            "encoding": {
                "x": {"field": "from", "bin": {"binned": True}, "type": "quantitative",
                      "title": "Weight of a pair, bits"},
                "x2": {"field": "to"},
                "y": {"field": "pairs", "type": "quantitative", "title": "Pairs", "stack": True},
                "color": {
                    "field": "what", "type": "nominal", "title": None,
                    "scale": {"domain": ["one child", "apart"], "range": [_GREEN, _RED]},
                },
            },
        },
        f"Histogram of the weights of candidate pairs, linked or not; a join needs a probability "
        f"of {threshold}.",
    )  # fmt: skip
