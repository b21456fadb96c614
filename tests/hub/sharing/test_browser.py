"""Requests and notices in a real browser, with axe on every page; and without scripts."""

import pytest

from tests.hub.region import ROWAN
from tests.hub.test_over_http import (  # noqa: F401 - fixtures
    Region,
    Visit,
    chromium,
    no_faults,
    region,
    visiting,
)

pytestmark = pytest.mark.browser

NURSE = "grace.lindqvist"
OTHER_PAGES = {
    "/requests/emergency": "70-emergency", "/requests/key": "71-reading-key",
    "/requests/offer": "72-offer-to", "/notices": "73-notices",
    "/notices/settings": "74-notice-settings", "/notices/quiet": "75-quiet",
}  # fmt: skip


def ask(visit: Visit) -> str:
    """A social worker goes through the task list; gives the address of the request."""
    page = visit.page
    visit.sign_in()
    visit.go("/requests")
    visit.check("50-requests")
    visit.press("Ask for information")
    visit.check("51-request-tasks")
    visit.go("/requests/new/why")
    visit.press("Continue")
    assert "Select why you need it" in visit.text
    visit.check("52-request-why-errors")
    page.get_by_label("Safeguarding enquiry (section 47)").check()
    page.get_by_label("How may it help?").fill("A referral this morning")
    page.get_by_label("Case or incident reference").fill("CASE-42")
    page.get_by_label("Within a day").check()
    visit.press("Continue")
    visit.go("/requests/new/child")
    page.get_by_label("NHS number").fill(ROWAN)
    visit.press("Continue")
    visit.go("/requests/new/who")
    visit.check("53-request-who")
    page.locator("input[name=holder][value=DEMONHS]").check()
    visit.press("Continue")
    visit.go("/requests/new/what")
    visit.press("Continue")
    visit.check("54-request-what-errors")
    page.locator("input[name=items][value='health.details/missedAppointments']").check()
    visit.press("Continue")
    visit.check("55-request-tasks-done")
    page.get_by_role("button", name="Check your answers").click()
    visit.check("56-request-check")
    visit.press("Send the request")
    visit.check("57-request-sent")
    assert "Your reading code" in visit.text
    page.get_by_role("link", name="See the request").click()
    visit.check("58-request")
    return page.url


def answer(visit: Visit, address: str) -> None:
    """A nurse looks at what was asked, forgets something, and answers."""
    page = visit.page
    visit.sign_in(NURSE)
    visit.go("/requests")
    visit.check("60-asked-of-us")
    page.goto(address)
    visit.check("61-asked-request")
    page.get_by_role("button", name="Answer this request").click()
    visit.check("62-answer")
    visit.press("Send the decision")
    assert "Select whether you share this" in visit.text
    visit.check("63-answer-errors")
    page.locator("input[name=item0-decision][value=share]").check()
    page.locator("textarea[name=item0-text]").fill("Two appointments missed in October.")
    page.locator("input[name=item0-standing][value=fact]").check()
    page.get_by_label("Why do you decide so?").fill("It helps the enquiry.")
    page.get_by_label("They were told", exact=True).check()
    visit.press("Send the decision")
    page.wait_for_url(address)
    visit.check("64-answered")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_social_worker_asks_a_nurse_answers(chromium, region: Region, scripts):  # noqa: F811
    with (
        visiting(chromium, region, scripts=scripts) as asker,
        visiting(chromium, region, scripts=scripts) as holder,
    ):
        address = ask(asker)
        answer(holder, address)
        asker.page.goto(address)
        asker.check("65-request-answered")
        asker.page.get_by_role("button", name="Read it").click()
        assert "Two appointments missed in October." in asker.text
        asker.check("66-read")
        for path, name in OTHER_PAGES.items():
            asker.go(path)
            asker.check(name)


def test_the_longest_page_fits_a_narrow_screen(chromium, region: Region):  # noqa: F811
    small = {"width": 320, "height": 640}
    with visiting(chromium, region, scripts=True, viewport=small) as narrow:
        address = ask(narrow)
        with visiting(chromium, region, scripts=True, viewport=small) as holder:
            answer(holder, address)
            for each in ("/requests", address.removeprefix(region.hub.url)):
                holder.go(each)
                assert holder.page.evaluate("document.documentElement.scrollWidth") <= 320
