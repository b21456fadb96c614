"""Puts measured figures into docs/benchmarks.md, each benchmark in its own marked part."""

from pathlib import Path

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def put(name: str, text: str) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->`` with ``text``."""
    whole = DOCUMENT.read_text("utf-8")
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = whole.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"docs/benchmarks.md has no part {name}")
    DOCUMENT.write_text(f"{before}{start}\n{text.strip()}\n{end}{after}", "utf-8")
    print(text)
