"""The people that make a search hard are there: twins, namesakes, adopted, protected, unnamed."""

from collections import Counter, defaultdict
from typing import Any

import pytest
from fhir.resources.R4B.patient import Patient

from joinedup.simulate import agency_rows
from joinedup.simulate.names import name_groups
from joinedup.simulate.rates import rates
from tests.simulate.conftest import Region


def _current(patient: dict[str, Any]) -> str:
    return next(
        (a["postalCode"] for a in patient.get("address", []) if "end" not in a["period"]), ""
    )


def test_pds_people_are_valid_fhir(region: Region) -> None:
    patients = list(region.patients.values())
    odd = [p for p in patients if p.get("active") is False or len(p.get("name", [])) > 1]
    for patient in [*patients[::60], *odd[:100]]:
        Patient.model_validate(patient)


def test_pds_names_and_lines_fit_the_service(region: Region) -> None:
    for patient in region.patients.values():
        for name in patient.get("name", []):
            assert len(name["given"]) <= 5
            assert all(1 <= len(part) <= 35 for part in (*name["given"], name["family"]))
        for address in patient.get("address", []):
            assert 1 <= len(address["line"]) <= 5


def test_twins_share_birth_date_and_home_and_differ_in_first_name(region: Region) -> None:
    twins: dict[tuple[str, object], list[dict[str, Any]]] = defaultdict(list)
    for child in region.children:
        if child["twin"]:
            twins[child["family_id"], child["birth_date"]].append(child)
    pairs = [children for children in twins.values() if len(children) > 1]
    # ONS: 14 or 15 of 1,000 maternities, so about 29 of 1,000 children.
    assert 0.02 < sum(map(len, pairs)) / len(region.children) < 0.04
    mixed = sum(len({c["sex"] for c in pair}) > 1 for pair in pairs)
    assert 0.15 < mixed / len(pairs) < 0.55
    together = 0
    for pair in pairs:
        held = [region.patients[c["nhs_number"]] for c in pair if c["nhs_number"]]
        names = [tuple(p["name"][0]["given"]) for p in held]
        if not any("Baby" in given for given in names):
            assert len(set(names)) == len(names)
        together += len({_current(p) for p in held}) <= 1
    assert together / len(pairs) > 0.85
    held = [region.patients[c["nhs_number"]] for p in pairs for c in p if c["nhs_number"]]
    assert sum("multipleBirthInteger" in p for p in held) / len(held) > 0.7


def test_an_adopted_child_is_two_identities_that_nothing_joins(region: Region) -> None:
    before = [p for p in region.people.values() if p["role"] == "before_adoption"]
    assert len(before) > 10
    for old in before:
        new = region.people[old["never_join"]]
        assert new["never_join"] == old["person_id"]
        assert new["birth_date"] == old["birth_date"]
        assert old["nhs_number"] != new["nhs_number"]
        record = region.patients[old["nhs_number"]]
        assert record["active"] is False
        assert "link" not in record
        if new["nhs_number"]:
            # A new record starts empty: no earlier name, no home from before.
            adopted = region.patients[new["nhs_number"]]
            assert [name["use"] for name in adopted["name"]] == ["usual"]
            assert old["nhs_number"] not in str(adopted)
    rows = {r["person_id"] for r in region.table("truth") if r["source"] == "childrens_services"}
    for old in before:
        assert old["person_id"] in rows
    assert all(
        row["nhs_number"] is None
        for row in region.table("truth")
        if region.people[row["person_id"]]["role"] == "before_adoption"
    )


def test_a_superseded_number_leads_to_the_one_that_stayed(region: Region) -> None:
    merged = [p for p in region.people.values() if p["superseded_number"]]
    assert len(merged) > 20
    for person in merged:
        old = region.patients[person["superseded_number"]]
        assert old["active"] is False
        assert old["link"] == [
            {"other": {"reference": f"Patient/{person['nhs_number']}"}, "type": "replaced-by"}
        ]


def test_protected_children_are_there(region: Region) -> None:
    codes = Counter(p["meta"]["security"][0]["code"] for p in region.patients.values())
    assert codes["R"] > 20
    assert codes["V"] >= 1


def test_unnamed_babies_are_baby_in_the_pds(region: Region) -> None:
    unnamed = [c for c in region.children if c["unnamed"] and c["nhs_number"]]
    assert len(unnamed) > 20
    for child in unnamed:
        assert region.patients[child["nhs_number"]]["name"][0]["given"] == ["Baby"]
        assert child["age"] == 0


def test_some_children_are_unaccompanied_without_address_or_not_in_the_pds(region: Region) -> None:
    assert any(c["unaccompanied"] for c in region.children)
    assert any(c["no_address"] for c in region.children)
    absent = sum(not c["in_pds"] for c in region.children) / len(region.children)
    assert 0.004 < absent < 0.016


def test_there_are_rivals_parents_and_neighbours_of_the_same_name(region: Region) -> None:
    names: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for patient in region.patients.values():
        if "name" in patient:
            name = patient["name"][0]
            names[name["given"][0], name["family"]].append(patient)
    same_day = same_home_generations = 0
    for patients in names.values():
        dates = Counter(p["birthDate"] for p in patients)
        same_day += sum(count > 1 for count in dates.values())
        by_home: dict[str, set[bool]] = defaultdict(set)
        for patient in patients:
            by_home[_current(patient)].add(patient["birthDate"] > "2008-09-01")
        same_home_generations += sum(len(kinds) == 2 for home, kinds in by_home.items() if home)
    assert same_day >= 3
    assert same_home_generations > 20


def test_old_names_and_homes_have_ended_periods(region: Region) -> None:
    old = ended = 0
    for patient in region.patients.values():
        for name in patient.get("name", []):
            if name["use"] == "old":
                old += 1
                assert name["period"]["start"] <= name["period"]["end"]
        addresses = patient.get("address", [])
        current = [a for a in addresses if "end" not in a["period"]]
        assert len(current) == (1 if addresses else 0)
        for address in addresses:
            if "end" in address["period"]:
                ended += 1
                assert address["period"]["start"] <= address["period"]["end"]
    assert old > 100
    assert ended > 1000


def test_nobody_is_born_after_the_region_is_seen(region: Region) -> None:
    today = rates().as_at.isoformat()
    assert all(p.get("birthDate", "") <= today for p in region.patients.values())


def test_every_name_group_lives_here_and_the_lists_are_long_enough(region: Region) -> None:
    groups = name_groups()
    seen = {child["name_group"] for child in region.children}
    assert seen == {group.label for group in groups.values()}
    assert set(rates().groups) == set(groups)
    for group in groups.values():
        assert min(len(group.given[sex].names) for sex in ("male", "female")) >= 25
        assert len(group.surnames.names) >= 35
    british = groups["british"]
    assert min(len(british.given[sex].names) for sex in ("male", "female")) >= 150
    assert len(british.surnames.names) >= 200


def test_common_names_are_common_and_the_tail_is_long(region: Region) -> None:
    first = Counter(
        region.patients[c["nhs_number"]]["name"][0]["given"][0]
        for c in region.children
        if c["nhs_number"] and c["sex"] == "male"
    )
    boys = first.total()
    muhammads = sum(first[name] for name in ("Muhammad", "Mohammed", "Mohammad", "Mohamed"))
    assert 0.01 < muhammads / boys < 0.05
    assert first.most_common(1)[0][1] / boys > 0.008
    assert sum(count == 1 for count in first.values()) > 200


@pytest.mark.parametrize(
    ("label", "first_halves"), [("Sikh Punjabi", {"Singh", "Kaur"}), ("Bangladeshi", {"Begum"})]
)
def test_habits_of_naming_are_kept(region: Region, label: str, first_halves: set[str]) -> None:
    ids = {c["nhs_number"] for c in region.children if c["name_group"] == label}
    words = Counter(
        word
        for number in ids
        if number
        for word in (
            *region.patients[number]["name"][0]["given"],
            region.patients[number]["name"][0]["family"],
        )
    )
    assert all(words[word] > 3 for word in first_halves)


def test_phones_and_emails_reach_nobody(region: Region) -> None:
    drama = ("07700900", "01632960", "02079460", "01914980")
    for patient in region.patients.values():
        for contact in patient.get("telecom", []):
            if contact["system"] == "email":
                assert contact["value"].rsplit(".", 1)[0].endswith("example")
            else:
                assert contact["value"].startswith(drama) or contact["value"][4:8] == "4960"
    for row in agency_rows(region.folder, "schools"):
        assert not row["email"] or "example." in row["email"]


def test_every_age_has_its_share_and_families_their_usual_sizes(region: Region) -> None:
    ages = Counter(child["age"] for child in region.children)
    assert all(0.03 < ages[age] / len(region.children) < 0.08 for age in range(18))
    sizes = Counter(Counter(child["family_id"] for child in region.children).values())
    families = sizes.total()
    # ONS: of families with children at home about 44 % have one, 41 % two, 15 % more.
    assert abs(sizes[1] / families - 0.44) < 0.06
    assert abs(sizes[2] / families - 0.41) < 0.06
