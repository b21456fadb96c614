"""A few pairs of a linking run with their evidence drawn, for its report: no record is named."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from joinedup.linkage.constraints import PAIR_COLUMNS
from joinedup.linkage.explain import Explanation, explain, waterfall_svg
from joinedup.linkage.prepare import rows
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import Scorer

_MOST_REASONS = 3


class Example(NamedTuple):
    """A pair: what became of it, and the weight of its details taken apart.

    ``reason`` is why it is not joined, empty for one that is; ``context`` are the bits that the
    household adds to the weight of the details.
    """

    heading: str
    reason: str
    explanation: Explanation
    context: float
    picture: Markup

    @property
    def weight(self) -> float:
        """The weight by which it was decided."""
        return self.explanation.weight + self.context


def examples(links: pa.Table, cuts: pa.Table, records: pa.Table, scorer: Scorer) -> list[Example]:
    """Give the weakest link, one in the middle, and the likeliest pair of the commonest cuts.

    Takes the tables of ``Clusters``, its records, and the scorer of the run. The same run gives the
    same examples.
    """
    found = []
    for at, (heading, reason, pair) in enumerate(_chosen(links, cuts)):
        one, other = (
            _record(records, pair[source], pair[id])
            for source, id in (PAIR_COLUMNS[:2], PAIR_COLUMNS[2:])
        )
        explanation = explain(scorer, one, other)
        picture = Markup(waterfall_svg(explanation, f"example-{at}"))  # noqa: S704 - it escapes
        found.append(Example(heading, reason, explanation, pair["context"], picture))
    return found


def _chosen(links: pa.Table, cuts: pa.Table) -> Iterable[tuple[str, str, dict[str, Any]]]:
    if links.num_rows:
        weights = links["match_weight"]
        yield "Joined: the weakest link", "", _first(links, pc.min(weights))
        if links.num_rows > 2:
            (middle,) = pc.quantile(weights, 0.5, interpolation="lower")
            yield "Joined: a link of middling weight", "", _first(links, middle)
    counted = sorted(
        pc.value_counts(cuts["reason"]).to_pylist(),
        key=lambda each: (-each["counts"], each["values"]),
    )
    for reason in [each["values"] for each in counted[:_MOST_REASONS]]:
        of = cuts.filter(pc.equal(cuts["reason"], reason))
        yield "Not joined: the likeliest pair", reason, _first(of, pc.max(of["match_weight"]))


def _first(pairs: pa.Table, weight: pa.Scalar) -> dict[str, Any]:
    """Give the pair of this weight whose names come first."""
    of = pairs.filter(pc.equal(pairs["match_weight"], weight))
    found: list[dict[str, Any]] = (
        of.sort_by([(name, "ascending") for name in PAIR_COLUMNS]).slice(0, 1).to_pylist()
    )
    return found[0]


def _record(records: pa.Table, source: str, id: str) -> LinkRecord:
    of = pc.and_(pc.equal(records["id"], id), pc.equal(records["source"], source))
    return next(rows(records.filter(of)))
