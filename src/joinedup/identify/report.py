"""The report on a run over a file: one HTML page that needs nothing else and names no child."""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from joinedup.identify.outcome import Status
from joinedup.identify.tally import Problem, Tally
from joinedup.page import render_page, share, svg
from joinedup.people.checked import Quality
from joinedup.standards.columns import Columns

# Said of each outcome in the report and the summary, in the order they are shown.
MEANINGS: dict[str, str] = {
    Status.MATCH: "The right child was found; the number is given.",
    Status.POTENTIAL_MATCH: "Someone was found who may be the child. No number is given.",
    Status.LOW_CONFIDENCE_MATCH: "Someone was found who differs much. No number is given.",
    Status.MANY_MATCH: "Several people fit. No number is given.",
    Status.NO_MATCH: "The source of truth answered that nobody fits.",
    Status.INVALID: "The row lacks the least that can be asked with, or cannot be read.",
    Status.UNAVAILABLE: "The source of truth did not answer. This says nothing of the child.",
}
FIELD_WORDS: dict[str, str] = {
    "given": "Given name",
    "family": "Family name",
    "birth_date": "Date of birth",
    "gender": "Gender",
    "postcode": "Postcode",
    "phone": "Phone",
    "email": "E-mail",
    "nhs_number": "NHS number",
    "upn": "UPN",
    "address_history": "Address history",
    "row": "Whole row",
}
# Dark enough to read on white and apart from each other without telling hues.
_OUTCOME_COLOURS = {
    Status.MATCH: "#00703c",
    Status.POTENTIAL_MATCH: "#1d70b8",
    Status.LOW_CONFIDENCE_MATCH: "#5694ca",
    Status.MANY_MATCH: "#4c2c92",
    Status.NO_MATCH: "#505a5f",
    Status.INVALID: "#b58840",
    Status.UNAVAILABLE: "#d4351c",
}
_QUALITY_COLOURS = {
    Quality.VALID: "#00703c",
    Quality.INVALID: "#d4351c",
    Quality.NOT_PROVIDED: "#b1b4b6",
}


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a report says of a run besides its counts."""

    input_name: str
    output_name: str
    kind: str
    strategy: str
    source: str
    seconds: float
    finished_at: dt.datetime
    notes: tuple[str, ...] = ()

    @property
    def duration(self) -> str:
        """The time taken, for people."""
        return duration(self.seconds)


def duration(seconds: float) -> str:
    """Seconds in words: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def write_report(path: Path, facts: RunFacts, tally: Tally, columns: Columns) -> None:
    """Write the page in one step; it holds counts, reasons and row numbers, nothing personal."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(render(facts, tally, columns), "utf-8")
    os.replace(partial, path)


def render(facts: RunFacts, tally: Tally, columns: Columns) -> str:
    """The page as text. Everything from the file is escaped; the page forbids itself scripts."""
    return render_page(
        "joinedup.identify",
        "report.html.jinja",
        facts=facts,
        tally=tally,
        outcomes=[
            (status, tally.outcomes[status], share(tally.outcomes[status], tally.rows), words)
            for status, words in MEANINGS.items()
        ],
        quality=[_quality_row(name, tally, columns) for name in tally.quality],
        problems=[_problem_row(problem) for problem in tally.worst()],
        outcome_chart=_outcome_chart(tally) if tally.rows else None,
        quality_chart=_quality_chart(tally) if tally.quality else None,
        rate=tally.rows / facts.seconds if facts.seconds else 0,
    )


def _quality_row(name: str, tally: Tally, columns: Columns) -> dict[str, Any]:
    counts = tally.quality[name]
    return {
        "words": FIELD_WORDS[name],
        "heading": columns.heading(name) if name in columns.positions else "",
        "counts": [
            (counts[quality], share(counts[quality], counts.total())) for quality in Quality
        ],
    }


def _problem_row(problem: Problem) -> dict[str, Any]:
    more = problem.count - len(problem.rows)
    rows = ", ".join(str(number) for number in problem.rows)
    return {
        "where": FIELD_WORDS.get(problem.where, problem.where),
        "what": problem.what,
        "count": problem.count,
        "rows": rows + (f" and {more:,} more" if more else ""),
    }


def _outcome_chart(tally: Tally) -> Markup:
    shown = [status for status in MEANINGS if tally.outcomes[status]]
    spec = {
        "data": {"values": [{"outcome": s, "rows": tally.outcomes[s]} for s in shown]},
        "height": {"step": 30},
        "encoding": {
            "y": {"field": "outcome", "type": "nominal", "sort": shown, "title": None},
            "x": {
                "field": "rows",
                "type": "quantitative",
                "title": "Rows",
                "axis": {"tickCount": 5},
            },
        },
        "layer": [
            {
                "mark": "bar",
                "encoding": {
                    "color": {
                        "field": "outcome",
                        "type": "nominal",
                        "legend": None,
                        "scale": {
                            "domain": shown,
                            "range": [_OUTCOME_COLOURS[Status(s)] for s in shown],
                        },
                    }
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 13},
                "encoding": {"text": {"field": "rows", "type": "quantitative", "format": ","}},
            },
        ],
    }
    words = ", ".join(f"{status} {tally.outcomes[status]:,}" for status in shown)
    return svg(spec, f"Bar chart of rows by outcome: {words}. The table after it has the same.")


def _quality_chart(tally: Tally) -> Markup:
    names = [FIELD_WORDS[name] for name in tally.quality]
    spec = {
        "data": {
            "values": [
                {
                    "column": FIELD_WORDS[name],
                    "quality": quality,
                    "order": order,
                    "rows": counts[quality],
                }
                for name, counts in tally.quality.items()
                for order, quality in enumerate(Quality)
            ]
        },
        "height": {"step": 26},
        "mark": "bar",
        "encoding": {
            "y": {"field": "column", "type": "nominal", "sort": names, "title": None},
            "x": {
                "field": "rows",
                "type": "quantitative",
                "stack": "normalize",
                "title": "Share of rows",
                "axis": {"format": ".0%", "tickCount": 5},
            },
            "order": {"field": "order"},
            "color": {
                "field": "quality",
                "type": "nominal",
                "title": "Data quality",
                "scale": {
                    "domain": [str(q) for q in Quality],
                    "range": [_QUALITY_COLOURS[q] for q in Quality],
                },
            },
        },
    }
    return svg(
        spec, "Bar chart of data quality by column. The table after it has the same figures."
    )
