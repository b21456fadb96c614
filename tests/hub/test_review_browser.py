"""Review cases as a reviewer works through them: a real hub, a real browser, axe on every page."""

import re

import pytest

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


def open_case(visit: Visit, words: str) -> None:  # noqa: F811
    visit.go("/")
    visit.page.get_by_role("link", name="See the review cases").click()
    row = visit.page.locator("tbody tr", has_text=words).first
    row.get_by_role("link", name="Open").click()
    visit.page.wait_for_url("**/review/*")


def test_two_records_are_decided_and_undone(visit: Visit):  # noqa: F811
    visit.sign_in()
    visit.go("/review")
    visit.check("20-review-cases")
    open_case(visit, "schools DEMO-3")
    assert "Katherine" in visit.text
    assert "Different" in visit.text
    assert visit.page.locator("svg[role=img]").count() == 1
    visit.check("21-review-case")

    visit.press("Continue")
    assert "Select what you decide" in visit.text
    visit.check("22-review-errors")
    visit.page.get_by_label("Same child").check()
    visit.page.get_by_label("Note").fill("Both agencies confirm the move")
    visit.press("Continue")
    visit.check("23-review-confirm")
    visit.press("Confirm")
    visit.page.wait_for_url("**/review/*")
    assert "Decided by Amina Yusuf. Both agencies confirm the move" in visit.text
    visit.check("24-review-decided")
    visit.press("Undo this decision")
    assert "To decide again" in visit.page.locator(".govuk-tag").first.text_content()
    assert visit.page.get_by_label("Same child").count() == 1


def test_a_corrected_question_finds_the_number(visit: Visit):  # noqa: F811
    visit.sign_in()
    open_case(visit, "Somebody is like this child")
    visit.page.get_by_label("Given names").fill("Rowan")
    visit.page.get_by_label("Day").fill("27")
    visit.press("Ask again")
    visit.page.wait_for_url("**/review/*")
    shown = re.sub(r"\s", "", visit.page.locator(".joinedup-number").inner_text())
    assert shown == ROWAN
    visit.check("25-review-answered")
    visit.press("Undo this decision")
    assert visit.page.locator(".joinedup-number").count() == 0


def test_the_case_fits_a_narrow_screen(chromium, region):  # noqa: F811
    small = {"width": 320, "height": 640}
    with visiting(chromium, region, scripts=True, viewport=small) as narrow:
        narrow.sign_in()
        open_case(narrow, "schools DEMO-1")
        narrow.check("26-narrow-review")
        assert narrow.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_another_organisation_sees_its_own_cases_alone(chromium, region):  # noqa: F811
    with visiting(chromium, region, scripts=True) as one:
        one.sign_in()
        open_case(one, "schools DEMO-1")
        address = one.page.url
    with visiting(chromium, region, scripts=True) as two:
        two.sign_in("tom.okafor")
        assert two.page.goto(address).status == 404
        assert "Alfie" not in two.page.content()
