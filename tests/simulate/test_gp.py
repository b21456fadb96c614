"""The GP federation: nearly every child, the PDS's own details, and who is not registered."""

import csv
from collections.abc import Iterator
from typing import Any

import pytest

from joinedup.simulate import agency_rows
from joinedup.simulate.rates import rates
from tests.simulate.conftest import CHILDREN, Region

Row = dict[str, str]


@pytest.fixture(scope="module")
def registered(region: Region) -> dict[str, list[Row]]:
    """The federation's rows by person."""
    person_of = {r["id"]: r["person_id"] for r in region.table("truth") if r["source"] == "gp"}
    out: dict[str, list[Row]] = {}
    for row in agency_rows(region.folder, "gp"):
        out.setdefault(person_of[row["id"]], []).append(row)
    return out


def _share(children: list[dict[str, Any]], registered: dict[str, list[Row]]) -> float:
    return sum(child["person_id"] in registered for child in children) / len(children)


def test_nearly_every_child_is_registered_and_few_twice(
    region: Region, registered: dict[str, list[Row]]
) -> None:
    assert 0.965 < _share(region.children, registered) < 0.982
    rows = [len(registered.get(child["person_id"], [])) for child in region.children]
    assert 0.006 < rows.count(2) / CHILDREN < 0.020
    assert all(row["id"].startswith("G") for rows in registered.values() for row in rows)


def test_who_is_not_registered(region: Region, registered: dict[str, list[Row]]) -> None:
    """Newborn babies, children of no fixed address, those who just came, those the PDS has not."""
    as_at = rates().as_at
    newborn = [c for c in region.children if (as_at - c["birth_date"]).days < 28]
    months_old = [c for c in region.children if 300 < (as_at - c["birth_date"]).days < 365]
    assert _share(newborn, registered) < 0.7 < 0.9 < _share(months_old, registered)
    assert _share([c for c in region.children if c["no_address"]], registered) < 0.95
    unknown = [c for c in region.children if not c["in_pds"]]
    assert len(unknown) > 50
    assert _share(unknown, registered) == 0


def test_a_family_registers_together(region: Region, registered: dict[str, list[Row]]) -> None:
    families: dict[str, list[bool]] = {}
    for child in region.children:
        if child["in_pds"] and child["age"] > 0:
            families.setdefault(child["family_id"], []).append(child["person_id"] in registered)
    assert sum(not any(held) for held in families.values()) > 50
    assert not [held for held in families.values() if any(held) and not all(held)]


def _with_pds(
    region: Region, registered: dict[str, list[Row]]
) -> Iterator[tuple[Row, dict[str, Any]]]:
    for person_id, rows in registered.items():
        person = region.people[person_id]
        if person["role"] == "child" and person["nhs_number"]:
            for row in rows:
                yield row, region.patients[person["nhs_number"]]


def test_the_number_is_held_and_right(region: Region, registered: dict[str, list[Row]]) -> None:
    pairs = list(_with_pds(region, registered))
    held = [(row["nhs_number"], patient["id"]) for row, patient in pairs if row["nhs_number"]]
    assert len(held) / len(pairs) > 0.99
    wrong = sum(number != right for number, right in held)
    assert wrong / len(held) < 0.003


def test_details_are_the_pdss_own(region: Region, registered: dict[str, list[Row]]) -> None:
    """Of a search's hard parts little is left: that is why questions ask nothing of GPs."""
    pairs = list(_with_pds(region, registered))
    family = sum(
        row["family"].casefold() != patient["name"][0]["family"].casefold()
        for row, patient in pairs
    )
    housed = [(row, p["address"][0]) for row, p in pairs if p.get("address") and row["postcode"]]
    moved = sum(
        row["postcode"].replace(" ", "") != address["postalCode"].replace(" ", "")
        for row, address in housed
    )
    assert 0.01 < family / len(pairs) < 0.06
    assert 0.003 < moved / len(housed) < 0.03


def test_earlier_homes_are_there_up_to_the_one_on_file(
    registered: dict[str, list[Row]],
) -> None:
    rows = [row for rows in registered.values() for row in rows]
    histories = [row["address_history"].split("|") for row in rows if row["address_history"]]
    assert len(histories) / len(rows) > 0.98
    assert sum(len(homes) > 1 for homes in histories) / len(histories) > 0.2


def test_the_record_from_before_an_adoption_is_kept_for_some(
    region: Region, registered: dict[str, list[Row]]
) -> None:
    before = [p for p in region.people.values() if p["role"] == "before_adoption"]
    assert 0.3 < _share(before, registered) < 0.9


def test_the_file_has_headings_and_dates_of_its_own(region: Region) -> None:
    with (region.folder / "gp.csv").open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    assert list(first)[:5] == [
        "Record ID", "NHS Number", "Family Name", "Given Name", "Date of Birth",
    ]  # fmt: skip
    day, month, year = first["Date of Birth"].split("-")
    assert (len(day), len(year)) == (2, 4)
    assert month.isalpha()
