"""What simulate writes, the standards' readers give back: the same children, the same events."""

import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.people.dates import read_birth_date
from joinedup.people.gender import read_gender
from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats import ctf, vaccination
from joinedup.standards import Child, Event
from tests.simulate_formats.conftest import Back, Written, write

Key = tuple[str, str, date | None, date | None]
_NAMES = ("given", "family")


def _events(events: Iterable[Event]) -> Counter[Key]:
    return Counter((e.kind, e.child_id, e.start, e.end) for e in events)


def _said(field: str, text: str) -> object:
    if field == "birth_date":
        return read_birth_date(text).value
    if field == "gender":
        value = read_gender(text).value
        return None if value == "unknown" else value
    if field == "nhs_number":
        return text.replace(" ", "")
    return " ".join(text.split())


def _same_children(children: Iterable[Child], rows: Iterable[Row], fields: Iterable[str]) -> None:
    """Each row is one child of the file, saying the same of these fields."""
    back = {child.id: child for child in children}
    wanted = {row.id: row for row in rows}
    assert back.keys() == wanted.keys()
    for key, row in wanted.items():
        for field in fields:
            said = back[key].fields.get(field, "")
            if field == "upn" and said.startswith("UN"):
                said = ""  # SSDA903 writes why there is none in the same cell
            assert _said(field, said) == _said(field, row.values[field]), (field, row.mistakes)


def _check_social_care(written: Written) -> None:
    back = written.read("childrens_services/children_in_need.xml")
    rows, expected = [], Counter[Key]()
    for _, row, episodes in written.care():
        rows.append(row)
        for episode in episodes:
            expected["social-care-episode", row.id, episode.referred, episode.closed] += 1
            for done in episode.assessments:
                expected["assessment", row.id, done.start, done.authorised] += 1
            for start, end in episode.plans:
                expected["child-in-need-plan", row.id, start, end] += 1
            for enquiry in episode.enquiries:
                expected["section-47-enquiry", row.id, enquiry.start, None] += 1
                if enquiry.conference:
                    kind = "initial-child-protection-conference"
                    expected[kind, row.id, enquiry.conference, None] += 1
            for plan in episode.protection:
                expected["child-protection-plan", row.id, plan.start, plan.end] += 1
                for review in plan.reviews:
                    expected["child-protection-review", row.id, review, None] += 1
    assert len(back.children) == len(rows)
    _same_children(back.children, rows, ("birth_date", "gender", "upn"))
    assert _events(back.events) == expected


def _check_looked_after(written: Written) -> None:
    back = written.read("childrens_services/ssda903_*.csv")
    rows, expected = [], Counter[Key]()
    for setting, row in written.rows("childrens_services"):
        life = setting.lives.of(row.person)
        if "duplicate" in row.mistakes or not life.care:
            continue
        rows.append(row)
        for spell in life.care:
            expected["looked-after-episode", row.id, spell.start, spell.end] += 1
        for gone in life.missing:
            expected["missing", row.id, gone.start, gone.end] += 1
        if row.person.unaccompanied:
            born = row.person.born
            eighteen = born.replace(year=born.year + 18, day=min(born.day, 28))
            expected["unaccompanied-asylum-seeking", row.id, None, eighteen] += 1
    header = [child for child in back.children if child.table == "header"]
    _same_children(header, rows, ("birth_date", "gender", "upn"))
    reviews = [e for e in back.events if e.kind == "looked-after-review"]
    assert {e.child_id for e in reviews} <= {row.id for row in rows}
    assert _events(e for e in back.events if e.kind != "looked-after-review") == expected


def _check_schools(written: Written) -> None:
    back = written.read("schools/*.csv")
    rows, expected = [], Counter[Key]()
    for _, row, at in written.schools():
        rows.append(row)
        expected["on-roll", row.id, at.entered, at.left] += 1
        if at.left is None:
            expected["attendance", row.id, None, None] += len(at.absent)
            for out in at.suspensions:
                expected["exclusion", row.id, out.start, None] += 1
    _same_children(back.children, rows, ("birth_date", "gender", "upn", "postcode", *_NAMES))
    assert _events(back.events) == +expected


def _check_transfers(written: Written) -> None:
    back = written.read("schools/*_CTF_*.xml")
    rows, schools, sessions = [], Counter[tuple[str, date]](), 0
    for _, row, at in written.schools():
        if ctf.transferred([(row, at)]):
            rows.append(row)
            schools[row.id, at.entered] += 1
            sessions += at.possible > 0
    children = [
        child._replace(id=child.local_ids["application_reference"]) for child in back.children
    ]
    _same_children(
        children, rows, ("birth_date", "gender", "upn", "postcode", "phone", "email", *_NAMES)
    )
    by_child = {row.values["upn"] or row.id: row.id for row in rows}
    entries = Counter(
        (by_child[e.child_id], e.start) for e in back.events if e.kind == "on-roll" and e.start
    )
    known = {(by_child[row.values["upn"] or row.id], at) for row in rows
             for key, at in schools if key == row.id}  # fmt: skip
    assert known <= entries.keys()
    told = [e for e in back.events if e.kind == "attendance" and "SessionsPossible" in e.facts]
    assert len(told) == sessions


def _check_health(written: Written) -> None:
    back = written.read("health/*.ndjson")
    rows, expected = [], Counter[Key]()
    for _, row, care in written.health():
        rows.append(row)
        for given_ in care.immunisations:
            expected["immunisation", row.id, given_.day, None] += 1
        for visit in care.emergencies:
            expected["encounter", row.id, visit.start.date(), visit.end.date()] += 1
        for appointment in care.appointments:
            expected["appointment", row.id, appointment.start.date(), None] += 1
    fields = ("birth_date", "gender", "nhs_number", "postcode", "phone", "email", *_NAMES)
    _same_children(back.children, rows, fields)
    assert _events(back.events) == expected


def _check_cohort(written: Written) -> None:
    back = written.read("health/*.csv")
    rows = [row for setting, row in written.rows("health") if vaccination.in_cohort(setting, row)]
    _same_children(back.children, rows, ("birth_date", "gender", "nhs_number", "postcode", *_NAMES))


def _check_police(written: Written) -> None:
    events, justice = written.read("police/*.csv"), written.read("police/*.json")
    expected, expected_justice = Counter[Key](), Counter[Key]()
    rows, justice_rows = [], []
    for _, row, recorded, decided in written.police():
        rows.append(row)
        justice_rows += [row] if decided else []
        expected.update((o.kind, row.id, o.start, o.end) for o in recorded)
        expected_justice.update((o.kind, row.id, o.start, o.end) for o in decided)
    fields = ("birth_date", "gender", "postcode", "phone", *_NAMES)
    _same_children(events.children, rows, fields)
    _same_children(justice.children, justice_rows, fields)
    assert _events(events.events) == expected
    assert _events(justice.events) == expected_justice


def _check_all(written: Written) -> None:
    for check in (
        _check_social_care, _check_looked_after, _check_schools, _check_transfers, _check_health,
        _check_cohort, _check_police,
    ):  # fmt: skip
        check(written)


def test_a_region_comes_back_whole(written: Written) -> None:
    _check_all(written)


@settings(max_examples=12, deadline=None)
@given(children=st.integers(1, 250), seed=st.integers(0, 10**6))
def test_any_region_comes_back_whole(children: int, seed: int) -> None:
    """Small ones too, where a format has one child or none."""
    with tempfile.TemporaryDirectory() as folder:
        _check_all(write(Path(folder), children, seed))


def test_each_file_is_recognised_as_what_it_is(written: Written) -> None:
    wanted = {
        "childrens_services/*.xml": "cin",
        "childrens_services/*.csv": "ssda903",
        "schools/*.csv": "school_census",
        "schools/*.xml": "ctf",
        "health/*.ndjson": "fhir",
        "health/*.csv": "vaccination",
        "police/*": "crime",
    }
    for pattern, standard in wanted.items():
        assert written.read(pattern).standards == {standard}


def _rules(back: Back) -> set[str]:
    return {issue.rule_code for issue in back.issues}


def test_faults_are_those_of_the_agencies_and_not_of_the_formats(written: Written) -> None:
    """No unknown code or column, no impossible date, nothing broken."""
    rules = set[str]()
    for pattern in ("childrens_services/*", "schools/*", "health/*", "police/*"):
        rules |= _rules(written.read(pattern))
    of_the_format = {
        "code-unknown", "date-unreadable", "end-before-start", "column-missing", "row-width",
        "row-short", "row-unknown", "read-failed", "xml-stray-text", "header-date", "header-year",
        "header-collection", "number-unreadable", "resource-not-read", "after-death", "not-in-year",
        "json-broken", "row-broken", "cell-too-long", "columns-unknown",
    }  # fmt: skip
    assert not rules & of_the_format
