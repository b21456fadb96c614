"""Mistakes that would join the wrong child, or lose one."""

from pathlib import Path

import pytest

from joinedup.standards import Issue
from tests.standards.files import (
    CRIME,
    cin,
    cin_child,
    crime_rows,
    csv_text,
    everything,
    nhs_number,
    upn,
)


def issues(path: Path) -> dict[str, list[Issue]]:
    found: dict[str, list[Issue]] = {}
    for record in everything(path)[0]:
        if isinstance(record, Issue):
            found.setdefault(record.rule_code, []).append(record)
    return found


@pytest.fixture
def cin_issues(tmp_path: Path):  # type: ignore[no-untyped-def]
    def check(*children: str) -> dict[str, list[Issue]]:
        path = tmp_path / "cin.xml"
        path.write_text(cin(list(children)))
        return issues(path)

    return check


def test_a_wrong_check_letter_is_told_with_its_column(cin_issues) -> None:  # type: ignore[no-untyped-def]
    wrong = "A" + upn(1)[1:] if upn(1)[0] != "A" else "B" + upn(1)[1:]
    (issue,) = cin_issues(cin_child(1, upn=wrong))["upn-invalid"]
    assert (issue.child_id, issue.table, issue.columns, issue.row) == (
        "LA1", "ChildIdentifiers", ("UPN",), 1,
    )  # fmt: skip
    assert wrong not in issue.description


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"birth": "2015-02-30"}, "birth-date-impossible"),
        ({"birth": "2099-01-01"}, "birth-date-impossible"),
        ({"birth": "1900-01-01"}, "birth-date-impossible"),
        ({"birth": ""}, "birth-date-missing"),
        ({"birth": "1965-03-04"}, "birth-date-of-adult"),
        ({"referral": "2013-01-01"}, "before-birth"),
        ({"closure": "2024-09-01"}, "end-before-start"),
        ({"referral": "2099-09-01", "closure": ""}, "date-in-future"),
        ({"referral": "31/02/2024"}, "date-unreadable"),
        ({"upn": ""}, "match-by-own-number-only"),
        ({"upn": "", "id": "", "birth": ""}, "no-way-to-match"),
    ],
)
def test_what_cannot_be_is_told(changes: dict[str, str], rule: str, cin_issues) -> None:  # type: ignore[no-untyped-def]
    assert rule in cin_issues(cin_child(1, **changes))


def test_work_before_birth_is_no_mistake(cin_issues) -> None:  # type: ignore[no-untyped-def]
    found = cin_issues(cin_child(1, birth="2025-01-15"))
    assert "before-birth" not in found


def test_one_upn_on_two_children_is_told_where_the_other_is(cin_issues) -> None:  # type: ignore[no-untyped-def]
    other = cin_child(2, upn=upn(1), birth="2011-01-02")
    (issue,) = cin_issues(cin_child(1), other)["upn-on-two-children"]
    assert issue.child_id == "LA2"
    assert "row 1" in issue.description


def test_one_child_under_two_ids_is_not_called_two_children(cin_issues) -> None:  # type: ignore[no-untyped-def]
    found = cin_issues(cin_child(1), cin_child(2, upn=upn(1)))
    assert "upn-twice" in found
    assert "upn-on-two-children" not in found


def test_one_id_on_two_children_is_told(cin_issues) -> None:  # type: ignore[no-untyped-def]
    other = cin_child(2, id="LA1", birth="2012-02-03")
    assert "id-on-two-children" in cin_issues(cin_child(1), other)
    assert "child-twice" in cin_issues(cin_child(1), cin_child(1))


def test_several_events_of_one_child_are_no_duplicate(tmp_path: Path) -> None:
    path = tmp_path / "crime.csv"
    rows = crime_rows(1) * 3
    path.write_text(csv_text([CRIME, *rows]))
    assert issues(path) == {}


def test_an_nhs_number_on_twins_is_told(tmp_path: Path) -> None:
    path = tmp_path / "health.csv"
    number = nhs_number(5)
    path.write_text(
        "Id,Forename,Surname,DOB,NHSNo\n"
        f"1,Ann,Lee,02/03/2015,{number}\n2,Bea,Lee,03/03/2015,{number}\n3,Cy,Lee,04/05/2016,9990000019\n"
    )
    found = issues(path)
    assert found["nhs-number-on-two-children"][0].columns == ("NHSNo",)
    assert found["nhs-number-invalid"][0].row == 4


def test_no_description_repeats_what_the_file_says(cin_issues) -> None:  # type: ignore[no-untyped-def]
    found = cin_issues(
        cin_child(1, upn="SECRETUPN1234", birth="SECRETBIRTH", sex="SECRETSEX", closure="SECRET")
    )
    assert len(found) > 3
    assert not any("SECRET" in i.description for same in found.values() for i in same)
