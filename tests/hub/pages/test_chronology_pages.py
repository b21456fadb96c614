"""The chronology, the signals, and what a custodian's own people see."""

import re

import pytest

from tests.hub.pages.desk import SUI, Desk, answer_finds, record, text

FALL = {"missedAppointments": [
    {"date": "2026-05-24", "setting": "Hospital"}, {"date": "2026-09-01", "setting": "Community"},
]}  # fmt: skip
YEARS = {"yearlyEducationAttendances": [
    {"academicTermYearStart": 2025, "academicTermYearEnd": 2026, "attendancePercentage": 80},
    {"academicTermYearStart": 2024, "academicTermYearEnd": 2025, "attendancePercentage": 93},
]}  # fmt: skip


@pytest.fixture
def search(region, worker):
    """A search for which four agencies have shared, and differ on the birth date."""
    from joinedup.custodian.envelope import seal

    address = worker.search()
    answer_finds(
        region, school_education="P1", trust_health="H1", la_personal="L1", police_personal="N1"
    )
    for each in worker.links(address):
        worker.ask(address, each)
    said = {
        "SCHOOL": record("education.details", **YEARS),
        "TRUST": record("health.details", **FALL),
        "LA": record("personal.details"),
        "POLICE": record("personal.details", dateOfBirth="2014-09-26"),
    }
    for code, node in region.nodes.items():
        item = node.claim(kinds=["fetch"]).json()
        content = seal({**said[code], "personId": SUI}, item["publicKey"], item["workItemId"])
        assert node.answer(item, "shared", content=content).status_code == 202
    for line in re.findall(
        r"/records/[0-9a-f-]{36}", str(worker.get(f"{address}/records").content)
    ):
        worker.get(line)
    return address


def test_the_chronology_shows_all_with_its_sources_and_what_differs(worker, search, hub):
    page = text(worker.get(f"{search}/chronology"))
    assert "Made just now of 4 records" in page
    assert "Where agencies differ" in page
    for words in (
        "25 September 2014", "26 September 2014", "Not brought to an appointment",
        "School year 2025 to 2026", "Testshire hospitals, Case management, as at 27 March 2026",
        "As told to the agency", "Amara Okafor-Reed (as an agency has it)",
    ):  # fmt: skip
        assert words in page, words
    assert page.index("1 September 2026") < page.index("24 May 2026")
    facts = hub.opened(hub.entries())[-1].facts
    assert facts["action"] == "record.chronology"
    assert facts["holders"] == ["LA", "POLICE", "SCHOOL", "TRUST"]
    assert "dateOfBirth" in facts["fields"]
    assert "2014" not in str(facts)


def test_the_chronology_is_filtered_without_anything_personal_in_the_address(worker, search):
    page = text(worker.get(f"{search}/chronology", about="education.details"))
    assert "entries are shown" in page
    assert "Not brought to an appointment" not in page.partition("newest first")[2]
    page = text(worker.get(f"{search}/chronology", agency="TRUST", since="1/8/2026"))
    assert "1 September 2026" in page
    assert "24 May 2026" not in page
    assert "School year" not in page.partition("Show these")[2]
    wrong = text(worker.get(f"{search}/chronology", since="soon"))
    assert "Enter a date, such as 27/3/2027" in wrong


def test_signals_rest_on_evidence_and_say_what_was_not_looked_for(worker, search):
    page = text(worker.get(f"{search}/signals"))
    assert "Not brought to health appointments while school attendance falls" in page
    shown = page.partition("It rests on")[2]
    for words in ("1 September 2026", "attended 80 %", "Testshire schools trust", "NICE CG89"):
        assert words in shown
    assert "Reported missing to more than one agency (missing: Police and youth justice)" in page
    for word in ("score:", "risk level"):
        assert word not in page


def test_without_records_nothing_is_claimed(region, worker):
    search = worker.search()
    assert "there is none yet" in text(worker.get(f"{search}/chronology"))
    page = text(worker.get(f"{search}/signals"))
    assert "nothing was looked at" in page
    assert "None of the rules is met" not in page


def test_a_custodians_people_see_what_was_asked_and_no_child(region, worker, search, hub):
    desk = Desk.of(region.school.organisation, "safeguarding-lead")
    answer = desk.get("/asked-of-us")
    page = text(answer)
    assert "What was asked of Testshire schools trust" in page
    for words in ("Testshire children's services", "Safeguarding enquiry", "P1", "Shared"):
        assert words in page.replace("&#39;", "'")
    assert SUI not in answer.content.decode()
    assert f"{SUI[:3]} {SUI[3:6]}" not in page
    assert "Okafor" not in page
    only = text(desk.get("/asked-of-us", kind="fetch"))
    assert "1 question" in only
    assert hub.opened(hub.entries())[-1].facts["action"] == "work.list"


def test_what_was_asked_of_others_is_not_shown(region, worker, search):
    police = Desk.of(region.police.organisation, "police-sergeant")
    page = text(police.get("/asked-of-us"))
    assert "P1" not in page
    assert "N1" in page


def test_what_our_system_was_not_given_is_counted_at_most(region, worker):
    worker.search()
    desk = Desk.of(region.school.organisation, "data-officer")
    page = text(desk.get("/asked-of-us"))
    assert re.search(r"Waiting for your system to collect 2", page)
    assert "Nothing of the kind" in page


def test_roles_that_have_no_part_in_it_do_not_see_it(region):
    desk = Desk.of(region.school.organisation, "shield-reviewer")
    assert desk.get("/asked-of-us").status_code == 403
    assert b"Asked of us" not in desk.get("/").content


@pytest.mark.parametrize(
    ("role", "has"),
    [
        ("social-worker", {"Find a child", "Review cases", "Asked of us"}),
        ("data-officer", {"Asked of us"}),
    ],
)
def test_the_links_at_the_head_are_those_of_the_role(region, role, has):
    desk = Desk.of(region.la.organisation, role)
    page = desk.get("/").content.decode()
    shown = set(re.findall(r'service-navigation__link"[^>]*>\s*([^<]+?)\s*<', page))
    assert has <= shown
    assert ("Find a child" in shown) == ("Find a child" in has)


def test_every_link_at_the_head_leads_somewhere(db):
    from django.urls import reverse

    from joinedup.hub.pages.navigation import LINKS

    assert all(reverse(link.address) for link in LINKS)
    assert len({link.section for link in LINKS}) == len(LINKS)
