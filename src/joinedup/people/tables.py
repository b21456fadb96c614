"""The package's own data files: small tables that a person can read and correct."""

import csv
from collections.abc import Iterator
from importlib.resources import files


def rows(name: str) -> Iterator[dict[str, str]]:
    """Give the rows of ``data/<name>``, keyed by column; lines that begin with # are remarks."""
    text = files("joinedup.people").joinpath("data", name).read_text(encoding="utf-8")
    yield from csv.DictReader(
        line for line in text.splitlines() if line and not line.startswith("#")
    )
