"""A whole file: every row in its place with a true outcome, each child asked about once."""

import csv
import io
import random
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.identify.batch import Stopped, normalised
from joinedup.identify.journal import Journal
from joinedup.identify.match_file import HEADINGS as SUI_HEADINGS
from joinedup.identify.match_file import Run, match_file
from joinedup.identify.tally import Tally
from joinedup.pds.search import Source
from joinedup.people.demographics import Demographics
from joinedup.standards.tabular import TableError, open_table
from tests.match.fakes import Child, FakeSource, read_csv, write_children


def run(
    path: Path,
    source: Source,
    *,
    workers: int = 8,
    keep: bool = False,
    progress=lambda done: None,
    stop: threading.Event | None = None,
) -> tuple[list[dict[str, str]], Tally]:
    table = open_table(path)
    out = path.with_name("out.csv")
    journal = Journal.open(
        out.with_name("out.csv.journal"), content=table.digest, settings={"strategy": "adaptive"}
    )
    try:
        tally = match_file(
            table,
            out,
            Run(
                source=source, strategy="adaptive", journal=journal, workers=workers,
                progress=progress, stop=stop or threading.Event(),
            ),
        )  # fmt: skip
    finally:
        if keep:
            journal.close()
        else:
            journal.remove()
    return read_csv(out), tally


@pytest.fixture
def file(tmp_path: Path):
    def make(text: str | bytes) -> Path:
        path = tmp_path / "in.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


def line(i: int, **changes: str) -> str:
    child = Child(i)
    cells = dict(zip(("given", "family", "dob", "postcode"), child.row(), strict=True)) | changes
    return ",".join(cells.values())


HEAD = "Given,Family,DOB,PostCode\n"


def test_rows_come_out_in_the_order_they_went_in_whatever_order_the_answers_come(tmp_path) -> None:
    class Uneven(FakeSource):
        def search(self, search):
            time.sleep(random.Random(search.family).random() / 50)
            return super().search(search)

    rows, tally = run(write_children(tmp_path / "in.csv", range(200)), Uneven(200))
    assert [row["Id"] for row in rows] == [str(i) for i in range(200)]
    assert [row["SUI_NHSNo"] for row in rows] == [Child(i).nhs for i in range(200)]
    assert tally.outcomes == {"Match": 200}
    assert list(rows[0])[-6:] == list(SUI_HEADINGS)


def test_a_child_on_many_rows_is_asked_about_once(tmp_path) -> None:
    indexes = [i % 10 for i in range(300)]  # near each other and far apart
    source = FakeSource(10)
    rows, tally = run(write_children(tmp_path / "in.csv", indexes), source)
    alone = FakeSource(10)
    run(write_children(tmp_path / "alone.csv", range(10)), alone)
    assert len(source.asked) == len(alone.asked)
    assert tally.copies == 290
    assert tally.calls == sum(int(row["SUI_Calls"]) for row in rows) == len(source.asked)
    assert all(row["SUI_Calls"] == "0" for row in rows[10:])
    assert [row["SUI_NHSNo"] for row in rows] == [Child(i).nhs for i in indexes]


def test_the_same_child_written_otherwise_is_the_same_question() -> None:
    child = {"given": "Anne-Marie", "family": "O'Brien", "birth_date": "2012-05-04"}
    same = {"given": " ANNE-MARIE ", "family": "O’BRIEN", "birth_date": "04/05/2012", "upn": "x"}
    other = {**child, "birth_date": "2012-04-05"}
    assert normalised(Demographics.read(child)) == normalised(Demographics.read(same))
    assert normalised(Demographics.read(child)) != normalised(Demographics.read(other))


@pytest.mark.parametrize("field", ["gender", "postcode", "phone", "email", "nhs_number"])
def test_rows_that_differ_in_anything_asked_are_two_questions(field) -> None:
    values = {"gender": "F", "postcode": "LS1 4AP", "phone": "07700900123",
              "email": "a@example.org", "nhs_number": Child(1).nhs}  # fmt: skip
    child = {"given": "Anne", "family": "Bell", "birth_date": "2012-05-04"}
    assert normalised(Demographics.read(child)) != normalised(
        Demographics.read({**child, field: values[field]})
    )


def test_mixed_date_styles_are_each_read_right(file) -> None:
    birth = Child(3).birth
    styles = [birth.isoformat(), f"{birth:%d/%m/%Y}", f"{birth:%Y%m%d}"]
    rows, tally = run(file(HEAD + "".join(line(3, dob=s) + "\n" for s in styles)), FakeSource(5))
    assert [row["SUI_NHSNo"] for row in rows] == [Child(3).nhs] * 3
    assert tally.copies == 2


def test_what_is_wrong_with_a_row_is_said_in_the_row(file) -> None:
    text = HEAD + "\n".join(
        [line(0), line(1, dob="04/05/12"), line(2, family=""), line(3) + ",extra", "x,y", line(4)]
    )
    rows, tally = run(file(text), FakeSource(5))
    assert [row["SUI_Status"] for row in rows] == ["Match", *["Invalid"] * 4, "Match"]
    assert "birth_date=Invalid (" in rows[1]["SUI_DataQuality"]
    assert "family=NotProvided" in rows[2]["SUI_DataQuality"]
    assert "5 cells and the headings 4" in rows[3]["SUI_Reason"]
    assert rows[3]["SUI_DataQuality"] == "row=Invalid"
    assert all(row["SUI_Calls"] == "0" for row in rows[1:5])
    assert {p.where for p in tally.worst()} == {"birth_date", "family", "row"}


def test_a_million_characters_in_a_name_or_beside_it_stop_nothing(file) -> None:
    big = "x" * 1_000_000
    text = "Given,Family,DOB,PostCode,Notes\n"
    text += f"{line(0)},{big}\n{line(1, given=big)},\n{line(2, postcode=big)},\n{line(3)},\n"
    rows, _ = run(file(text), FakeSource(5))
    assert [row["SUI_Status"] for row in rows] == [
        "Match",
        "Invalid",
        rows[2]["SUI_Status"],
        "Match",
    ]
    assert "given=Invalid (" in rows[1]["SUI_DataQuality"]
    assert "postcode=Invalid (" in rows[2]["SUI_DataQuality"]
    assert len(rows[1]["SUI_Reason"]) < 500  # the reason does not repeat the cell
    assert rows[0]["Notes"] == big


def test_formulas_in_the_file_are_shown_not_run(file) -> None:
    text = 'Given,Family,DOB,=cmd()\nAnn,Bell,2012-05-04,"=HYPERLINK(""http://example.org"")"\n'
    rows, _ = run(file(text), FakeSource(1))
    assert rows[0]["'=cmd()"] == '\'=HYPERLINK("http://example.org")'


def test_a_number_held_for_another_child_is_never_given_out(file) -> None:
    """Child 1's details with child 2's number: the number found, or none, but never child 2's."""
    text = "Given,Family,DOB,PostCode,NhsNumber\n" + f"{line(1)},{Child(2).nhs}\n"
    rows, _ = run(file(text), FakeSource(5))
    assert rows[0]["SUI_NHSNo"] != Child(2).nhs
    assert rows[0]["SUI_Status"] != "Match" or rows[0]["SUI_NHSNo"] == Child(1).nhs


def test_a_silent_source_is_never_no_match_and_only_its_rows_are_asked_again(tmp_path) -> None:
    path = write_children(tmp_path / "in.csv", range(60))
    source = FakeSource(60)
    source.down_for = {Child(i).family.upper() for i in (5, 6, 7)}
    affected = [i for i in range(60) if Child(i).family.upper() in source.down_for]
    rows, tally = run(path, source, keep=True)
    assert [i for i, row in enumerate(rows) if row["SUI_Status"] == "Unavailable"] == affected
    assert all(row["SUI_Status"] == "Match" for i, row in enumerate(rows) if i not in affected)
    assert tally.unavailable == len(affected)
    source.down_for, source.asked = set(), []
    rows, tally = run(path, source)
    assert tally.outcomes == {"Match": 60}
    assert {family for family, *_ in source.asked if not family.isdigit()} == {
        Child(i).family.upper() for i in affected
    }
    assert tally.earlier == 60 - len(affected)


def test_a_source_that_stays_away_is_given_up_not_asked_for_every_row(tmp_path) -> None:
    source = FakeSource(500)
    source.down = True
    path = write_children(tmp_path / "in.csv", range(500))
    with path.open("a") as file:
        file.write("no,date,,,\n")
    rows, tally = run(path, source)
    assert len(source.asked) < 60
    assert tally.outcomes == {"Unavailable": 500, "Invalid": 1}
    assert "not asked" in rows[499]["SUI_Reason"]
    assert all(not row["SUI_NHSNo"] for row in rows)
    assert tally.calls == len(source.asked)


def test_our_own_fault_in_one_row_does_not_pass_for_an_answer(tmp_path, caplog) -> None:
    class Faulty(FakeSource):
        def search(self, search):
            if search.family and search.family.upper() == Child(2).family.upper():
                raise KeyError(search.family)
            return super().search(search)

    rows, _ = run(write_children(tmp_path / "in.csv", range(9)), Faulty(9))
    wrong = [row for row in rows if row["Family"] == Child(2).family]
    assert {row["SUI_Status"] for row in wrong} == {"Unavailable"}
    assert "KeyError" in wrong[0]["SUI_Reason"]
    assert Child(2).family.casefold() not in caplog.text.casefold()


def test_stopping_keeps_what_was_answered_and_leaves_no_half_output(tmp_path) -> None:
    path = write_children(tmp_path / "in.csv", range(100))
    source, stop = FakeSource(100, delay=0.005), threading.Event()
    with pytest.raises(Stopped):
        run(path, source, keep=True, stop=stop,
            progress=lambda done: stop.set() if done.row.number > 30 else None)  # fmt: skip
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv", "out.csv.journal"]
    first = source.asked
    source.asked = []
    rows, tally = run(path, source)
    assert [row["SUI_NHSNo"] for row in rows] == [Child(i).nhs for i in range(100)]
    assert not set(first) & set(source.asked)  # stopping waits, so nothing was in flight
    assert tally.earlier >= 30


CELL = st.sampled_from(
    ["", "Ann", "O'Brien", "2012-05-04", "04/05/2012", '"', "=1", "\n", ",", "a\tb", "é", "x" * 50]
) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(st.lists(CELL, min_size=1, max_size=6), max_size=12))
def test_rows_out_are_rows_in(tmp_path_factory, rows) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["Given", "Family", "DOB", "Notes"], *rows])
    path = tmp_path_factory.mktemp("m") / "in.csv"
    path.write_bytes(text.getvalue().encode())
    out, tally = run(path, FakeSource(1), workers=2)
    assert len(out) == tally.rows == len(rows)
    for row, cells in zip(out, rows, strict=True):
        assert row["SUI_Status"] in {"NoMatch", "Invalid"}
        assert row["Given"].removeprefix("'") == cells[0].removeprefix("'")


@settings(deadline=None, max_examples=60)
@given(
    body=st.text(
        st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('",\n'), max_size=200
    )
)
def test_any_text_at_all_gives_a_row_for_each_row_or_a_clear_refusal(
    tmp_path_factory, body
) -> None:
    path = tmp_path_factory.mktemp("m") / "in.csv"
    path.write_bytes((HEAD + body).encode())
    try:
        expected = open_table(path).row_count
    except TableError:
        return
    out, _ = run(path, FakeSource(1), workers=2)
    assert len(out) == expected
