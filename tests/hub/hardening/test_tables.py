"""ASVS 5.0 level 2 and the rules of trust, row by row, with the tests that hold them."""

import ast
import csv
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ASVS = ROOT / "docs" / "security" / "asvs.csv"
RULES = ROOT / "docs" / "security" / "rules.csv"
SECURITY = ROOT / "docs" / "security.md"
DOCUMENTED = "tests/hub/hardening/test_tables.py::test_what_is_documented_is_there"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@lru_cache
def names_in(path: str) -> frozenset[str]:
    """The names of a file's test functions."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, functions) and node.name.startswith("test_")
    )


def exists(test: str) -> bool:
    path, _, name = test.partition("::")
    return name in names_in(path)


def headings(path: Path) -> set[str]:
    return set(re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("path", [ASVS, RULES], ids=["asvs", "rules"])
def test_every_row_that_applies_names_tests_that_exist(path):
    key = "requirement" if path is ASVS else "rule"
    without, unknown = [], []
    for row in rows(path):
        named = row["tests"].split()
        if row.get("applies", "yes") == "yes" and not named:
            without.append(row[key])
        unknown += [f"{row[key]}: {test}" for test in named if not exists(test)]
    assert not without, "name a test, or say why the row does not apply"
    assert not unknown, "no such test"


def test_it_is_the_whole_of_levels_1_and_2():
    """ASVS 5.0.0 has 70 requirements at level 1 and 183 more at level 2 (OWASP, May 2025)."""
    table = rows(ASVS)
    names = [row["requirement"] for row in table]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"V(1[0-7]|[1-9])\.\d+\.\d+", name) for name in names)
    levels = [row["level"] for row in table]
    assert (levels.count("1"), levels.count("2")) == (70, 183)
    assert {row["requirement"].split(".")[0] for row in table} == {f"V{n}" for n in range(1, 18)}


def test_what_does_not_apply_says_why_and_what_is_open_is_said_openly():
    table = rows(ASVS)
    for row in table:
        assert row["applies"] in {"yes", "no", "operator", "open"}, row["requirement"]
        assert bool(row["why"]) == (row["applies"] != "yes"), row["requirement"]
    text = SECURITY.read_text("utf-8")
    told = set(
        re.findall(r"V\d+\.\d+\.\d+", text.partition("## What is open")[2].split("\n## ")[0])
    )
    assert told == {row["requirement"] for row in table if row["applies"] == "open"}


def test_what_is_documented_is_there():
    for row in rows(ASVS):
        if row["where"]:
            name, _, heading = row["where"].partition("#")
            assert heading in headings(ROOT / name), row["requirement"]
        if DOCUMENTED in row["tests"].split():
            assert row["where"], row["requirement"]


def test_every_rule_of_trust_is_there():
    assert [row["rule"] for row in rows(RULES)] == [f"L{number}" for number in range(1, 34)]
