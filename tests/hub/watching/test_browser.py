"""Every page of information governance in a real browser: axe, and a narrow screen."""

import mimetypes
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from tests.hub.subject_access.test_workspace import workspace  # noqa: F401 - the fixture
from tests.hub.test_over_http import CHROMIUM, FLAGS
from tests.hub.watching.conftest import SUI

pytestmark = pytest.mark.browser
ADDRESS = "https://hub.example.test"


@pytest.fixture
def pages(workspace):  # noqa: F811
    """Each page as the hub answers it, by a name of its own."""
    from joinedup.hub.watching.models import Alert

    hub, officer = workspace.hub, workspace.browser
    lead, pat = hub.browser(hub.lead), hub.browser(hub.pat)
    entry = hub.look()
    today = timezone.localdate()
    alert = Alert.objects.create(
        kind="rule", rule="own-name", person=hub.pat.person, organisation=hub.organisation,
        day=today, entries=[entry], raised_at=timezone.now(), due_by=today,
    )  # fmt: skip
    ask = {"sui": SUI, "reason": "A parent asked who looked", "case_reference": "1"}
    request = workspace.take()
    workspace.act(request, "gather")
    item = workspace.items.get(source="pointers")
    officer.post(f"/subject-access/{request.pk}/add", {
        "title": "Note, 3 May", "words": "She rang.", "protected": "Somebody",
    })  # fmt: skip
    note = workspace.items.get(source="documents")
    workspace.mark(item, "withhold", exemption="serious-harm")
    officer.post("/subject-access/complain", {
        "name": "Alex", "received": "1/6/2026", "what": "My address was given away",
    })  # fmt: skip
    complaint = workspace.complaints.get()
    got = {
        "looked-ask": lead.get("/looked"),
        "looked-errors": lead.post("/looked", {}),
        "looked": lead.post("/looked", {**ask, "show": "full"}),
        "looked-family": lead.post("/looked", {**ask, "show": "family"}),
        "looked-print": lead.post("/looked", {**ask, "show": "family", "as": "print"}),
        "looked-hold": lead.get(f"/looked/{entry}/hold"),
        "watching": lead.get("/watching"),
        "watching-alert": lead.get(f"/watching/{alert.pk}"),
        "archive": lead.get("/archive"),
        "subject-access": officer.get("/subject-access"),
        "subject-access-new": officer.get("/subject-access/new"),
        "subject-access-errors": officer.post("/subject-access/new", {}),
        "subject-request": officer.get(f"/subject-access/{request.pk}"),
        "subject-item": officer.get(f"/subject-access/items/{note.pk}"),
        "subject-add": officer.get(f"/subject-access/{request.pk}/add"),
        "subject-to-sign": pat.get("/subject-access/to-sign"),
        "subject-sign": pat.get(f"/subject-access/to-sign/{item.pk}"),
        "complain": officer.get("/subject-access/complain"),
        "complaint": officer.get(f"/subject-access/complaints/{complaint.pk}"),
    }
    for name, answer in got.items():
        assert answer.status_code == 200, name
    return {name: answer.content for name, answer in got.items()}


def static(path: str) -> tuple[bytes, str]:
    from django.conf import settings

    file = Path(settings.STATIC_ROOT) / path.removeprefix("/static/")
    return file.read_bytes(), mimetypes.guess_type(path)[0] or "text/plain"


def problems_of(pages: dict[str, bytes], may_be_wide: tuple[str, ...] = ()) -> str:
    """What axe finds, and pages that are wider than a small telephone's; empty when all is well."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    def serve(route):
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            body, kind = static(path)
            route.fulfill(body=body, content_type=kind)
        else:
            route.fulfill(body=pages[path[1:]], content_type="text/html; charset=utf-8")

    wrong = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 320, "height": 640})
        page.route(f"{ADDRESS}/**", serve)
        for name in pages:
            page.goto(f"{ADDRESS}/{name}")
            found = Axe().run(page)
            if found.violations_count:
                wrong.append((name, found.generate_report()))
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > 320 and name not in may_be_wide:
                wrong.append((name, f"{wide} pixels wide"))
        browser.close()
    return "\n".join(f"{name}: {what}" for name, what in wrong)


def test_every_page_is_accessible_and_fits_a_narrow_screen(pages):
    assert not problems_of(pages, may_be_wide=("looked-print",))
