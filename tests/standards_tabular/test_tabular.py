"""Agency files as they come: what a file's reader gets wrong, a child is asked about wrongly."""

import contextlib
import csv
import datetime as dt
import io
from pathlib import Path

import openpyxl
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.standards import delimited
from joinedup.standards.tabular import Row, Table, TableError, open_table

HEAD = "Given,Family,DOB,Notes\n"


@pytest.fixture
def write(tmp_path: Path):
    def make(content: str | bytes, name: str = "children.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def rows_of(table: Table) -> list[Row]:
    rows = list(table)
    assert len(rows) == table.row_count
    assert all(len(row.cells) == len(table.columns.headings) for row in rows)
    return rows


# Encodings


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "byte order mark"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_a_name_with_an_accent_is_read_right_in_every_encoding(write, codec, name) -> None:
    table = open_table(write((HEAD + "Zoë,Brontë,2012-05-04,café – “ok”\n").encode(codec)))
    (row,) = rows_of(table)
    assert row.fields["given"] == "Zoë"
    assert row.cells[3] == "café – “ok”"
    assert table.columns.headings[0] == "Given"
    assert name in table.kind


def test_a_file_that_is_not_utf8_says_how_it_was_read(write) -> None:
    table = open_table(write((HEAD + "Zoë,X,2012-05-04,\n").encode("cp1252")))
    assert "Windows-1252" in table.notes[0]


def test_two_encodings_pasted_into_one_file_are_each_read_as_what_they_are(write) -> None:
    content = (
        HEAD.encode() + "Zoë,A,2012-05-04,\n".encode() + "Renée,B,2012-05-04,\n".encode("cp1252")
    )
    table = open_table(write(content))
    assert [row.fields["given"] for row in rows_of(table)] == ["Zoë", "Renée"]
    assert "mixes two encodings" in table.notes[0]


def test_an_encoding_is_found_beyond_the_first_block(write) -> None:
    filler = "Ann,Bell,2012-05-04,x\n" * 120_000
    table = open_table(write((HEAD + filler + "Zoë,B,2012-05-04,\n").encode("cp1252")))
    assert list(table)[-1].fields["given"] == "Zoë"


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 x", bytes(range(256)) * 20, b"\x89PNG\r\n\x1a\n" + bytes(99)]
)
def test_what_is_no_table_is_refused_with_the_fix(write, content) -> None:
    with pytest.raises(TableError, match="Save it as CSV or Excel"):
        open_table(write(content))


# Whole files


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n  \n", "\n\n".encode("utf-16")])
def test_an_empty_file_is_said_to_be_empty(write, content) -> None:
    with pytest.raises(TableError, match="is empty"):
        open_table(write(content))


def test_headings_alone_are_a_table_without_rows(write) -> None:
    assert rows_of(open_table(write(HEAD))) == []


def test_a_folder_and_a_file_that_is_not_there_are_said_to_be_so(tmp_path) -> None:
    with pytest.raises(TableError, match="folder"):
        open_table(tmp_path)
    with pytest.raises(TableError, match="No such file"):
        open_table(tmp_path / "none.csv")


def test_headings_further_down_are_pointed_at(write) -> None:
    with pytest.raises(TableError, match="on row 3"):
        open_table(write("Report of 1 May\n\n" + HEAD + "Ann,Bell,2012-05-04,\n"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_known_by_the_headings_it_makes(write, delimiter) -> None:
    text = delimiter.join(["Given", "Family", "DOB", "Address"]) + "\n"
    # Far more commas than of the delimiter: what a count of letters would get wrong.
    text += delimiter.join(["Ann", "Bell", "2012-05-04", '"1, High St, Leeds, Yorks, UK"']) + "\n"
    (row,) = rows_of(open_table(write(text)))
    assert row.fields == {"given": "Ann", "family": "Bell", "birth_date": "2012-05-04"}


def test_a_delimiter_is_known_by_mapped_headings_too(write) -> None:
    text = "first, and only;second;third\nAnn;Bell;2012-05-04\n"
    table = open_table(
        write(text), {"given": "first, and only", "family": "second", "birth_date": "third"}
    )
    assert rows_of(table)[0].fields["family"] == "Bell"


def test_excels_own_separator_line_is_no_heading(write) -> None:
    (row,) = rows_of(open_table(write("sep=;\nGiven;Family;DOB\nAnn;Bell;2012-05-04\n")))
    assert (row.number, row.fields["given"]) == (2, "Ann")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_line_is_understood(write, end) -> None:
    text = HEAD + "Ann,Bell,2012-05-04,\nBob,Cole,2012-05-04,\n"
    assert len(rows_of(open_table(write(text.replace("\n", end))))) == 2


# Rows


def test_short_and_long_rows_keep_their_place_and_say_what_is_wrong(write) -> None:
    rows = rows_of(
        open_table(
            write(
                HEAD
                + "Ann,Bell,2012-05-04,x\nBob,2012-05-04\n"
                + "Cy,Smith, Jr,2012-05-04,y\n\nDi,E,2012-05-04,z\n"
            )
        )
    )
    assert [row.number for row in rows] == [2, 3, 4, 5, 6]
    assert "2 cells and the headings 4" in rows[1].problem
    assert "5 cells and the headings 4" in rows[2].problem
    assert rows[2].cells[3] == "2012-05-04,y"  # nothing of it is lost
    assert rows[3].problem == "the row is empty"
    assert [bool(row.fields) for row in rows] == [True, False, False, False, True]


def test_blank_lines_at_the_end_and_separators_too_many_harm_nobody(write) -> None:
    rows = rows_of(open_table(write(HEAD + "Ann,Bell,2012-05-04,x,,,\n\n\n\n")))
    assert [row.problem for row in rows] == [""]


def test_a_quotation_mark_never_closed_spoils_one_row_not_the_rest_of_the_file(write) -> None:
    text = HEAD + 'Ann,Bell,2012-05-04,x\nBob,"Cole,2012-05-04,x\n' + "Di,Ede,2012-05-04,x\n" * 500
    rows = rows_of(open_table(write(text)))
    assert len(rows) == 502
    assert [row.number for row in rows if row.problem] == [3]
    assert "never closed" in rows[1].problem


def test_rows_run_together_by_two_stray_quotation_marks_are_not_asked_about(write) -> None:
    text = HEAD + 'Ann,"Bell,2012-05-04,x\nBob,Cole",2012-05-04,x\n'
    (row,) = rows_of(open_table(write(text)))
    assert "several rows" in row.problem
    assert row.fields == {}


def test_a_stray_quotation_mark_does_not_swallow_rows_up_to_the_next_quoted_cell(write) -> None:
    text = HEAD + 'Ann,"Bell,2012-05-04,x\nBob,Cole,2012-05-04,x\nCy,Dee,2012-05-04,"1, High St"\n'
    rows = rows_of(open_table(write(text)))
    assert [bool(row.problem) for row in rows] == [True, False, False]
    assert rows[2].cells[3] == "1, High St"


def test_a_file_full_of_oversize_cells_is_refused(write, monkeypatch) -> None:
    monkeypatch.setattr(delimited, "_CELL_LIMIT", 100)
    with pytest.raises(TableError, match="quotation marks"):
        open_table(write(HEAD + f'Ann,"{"x" * 200}",2012-05-04,x\n' * 60))


def test_a_million_characters_in_a_cell_pass_through(write) -> None:
    big = "x" * 1_000_000
    rows = rows_of(open_table(write(HEAD + f"Ann,Bell,2012-05-04,{big}\nBob,Cole,2012-05-04,y\n")))
    assert rows[0].cells[3] == big
    assert rows[1].fields["given"] == "Bob"


def test_a_cell_of_more_than_any_cell_is_reported_and_reading_goes_on(write) -> None:
    big = '"' + "x" * (17 * 1024 * 1024) + '"'
    rows = rows_of(open_table(write(HEAD + f"Ann,Bell,2012-05-04,{big}\nBob,Cole,2012-05-04,y\n")))
    assert rows[0].problem
    assert rows[1].fields["given"] == "Bob"


def test_a_table_can_be_read_again_from_the_start(write) -> None:
    table = open_table(write(HEAD + "Ann,Bell,2012-05-04,x\n"))
    assert rows_of(table) == rows_of(table)


CELLS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(list(',;\t|"\r\n=+-@ ')),
    max_size=12,
)


@settings(deadline=None, max_examples=150)
@given(
    rows=st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whatever_a_csv_writer_writes_is_read_back_the_same(
    tmp_path_factory, rows, delimiter, codec
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([["Given", "Family", "DOB", "Notes"], *rows])
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(text.getvalue().encode(codec))
    assert [list(row.cells) for row in rows_of(open_table(path))] == rows


@settings(deadline=None, max_examples=150)
@given(
    body=st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('",\n\r'), max_size=300)
)
def test_arbitrary_text_is_read_in_full_or_refused_in_words(tmp_path_factory, body) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes((HEAD + body).encode())
    with contextlib.suppress(TableError):
        rows_of(open_table(path))


# Excel


def workbook(path: Path, *rows: list[object]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_typed_cells_of_a_workbook_become_what_a_csv_would_hold(tmp_path) -> None:
    path = workbook(
        tmp_path / "c.xlsx",
        ["Given", "Family", "DOB", "NHS No", "Joined", "Score", "Active", "Sum"],
        [
            "Ann",
            "Bell",
            dt.date(2012, 5, 4),
            9990000018.0,
            dt.datetime(2020, 1, 2, 3, 4),  # noqa: DTZ001 - Excel knows no zones
            1.5,
            True,
            "=1+1",
        ],
    )
    (row,) = rows_of(open_table(path))
    assert row.number == 2
    assert row.fields["birth_date"] == "2012-05-04"
    assert row.fields["nhs_number"] == "9990000018"
    assert row.cells[4:] == (
        "2020-01-02 03:04:00",
        "1.5",
        "TRUE",
        "",
    )  # never computed, so no value


def test_a_workbook_is_known_by_its_content_not_its_name(tmp_path) -> None:
    path = workbook(tmp_path / "c.xlsx", ["Given", "Family", "DOB"], ["A", "B", "2012-05-04"])
    assert len(rows_of(open_table(path.rename(tmp_path / "c.csv")))) == 1


def test_a_gap_in_a_workbook_keeps_its_place_and_empty_rows_at_the_end_do_not_count(
    tmp_path,
) -> None:
    path = workbook(
        tmp_path / "c.xlsx",
        ["Given", "Family", "DOB"], ["A", "B", "2012-05-04"], [None, None, None],
        ["C", "D", "2012-05-04"], [" ", None, None],
    )  # fmt: skip
    assert [(row.number, row.problem) for row in rows_of(open_table(path))] == [
        (2, ""), (3, "the row is empty"), (4, ""),
    ]  # fmt: skip


def test_the_sheet_can_be_chosen_and_the_choice_is_told(tmp_path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("First").append(["Given", "Family", "DOB"])
    book.create_sheet("Second").append(["Forename", "Surname", "DOB"])
    book.save(tmp_path / "c.xlsx")
    table = open_table(tmp_path / "c.xlsx")
    assert table.columns.headings[0] == "Given"
    assert "First" in table.notes[0]
    assert open_table(tmp_path / "c.xlsx", sheet="Second").columns.headings[0] == "Forename"
    with pytest.raises(TableError, match=r"no sheet Third\. Sheets: Sheet, First, Second"):
        open_table(tmp_path / "c.xlsx", sheet="Third")


def test_an_empty_and_a_damaged_workbook_say_so(tmp_path) -> None:
    with pytest.raises(TableError, match="is empty"):
        open_table(workbook(tmp_path / "e.xlsx"))
    (tmp_path / "d.xlsx").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(TableError, match="damaged"):
        open_table(tmp_path / "d.xlsx")


# JSON lines


def test_json_lines_are_rows_whatever_keys_each_object_has(write) -> None:
    lines = [
        {"Given": "Ann", "Family": "Bell", "DOB": "2012-05-04", "NhsNumber": 9990000018},
        {"Given": "Bob", "Family": None, "DOB": "2012-05-04", "tags": ["a", 1], "x": 1.0},
    ]
    table = open_table(write(b"\n".join(map(orjson.dumps, lines)), "c.jsonl"))
    first, second = rows_of(table)
    assert table.columns.headings == ("Given", "Family", "DOB", "NhsNumber", "tags", "x")
    assert first.fields["nhs_number"] == "9990000018"
    assert second.cells == ("Bob", "", "2012-05-04", "", '["a",1]', "1")


def test_a_line_that_is_no_object_keeps_its_place(write) -> None:
    good = b'{"Given":"Ann","Family":"Bell","DOB":"2012-05-04"}'
    rows = rows_of(open_table(write(good + b"\n{broken\n[1]\nnull\n" + good, "c.jsonl")))
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert "not JSON" in rows[1].problem
    assert "not an object" in rows[2].problem
    assert "not an object" in rows[3].problem
    assert rows[4].fields["given"] == "Ann"


def test_a_json_list_says_what_is_wanted_instead(write) -> None:
    with pytest.raises(TableError, match="one object a line"):
        open_table(write('[{"Given": "A"}]', "c.json"))


def test_xml_says_what_is_wanted_instead(write) -> None:
    with pytest.raises(TableError, match="XML"):
        open_table(write("<a/>", "c.xml"))
