"""The journey walked in a real browser, with custodians that really answer over HTTP.

A social worker, a school's safeguarding lead, a nurse and a police sergeant; with and without
scripts; axe on every page.
"""

import re
import threading
import time

import pytest

from joinedup.custodian.client import Credentials, HubAway, HubClient
from joinedup.custodian.envelope import seal
from joinedup.standards.schemas import example
from tests.hub.region import ROWAN
from tests.hub.test_over_http import (  # noqa: F401 - fixtures
    Region,
    Visit,
    chromium,
    no_faults,
    region,
    visit,
    visiting,
)

pytestmark = pytest.mark.browser

WHO = {"firstName": "Rowan", "lastName": "Testerton", "dateOfBirth": "2014-03-27"}
HELD = {
    ("DEMOCS", "personal.details"): {
        **WHO, "address": {"line1": "12 Example Street", "townOrCity": "Exampleton"},
    },
    ("DEMOCS", "childrens-services.details"): {
        "keyWorker": "Alex Patel", "dutyContactDetails": ["0113 496 0100"],
        "teamInvolvement": ["Child protection"],
        "childrensServicesReferrals": [{"date": "2026-09-16", "type": "Referral"}],
    },
    ("DEMOSCH", "personal.details"): {**WHO, "dateOfBirth": "2014-03-28"},
    ("DEMOSCH", "education.details"): {
        "educationSettingName": "Redwood Example Academy",
        "yearlyEducationAttendances": [
            {"academicTermYearStart": 2025, "academicTermYearEnd": 2026,
             "attendancePercentage": 71.5, "suspensions": 1},
            {"academicTermYearStart": 2024, "academicTermYearEnd": 2025,
             "attendancePercentage": 93},
        ],
    },
    ("DEMONHS", "health.details"): {
        "missedAppointments": [
            {"date": "2026-05-24", "setting": "Hospital", "reason": "Hearing test"},
            {"date": "2026-09-01", "setting": "Hospital", "reason": "Hearing test"},
        ],
        "emergencyDepartmentAttendances": [{"date": "2026-10-12", "reason": "Fall at home"}],
    },
    ("DEMOPOL", "crime-justice.details"): {
        "servicesKnownTo": ["Police"],
        "missingEpisodes": [{"date": "2026-10-30", "returnedHomeInterviewAttended": False}],
    },
}  # fmt: skip
SILENT = "DEMOGPF"
"""A custodian whose system is down: nobody may take its silence for an answer."""


def answer(client: HubClient, code: str, item) -> None:
    payload = HELD.get((code, item.record_type)) if item.sui == ROWAN else None
    if payload is None:
        client.answer(item, "noRecords" if item.kind == "find" else "permanentError")
    elif item.kind == "find":
        one = {"systemId": "main", "recordId": f"{code}-7", "recordType": item.record_type,
               "firstSeen": "2024-09-02", "lastSeen": "2026-11-02"}  # fmt: skip
        client.answer(item, "hasRecords", records=[one])
    else:
        record = {**example(item.record_type), "personId": ROWAN, "payload": payload,
                  "recordId": f"{code}-7", "lastUpdated": "2026-11-20"}  # fmt: skip
        client.answer(item, "shared", content=seal(record, item.public_key, item.id))


@pytest.fixture(scope="module", autouse=True)
def custodians(region: Region):  # noqa: F811
    """A thread for each custodian but the silent one: claims, and answers of what it holds."""
    over = threading.Event()
    troubles: list[str] = []

    def run(client: HubClient, code: str) -> None:
        while not over.is_set():
            try:
                item = client.claim()
                if item is None:
                    time.sleep(0.2)
                else:
                    answer(client, code, item)
            except HubAway:
                time.sleep(0.5)
            except Exception as error:  # told at the end of the module
                troubles.append(f"{code}: {error!r}")
                return

    threads = []
    for seeded in region.seeded:
        if seeded.client_id.endswith("-node") and seeded.organisation != SILENT:
            credentials = Credentials.from_file(seeded.client_id, seeded.key_file)
            client = HubClient(region.hub.url, credentials)
            threads.append(threading.Thread(target=run, args=(client, seeded.organisation)))
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join(20)
    assert not troubles


def until(visit: Visit, words: str) -> None:  # noqa: F811
    """Wait for words on the page: by itself with scripts, with "Check again" without."""
    for _ in range(60):
        if words in visit.text:
            return
        if visit.scripts:
            visit.page.wait_for_timeout(500)
        else:
            visit.page.wait_for_timeout(300)
            visit.page.get_by_role("link", name="Check again").click()
    raise AssertionError(f"{words!r} never came; the page says: {visit.text[:800]}")


def reason(visit: Visit, label: str) -> None:  # noqa: F811
    visit.go("/find/reason")
    visit.page.get_by_label(label, exact=True).check()
    visit.page.get_by_label("Case or incident reference").fill("CASE-42")
    visit.page.get_by_label("Explanation").fill("A concern that came in this morning")
    visit.press("Continue")
    visit.page.wait_for_url("**/find/child")


def by_number(visit: Visit) -> None:  # noqa: F811
    visit.page.get_by_role("link", name="enter the number instead").click()
    visit.page.get_by_label("NHS number").fill(f"{ROWAN[:3]} {ROWAN[3:6]} {ROWAN[6:]}")
    visit.press("See who is involved")
    visit.page.wait_for_url("**/searches/*")


def asking(visit: Visit, what: str):  # noqa: F811
    """The link by which a record is asked for, by the name that a screen reader says."""
    name = re.compile(rf"Ask for this record\s+about {what}")
    return visit.page.get_by_role("link", name=name)


def ask_for(visit: Visit, what: str, *items: str) -> None:  # noqa: F811
    """Ask for a record from the page of who is involved, and wait until it is there."""
    asking(visit, what).click()
    visit.page.wait_for_url("**/ask?record=*")
    for item in items or ("Everything in this record",):
        visit.page.get_by_label(item, exact=True).check()
    visit.press("Ask for this record")
    visit.page.wait_for_url("**/records/*")
    until(visit, "Received on")


def nothing_personal_in(visit: Visit) -> None:  # noqa: F811
    ours = [url for url in visit.addresses if url.startswith(visit.region.hub.url)]
    written = "\n".join(ours) + visit.region.log.read_text()
    for value in ("Rowan", "Testerton", "2014-03", "Redwood", "Example Street", ROWAN):
        assert value not in written


def test_a_social_worker_from_a_reason_to_the_signals(visit: Visit):  # noqa: F811
    visit.sign_in()
    reason(visit, "Safeguarding enquiry (section 47)")
    visit.find()
    visit.press("See who is involved")
    visit.page.wait_for_url("**/searches/*")
    who = visit.page.url
    visit.check("30-involved-first")
    until(visit, "11 of 13 answers are in.")
    assert "Rowan Testerton" in visit.text
    assert "Westmarch GP Federation" in visit.text
    assert "an agency that has not answered may know this child" in visit.text
    assert "All who were asked" not in visit.text
    visit.check("31-involved")

    asking(visit, "Education").click()
    visit.page.wait_for_url("**/ask?record=*")
    visit.check("32-ask")
    visit.press("Ask for this record")
    assert "Select what you need from this record" in visit.text
    visit.check("33-ask-errors")
    visit.page.goto(who)
    for what in (
        "Education", "Social care", "Health", "Police and youth justice",
        "Who the child is, Westmarch Council", "Who the child is, Harbour",
    ):  # fmt: skip
        ask_for(visit, what)
        visit.check(f"34-record-{re.sub('[^a-z]+', '-', what.lower())}")
        visit.page.goto(who)
    assert visit.page.get_by_role("link", name="Read").count() == 6
    visit.page.get_by_role("link", name="Records", exact=True).click()
    assert visit.text.count("Given") == 6
    visit.check("35-records")

    visit.page.get_by_role("link", name="Chronology").click()
    visit.page.wait_for_url("**/chronology")
    assert "agencies differ, see the chronology" in visit.text
    for words in ("Where agencies differ", "28 March 2014", "Reported missing", "Fall at home"):
        assert words in visit.text
    visit.check("36-chronology")
    visit.page.get_by_label("About", exact=True).select_option(label="Health")
    visit.press("Show these")
    assert "3 of 7 entries are shown" in visit.text
    visit.check("37-chronology-filtered")
    visit.page.get_by_role("link", name="Signals").click()
    visit.page.wait_for_url("**/signals")
    assert "Not brought to health appointments while school attendance falls" in visit.text
    assert "On a plan or looked after, and seen in an emergency department" in visit.text
    visit.check("38-signals")
    visit.go("/")
    assert "CASE-42" in visit.text
    visit.check("39-start-with-searches")
    nothing_personal_in(visit)

    visit.press("Sign out")
    visit.page.wait_for_url(f"{visit.region.provider.url}/**")
    visit.page.goto(who)
    assert visit.page.url == visit.region.hub.url + "/"
    assert not [each for each in visit.page.context.cookies() if each["name"] == "records"]


@pytest.mark.parametrize(
    ("person", "why", "reads", "knows_of"),
    [
        ("tom.okafor", "A safeguarding concern in school or nursery", "Education", "Health"),
        ("grace.lindqvist", "A child in urgent or emergency care", "Health", "Social care"),
        ("raj.pemberton", "A missing child", "Social care", "Education"),
    ],
)
def test_other_practitioners_read_what_their_purpose_reaches(
    chromium, region, person, why, reads, knows_of  # noqa: F811
):  # fmt: skip
    with visiting(chromium, region, scripts=True) as visit:  # noqa: F811
        visit.sign_in(person)
        visit.go("/find/reason")
        visit.check(f"40-reason-{person}")
        reason(visit, why)
        by_number(visit)
        until(visit, f"{knows_of} Holds a record")
        until(visit, f"{reads} Holds a record")
        row = visit.page.locator(".joinedup-rows li", has_text=f"{knows_of} ").first
        assert "You may know of it, not read it" in row.inner_text()
        visit.check(f"41-involved-{person}")
        ask_for(visit, reads)
        visit.check(f"42-record-{person}")
        visit.go("/asked-of-us")
        assert "What was asked of" in visit.text
        visit.check(f"43-asked-of-us-{person}")
        nothing_personal_in(visit)


def test_the_pages_fit_a_narrow_screen_and_a_keyboard(chromium, region):  # noqa: F811
    small = {"width": 320, "height": 640}
    with visiting(chromium, region, scripts=True, viewport=small) as visit:  # noqa: F811
        visit.sign_in()
        reason(visit, "Safeguarding enquiry (section 47)")
        visit.page.get_by_role("link", name="enter the number instead").click()
        visit.check("50-narrow-number")
        visit.page.get_by_label("NHS number").focus()
        visit.page.keyboard.type(ROWAN)
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_url("**/searches/*")
        until(visit, "11 of 13 answers are in.")
        who = visit.page.url
        visit.check("51-narrow-involved")
        asking(visit, "Health").focus()
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_url("**/ask?record=*")
        visit.page.get_by_label("Not brought to an appointment").focus()
        visit.page.keyboard.press("Space")
        visit.press("Ask for this record")
        until(visit, "You asked for: Not brought to an appointment")
        visit.check("52-narrow-record")
        for page in ("", "/records", "/chronology", "/signals"):
            visit.page.goto(who + page)
            visit.check(f"53-narrow{page.replace('/', '-')}")
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_it_prints_without_what_is_for_the_screen(chromium, region):  # noqa: F811
    with visiting(chromium, region, scripts=False) as visit:  # noqa: F811
        visit.sign_in()
        reason(visit, "Safeguarding enquiry (section 47)")
        by_number(visit)
        visit.page.emulate_media(media="print")
        assert "Printed from Joinedup by Amina Yusuf" in visit.text
        assert not visit.page.get_by_role("link", name="Check again").is_visible()
        assert visit.page.locator(".joinedup-identity__number").is_visible()
