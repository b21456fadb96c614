"""Labelled questions: drawn over agencies, one a child, with the truth beside them."""

import csv
from pathlib import Path

import pytest

from joinedup.people.demographics import FIELDS
from joinedup.simulate import SimulateError, agency_rows, questions, write_demo_sample
from joinedup.simulate.questions import SHARES
from tests.simulate.conftest import Region


def test_questions_are_drawn_over_agencies_one_a_child(region: Region) -> None:
    drawn = questions(region.folder, 3_000, seed=1)
    assert len(drawn) == 3_000
    assert len({question.person_id for question in drawn}) == 3_000
    sources = [question.source for question in drawn]
    assert all(sources.count(agency) > 100 for agency in SHARES)
    assert "gp" not in sources  # numbers and the PDS's names: no question to put to a search
    assert sources != sorted(sources)
    assert set(drawn[0].raw) == set(FIELDS)


def test_the_answer_is_the_truth_and_the_row_is_the_agencys(region: Region) -> None:
    truth = {(row["source"], row["id"]): row for row in region.table("truth")}
    rows = {(a, r["id"]): r for a in SHARES for r in agency_rows(region.folder, a)}
    for question in questions(region.folder, 500, seed=2):
        key = (question.source, question.id)
        assert question.nhs_number == truth[key]["nhs_number"]
        assert question.person_id == truth[key]["person_id"]
        assert all(question.raw[field] == rows[key][field] for field in FIELDS)


def test_some_questions_have_no_right_number(region: Region) -> None:
    drawn = questions(region.folder, 5_000, seed=3)
    none = [question for question in drawn if question.nhs_number is None]
    assert none
    for question in none:
        assert question.groups["in_pds"] == "no" or question.groups["adopted"] == "before"


def test_the_same_seed_draws_the_same_and_held_numbers_can_be_left_out(region: Region) -> None:
    assert questions(region.folder, 200, seed=4) == questions(region.folder, 200, seed=4)
    assert questions(region.folder, 200, seed=4) != questions(region.folder, 200, seed=5)
    drawn = questions(region.folder, 200, seed=4, held_numbers=False)
    assert not any(question.raw["nhs_number"] for question in drawn)


def test_more_questions_than_children_gives_all_there_are(region: Region) -> None:
    drawn = questions(region.folder, 1_000_000, seed=1)
    assert 0.9 * len(region.children) < len(drawn) < 1.01 * len(region.children)


def test_a_folder_that_is_no_region_is_refused_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SimulateError, match="joinedup simulate"):
        questions(tmp_path, 10)


def test_the_demo_sample_keeps_its_truth_apart(region: Region, tmp_path: Path) -> None:
    truth_path = write_demo_sample(region.folder, tmp_path / "children.csv", rows=500)
    with (tmp_path / "children.csv").open(encoding="utf-8", newline="") as file:
        sample = list(csv.DictReader(file))
    with truth_path.open(encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file))
    assert len(sample) == len(truth) == 500
    assert [row["LAchildID"] for row in sample] == [row["LAchildID"] for row in truth]
    assert any(row["Mistakes"] for row in truth)
    # Most rows do not hold their number: that is what the demo is for.
    assert 0 < sum(bool(row["NhsNumber"]) for row in sample) < 250
    assert sum(bool(row["NhsNumber"]) for row in truth) > 450
