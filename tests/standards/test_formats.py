"""Each standard: known from the file itself, and read to exactly the children and events in it."""

import json
from datetime import date
from pathlib import Path

import pytest

from joinedup.standards import Child, Event, Issue, recognise
from tests.standards.files import (
    CRIME,
    MAKERS,
    annex_a,
    cin,
    cin_child,
    crime_rows,
    csc_child,
    csv_text,
    everything,
    header_903,
    nhs_number,
    upn,
)


def of(records: list, kind: type) -> list:
    return [record for record in records if isinstance(record, kind)]


def problems(records: list) -> list[str]:
    return [issue.rule_code for issue in of(records, Issue) if issue.severity != "Note"]


@pytest.mark.parametrize("kind", MAKERS)
def test_a_good_file_is_known_and_has_no_problems(kind: str, tmp_path: Path) -> None:
    standard, _, make = MAKERS[kind]
    path = tmp_path / "file"  # without an ending: the name is no evidence
    path.write_text(make(7), encoding="utf-8")
    known = recognise(path)
    assert known is not None
    assert known.name == standard
    records, reading = everything(path)
    assert problems(records) == []
    rows = 14 if kind == "fhir" else 7
    assert (reading.count.rows_in, reading.count.rows_out) == (rows, rows)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_changes_nothing(kind: str, encoding: str, tmp_path: Path) -> None:
    _, _, make = MAKERS[kind]
    text = make(3)
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    expected = [r for r in everything(path)[0] if not isinstance(r, Issue)]
    path.write_text(text.replace("UTF-8", encoding.upper()), encoding=encoding)
    assert [r for r in everything(path)[0] if not isinstance(r, Issue)] == expected


def test_cin_gives_every_child_and_every_dated_fact(tmp_path: Path) -> None:
    path = tmp_path / "cin.xml"
    path.write_text(cin([cin_child(1)]))
    records, _ = everything(path)
    child = of(records, Child)[0]
    assert child.id == "LA1"
    assert child.fields == {"birth_date": "2015-03-27", "gender": "M", "upn": upn(1)}
    assert child.details["disabilities"] == ["HAND", "HEAR"]
    assert [(e.kind, e.start, e.end) for e in of(records, Event)] == [
        ("social-care-episode", date(2024, 10, 6), date(2024, 12, 6)),
        ("initial-child-protection-conference", date(2024, 11, 1), None),
        ("assessment", date(2024, 10, 10), None),
        ("child-protection-plan", date(2024, 11, 2), None),
        ("child-protection-review", date(2024, 12, 1), None),
        ("child-protection-review", date(2025, 2, 1), None),
    ]


def test_cin_rules_are_those_of_the_year_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "cin.xml"
    old = cin_child(1, closure="2021-12-06", referral="2021-10-06")
    path.write_text(cin([old], reference="2022-03-31"))
    # In 2022 there was no RC9, and sex was a digit.
    codes = [i.columns for i in of(everything(path)[0], Issue) if i.rule_code == "code-unknown"]
    assert codes == [("Sex",), ("ReasonForClosure",)]


def test_pre_proceedings_are_read_and_reported_before_their_year(tmp_path: Path) -> None:
    path = tmp_path / "cin.xml"
    more = "<PreProceedingsandFGDM><PPStartDate>2025-01-09</PPStartDate></PreProceedingsandFGDM>"
    for year, reported in (("2025", True), ("2026", False)):
        path.write_text(cin([cin_child(1, more=more)], reference=f"{year}-03-31"))
        records, _ = everything(path)
        assert "pre-proceedings" in [event.kind for event in of(records, Event)]
        assert ("not-in-year" in problems(records)) is reported


def test_the_two_forms_of_the_903_agree(tmp_path: Path) -> None:
    def said(kind: str) -> tuple[set, set]:
        path = tmp_path / "file"
        path.write_text(MAKERS[kind][2](5))
        records, _ = everything(path)
        whole = {(c.id, *sorted(c.fields.items())) for c in of(records, Child) if c.whole}
        episodes = {
            (e.child_id, e.start) for e in of(records, Event) if e.kind == "looked-after-episode"
        }
        return whole, episodes

    children, episodes = said("ssda903 xml")
    assert children == said("ssda903 header")[0]
    assert episodes == said("ssda903 episodes")[1]


def test_903_xml_gives_the_end_of_being_unaccompanied(tmp_path: Path) -> None:
    path = tmp_path / "903.xml"
    path.write_text(MAKERS["ssda903 xml"][2](1))
    event = next(
        e for e in of(everything(path)[0], Event) if e.kind == "unaccompanied-asylum-seeking"
    )
    assert (event.start, event.end) == (None, date(2031, 3, 1))


def test_a_contacts_name_does_not_become_the_pupils(tmp_path: Path) -> None:
    path = tmp_path / "ctf.xml"
    path.write_text(MAKERS["ctf"][2](1))
    child = of(everything(path)[0], Child)[0]
    assert (child.fields["given"], child.fields["family"]) == ("Zofia", "Nowak")


def test_an_element_that_only_stands_around_its_kind_is_no_event(tmp_path: Path) -> None:
    year = "<YearData><Year>{}</Year><AttendanceStartDate>{}-09-01</AttendanceStartDate></YearData>"
    around = f"<Attendance>{year.format(2024, 2024)}{year.format(2025, 2025)}</Attendance>"
    path = tmp_path / "ctf.xml"
    path.write_text(MAKERS["ctf"][2](1).replace("</Pupil>", f"{around}<SEN/></Pupil>"))
    events = [e for e in of(everything(path)[0], Event) if e.kind == "attendance"]
    assert [event.start for event in events] == [date(2024, 9, 1), date(2025, 9, 1)]


def test_csc_purges_are_told_at_every_level(tmp_path: Path) -> None:
    gone = {"la_child_id": "LA9", "purge": True}
    path = tmp_path / "delta.json"
    path.write_text(json.dumps([csc_child(1), gone]))
    records, _ = everything(path)
    assert [(c.id, c.purge) for c in of(records, Child)] == [("LA1", False), ("LA9", True)]
    plans = [e for e in of(records, Event) if e.kind == "child-protection-plan"]
    assert [(e.id, e.purge) for e in plans] == [("P1", False), ("P0", True)]
    assert {e.facts["within"] for e in plans} == {"E1"}
    assert problems(records) == []  # a request to delete need not be complete


def test_csc_payloads_one_a_line_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "lines.json"
    path.write_text("\n".join(json.dumps(csc_child(n)) for n in (1, 2, 3)))
    records, reading = everything(path)
    assert [c.id for c in of(records, Child)] == ["LA1", "LA2", "LA3"]
    assert reading.count.rows_in == 3


def test_fhir_gives_current_name_shield_and_events_by_reference(tmp_path: Path) -> None:
    patient = {
        "resourceType": "Patient",
        "name": [
            {"use": "official", "given": ["Old"], "family": "Name", "period": {"end": "2020"}},
            {"use": "usual", "given": ["Ayo", "Tunde"], "family": "Bello"},
        ],
        "birthDate": "2011-02-03",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": nhs_number(3)}],
        "meta": {"security": [{"code": "R"}]},
    }
    urn = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
    missed = {
        "resourceType": "Appointment", "status": "noshow", "start": "2025-03-04T09:00:00Z",
        "participant": [{"actor": {"reference": "Location/1"}}, {"actor": {"reference": urn}}],
    }  # fmt: skip
    jab = {
        "resourceType": "Immunization", "patient": {"reference": urn}, "status": "completed",
        "occurrenceDateTime": "2024-05-06",
        "vaccineCode": {"coding": [{"code": "39114911000001105"}]},
    }  # fmt: skip
    flag = {
        "resourceType": "Flag", "code": {"text": "Child protection plan"},
        "subject": {"identifier": {"value": nhs_number(3)}}, "period": {"start": "2024-01-01"},
    }  # fmt: skip
    entries = [{"fullUrl": urn, "resource": patient}]
    entries += [{"resource": r} for r in (missed, jab, flag, {"resourceType": "Medication"})]
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"entry": entries, "resourceType": "Bundle"}))
    records, reading = everything(path)
    child = of(records, Child)[0]
    assert (child.id, child.fields["given"], child.fields["family"]) == (urn, "Ayo Tunde", "Bello")
    assert child.details["shield"] == "R"
    assert [(e.kind, e.child_id, e.start) for e in of(records, Event)] == [
        ("appointment", urn, date(2025, 3, 4)),
        ("immunisation", urn, date(2024, 5, 6)),
        ("flag", nhs_number(3), date(2024, 1, 1)),
    ]
    assert (reading.count.rows_in, reading.count.rows_reported) == (5, 1)


def test_crime_csv_and_json_say_the_same(tmp_path: Path) -> None:
    found = []
    for kind in ("crime", "crime json"):
        path = tmp_path / "file"
        path.write_text(MAKERS[kind][2](3))
        found.append([r._replace(row=0) for r in everything(path)[0] if not isinstance(r, Issue)])
    assert found[0] == found[1]
    assert found[0][1].kind == "missing"
    assert "family" not in found[0][1].facts, "who the child is belongs to the child alone"


def test_shuffled_columns_and_other_delimiters_change_nothing(tmp_path: Path) -> None:
    rows = [CRIME, *crime_rows(2)]
    path = tmp_path / "crime.csv"
    path.write_text(csv_text(rows))
    expected = everything(path)[0]
    order = sorted(range(len(CRIME)), key=lambda at: CRIME[at][::-1])
    path.write_text("\n".join(";".join(row[at] for at in order) for row in rows))
    assert [r for r in everything(path)[0] if isinstance(r, Child)] == of(expected, Child)


def test_annex_a_finds_headings_below_titles_and_counts_strange_sheets(tmp_path: Path) -> None:
    records, reading = everything(annex_a(tmp_path / "a.xlsx"))
    assert reading.standard == "annex_a"
    first = of(records, Child)[0]
    assert (first.id, first.fields["gender"], first.row) == ("1", "Female", 4)
    assert reading.count.rows_in == 7
    assert reading.count.rows_reported == 1


def test_a_formula_in_a_workbook_is_not_run(tmp_path: Path) -> None:
    records, _ = everything(annex_a(tmp_path / "a.xlsx"))
    plans = [e for e in of(records, Event) if e.kind == "child-protection-plan"]
    assert [e.start for e in plans] == [None, None, None]


def test_any_table_is_read_through_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("Nr;Kid;Clan;Born on\n1;Sean;Kelly;05/06/2010\n")
    assert recognise(path) is None
    mapping = {"given": "Kid", "family": "Clan", "birth_date": "Born on", "id": "Nr"}
    records, reading = everything(path, mapping=mapping)
    assert reading.standard == "mapped"
    assert of(records, Child)[0].fields == {
        "given": "Sean", "family": "Kelly", "birth_date": "05/06/2010",
    }  # fmt: skip


def test_an_unclosed_quotation_mark_costs_one_row(tmp_path: Path) -> None:
    lines = header_903(200).splitlines()
    lines[50] = lines[50].replace("WBRI", '"WBRI')
    path = tmp_path / "header.csv"
    path.write_text("\n".join(lines))
    records, reading = everything(path)
    assert (reading.count.rows_in, reading.count.rows_out) == (200, 199)
    assert [(i.row, i.rule_code) for i in of(records, Issue)] == [(51, "row-broken")]


def test_a_missing_column_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "episodes.csv"
    path.write_text("CHILD,DECOM,RNE,LS\n1,15/02/2016,L,C2\n2,15/02/2016,L,C2\n")
    records, reading = everything(path)
    assert problems(records) == ["column-missing"]
    assert reading.count.rows_out == 2


def test_a_file_of_no_standard_is_counted_and_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("colour,shape\nred,round\nblue,square\n")
    records, reading = everything(path)
    assert problems(records) == ["standard-unknown", "rows-not-read"]
    assert (reading.count.rows_in, reading.count.rows_reported) == (2, 2)
    path.write_text("")
    assert problems(everything(path)[0]) == ["file-empty"]
