"""Every page that somebody can reach from their start page, for each role of the demo.

Each page: axe, no wider than a narrow screen, no day or code as the database writes it. What must
be reachable is named, so that a page that loses its last link is missed.
"""

import re

import pytest

from joinedup.hub.demo import cast, seed_people
from tests.hub.conftest import use
from tests.hub.region import ROWAN
from tests.hub.test_over_http import (  # noqa: F401 - fixtures
    Region,
    Visit,
    chromium,
    no_faults,
    region,
    visiting,
)
from tests.pds_emulator.people import numbers

pytestmark = pytest.mark.browser

ALIKE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=/|$)|\?.*")
"""Pages of one kind: the first of them is looked at."""
PROPOSED = re.compile(r"administration/propose/(?!organisation\.open|agreement\.publish)")
RAW = re.compile(
    r"\b\d{4}-\d\d-\d\d\b|\b(?:childrens-services|social-worker|police-sergeant|to-review"
    r"|safeguarding-lead|shield-reviewer|data-officer|in-force|section-47|domestic-abuse)\b(?!\.)"
)
WRITTEN = {
    "/administration/propose/organisation.open", "/administration/propose/agreement.publish",
    "/administration/policy-preview", "/administration/changes/ID",
    "/administration/changes/ID/decide",
}  # fmt: skip
"""Where a day is asked for as it is written there, and where that is shown exactly."""

MUST_REACH = {
    "amina.yusuf": {
        "/find/reason", "/review", "/asked-of-us", "/requests", "/requests/ID",
        "/requests/ID/answer", "/requests/emergency", "/requests/offer", "/requests/key",
        "/notices", "/notices/settings", "/notices/quiet", "/shields/ask", "/shields/open",
    },
    "raj.pemberton": {"/requests/ID", "/shields/open"},
    "helen.ashdown": {
        "/watching", "/looked", "/subject-access", "/archive", "/shields/alerts",
        "/administration", "/administration/agreements", "/administration/policy-preview",
        "/requests/report",
    },
    "priya.raman": {"/subject-access", "/subject-access/new", "/subject-access/complain"},
    "nadia.bello": {"/shields", "/shields/ID", "/shields/ask", "/shields/keep-apart"},
    "owen.hartley": {"/shields", "/shields/contacts"},
    "ada.whitlock": {
        "/administration", "/administration/organisations", "/administration/agreements",
        "/administration/stop", "/administration/changes/ID",
    },
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def begun(region: Region, hub_variables):  # noqa: F811
    """Those who have a caseload, a request and a shield, as in the demo."""
    with pytest.MonkeyPatch.context() as patch:
        use(patch, hub_variables)
        children = [ROWAN, *numbers(7, 9_990_020_000)]
        return seed_people(region.screenshots, region.provider.url, children)


@pytest.fixture(scope="module")
def checked() -> set[str]:
    """Kinds of pages that were looked at."""
    return set()


def proposed(visit: Visit) -> None:
    """One administrator asks for an organisation to be opened."""
    visit.go("/administration/propose/organisation.open")
    if not visit.page.url.startswith(visit.region.hub.url):
        visit.page.locator('button[value="ada.whitlock"]').click()
        visit.page.wait_for_url("**/organisation.open")
    page = visit.page
    for name, value in {
        "ods_code": "DEMOYJS",
        "name": "Westmarch Youth Justice Service",
        "evidence": "Crime and Disorder Act 1998, section 39",
        "valid_from": "2026-12-01",
        "why": "It joins the partnership in December",
    }.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=kind_of_work][value=childrens-services]").check()
    page.locator("[name=legal_class][value=s11]").check()
    visit.press("Propose")
    page.wait_for_url("**/changes/*")


def faults(visit: Visit, kind: str) -> list[str]:
    """What is wrong with the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit.page
    found = Axe().run(page)
    wrong = [f"{kind}: {found.generate_report()}"] if found.violations_count else []
    if kind not in WRITTEN and (raw := RAW.search(visit.text)):
        wrong.append(f"{kind}: says {raw[0]}")
    page.set_viewport_size({"width": 320, "height": 640})
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > 320:
        wrong.append(f"{kind}: {wide} pixels wide")
    page.set_viewport_size({"width": 1280, "height": 720})
    return wrong


def walked(
    visit: Visit, subject: str, checked: set[str]
) -> tuple[set[str], list[str]]:  # fmt: skip
    """Every kind of page that is linked from the start page, and what is wrong with them.

    ``checked``: what looks the same to others was looked at with them.
    """
    page, hub = visit.page, visit.region.hub.url
    seen: set[str] = set()
    wrong: list[str] = []
    ahead = ["/"]
    while ahead:
        path = ahead.pop(0).partition("#")[0]
        kind = ALIKE.sub(lambda found: "ID" if found[0][0].isalnum() else "", path)
        if kind in seen or PROPOSED.search(path) or not path.startswith("/"):
            continue
        seen.add(kind)
        answer = visit.go(path)
        if not page.url.startswith(hub):  # to prove again who one is
            page.locator(f'button[value="{subject}"]').click()
            page.wait_for_url(hub + path)
        elif answer is None or answer.status != 200:
            wrong.append(f"{kind}: {answer and answer.status}")
            continue
        if kind not in checked or kind == "/":
            checked.add(kind)
            wrong += faults(visit, kind)
        links = page.locator("a[href]").evaluate_all("all => all.map(each => each.href)")
        ahead += [each.removeprefix(hub) for each in links if each.startswith(hub)]
    return seen, wrong


@pytest.mark.parametrize("subject", [one.subject for one in cast.PERSONAS])
def test_every_page_of_a_role(chromium, region, checked, subject):  # noqa: F811
    with visiting(chromium, region, scripts=True) as visit:
        visit.sign_in(subject)
        if subject == "ada.whitlock":
            proposed(visit)
        seen, wrong = walked(visit, subject, checked)
    assert not wrong, "\n".join(wrong)
    assert MUST_REACH.get(subject, set()) <= seen
    assert visit.troubles == []


def test_a_lead_sees_who_looked_at_a_child(chromium, region):  # noqa: F811
    with visiting(chromium, region, scripts=True) as visit:
        visit.sign_in()
        visit.give_reason()
        visit.find()
        visit.press("See who is involved")
        visit.page.wait_for_url("**/searches/*")
    with visiting(chromium, region, scripts=True) as visit:
        visit.sign_in("helen.ashdown")
        visit.go("/looked")
        if not visit.page.url.startswith(visit.region.hub.url):
            visit.page.locator('button[value="helen.ashdown"]').click()
            visit.page.wait_for_url("**/looked")
        visit.page.get_by_label("NHS number").fill(ROWAN)
        visit.page.get_by_label("Reference of the investigation").fill("IG-12")
        visit.page.get_by_label("Why you ask").fill("A parent asked who looked at the record")
        visit.page.get_by_role("radio").first.check()
        visit.press("Show who looked")
        assert "Amina Yusuf" in visit.text
        visit.check("90-who-looked")


def test_a_second_administrator_sees_what_waits(chromium, region):  # noqa: F811
    with visiting(chromium, region, scripts=True) as visit:
        visit.sign_in("ada.whitlock")
        proposed(visit)
        assert "Approve" not in visit.text  # one's own
        change = visit.page.url
    with visiting(chromium, region, scripts=True) as visit:
        visit.sign_in("joe.mensah")
        visit.page.goto(change)
        assert "Westmarch Youth Justice Service" in visit.text
        visit.check("91-change")
