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
from joinedup.simulate.formats import annex_a, ctf, vaccination
from joinedup.simulate.formats.cells import eighteen
from joinedup.simulate.people import Role
from joinedup.simulate.rates import rates
from joinedup.simulate.social_care import Episode
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


def _worked_on(row: Row, episode: Episode) -> Counter[Key]:
    """The events of an episode."""
    expected = Counter[Key]()
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
    return expected


def _check_social_care(written: Written) -> None:
    back = written.read("childrens_services/children_in_need.xml")
    payload = written.read("childrens_services/csc_api.json")
    rows, expected, reviews, placed = [], Counter[Key](), Counter[Key](), Counter[Key]()
    for setting, row, episodes in written.care():
        rows.append(row)
        for episode in episodes:
            expected["social-care-episode", row.id, episode.referred, episode.closed] += 1
            expected += _worked_on(row, episode)
            for plan in episode.protection:
                for day in plan.reviews:
                    reviews["child-protection-review", row.id, day, None] += 1
        if "duplicate" not in row.mistakes:
            for spell in setting.lives.of(row.person).care:
                placed["looked-after-episode", row.id, spell.start, spell.end] += 1
    for read_back in (back, payload):
        assert len(read_back.children) == len(rows)
    _same_children(back.children, rows, ("birth_date", "gender", "upn"))
    _same_children(payload.children, rows, ("birth_date", "gender", "upn", "postcode", *_NAMES))
    assert _events(back.events) == expected + reviews
    assert _events(payload.events) == expected + placed


def _check_looked_after(written: Written) -> None:
    tables = written.read("childrens_services/ssda903_*.csv")
    xml = written.read("childrens_services/ssda903.xml")
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
            until = eighteen(row.person.born)
            expected["unaccompanied-asylum-seeking", row.id, None, until] += 1
    header = [child for child in tables.children if child.table == "header"]
    for children in (header, xml.children):
        _same_children(children, rows, ("birth_date", "gender", "upn"))
    reviews = [e for e in tables.events if e.kind == "looked-after-review"]
    assert {e.child_id for e in reviews} <= {row.id for row in rows}
    assert _events(tables.events) == expected + _events(reviews)
    assert _events(xml.events) == _events(tables.events)


def _check_annex_a(written: Written) -> None:
    """What was running in the last six months, or began in it; adoptions of a year."""
    back = written.read(annex_a.PATH)
    since = rates().as_at - annex_a.HALF_YEAR
    expected, ids = Counter[Key](), {}
    for setting, row, episodes in written.care():
        told = Counter[Key]()
        for episode in episodes:
            if episode.referred >= since:
                told["contact", row.id, episode.referred, None] += 1
                told["social-care-episode", row.id, episode.referred, None] += 1
            lately = {"assessment", "section-47-enquiry"}
            for key in _worked_on(row, episode):
                kind, _, start, end = key
                assert start is not None
                if kind == "initial-child-protection-conference":
                    continue
                running = kind not in lately and end is None
                if start >= since or running or (end and end >= since):
                    told[key] += 1
            for enquiry in episode.enquiries:
                if enquiry.start >= since and enquiry.conference:
                    kind = "initial-child-protection-conference"
                    told[kind, row.id, enquiry.conference, None] += 1
            for plan in episode.protection:
                if plan.reviews and (plan.end is None or plan.end >= since):
                    told["child-protection-review", row.id, plan.reviews[-1], None] += 1
        life, person = setting.lives.of(row.person), row.person
        if life.care and "duplicate" not in row.mistakes:
            end = life.care[-1].end
            if end is None or end >= since:
                told["looked-after", row.id, life.care[0].start, end] += 1
                told["placement", row.id, life.care[-1].start, None] += 1
            if person.role is Role.BEFORE_ADOPTION and end and (rates().as_at - end).days <= 365:
                told["adoption-order", row.id, person.adopted_on, None] += 1
        if told:
            ids[row.id] = row
            expected += told
    ignored = {"looked-after-review", "care-leaver", "adoption", "placement-order",
               "placed-for-adoption"}  # fmt: skip
    got = _events(e for e in back.events if e.kind not in ignored)
    assert got == expected
    assert {child.id for child in back.children} == set(ids)
    for child in back.children:
        for field in ("birth_date", "gender"):
            said = _said(field, child.fields.get(field, ""))
            assert said == _said(field, ids[child.id].values[field]), field


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
            day = appointment.start.date()
            expected["appointment", row.id, day, day] += 1
        for flag in care.flags:
            expected["flag", row.id, flag.start, flag.end] += 1
    fields = ("birth_date", "gender", "nhs_number", "postcode", "phone", "email", *_NAMES)
    _same_children(back.children, rows, fields)
    assert _events(back.events) == expected


def _check_cohort(written: Written) -> None:
    back = written.read("health/*.csv")
    rows = [row for setting, row in written.rows("health") if vaccination.in_cohort(setting, row)]
    _same_children(back.children, rows, ("birth_date", "gender", "nhs_number", "postcode", *_NAMES))
    lines = {row.id: row.lines for row in rows}
    for child in back.children:
        if lines[child.id]:
            flat, street, _, town, _ = lines[child.id]
            assert child.details["address_1"] == (f"{flat}, {street}" if flat else street)
            assert child.details["town"] == town


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
        _check_social_care, _check_looked_after, _check_annex_a, _check_schools, _check_transfers,
        _check_health, _check_cohort, _check_police,
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
        "childrens_services/children_in_need.xml": "cin",
        "childrens_services/ssda903*": "ssda903",
        "childrens_services/*.json": "csc_api",
        "childrens_services/*.xlsx": "annex_a",
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
