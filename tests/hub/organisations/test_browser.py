"""The pages of stopping, letting in again and one's own sessions in a real browser."""

import pytest

from tests.hub.watching.test_browser import problems_of

pytestmark = pytest.mark.browser


def test_these_pages_are_accessible_and_fit_a_narrow_screen(organisation):
    from joinedup.hub.agreements.models import Head
    from joinedup.hub.organisations.stopping import block_person, revoke_client, revoke_key
    from tests.hub.machine import OTHER_RSA, Machine
    from tests.hub.organisations.people import browser, hub_team, member

    gone = member(organisation, "nurse", name="Pat Invented")
    revoke_client(Machine.register(organisation, "stopped-system").client, None, "Too much")
    revoke_key(Machine.register(organisation, "other", OTHER_RSA).client.keys.get(), None, "Lost")
    block_person(gone.person, "T1", None, "Left")
    admin = member(hub_team(), name="Ada")
    ada, elsewhere = browser(admin), browser(admin)
    elsewhere.get("/administration")
    worker = browser(member(organisation, "social-worker"))
    worker.post("/find/reason", {"reason": "section-47", "case_reference": "C1",
                                 "explanation": "A long enough reason"})  # fmt: skip
    form = "/administration/propose/person.let-in"
    pages = {
        "stop": ada.get("/administration/stop"),
        "organisations": ada.get("/administration/organisations"),
        "let-in": ada.get(form),
        "let-in-errors": ada.post(form, {}),
        "let-in-key": ada.get("/administration/propose/client.key.let-in?client_id=other"),
        "where-signed-in": ada.get("/where-signed-in"),
        "sign-out-there": ada.get("/where-signed-in/end"),
        "sign-out-errors": ada.post("/where-signed-in/end"),
    }
    assert {answer.status_code for answer in pages.values()} == {200}
    Head.objects.all().delete()
    pages["refused"] = worker.post("/find/child", {
        "given": "Rowan", "family": "Testerton", "day": "27", "month": "3", "year": "2014",
    })  # fmt: skip
    assert pages["refused"].status_code == 403
    assert not problems_of({name: answer.content for name, answer in pages.items()})
