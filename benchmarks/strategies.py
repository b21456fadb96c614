"""The strategies side by side on a labelled set of an invented region.

    python benchmarks/strategies.py [--children 60000] [--rows 25000]

Writes the table and chart of docs/benchmarks.md.
"""

import argparse
import tempfile
import time
from pathlib import Path

import document
import machine

from joinedup.cli.evaluate import run
from joinedup.identify import STRATEGIES
from joinedup.identify.evaluation_report import chart_svg, groups_markdown, markdown
from joinedup.simulate import simulate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=60_000)
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--seed", type=int, default=2026)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        region = Path(folder) / "region"
        simulate(region, args.children, args.seed)
        start = time.perf_counter()
        report, rows = run(region, args.rows, args.seed, tuple(STRATEGIES), held=False, quiet=False)
        took = time.perf_counter() - start
        held, _ = run(region, args.rows, args.seed, ("adaptive",), held=True, quiet=False)
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

{groups_markdown(report, "adaptive", "name_group", 100)}

### Ours by mistake in the row

{groups_markdown(report, "adaptive", "mistake", 100)}
""",
    )


if __name__ == "__main__":
    main()
