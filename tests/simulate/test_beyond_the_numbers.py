"""A region of more children than there are NHS numbers for tests."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from joinedup.cli.simulate import command
from joinedup.simulate import agency_rows, numbers, region_counts, simulate
from joinedup.simulate import region as region_module
from joinedup.simulate.rates import AGENCIES
from tests.simulate.conftest import Region

CHILDREN = 6_000


@contextmanager
def _only(count: int) -> Iterator[None]:
    """There are so many numbers and no more."""
    few = numbers.spare_numbers()[:count]
    region_module._world.cache_clear()
    with patch.object(numbers, "spare_numbers", lambda: few):
        yield
    region_module._world.cache_clear()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Region:
    """Six thousand children and numbers for nine in ten: as of a million and the whole range."""
    with _only(CHILDREN * 909 // 1000):
        folder = simulate(tmp_path_factory.mktemp("crowded"), CHILDREN, seed=3, workers=1)
    return Region(folder)


def test_the_numbers_there_are_go_to_children(crowded: Region) -> None:
    counts = region_counts(crowded.folder)
    held = CHILDREN - counts.without_number
    assert 0.89 * CHILDREN < held <= 0.909 * CHILDREN
    assert len(crowded.patients) <= 0.909 * CHILDREN
    assert not any(person["in_pds"] for person in crowded.people.values()
                   if person["role"] == "adult")  # fmt: skip


def test_whole_families_go_without(crowded: Region) -> None:
    """Brothers and sisters of a child without a number have none either, but for the PDS's own."""
    families: dict[str, list[bool]] = defaultdict(list)
    for child in crowded.children:
        families[child["family_id"]].append(child["in_pds"])
    mixed = sum(any(held) and not all(held) for held in families.values())
    without = sum(not any(held) for held in families.values())
    assert without > 250
    assert mixed < 80  # of children whom the PDS never heard of, one in a hundred


def test_they_are_spread_evenly(crowded: Region) -> None:
    """Over the blocks, and within one: not the last children of either."""
    shares: dict[str, list[bool]] = defaultdict(list)
    places: dict[bool, list[int]] = {True: [], False: []}
    for child in crowded.children:
        key = child["person_id"]
        shares[key[1:5]].append(child["in_pds"])
        places[child["in_pds"]].append(int(key[5:]))
    assert all(0.88 < sum(held) / len(held) < 0.93 for held in shares.values())
    means = {held: sum(at) / len(at) for held, at in places.items()}
    assert abs(means[True] - means[False]) < 0.08 * means[True]


def test_agencies_have_them_and_the_pds_does_not(crowded: Region) -> None:
    truth = {(row["source"], row["id"]): row for row in crowded.table("truth")}
    rows = Counter[str]()
    for agency in AGENCIES:
        for row in agency_rows(crowded.folder, agency):
            known = truth[agency, row["id"]]
            child = crowded.people[known["person_id"]]
            if not child["in_pds"]:
                rows[agency] += 1
                assert known["nhs_number"] is None
                assert row["nhs_number"] == ""
    assert rows.total() > 0.06 * CHILDREN
    assert rows["gp"] > 0.06 * CHILDREN  # they are registered: only their number is wanting


def test_the_command_says_it_plainly(tmp_path: Path) -> None:
    with _only(160), patch("joinedup.cli.simulate.ENOUGH_NUMBERS", 100):
        done = CliRunner().invoke(
            command, ["-o", str(tmp_path), "--children", "200", "--json", "--workers", "1"]
        )
    without = region_counts(tmp_path).without_number
    assert done.exit_code == 0
    assert without >= 40
    said = " ".join(done.stderr.split())
    assert f"{without} of 200 children have none" in said
    assert f'"children_without_number": {without}' in done.stdout
