"""Files of records, read as every other standard is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joinedup.standards.checks import Checks
from joinedup.standards.head import Head
from joinedup.standards.reading import Reading
from joinedup.standards.records import Child, Event, Issue, Record
from joinedup.standards.schemas import RECORD_TYPES, example
from joinedup.standards.schemas.standard import STANDARD
from joinedup.standards.standard import Options

RECORDS = [example(record_type) for record_type in RECORD_TYPES]


def everything(path: Path) -> tuple[list[Record], Reading]:
    opened = STANDARD.open(Head.of(path), Options())
    reading = Reading(STANDARD.name, opened.blocks, Checks(opened.tables))
    records = list(reading)
    assert reading.count.balanced
    assert not reading.count.rules["read-failed"]
    return records, reading


def of(kind: type, records: list[Record]) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(RECORDS),
        json.dumps({"records": RECORDS}),
        "\n".join(json.dumps(record) for record in RECORDS),
    ],
)
def test_a_file_of_valid_records_has_nothing_to_put_right(tmp_path: Path, text: str) -> None:
    path = tmp_path / "records.json"
    path.write_text(text, "utf-8")
    assert STANDARD.recognise(Head.of(path)) == 1.0
    records, reading = everything(path)
    assert [issue.rule_code for issue in of(Issue, records) if issue.severity != "Note"] == []
    assert reading.count.children == len(RECORDS)
    whole = [child for child in of(Child, records) if child.whole]
    assert [child.fields["family"] for child in whole] == ["Okafor-Reed"]
    assert {event.kind for event in of(Event, records)} >= {"referral", "missing"}


def test_a_placement_is_an_event_from_its_first_day_to_its_last(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(json.dumps(example("placement.details", 1)), "utf-8")
    [event] = of(Event, everything(path)[0])
    assert (event.kind, str(event.start), str(event.end)) == (
        "placement", "2026-02-27", "2026-06-05",
    )  # fmt: skip


def test_what_is_wrong_says_where_and_no_record_is_lost(tmp_path: Path) -> None:
    broken = example("health.details") | {"personId": "9990000019"}
    path = tmp_path / "records.json"
    path.write_text(json.dumps([RECORDS[0], broken, {"payload": []}, 7]), "utf-8")
    records, reading = everything(path)
    assert (reading.count.rows_in, reading.count.rows_out) == (4, 2)
    issue = next(issue for issue in of(Issue, records) if issue.columns == ("personId",))
    assert (issue.table, issue.row, issue.rule_code) == ("health.details", 2, "field-malformed")
    assert "nhs-number-invalid" not in reading.count.rules, "one mistake, reported once"


def test_one_number_with_two_dates_of_birth_is_found_across_records(tmp_path: Path) -> None:
    first, second = example("personal.details"), example("personal.details")
    second["payload"]["dateOfBirth"] = "2011-09-25"
    path = tmp_path / "records.json"
    path.write_text(json.dumps([first, second]), "utf-8")
    [issue] = of(Issue, everything(path)[0])
    assert (issue.rule_code, issue.columns) == ("id-on-two-children", ("payload.dateOfBirth",))


@given(st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_damaged_file_is_reported_and_never_fallen_over(tmp_path: Path, data: Any) -> None:
    text = json.dumps(RECORDS).encode()
    cut = data.draw(st.integers(0, len(text)))
    kept = data.draw(st.integers(cut, len(text)))
    path = tmp_path / "records.json"
    path.write_bytes(text[:cut] + data.draw(st.binary(max_size=20)) + text[kept:])
    everything(path)


def test_files_of_other_standards_are_left_to_them(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    for other in ('{"resourceType": "Bundle", "entry": []}', '[{"la_child_id": "1"}]', "a,b\n1,2"):
        path.write_text(other, "utf-8")
        assert STANDARD.recognise(Head.of(path)) == 0.0
