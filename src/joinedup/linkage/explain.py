"""Why a pair of records weighs what it weighs: steps in words and bits, and a picture of them.

A pair is weighed against several doubts at once (``linkage.model``). A person reads one sum better
than five: the steps weigh against the strongest doubt, and a last one adds what the other doubts
take away. The running total ends at the scorer's weight exactly.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import vl_convert
from markupsafe import escape

from joinedup.linkage.model import STRANGER, Level, Model
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import NOT_KNOWN, Scorer, probability

PRIOR, RARITY, OTHER_DOUBTS = "prior", "rarity", "other doubts"

# "adopted" says no more than what the records show: a reviewer must not learn of an adoption here
# (Adoption and Children Act 2002, s. 57).
DOUBTS: Mapping[str, str] = {
    STRANGER: "a stranger",
    "relative": "a brother, a sister or another relative in one home",
    "twin": "a twin or a sibling of one birth date",
    "adopted": "a child of another family with the same given name and birth date",
    "namesake": "another child of the same name and birth date",
}
_COMPARED: Mapping[str, str] = {
    "given": "given name",
    "family": "family name",
    "birth_date": "birth date",
    "gender": "sex",
    "place": "home and postcode",
    "phone": "phone number",
    "email": "email address",
    "upn": "UPN",
    "nhs_number": "NHS number",
}
_PLAIN = 0.5  # bits: a name this little rarer or more common than the average is neither
_BLUE, _RED, _DARK = "#1d70b8", "#ca3535", "#484949"


class Step(NamedTuple):
    """One part of a weight: what it is, in words, its bits, and the total so far.

    ``name`` is a comparison's, or ``PRIOR``, ``RARITY`` or ``OTHER_DOUBTS``. Positive bits speak
    for one child.
    """

    name: str
    words: str
    bits: float
    total: float


class Explanation(NamedTuple):
    """A pair's weight taken apart. The last step's total is ``weight``.

    ``doubt`` is the strongest way of not being one child, in words; ``not_compared`` names, in
    words, what is not known in one of the records and so says nothing.
    """

    steps: tuple[Step, ...]
    weight: float
    probability: float
    doubt: str
    not_compared: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return {
            "match_weight": self.weight,
            "match_probability": self.probability,
            "strongest_doubt": self.doubt,
            "steps": [step._asdict() for step in self.steps],
            "not_compared": list(self.not_compared),
        }


def explain(scorer: Scorer, one: LinkRecord, other: LinkRecord) -> Explanation:
    """Take the weight of a pair apart. The order of the two makes no difference."""
    model = scorer.model
    weighed = scorer.weigh(one, other)
    levels = [
        (comparison.name, comparison.levels[level])
        for comparison, level in zip(model.comparisons, weighed.levels, strict=True)
        if level != NOT_KNOWN
    ]
    sums = {doubt: _parts(model, doubt, levels, one) for doubt in model.doubts}
    against = {doubt: math.fsum(bits for *_, bits in parts) for doubt, parts in sums.items()}
    strongest, *others = sorted(model.doubts, key=lambda doubt: against[doubt])
    parts = sums[strongest]
    if others:
        rest = weighed.weight - against[strongest]
        parts.append((OTHER_DOUBTS, f"it could also be {_doubt(others[0])}", rest))
    totals = [math.fsum(bits for *_, bits in parts[: at + 1]) for at in range(len(parts))]
    totals[-1] = weighed.weight  # not a rounding error beside it
    return Explanation(
        tuple(Step(*part, total) for part, total in zip(parts, totals, strict=True)),
        weighed.weight,
        probability(weighed.weight),
        _doubt(strongest),
        tuple(
            _COMPARED.get(comparison.name, comparison.name.replace("_", " "))
            for comparison, level in zip(model.comparisons, weighed.levels, strict=True)
            if level == NOT_KNOWN
        ),
    )


def _parts(
    model: Model, doubt: str, levels: list[tuple[str, Level]], record: LinkRecord
) -> list[tuple[str, str, float]]:
    """Give the parts of the weight against one doubt: name, words and bits."""
    parts = [(PRIOR, f"before comparing: one child or {_doubt(doubt)}?", model.prior_bits(doubt))]
    for name, level in levels:
        parts.append((name, level.words, level.bits(doubt)))
        if level.rarity is not None and doubt == STRANGER:
            bits = _rarity(model, level, str(getattr(record, level.rarity)))
            parts.append((RARITY, _how_rare(_COMPARED.get(level.rarity, level.rarity), bits), bits))
    return parts


def _rarity(model: Model, level: Level, value: str) -> float:
    """Give the bits by which this value proves more than one of average rarity."""
    average = level.doubts[STRANGER]
    shares = model.shares.get(level.rarity or "", {})
    return math.log2(average / shares.get(value, shares.get("", average)))


def _how_rare(what: str, bits: float) -> str:
    if abs(bits) < _PLAIN:
        return f"the {what} is about as common as others"
    return f"the {what} is rare" if bits > 0 else f"the {what} is common"


def _doubt(name: str) -> str:
    return DOUBTS.get(name, name)


def signed(bits: float) -> str:
    """Give bits as people read them, with a sign and one decimal."""
    return f"{bits:+.1f}".replace("-", "−") if abs(bits) >= 0.05 else "0.0"


def percent(chance: float) -> str:
    """Give a probability as a percentage that is never rounded to certainty."""
    if 0.001 <= chance <= 0.999:
        return f"{chance:.1%}".replace("%", " %")
    return "over 99.9 %" if chance > 0.5 else "under 0.1 %"


def summary(explanation: Explanation) -> str:
    """Say in one sentence what the evidence comes to."""
    return (
        f"Together {signed(explanation.weight)} bits: {percent(explanation.probability)} likely to "
        f"be one child. The strongest doubt is {explanation.doubt}."
    )


def waterfall_svg(explanation: Explanation, name: str = "evidence") -> str:
    """Draw the steps as bars from total to total, for a page or a file of its own.

    It names no detail of a child. The figures belong in a table beside it. ``name`` tells it from
    other pictures of one page.
    """
    rows, before = [], 0.0
    for at, step in enumerate(explanation.steps):
        rows.append(_bar(at, step.words, before, step.total, signed(step.bits), step.bits))
        before = step.total
    rows.append(_bar(len(rows), "together", 0.0, explanation.weight, signed(explanation.weight)))
    rows[-1]["colour"] = _DARK
    order = {"field": "what", "type": "nominal", "sort": {"field": "at"}}
    drawn: str = vl_convert.vegalite_to_svg(
        {
            "background": "white",
            "width": 300,
            "height": {"step": 26},
            # Room for a reader's font that is wider than the one it was measured with.
            "padding": {"left": 75, "right": 45, "top": 5, "bottom": 5},
            "data": {"values": rows},
            "encoding": {"y": {**order, "title": None}},
            "layer": [
                {
                    "mark": {"type": "bar", "height": 16},
                    "encoding": {
                        "x": {"field": "from", "type": "quantitative", "title": "bits of evidence"},
                        "x2": {"field": "to"},
                        "color": {"field": "colour", "type": "nominal", "scale": None},
                    },
                },
                {
                    "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 12},
                    "encoding": {
                        "x": {"field": "right", "type": "quantitative"},
                        "text": {"field": "label", "type": "nominal"},
                    },
                },
            ],
            "config": {
                "font": "system-ui, sans-serif",
                "axis": {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": 420},
                "view": {"stroke": None},
            },
        }
    )
    head, tail = drawn.split(">", 1)
    described = "; ".join(f"{step.words}: {signed(step.bits)}" for step in explanation.steps)
    return (
        f'{head} role="img" aria-labelledby="{name}-title {name}-steps">'
        f'<title id="{name}-title">{escape(summary(explanation))}</title>'
        f'<desc id="{name}-steps">{escape(described)}</desc>{tail}'
    )


def _bar(
    at: int, words: str, start: float, end: float, label: str, bits: float = 0.0
) -> dict[str, Any]:
    return {
        "at": at,
        "what": words[:1].upper() + words[1:],
        "from": start,
        "to": end,
        "right": max(start, end),
        "label": label,
        "colour": _BLUE if bits >= 0 else _RED,
    }
