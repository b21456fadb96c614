"""What comes out keeps to ``rates.toml``, and every number there says where it is from."""

import math
import tomllib
from collections import Counter, defaultdict
from importlib.resources import files
from typing import Any

import pytest

from joinedup.simulate import agency_rows
from joinedup.simulate.rates import AGENCIES, rates
from tests.simulate.conftest import Region


def _leaves(table: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    out: list[tuple[str, dict[str, Any]]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found = [(f"{path}{key}", value)] if "source" in value else []
            out += found or _leaves(value, f"{path}{key}.")
            if found:
                out += _leaves({k: v for k, v in value.items() if isinstance(v, dict)}, f"{key}.")
    return out


def _raw() -> dict[str, Any]:
    return tomllib.loads(files("joinedup.simulate").joinpath("rates.toml").read_text("utf-8"))


def test_every_rate_has_a_source_and_is_a_chance() -> None:
    raw = _raw()
    leaves = dict(_leaves(raw))
    assert len(leaves) > 90
    for path, leaf in leaves.items():
        assert len(leaf["source"]) >= 10, path
        if "rate" in leaf and not path.endswith(("noise", "stale_years", "days", "per_postcode")):
            assert 0 <= leaf["rate"] <= 1, path


def test_every_rate_is_used() -> None:
    folder = files("joinedup.simulate")
    code = "".join(p.read_text("utf-8") for p in folder.iterdir() if p.name.endswith(".py"))
    built = {f"{field}_{slip}" for field in ("given", "family")
             for slip in ("keyboard", "scanner", "sound")}  # fmt: skip
    for table in rates().tables.values():
        assert all(f'"{key}"' in code for key in table if key != "noise")
    assert all(f'"{kind}"' in code or kind in built for kind in rates().mistakes["schools"])


def _near(count: int, of: int, rate: float) -> bool:
    """Within five standard deviations of what the rate would give."""
    return abs(count - of * rate) <= 5 * math.sqrt(of * rate * (1 - rate)) + 2


UNCONDITIONAL = (
    "sex_missing", "birth_missing", "postcode_other_home", "given_placeholder",
)  # fmt: skip


@pytest.mark.parametrize("agency", AGENCIES)
def test_agencies_make_mistakes_at_their_rates(region: Region, agency: str) -> None:
    kinds: Counter[str] = Counter()
    for row in region.table("mistakes"):
        if row["source"] == agency:
            kinds.update(row["kinds"])
    rows = sum(1 for _ in agency_rows(region.folder, agency))
    for kind in UNCONDITIONAL:
        assert _near(kinds[kind], rows, rates().mistakes[agency][kind]), kind


@pytest.mark.parametrize("kind", ["birth_date_wrong", "sex_wrong"])
def test_the_pds_is_wrong_at_its_rates(region: Region, kind: str) -> None:
    held = [p for p in region.people.values() if p["in_pds"] and p["role"] != "before_adoption"]
    wrong = sum(kind in person["pds_mistakes"] for person in held)
    assert _near(wrong, len(held), rates().table("pds")[kind])


def test_a_mistake_said_is_a_mistake_made(region: Region) -> None:
    """A wrong sex is the other one, a missing value is missing."""
    rows = {(a, r["id"]): r for a in AGENCIES for r in agency_rows(region.folder, a)}
    truth = {(r["source"], r["id"]): r["person_id"] for r in region.table("truth")}
    letters = {"1": "male", "2": "female", "M": "male", "F": "female",
               "Male": "male", "Female": "female"}  # fmt: skip
    kinds = {(r["source"], r["id"]): r["kinds"] for r in region.table("mistakes")}
    for key, row in rows.items():
        said = kinds.get(key, [])
        stated, true = letters.get(row["gender"]), region.people[truth[key]]["sex"]
        if "sex_missing" in said:
            assert stated is None
        elif "sex_wrong" in said:
            assert stated not in (None, true)
        else:
            assert stated == true
        assert ("birth_missing" in said) == (row["birth_date"] == "")


def test_postcodes_on_file_differ_from_the_pds_as_they_do_in_life(region: Region) -> None:
    numbers = {(r["source"], r["id"]): r["nhs_number"] for r in region.table("truth")}
    differ: dict[str, list[bool]] = defaultdict(list)
    for agency in AGENCIES:
        for row in agency_rows(region.folder, agency):
            number = numbers[agency, row["id"]]
            addresses = region.patients[number].get("address") if number else None
            if addresses and row["postcode"]:
                held = addresses[0]["postalCode"].replace(" ", "")
                differ[agency].append(row["postcode"].replace(" ", "") != held)
    shares = {agency: sum(rows) / len(rows) for agency, rows in differ.items()}
    assert 0.06 < shares["schools"] < shares["childrens_services"] < 0.20
    assert 0.15 < shares["police"] < 0.35


def test_held_numbers_are_sometimes_another_childs(region: Region) -> None:
    truth = {(r["source"], r["id"]): r["nhs_number"] for r in region.table("truth")}
    kinds = {(r["source"], r["id"]): r["kinds"] for r in region.table("mistakes")}
    wrong = 0
    for row in agency_rows(region.folder, "health"):
        said = kinds.get(("health", row["id"]), [])
        held = row["nhs_number"]
        if held and "before_adoption" not in said and held != truth["health", row["id"]]:
            wrong += 1
            assert {"nhs_number_of_another", "nhs_number_transposed", "nhs_number_old"} & set(said)
    assert wrong > 10
