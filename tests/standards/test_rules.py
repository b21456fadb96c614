"""Yearly rules as data, and the documents that describe them."""

from pathlib import Path

import pytest

from joinedup.standards import STANDARDS, rules
from joinedup.standards.plan import tables_of
from tests.standards.files import MAKERS, everything
from tests.standards.test_fuzz import mutated

DOCS = Path(__file__).parents[2] / "docs" / "standards.md"
FILES = sorted(Path(rules.__file__).parent.glob("rules/*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("year", [2022, 2023, 2024, 2025, 2026, None])
def test_the_rules_of_every_year_hold_together(path: Path, year: int | None) -> None:
    tables = tables_of(path.stem, year)
    assert tables
    for table in tables.values():
        assert table.event or table.fields, "a table must give children or events"


def test_an_overlay_adds_and_takes_away_from_its_year_on() -> None:
    def codes(year: int) -> list[str]:
        found: list[str] = rules.load("ssda903", year)["codes"]["placement"]
        return found

    assert "P2" in codes(2024)
    assert "K3" not in codes(2024)
    assert "P2" not in codes(2025)
    assert "K3" in codes(2025)
    assert "Z14" in codes(2030), "a year that has no rules yet has the newest"


def test_every_standard_and_every_rule_code_that_mangled_files_give_is_documented(
    tmp_path: Path,
) -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name in STANDARDS:
        assert f"`{name}`" in text
    given: set[str] = set()
    for standard, _, make in MAKERS.values():
        for seed in range(25):
            path = tmp_path / "file"
            path.write_bytes(mutated(make(3), seed))
            given |= everything(path, standard=standard)[1].count.rules.keys()
    assert len(given) > 20
    assert {code for code in given if f"`{code}`" not in text} == set()
