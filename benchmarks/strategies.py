"""The strategies side by side on a labelled set of an invented region, and ours by name group.

    python benchmarks/strategies.py [--children 300000] [--rows 25000] [--each 4000] [--seed 2026]

Writes the tables and the chart of docs/benchmarks.md.
"""

import argparse
import math
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

import document
import machine

from joinedup.cli.evaluate import run
from joinedup.identify import STRATEGIES
from joinedup.identify.evaluation import Report, Tally, compare_in_parallel
from joinedup.identify.evaluation_report import chart_svg, groups_markdown, markdown
from joinedup.linkage.quality import interval
from joinedup.simulate import Question, questions, simulate

_LEAST = 1_000  # rows of a group whose rate is compared with the others'
_DRAWS = 2_000


def by_group(asked: list[Question], each: int) -> list[Question]:
    """At most ``each`` rows of every name group, in the order drawn."""
    seen: Counter[str] = Counter()
    chosen = []
    for row in asked:
        group = row.groups["name_group"]
        seen[group] += 1
        if seen[group] <= each:
            chosen.append(row)
    return chosen


def group_report(region: Path, each: int, seed: int) -> Report:
    """Ours on every name group alike: each child known to any agency once, ``each`` a group."""
    report = Report()
    asked = by_group(questions(region, 10**9, seed, held_numbers=False), each)
    people = region / "pds.ndjson"
    for _, part in compare_in_parallel(asked, people, ("adaptive",), os.cpu_count() or 1):
        report.add(part)
    return report


def another_region(children: int, each: int, seed: int) -> Report:
    """The same on a region of its own, so that the small groups have children enough."""
    with tempfile.TemporaryDirectory() as folder:
        region = Path(folder) / "region"
        simulate(region, children, seed)
        return group_report(region, each, seed)


def difference(best: Tally, worst: Tally) -> tuple[float, float]:
    """Newcombe's 95 % interval for the difference of two found rates (1998, method 10)."""
    low_1, high_1 = interval(best.right, best.findable)
    low_2, high_2 = interval(worst.right, worst.findable)
    gap = best.found_rate - worst.found_rate
    return (
        gap - math.hypot(best.found_rate - low_1, high_2 - worst.found_rate),
        gap + math.hypot(high_1 - best.found_rate, worst.found_rate - low_2),
    )


def gap_by_chance(tallies: list[Tally]) -> float:
    """The gap to expect between best and worst if all groups were served alike."""
    rate = sum(t.right for t in tallies) / sum(t.findable for t in tallies)
    rng = Random(1)
    total = 0.0
    for _ in range(_DRAWS):
        seen = [rng.gauss(rate, math.sqrt(rate * (1 - rate) / t.findable)) for t in tallies]
        total += max(seen) - min(seen)
    return total / _DRAWS


def gap_words(report: Report) -> str:
    """The gap between the best- and the worst-served name group, as a paragraph."""
    groups = {
        value: tally
        for (kind, value), tally in report.groups["adaptive"].items()
        if kind == "name_group" and tally.findable >= _LEAST
    }
    order = sorted(groups, key=lambda value: groups[value].found_rate)
    worst, best = groups[order[0]], groups[order[-1]]
    low, high = difference(best, worst)
    total = report.total["adaptive"]
    wrong_low, wrong_high = interval(total.wrong, total.given)
    return (
        f"**Best less worst: {100 * (best.found_rate - worst.found_rate):.2f} points** "
        f"({order[-1]} {best.found_rate:.2%}, {order[0]} {worst.found_rate:.2%}; 95 % interval of "
        f"this difference {100 * low:.2f} to {100 * high:.2f}), over the {len(groups)} groups with "
        f"{_LEAST:,} children or more. The largest and the smallest of so many rates differ by "
        f"{100 * gap_by_chance(list(groups.values())):.2f} points by chance alone. In all "
        f"{total.rows:,} rows: {total.wrong} wrong of {total.given:,} numbers given "
        f"({total.wrong_rate:.3%}, 95 % interval {wrong_low:.3%} to {wrong_high:.3%}), "
        f"{total.calls_per_child:.2f} calls a child."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=300_000)
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--each", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=2026)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        region = Path(folder) / "region"
        simulate(region, args.children, args.seed)
        start = time.perf_counter()
        report, rows = run(region, args.rows, args.seed, tuple(STRATEGIES), held=False, quiet=False)
        took = time.perf_counter() - start
        held, _ = run(region, args.rows, args.seed, ("adaptive",), held=True, quiet=False)
        groups = group_report(region, args.each, args.seed)
    groups.add(another_region(args.children, args.each, args.seed + 1))
    document.DOCUMENT.with_name("images").mkdir(exist_ok=True)
    image = document.DOCUMENT.with_name("images") / "strategies.svg"
    image.write_text(chart_svg(report), "utf-8")
    tally = held.total["adaptive"]
    document.put(
        "strategies",
        f"""
{rows:,} labelled rows from a region of {args.children:,} children and their families (seed
{args.seed}), {took:.0f} s for all strategies. {machine.describe()}.

{markdown(report)}

With the NHS numbers that agencies already hold (some of them another child's) left in, `adaptive`
found {tally.found_rate:.2%} (wrong numbers: {tally.wrong}) at {tally.calls_per_child:.2f} calls
a child.

![Found, wrong and calls, by strategy](images/strategies.svg)

### Ours by name group

Every child of two regions of {args.children:,} (seeds {args.seed} and {args.seed + 1}) whom an
agency knows, one row each, at most {args.each:,} of a group in a region. The rows come from the
agencies as the children do: fewer from children's services than above.

{gap_words(groups)}

{groups_markdown(groups, "adaptive", "name_group", 100)}

### Ours by mistake in the row

{groups_markdown(report, "adaptive", "mistake", 100)}
""",
    )


if __name__ == "__main__":
    main()
