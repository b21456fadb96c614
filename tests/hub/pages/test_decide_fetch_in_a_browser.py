"""Deciding on a record that a node left to a person, in a real browser, with axe on each page."""

import pytest

from joinedup.custodian.client import Credentials, HubClient
from joinedup.custodian.envelope import seal
from joinedup.standards.schemas import example
from tests.hub.pages.test_walked_in_a_browser import asking, by_number, reason, until
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

TRUST, NURSE = "DEMONHS", "grace.lindqvist"
MISSED = {"missedAppointments": [{"date": "2026-09-01", "setting": "Hospital"}]}


@pytest.fixture(scope="module")
def trust(region: Region):  # noqa: F811
    seeded = next(
        one for one in region.seeded
        if one.organisation == TRUST and one.client_id.endswith("-node")
    )  # fmt: skip
    return HubClient(region.hub.url, Credentials.from_file(seeded.client_id, seeded.key_file))


def work(trust: HubClient) -> list:
    """All that waits for the trust's node: finds are answered, fetches given back."""
    left = []
    while (item := trust.claim()) is not None:
        if item.kind == "fetch":
            left.append(item)
        elif item.record_type == "health.details":
            one = {"systemId": "main", "recordId": "NHS-7", "recordType": item.record_type}
            trust.answer(item, "hasRecords", records=[one])
        else:
            trust.answer(item, "noRecords")
    return left


@pytest.mark.parametrize("scripts", [True, False])
def test_a_nurse_decides_on_what_a_node_left_to_a_person(
    chromium, region, trust, scripts  # noqa: F811
):  # fmt: skip
    with (
        visiting(chromium, region, scripts=scripts) as asker,
        visiting(chromium, region, scripts=scripts) as nurse,
    ):
        asker.sign_in()
        reason(asker, "Safeguarding enquiry (section 47)")
        by_number(asker)
        work(trust)
        until(asker, "Health Holds a record")
        asking(asker, "Health").click()
        asker.page.wait_for_url("**/ask?record=*")
        for item in ("Not brought to an appointment", "Registered GP"):
            asker.page.get_by_label(item, exact=True).check()
        asker.press("Ask for this record")
        asker.page.wait_for_url("**/records/*")
        (item,) = work(trust)
        trust.answer(item, "withheld", reason="ask-us")
        record = asker.page.url.removeprefix(region.hub.url)
        asker.go(record)
        assert "The agency wants to speak with you first" in asker.text

        nurse.sign_in(NURSE)
        nurse.go("/asked-of-us")
        assert "1 request for a record waits for a person to decide" in nurse.text
        nurse.check("80-waits-for-a-person")
        nurse.page.get_by_role("link", name="Decide on record NHS-7").click()
        nurse.check("81-decide")
        nurse.press("Decide")
        assert "Select whether you share it" in nurse.text
        nurse.check("82-decide-errors")
        nurse.page.get_by_label("Share a part of it").check()
        nurse.page.get_by_label("Not brought to an appointment").check()
        nurse.page.get_by_label("Why do you decide so?").fill("It helps the enquiry.")
        nurse.press("Decide")
        assert "Shared in part: Not brought to an appointment" in nurse.text
        nurse.check("83-decided")
        nurse.page.set_viewport_size({"width": 320, "height": 640})
        assert nurse.page.evaluate("document.documentElement.scrollWidth") <= 320
        assert ROWAN not in nurse.page.content()

        asker.go(record)
        (item,) = work(trust)
        assert item.decision is not None
        assert item.decision.items == ("missedAppointments",)
        whole = example(item.record_type)
        given = {**whole, "personId": ROWAN, "payload": MISSED}
        trust.answer(item, "shared", content=seal(given, item.public_key, item.id))
        asker.go(record)
        assert "1 September 2026" in asker.text
        asker.check("84-shared-in-part")
