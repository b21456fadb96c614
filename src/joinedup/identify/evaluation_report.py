"""The comparison of strategies as a table, a chart and a page that stands on its own."""

import html
from collections.abc import Iterable

import vl_convert

from joinedup.identify.evaluation import Report, Tally
from joinedup.identify.run import STRATEGIES
from joinedup.linkage.quality import interval

COLUMNS = (
    "strategy",
    "right numbers",
    "found, of those on the source",
    "wrong numbers",
    "wrong, of those given (95 % interval)",
    "calls a child",
)


def _cells(name: str, tally: Tally) -> tuple[str, ...]:
    low, high = interval(tally.wrong, tally.given)
    return (
        name,
        f"{tally.right:,}",
        f"{tally.found_rate:.2%}",
        f"{tally.wrong:,}",
        f"{tally.wrong_rate:.3%} ({low:.3%} to {high:.3%})",
        f"{tally.calls_per_child:.2f}",
    )


def markdown(report: Report) -> str:
    """The totals, one strategy a row, as a Markdown table."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    for name, tally in report.total.items():
        label = f"**{name}**" if not STRATEGIES[name].accepts_on_score else name
        lines.append("| " + " | ".join(_cells(label, tally)) + " |")
    return "\n".join(lines)


def groups_markdown(report: Report, strategy: str, group: str, least: int = 30) -> str:
    """One strategy's results by the values of one group; small values are gathered in "other"."""
    other, rows = Tally(), []
    for (kind, value), tally in sorted(report.groups.get(strategy, {}).items()):
        if kind != group:
            continue
        if tally.findable < least:
            other.add(tally)
        else:
            rows.append((value, tally))
    if other.rows:
        rows.append((f"other (fewer than {least} each)", other))
    lines = [
        f"| {group} | rows | found, of those on the source | wrong | calls a child |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {value} | {tally.rows:,} | {tally.found_rate:.2%} | {tally.wrong:,} "
        f"| {tally.calls_per_child:.2f} |"
        for value, tally in rows
    ]
    return "\n".join(lines)


_MEASURES = ("found %", "wrong per 10,000 given", "calls a child")


def chart_svg(report: Report) -> str:
    """Three panels over the strategies: found, wrong among those given, calls a child."""
    rows = [
        {
            "strategy": name,
            "found %": tally.found_rate * 100,
            "wrong per 10,000 given": tally.wrong_rate * 10_000,
            "calls a child": tally.calls_per_child,
            "colour": "#505a5f" if STRATEGIES[name].accepts_on_score else "#00703c",
        }
        for name, tally in report.total.items()
    ]
    names = {"field": "strategy", "type": "nominal", "sort": list(report.total), "title": None}
    panels = [
        {
            "width": 220,
            "height": 190,
            "encoding": {
                "y": names,
                "x": {"field": measure, "type": "quantitative", "title": measure},
                "color": {"field": "colour", "type": "nominal", "scale": None},
            },
            "layer": [
                {"mark": "bar"},
                {
                    "mark": {"type": "text", "align": "left", "dx": 3},
                    "encoding": {
                        "text": {"field": measure, "type": "quantitative", "format": ".2f"}
                    },
                },
            ],
        }
        for measure in _MEASURES
    ]
    svg: str = vl_convert.vegalite_to_svg(
        {
            "data": {"values": rows},
            "hconcat": panels,
            "padding": {"left": 5, "right": 30, "top": 5, "bottom": 5},
        }
    )
    return svg


def table_html(text: str) -> str:
    """A Markdown table as HTML."""
    head, _, *body = [line.strip("| ").split(" | ") for line in text.splitlines()]
    cells = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    rows = ""
    for row in body:
        first, *rest = (html.escape(cell.replace("**", "")) for cell in row)
        rows += f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{c}</td>" for c in rest)
        rows += "</tr>"
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"


_STYLE = """
body{font:16px/1.5 Arial,Helvetica,sans-serif;color:#0b0c0c;max-width:70rem;margin:2rem auto;
padding:0 1rem}table{border-collapse:collapse;margin:1rem 0}th,td{padding:.4rem .8rem;
border-bottom:1px solid #b1b4b6;text-align:right}th:first-child{text-align:left}
svg{max-width:100%;height:auto}
"""


def page(report: Report, about: str) -> str:
    """The whole comparison as one HTML page without outside parts; ``about`` says what was run."""
    parts = [f"<h1>Strategies compared</h1><p>{html.escape(about)}</p>"]
    parts.append(table_html(markdown(report)))
    parts.append(
        '<figure role="img" aria-label="Children found, wrong numbers and calls, by strategy; the '
        f'table above has the figures">{chart_svg(report)}</figure>'
    )
    for strategy in report.total:
        if STRATEGIES[strategy].accepts_on_score:
            continue
        kinds = dict.fromkeys(kind for kind, _ in report.groups[strategy])
        for kind in kinds:
            parts.append(f"<h2>{html.escape(strategy)}, by {html.escape(kind)}</h2>")
            parts.append(table_html(groups_markdown(report, strategy, kind)))
    return document("Strategies compared", parts)


def document(title: str, parts: Iterable[str]) -> str:
    """Parts of HTML as one page without outside parts."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}'
        f"</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )
