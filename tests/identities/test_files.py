"""Files of any agency as records to link: both ways of reading agree, and no row is lost."""

import csv
import io
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joinedup.cli import main
from joinedup.identities.files import Records, read_records
from joinedup.identities.plain_table import read_plain
from joinedup.linkage.prepare import rows
from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import Demographics
from joinedup.standards import Child, Issue, Severity, read
from joinedup.standards.crosswalk import Crosswalk
from tests.standards.files import MAKERS, cin, cin_child, csv_text, nhs_number, upn

HEADINGS = ["Id", "Forename", "Surname", "DOB", "Sex", "PostCode", "AddressHistory", "Notes"]
CHILD = ["1", "Zoë", "O'Neil", "2015-03-04", "F", "LS11 6AD", "12 High Street, Leeds, LS11 6AD", ""]


def written(path: Path, table: list[list[str]], encoding: str = "utf-8") -> Path:
    path.write_text(csv_text(table), encoding=encoding, newline="")
    return path


def found(records: Records) -> dict[str, LinkRecord]:
    return {record.id: record for record in rows(records.table)}


def rules(records: Records) -> list[str]:
    return [issue.rule_code for issue in records.problems]


def both_ways(path: Path) -> tuple[Records, Records]:
    """Read by columns where that can be done, and by the standards' reader alone."""
    fast = read_records([path])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("joinedup.identities.files.read_plain", lambda *_: None)
        slow = read_records([path])
    return fast, slow


def assert_equal(fast: Records, slow: Records) -> None:
    assert list(rows(fast.table)) == list(rows(slow.table))
    assert fast.files == slow.files
    assert fast.balanced
    assert slow.balanced


def is_read_by_columns(path: Path) -> bool:
    return read_plain(path) is not None


REGULAR = {
    "plain": (csv_text([HEADINGS, CHILD, [*CHILD[:6], "", "x"]]), "utf-8"),
    "marked": (csv_text([HEADINGS, CHILD]), "utf-8-sig"),
    "line feeds": (csv_text([HEADINGS, CHILD]).replace("\r\n", "\n"), "utf-8"),
    "quotes in a cell": (csv_text([HEADINGS, [*CHILD[:7], 'said "yes", and left']]), "utf-8"),
    "no end of line": (csv_text([HEADINGS, CHILD]).rstrip(), "utf-8"),
    "semicolons": ("Id;Forename;Surname;DOB\n1;Ann;Lee;2015-03-04\n", "utf-8"),
    "spaces round cells": ("Id,Forename,Surname,DOB\n 1 ,\u00a0Ann , Lee,2015-03-04 \n", "utf-8"),
    "only headings": ("Id,Forename,Surname,DOB\n", "utf-8"),
    "headings twice": ("Id,Forename,DOB,Ward,Ward\n1,Ann,2015-03-04,a,b\n", "utf-8"),
}
IRREGULAR = {
    "Windows": (csv_text([HEADINGS, CHILD]), "cp1252"),
    "wide": (csv_text([HEADINGS, CHILD]), "utf-16"),
    "a cell too few": ("Id,Forename,Surname,DOB\n1,Ann,Lee\n2,Bea,Lee,2015-03-04\n", "utf-8"),
    "a cell too many": ("Id,Forename,Surname,DOB\n1,Ann,Lee,2015-03-04,x\n", "utf-8"),
    "an empty line": ("Id,Forename,Surname,DOB\n1,Ann,Lee,2015-03-04\n\n2,B,Lee,\n", "utf-8"),
    "empty cells": ("Id,Forename,Surname,DOB\n1,Ann,Lee,2015-03-04\n,,,\n2,B,Lee,\n", "utf-8"),
    "an open quote": ('Id,Forename,Surname,DOB\n1,"Ann,Lee,2015-03-04\n2,B,Lee,\n', "utf-8"),
    "a quote inside": ('Id,Forename,Surname,DOB\n1,A"nn,Lee,2015-03-04\n', "utf-8"),
    "a cell of two lines": ('Id,Forename,Surname,DOB\n1,"An\nn",Lee,2015-03-04\n', "utf-8"),
    "a hint for Excel": ("sep=,\nId,Forename,Surname,DOB\n1,Ann,Lee,2015-03-04\n", "utf-8"),
    "a blank line first": ("\nId,Forename,Surname,DOB\n1,Ann,Lee,2015-03-04\n", "utf-8"),
    "a zero byte": ("Id,Forename,Surname,DOB\n1,A\0nn,Lee,2015-03-04\n", "utf-8"),
    "two birth dates": ("Id,Forename,DOB,BirthDate\n1,Ann,2015-03-04,\n", "utf-8"),
}


@pytest.mark.parametrize("name", [*REGULAR, *IRREGULAR])
def test_by_columns_or_row_by_row_a_table_gives_the_same(name: str, tmp_path: Path) -> None:
    text, encoding = (REGULAR | IRREGULAR)[name]
    path = tmp_path / "clinic.csv"
    path.write_bytes(text.encode(encoding))
    assert is_read_by_columns(path) == (name in REGULAR)
    assert_equal(*both_ways(path))


CELL = st.text(alphabet='ab,"; \t\n\r\u00e9\u00a00129-', max_size=8)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(
    table=st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=6),
    raw=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_gives_the_same_both_ways(
    table: list[list[str]], raw: bool, end: str, tmp_path: Path
) -> None:
    """``raw`` cells are put beside each other as they are, as a careless system does."""
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(table)
    body = "".join(",".join(row) + end for row in table) if raw else out.getvalue()
    path = tmp_path / "any.csv"
    path.write_bytes(("Id,Forename,Surname,DOB" + end + body).encode())
    assert_equal(*both_ways(path))


@pytest.mark.parametrize("name", MAKERS)
def test_every_standard_gives_its_children_once(name: str, tmp_path: Path) -> None:
    standard, ending, make = MAKERS[name]
    path = tmp_path / f"agency.{ending}"
    path.write_text(make(5), encoding="utf-8")
    told: list[int] = []
    records = read_records([path], progress=told.append)
    assert records.balanced
    assert records.files[0].standard == standard
    assert sum(told) == records.files[0].rows_in
    assert records.table.num_rows == (0 if name == "ssda903 episodes" else 5)  # events alone
    for record in rows(records.table):
        assert record.source == "agency"
        assert record.birth_date


def test_a_record_is_what_its_row_says(tmp_path: Path) -> None:
    path = written(tmp_path / "clinic.csv", [HEADINGS, CHILD])
    (record,) = rows(read_records([path]).table)
    raw = dict(
        zip(("given", "family", "birth_date", "gender", "postcode"), CHILD[1:6], strict=True)
    )
    raw["address_history"] = CHILD[6]
    assert record == LinkRecord.of("clinic", "1", Demographics.read(raw))


def test_a_workbook_is_read_like_the_same_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for cells in (HEADINGS, CHILD):
        book.active.append(cells)
    (tmp_path / "excel").mkdir()
    book.save(tmp_path / "excel" / "clinic.xlsx")
    excel = read_records([tmp_path / "excel" / "clinic.xlsx"])
    text = read_records([written(tmp_path / "clinic.csv", [HEADINGS, CHILD])])
    assert found(excel) == found(text)


def test_parquet_of_any_types_is_read_like_text(tmp_path: Path) -> None:
    path = tmp_path / "clinic.parquet"
    typed = {
        "RecordId": pa.array([1, 2]),
        "Forename": pa.array(["Ann", None]).dictionary_encode(),
        "DOB": pa.array([date(2015, 3, 4), None]),
        "Sex": pa.array([2.0, None]),
        "NHSNo": pa.array([int(nhs_number(1)), None]),
    }
    pa.parquet.write_table(pa.table(typed), path)
    records = read_records([path])
    assert records.balanced
    assert found(records)["1"] == LinkRecord.of(
        "clinic",
        "1",
        Demographics.read(
            {"given": "Ann", "birth_date": "2015-03-04", "gender": "2", "nhs_number": nhs_number(1)}
        ),
    )
    assert found(records)["2"] == LinkRecord("clinic", "2")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pa.table({"what": ["x"]}), "No column is recognised"),
        (pa.table({"DOB": ["x"], "BirthDate": ["y"]}), "More than one column looks like DOB"),
        (pa.table({"Forename": [["a"]], "DOB": ["x"]}), "The column Forename holds no text"),
        (None, "may be damaged"),
    ],
)
def test_parquet_that_cannot_be_used_says_why(
    content: pa.Table | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "clinic.parquet"
    if content is None:
        path.write_bytes(b"PAR1 and no more")
    else:
        pa.parquet.write_table(content, path)
    records = read_records([path])
    assert records.balanced
    assert records.table.num_rows == 0
    assert [issue.severity for issue in records.problems] == [Severity.ERROR]
    assert said in records.problems[0].description


def test_a_row_without_id_goes_by_its_number(tmp_path: Path) -> None:
    path = written(tmp_path / "clinic.csv", [HEADINGS, CHILD, ["", *CHILD[1:]]])
    records = read_records([path])
    assert set(found(records)) == {"1", "row 3"}
    (issue,) = records.problems
    assert (issue.rule_code, issue.severity, issue.row) == ("id-missing", Severity.WARNING, 3)
    assert "Row 3 has no id" in issue.description


def test_tables_of_a_standard_count_their_own_rows(tmp_path: Path) -> None:
    path = tmp_path / "lists.csv"
    path.write_text(MAKERS["vaccination"][2](2), encoding="utf-8")
    ids = set(found(read_records([path])))
    assert len(ids) == 2
    assert all(one.endswith((" row 2", " row 3")) and not one.startswith("row") for one in ids)


def test_rows_under_one_id_that_agree_are_one_record(tmp_path: Path) -> None:
    moved = [*CHILD[:5], "LS1 4DY", "4 Lodge Hill, Leeds, LS1 4DY", ""]
    path = written(tmp_path / "clinic.csv", [HEADINGS, CHILD, ["2", *CHILD[1:]], moved])
    records = read_records([path])
    assert [record.id for record in rows(records.table)] == ["1", "2"]
    one = found(records)["1"]
    assert one.postcode == "LS11 6AD"
    assert one.postcodes == ("LS11 6AD", "LS1 4DY")
    assert len(one.homes) == 2
    assert rules(records) == ["id-repeated"]
    assert records.problems[0].severity == Severity.WARNING
    assert (records.joined, records.left_out, records.balanced) == (1, 0, True)


@pytest.mark.parametrize("change", [{3: "2015-03-05"}, {1: "Adam"}], ids=["birth date", "name"])
def test_rows_under_one_id_of_different_children_are_not_linked(
    change: dict[int, str], tmp_path: Path
) -> None:
    other = [change.get(at, cell) for at, cell in enumerate(CHILD)]
    path = written(tmp_path / "clinic.csv", [HEADINGS, CHILD, ["2", *CHILD[1:]], other])
    records = read_records([path])
    assert set(found(records)) == {"2"}
    (issue,) = records.problems
    assert (issue.child_id, issue.severity, issue.row) == ("1", Severity.ERROR, 2)
    assert "Rows 2 and 4" in issue.description
    assert (records.left_out, records.balanced) == (2, True)


def test_tables_of_one_source_make_one_record_of_a_child(tmp_path: Path) -> None:
    table, message = tmp_path / "header.csv", tmp_path / "all.xml"
    table.write_text(MAKERS["ssda903 header"][2](3))
    message.write_text(MAKERS["ssda903 xml"][2](3))
    records = read_records([table, message], sources=["looked after", "looked after"])
    assert len(found(records)) == records.table.num_rows == 3
    assert records.joined == 3
    assert records.balanced
    assert "id-repeated" not in rules(records)
    assert all(record.birth_date and record.upns for record in rows(records.table))


def test_two_files_of_one_name_are_not_taken_for_one_source(tmp_path: Path) -> None:
    paths = []
    for folder in ("north", "south"):
        (tmp_path / folder).mkdir()
        paths.append(written(tmp_path / folder / "clinic.csv", [HEADINGS, CHILD]))
    with pytest.raises(ValueError, match="two files are called clinic"):
        read_records(paths)
    with pytest.raises(ValueError, match="2 files, but 1 sources"):
        read_records(paths, sources=["north"])
    records = read_records(paths, sources=["north", "south"])
    assert records.table["source"].to_pylist() == ["north", "south"]


def test_a_column_of_another_name_is_read_by_a_mapping(tmp_path: Path) -> None:
    table = [["Nr", "Child first name", "Born"], ["7", "Ann", "2015-03-04"]]
    path = written(tmp_path / "clinic.csv", table)
    mapping = {"id": "Nr", "given": "Child first name", "birth_date": "Born"}
    records = read_records([path], mapping=mapping)
    assert found(records)["7"].given == "ANN"
    unmapped = read_records([path])
    assert rules(unmapped)[0] == "standard-unknown"
    assert unmapped.files[0].rows_reported == 1
    assert unmapped.balanced


def test_a_mapping_leaves_a_return_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cin.xml"
    path.write_text(cin([cin_child(1)]))
    assert set(found(read_records([path], mapping={"given": "Name"}))) == {"LA1"}


def test_a_former_upn_is_taken_from_the_return(tmp_path: Path) -> None:
    path = tmp_path / "cin.xml"
    path.write_text(cin([with_former_upn(cin_child(1))]))
    assert found(read_records([path]))["LA1"].upns == (upn(1), upn(99))


def test_nothing_leads_from_after_an_adoption_to_before_it(tmp_path: Path) -> None:
    path = tmp_path / "cin.xml"
    adopted = with_former_upn(cin_child(1)).replace("RC9", "RC1")
    path.write_text(cin([adopted, cin_child(2)]))
    assert found(read_records([path]))["LA1"].upns == (upn(1),)


def test_a_former_upn_that_another_file_gave_is_found_through_the_crosswalk(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "school.csv", [["Id", "UPN", "DOB"], ["1", upn(1), "2015-03-04"]])
    walk = Crosswalk()
    said = Child("P1", {"upn": upn(1)}, "pupils", 2, {"former_upn": upn(99)})
    walk.add([said], "last year", "census.csv", date(2025, 1, 16))
    assert found(read_records([path]))["1"].upns == (upn(1),)
    assert found(read_records([path], crosswalk=walk))["1"].upns == (upn(1), upn(99))


def with_former_upn(child: str) -> str:
    return child.replace("</UPN>", f"</UPN><FormerUPN>{upn(99)}</FormerUPN>", 1)


def test_a_child_that_the_sender_deletes_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "csc.json"
    text = MAKERS["csc_api"][2](3)
    path.write_text(text.replace('"purge": false', '"purge": true', 1))
    records = read_records([path])
    assert set(found(records)) == {"LA2", "LA3"}
    assert "child-deleted" in rules(records)
    assert records.balanced


def test_what_can_hardly_be_linked_is_said(tmp_path: Path) -> None:
    table = [["Id", "Forename", "DOB", "UPN"], ["1", "Ann", "", ""], ["2", "", "", upn(2)]]
    records = read_records([written(tmp_path / "clinic.csv", table)])
    assert set(found(records)) == {"1", "2"}
    (issue,) = records.problems
    assert (issue.rule_code, issue.row) == ("row-stands-alone", 2)


def test_no_problem_repeats_what_a_child_is_called(tmp_path: Path) -> None:
    table = [HEADINGS, CHILD, [*CHILD[:3], "2001-01-02", *CHILD[4:]], ["", *CHILD[1:3], *[""] * 5]]
    records = read_records([written(tmp_path / "clinic.csv", table)])
    texts = " ".join(issue.description for issue in records.problems)
    assert len(records.problems) == 3
    assert all(isinstance(issue, Issue) for issue in records.problems)
    assert not any(cell in texts for cell in CHILD[1:7])


def test_many_rows_are_named_in_one_problem(tmp_path: Path) -> None:
    table = [HEADINGS, *([["", *CHILD[1:]]] * 30)]
    (issue,) = read_records([written(tmp_path / "clinic.csv", table)]).problems
    assert "30 rows (2, 3, 4, 5, 6, 7, 8, 9, 10, 11...) have no id" in issue.description


@pytest.mark.slow
def test_a_region_is_prepared_as_each_of_its_rows_alone(tmp_path: Path) -> None:
    region = tmp_path / "region"
    arguments = ["simulate", "-o", str(region), "--children", "5000", "--no-formats", "-q"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    for path in sorted(region.glob("*.csv")):
        prepared = rows(read_records([path]).table)
        for record, child in zip(prepared, read(path, checks=False), strict=True):
            assert isinstance(child, Child)
            assert record == LinkRecord.of(path.stem, child.id, child.demographics())
