"""Numbers that belong together, and those that must not be joined."""

import csv
from datetime import date
from pathlib import Path

from joinedup.standards import Child, Event
from joinedup.standards.crosswalk import Crosswalk
from tests.standards.files import nhs_number, upn

DAY = date(2025, 3, 31)


def cin(number: int, upn_: str = "", former: str = "") -> Child:
    ids = {"la_child_id": f"LA{number}"} | ({"former_upn": former} if former else {})
    fields = {"upn": upn_} if upn_ else {}
    return Child(f"LA{number}", fields, "ChildIdentifiers", number, ids)


def health(upn_: str, nhs: str) -> Child:
    return Child("", {"upn": upn_, "nhs_number": nhs}, "children", 2)


def values(crosswalk: Crosswalk, kind: str, value: str, issuer: str = "") -> set[str]:
    return {found.value for found in crosswalk.find(kind, value, issuer)}


def test_an_authoritys_id_leads_to_the_nhs_number_through_upn_and_former_upn() -> None:
    crosswalk = Crosswalk()
    crosswalk.add([cin(1, upn(2), former=upn(1))], "201", "cin.xml", DAY)
    crosswalk.add([health(upn(1), nhs_number(1))], "trust", "health.csv", DAY)
    found = crosswalk.find("la_child_id", "LA1", "201")
    path = next(links for identifier, links in found.items() if identifier.kind == "nhs_number")
    assert [link.first.file for link in path] == ["cin.xml", "health.csv"]
    assert path[0].past, "it was a former UPN that led there"


def test_ids_of_two_authorities_are_not_mixed_up() -> None:
    crosswalk = Crosswalk()
    crosswalk.add([cin(1, upn(1))], "201", "a.xml", DAY)
    crosswalk.add([cin(1, upn(2))], "202", "b.xml", DAY)
    assert values(crosswalk, "la_child_id", "LA1", "201") == {upn(1)}


def test_a_number_that_fails_its_check_joins_nothing() -> None:
    crosswalk = Crosswalk()
    crosswalk.add(
        [cin(1, "A123456789123"), health("A123456789123", nhs_number(1))], "201", "f", DAY
    )
    assert values(crosswalk, "la_child_id", "LA1", "201") == set()


def test_first_and_last_time_are_kept(tmp_path: Path) -> None:
    crosswalk = Crosswalk()
    for year in (2024, 2022, 2023):
        crosswalk.add([cin(1, upn(1))], "201", f"{year}.xml", date(year, 3, 31))
    (link,) = crosswalk.links("upn", upn(1))
    assert (link.first.file, link.last.file, link.times) == ("2022.xml", "2024.xml", 3)
    crosswalk.write(tmp_path / "links.csv")
    with (tmp_path / "links.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["first_day"], row["last_day"], row["last_row"]) == ("2022-03-31", "2024-03-31", "1")


def test_a_upn_on_two_children_leads_from_neither_to_the_other() -> None:
    crosswalk = Crosswalk()
    crosswalk.add([cin(1, upn(1)), cin(2, upn(1))], "201", "cin.xml", DAY)
    assert values(crosswalk, "la_child_id", "LA1", "201") == {upn(1)}
    assert [c.values for c in crosswalk.conflicts()] == [("LA1", "LA2")]


def test_before_an_adoption_and_after_are_never_joined() -> None:
    adopted = Event("social-care-episode", "LA1", None, DAY, {"ReasonForClosure": "RC1"}, "t", 1)
    before, after = cin(1, upn(1)), cin(2, upn(2), former=upn(1))
    orders = ([before, adopted, after], [after, before, adopted], [before, after, adopted])
    for records in orders:
        crosswalk = Crosswalk()
        crosswalk.add(records, "201", "cin.xml", DAY)
        crosswalk.add([health(upn(2), nhs_number(2))], "trust", "h.csv", DAY)
        assert values(crosswalk, "la_child_id", "LA1", "201") == {upn(1)}
        assert values(crosswalk, "la_child_id", "LA2", "201") == {upn(2), nhs_number(2)}
        assert values(crosswalk, "nhs_number", nhs_number(2)) == {upn(2), "LA2"}


def test_an_old_number_kept_after_an_adoption_does_not_join_either() -> None:
    adopted = Event("looked-after-episode", "LA1", None, DAY, {"REC": "E11"}, "episodes", 1)
    crosswalk = Crosswalk()
    crosswalk.add([cin(1, upn(1)), adopted, cin(2, upn(1))], "201", "cin.xml", DAY)
    assert "LA1" not in values(crosswalk, "la_child_id", "LA2", "201")
