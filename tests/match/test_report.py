"""The report goes round by e-mail: it must be whole, readable by all, and about no child."""

import datetime as dt
import re
import threading
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from joinedup.identify.batch import Done
from joinedup.identify.journal import Answer, Journal
from joinedup.identify.match_file import Run, match_file
from joinedup.identify.report import RunFacts, duration, render, write_report
from joinedup.identify.tally import Tally, without_personal
from joinedup.standards.columns import find_columns
from joinedup.standards.tabular import Row, open_table
from tests.match.fakes import Child, FakeSource, write_children

FACTS = RunFacts(
    input_name="kids.csv",
    output_name="out.csv",
    kind="text separated by commas, UTF-8",
    strategy="adaptive",
    source="the PDS at pds.example",
    seconds=75.0,
    finished_at=dt.datetime(2026, 5, 4, 10, 30, tzinfo=dt.UTC),
    notes=("A note with <b>markup</b>.",),
)
HOSTILE = "<script>alert(1)</script>"
COLUMNS = find_columns([HOSTILE, "Family", "DOB"], {"given": HOSTILE})


@pytest.fixture
def page(tmp_path: Path) -> str:
    path = write_children(tmp_path / "in.csv", range(50))
    with path.open("a") as file:
        file.write(f"Peregrine,Wigglesworth,31/02/2012,LS1 4AP,{Child(60).nhs}\n")
        file.write("Peregrine,Wigglesworth,1\n")
        file.write("Persephone,Wigglesworth,03/02/2012,LS1 4AP,x\n")
    table = open_table(path)
    journal = Journal.open(tmp_path / "j", content=table.digest, settings={})
    run = Run(FakeSource(50), "adaptive", journal, 2, lambda done: None, threading.Event())
    tally = match_file(table, tmp_path / "out.csv", run)
    return render(FACTS, tally, table.columns)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def test_it_names_no_child_in_any_way(page) -> None:
    for i in range(50):
        child = Child(i)
        for personal in (child.family, child.nhs, child.birth.isoformat(), child.postcode):
            assert personal not in page
    for personal in ("Peregrine", "Persephone", "Wigglesworth", "31/02", "LS1 4AP", "9991"):
        assert personal not in page
    without_drawings = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert not re.search(r"\b\d{10}\b|\b\d{3} \d{3} \d{4}\b", without_drawings)


def test_it_says_what_is_wrong_and_on_which_rows(page) -> None:
    assert "Date of birth" in page
    assert re.search(r"<td>52</td>", page)
    assert "the row has 3 cells and the headings 5" in page
    assert re.search(r"<td>53</td>", page)


def test_it_needs_nothing_from_elsewhere_and_runs_nothing(page) -> None:
    tags = Tags(page)
    assert not tags.all("script")
    assert not tags.all("link")
    assert not tags.all("img")
    assert not tags.all("iframe")
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:|//)""", page)
    assert not re.search(r"url\(\s*[\"']?(?!#)|@import", page)
    (policy,) = (m["content"] for m in tags.all("meta") if "http-equiv" in m)
    assert "default-src 'none'" in str(policy)


def test_it_can_be_read_by_those_who_do_not_see_it(page) -> None:
    tags = Tags(page)
    assert tags.all("html")[0]["lang"] == "en-GB"
    assert len(tags.all("h1")) == 1
    assert len(tags.all("caption")) == len(tags.all("table")) == 3
    assert all(th.get("scope") in {"col", "row"} for th in tags.all("th"))
    charts = [d for d in tags.all("div") if d.get("role") == "img"]
    assert len(charts) == len(tags.all("svg")) == 2
    assert all(chart["aria-label"] for chart in charts)
    assert "Match 50" in str(charts[0]["aria-label"])


def test_everything_from_the_file_is_escaped() -> None:
    tally = Tally(rows=1)
    tally.outcomes["Match"] = 1
    tally.quality["given"] = Counter({"Valid": 1})
    page = render(FACTS, tally, COLUMNS)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>markup" not in page


def test_a_run_without_rows_has_a_report(tmp_path) -> None:
    write_report(tmp_path / "r.html", FACTS, Tally(), COLUMNS)
    assert "None." in (tmp_path / "r.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("the surname Featherstone differs", "(reason not shown: it quotes the record)"),
        ("born on 2012-05-04 there", "born on … there"),
        ("number 999 123 4567 is held", "number … is held"),
        ("the postcode differs; 2 fields agree", "the postcode differs; 2 fields agree"),
    ],
)
def test_a_reason_that_quotes_the_record_is_withheld(reason, shown) -> None:
    assert without_personal(reason, {"family": "FEATHERSTONE", "gender": "the"}) == shown


def test_reasons_without_end_do_not_fill_the_memory() -> None:
    tally = Tally()
    for number in range(5000):
        row = Row(number, (), {}, f"problem {number}")
        tally.add(Done(row, None, Answer("Invalid", ())), [])
    assert len(tally.problems) <= 501
    assert sum(problem.count for problem in tally.problems.values()) == 5000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.44, "0.4 s"),
        (12.4, "12 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (59.7, "1 min 0 s"),
    ],
)
def test_durations_are_for_people(seconds, words) -> None:
    assert duration(seconds) == words
