"""How much snooping the rules find, and how many looks they raise: invented worlds.

python benchmarks/watching.py [--worlds 50] [--first-seed 0] [--write]

A pattern is found when an alert names the person who did it, with one of the pattern's own looks.
Rules and limits were written looking at the worlds 1000 to 1004 alone.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

import document
import machine
from watching_worlds import PATTERNS, Result, measure

RECALL, FLAGGED = 0.9, 0.01


def main() -> None:
    """Measure, print, and write the document when told to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=50)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put it into docs/benchmarks.md")
    given = parser.parse_args()
    total = Result()
    with ProcessPoolExecutor(2) as pool:
        seeds = range(given.first_seed, given.first_seed + given.worlds)
        for number, result in enumerate(pool.map(measure, seeds), 1):
            total.add(result)
            print(f"{number} of {given.worlds} worlds", file=sys.stderr, end="\r")
    least = min(PATTERNS, key=lambda name: total.found[name])
    lines = [
        f"{total.worlds} worlds of {total.looks // total.worlds:,} looks in ten weeks, "
        f"{len(PATTERNS)} patterns hidden in each. {machine.describe()}",
        "",
        "| what | result | goal |",
        "|---|---|---|",
        f"| patterns found | {total.recall:.1%} | 90 % |",
        f"| least found: {least} | {total.found[least] / total.worlds:.0%} | |",
        f"| looks flagged | {total.flagged / total.looks:.2%} | 1 % |",
        f"| flagged looks that belong to a pattern | {total.right / total.flagged:.0%} | |",
        f"| looks judged a second, one core | {total.looks / total.seconds:,.0f} | |",
    ]
    text = "\n".join(lines)
    print(text)
    for name in sorted(PATTERNS, key=lambda name: total.found[name]):
        print(f"  {name:<18} {total.found[name] / total.worlds:.0%}", file=sys.stderr)
    for rule, count in total.wrong.most_common():
        print(f"  flagged work: {rule:<18} {count / total.looks:.3%}", file=sys.stderr)
    if given.write:
        document.put("watching", text)
    raise SystemExit(0 if total.recall >= RECALL and total.flagged <= FLAGGED * total.looks else 1)


if __name__ == "__main__":
    main()
