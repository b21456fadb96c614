"""ASVS 5.0 level 2, the rules of trust and the attacks on it, with the tests that hold them."""

import ast
import csv
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ASVS = ROOT / "docs" / "security" / "asvs.csv"
RULES = ROOT / "docs" / "security" / "rules.csv"
ATTACKS = ROOT / "docs" / "security" / "adversarial.csv"
SECURITY = ROOT / "docs" / "security.md"
DOCUMENTED = "documented"
"""In the place of a test: what is asked for is a text, or done where the hub is run."""


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


def named_by(row: dict[str, str]) -> list[str]:
    """The tests that a row names, without the word for what is written down alone."""
    return [each for each in row["tests"].split() if each != DOCUMENTED]


@pytest.mark.parametrize("path", [ASVS, RULES, ATTACKS], ids=["asvs", "rules", "attacks"])
def test_every_row_that_applies_names_tests_that_exist(path):
    without, unknown = [], []
    for row in rows(path):
        name, applies = next(iter(row.values())), row.get("applies", "yes") == "yes"
        if applies and not row["tests"]:
            without.append(name)
        unknown += [f"{name}: {test}" for test in named_by(row) if not exists(test)]
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


def test_what_is_documented_alone_is_said_and_is_not_more():
    """A requirement of the code is tested; a text alone is enough where a text is asked for."""
    alone = [row for row in rows(ASVS) if row["tests"] == DOCUMENTED]
    texts = re.compile("written down|are listed|where it is written")
    for row in alone:
        asked = texts.search(row["what_it_asks"])
        assert row["applies"] == "operator" or asked, row["requirement"]
    said = re.search(r"(\d+) of them rest on a text alone", SECURITY.read_text("utf-8"))
    assert said is not None
    assert int(said[1]) == len(alone)
    assert all(named_by(row) for row in rows(RULES)), "a rule of trust is never a text alone"


def test_every_rule_of_trust_is_there():
    assert [row["rule"] for row in rows(RULES)] == [f"L{number}" for number in range(1, 34)]


def test_every_attack_is_there_and_what_is_not_built_says_so():
    table = rows(ATTACKS)
    assert [row["attack"] for row in table] == [f"A{number}" for number in range(1, 31)]
    for row in table:
        assert row["applies"] in {"yes", "open"}, row["attack"]
        assert bool(row["why"]) == (row["applies"] == "open") == (not row["tests"]), row["attack"]
