"""What a linker's author needs of a region: every record marked, and which pairs must not join."""

from collections import defaultdict

import duckdb
import pytest

from joinedup.simulate import agency_rows
from joinedup.simulate.rates import AGENCIES
from tests.simulate.conftest import Region


@pytest.fixture(scope="module")
def person_of(region: Region) -> dict[tuple[str, str], str]:
    return {
        (row["source"], row["id"]): row["person_id"]
        for row in region.table("truth")
        if row["source"] != "pds"
    }


def test_every_record_is_marked_once(region: Region, person_of: dict[tuple[str, str], str]) -> None:
    rows = [(a, row["id"]) for a in AGENCIES for row in agency_rows(region.folder, a)]
    assert len(rows) == len(set(rows)) == len(person_of)
    assert set(rows) == person_of.keys()


def test_second_records_of_a_child_must_link_within_their_agency(
    region: Region, person_of: dict[tuple[str, str], str]
) -> None:
    held: dict[tuple[str, str], int] = defaultdict(int)
    for (source, _), person in person_of.items():
        held[source, person] += 1
    again = {
        (row["source"], person_of[row["source"], row["id"]])
        for row in region.table("mistakes")
        if "duplicate" in row["kinds"]
    }
    assert len(again) > 50
    assert again == {key for key, count in held.items() if count > 1}


def test_both_sides_of_an_adoption_are_there_and_apart(
    region: Region, person_of: dict[tuple[str, str], str]
) -> None:
    never = {
        frozenset((person["person_id"], person["never_join"]))
        for person in region.people.values()
        if person["never_join"]
    }
    known = set(person_of.values())
    both = [pair for pair in never if pair <= known]
    assert all(len(pair) == 2 for pair in never)
    assert len(both) > 10


def test_the_true_pairs_are_those_of_one_person(
    region: Region, person_of: dict[tuple[str, str], str]
) -> None:
    """The query of docs/simulate.md."""
    truth = (region.folder / "truth.parquet").as_posix()
    pairs = (
        duckdb.connect()
        .execute(
            f"""
        select l.source, l.id, r.source, r.id
        from '{truth}' l join '{truth}' r using (person_id)
        where l.source != 'pds' and r.source != 'pds' and (l.source, l.id) < (r.source, r.id)
        """
        )
        .fetchall()
    )
    counts: dict[str, int] = defaultdict(int)
    for person in person_of.values():
        counts[person] += 1
    assert len(pairs) == sum(n * (n - 1) // 2 for n in counts.values())
    assert all(person_of[one, a] == person_of[other, b] for one, a, other, b in pairs[:500])
