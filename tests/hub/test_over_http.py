"""Everything real: hub process, provider process, PDS emulator, PostgreSQL, a browser."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg
import pytest

from joinedup.hub.demo import Provider, Seeded, seed_demo, start_provider
from joinedup.hub.serve import RunningHub, free_port, running_hub
from joinedup.pds.emulator.serve import Emulator, running_emulator
from tests.hub.conftest import empty_tables, use
from tests.hub.region import ROWAN, people

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

PICTURED = {
    "5-match": "match",
    "31-involved": "involved",
    "36-chronology": "chronology",
    "90-who-looked": "who-looked",
    "91-change": "change",
}
"""Pages of which docs/images has a picture, written when JOINEDUP_SCREENSHOTS names that folder."""

SOCIAL_WORKER = "amina.yusuf"
GOVERNANCE_LEAD = "helen.ashdown"


@dataclass
class Region:
    hub: RunningHub
    provider: Provider
    emulator: Emulator
    seeded: list[Seeded]
    log: Path
    database: str
    screenshots: Path


def forget_secrets() -> None:
    """Those of this process, whose tables were emptied."""
    from joinedup.hub.sealing import keys
    from joinedup.hub.shields.key import tokens

    tokens.cache_clear()
    keys.forget()


@pytest.fixture(scope="module")
def region(django_ready, hub_database, hub_variables, tmp_path_factory) -> Iterator[Region]:
    folder = tmp_path_factory.mktemp("region")
    empty_tables()
    hub_port, provider_port = free_port(), free_port()
    hub_url = f"http://localhost:{hub_port}"
    with pytest.MonkeyPatch.context() as patch:
        use(patch, hub_variables)  # the secrets that the hub process is to have
        forget_secrets()
        seeded = seed_demo(folder)
    with running_emulator(people(folder), tps=0) as emulator:
        provider = start_provider(provider_port, hub_url)
        try:
            environment = {
                **provider.environment,
                **hub_variables,
                "JOINEDUP_HUB_URL": hub_url,
                "JOINEDUP_BEHIND_PROXY": "no",
                "JOINEDUP_PDS_URL": emulator.url,
                "JOINEDUP_PDS_TPS": "0",
                "JOINEDUP_PDS_DEADLINE": "2",
            }
            log = folder / "hub.log"
            with running_hub(hub_port, environment=environment, log=log) as hub:
                yield Region(hub, provider, emulator, seeded, log, hub_database, folder)
        finally:
            provider.stop()


@pytest.fixture(autouse=True)
def no_faults(region: Region) -> Iterator[None]:
    yield
    region.emulator.set_fault()


def test_a_supplier_gets_an_identifier_over_http(region: Region):
    """What docs/api.md tells a supplier to do, done."""
    import time
    import uuid
    from urllib.parse import urlencode

    from joserfc import jwt
    from joserfc.jwk import ECKey

    token_url = f"{region.hub.url}/api/v1/auth/token"
    seeded = region.seeded[0]
    assert seeded.key_file.stat().st_mode & 0o077 == 0
    now = int(time.time())
    assertion = jwt.encode(
        {"alg": "ES256", "kid": seeded.key_id},
        {
            "iss": seeded.client_id, "sub": seeded.client_id, "aud": token_url,
            "iat": now, "exp": now + 240, "jti": str(uuid.uuid4()),
        },
        ECKey.import_key(seeded.key_file.read_bytes()),
        algorithms=["ES256"],
    )  # fmt: skip
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    with urlopen(Request(token_url, urlencode(form).encode())) as answer:
        token = json.load(answer)["access_token"]
    body = {
        "personSpecification": {
            "given": "Rowan", "family": "Testerton", "birthDate": "2014-03-27",
            "gender": "female", "addressPostalCode": "LS1 4AP",
        }
    }  # fmt: skip
    call = Request(
        f"{region.hub.url}/api/v1/get-an-identifier",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urlopen(call) as answer:
        outcome = json.load(answer)
    assert (outcome["status"], outcome["nhsNumber"]) == ("Match", ROWAN)


# --- the browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A page that is checked with axe and photographed at each step."""

    def __init__(self, page, region: Region, scripts: bool) -> None:
        self.page = page
        self.region = region
        self.scripts = scripts
        self.addresses: list[str] = []
        self.troubles: list[str] = []
        page.on("request", lambda request: self.addresses.append(request.url))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "console",
            lambda line: self.troubles.append(line.text) if line.type == "error" else None,
        )

    def go(self, path: str):
        return self.page.goto(self.region.hub.url + path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def sign_in(self, subject: str = SOCIAL_WORKER) -> None:
        self.go("/")
        self.press("Sign in")
        self.check("0-provider")
        self.page.locator(f'button[value="{subject}"]').click()
        self.page.wait_for_url(self.region.hub.url + "/")

    def give_reason(self, explanation: str = "Checking a referral from a school") -> None:
        self.go("/find/reason")
        self.page.get_by_label("Safeguarding enquiry (section 47)").check()
        self.page.get_by_label("Case or incident reference").fill("CASE-42")
        self.page.get_by_label("Explanation").fill(explanation)
        self.press("Continue")
        self.page.wait_for_url("**/find/child")

    def find(self, given="Rowan", family="Testerton", day="27", month="3", year="2014", **more):
        for label, value in {
            "Given names": given, "Family name": family, "Day": day, "Month": month,
            "Year": year, **more,
        }.items():  # fmt: skip
            self.page.get_by_label(label).fill(value)
        self.press("Find this child")
        self.page.wait_for_load_state()

    def check(self, name: str) -> None:
        """No accessibility violation on this page, and no script or policy error."""
        kind = "" if self.scripts else "-no-script"
        self.page.screenshot(path=self.region.screenshots / f"{name}{kind}.png", full_page=True)
        if (folder := os.environ.get("JOINEDUP_SCREENSHOTS")) and name in PICTURED and not kind:
            self.page.set_viewport_size({"width": 1000, "height": 700})
            self.page.screenshot(path=Path(folder) / f"{PICTURED[name]}.png", full_page=True)
        assert self.troubles == []
        if self.scripts:
            from axe_playwright_python.sync_playwright import Axe

            found = Axe().run(self.page)
            assert found.violations_count == 0, found.generate_report()

    @property
    def text(self) -> str:
        return self.page.locator("main").inner_text()


@contextmanager
def visiting(chromium, region: Region, scripts: bool, **options):
    # axe is put into the page by the test itself, which the page's own policy would forbid.
    context = chromium.new_context(java_script_enabled=scripts, **options)
    try:
        yield Visit(context.new_page(), region, scripts)
    finally:
        context.close()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def visit(chromium, region, request):
    with visiting(chromium, region, request.param) as made:
        yield made


@pytest.mark.browser
def test_a_social_worker_finds_a_child(visit: Visit):
    visit.go("/")
    visit.check("1-start")
    visit.sign_in()
    assert "Amina Yusuf, social worker" in visit.page.content()
    visit.check("2-signed-in")
    visit.go("/find/reason")
    visit.check("3-reason")
    visit.give_reason()
    visit.check("4-child")
    visit.find(**{"Postcode (optional)": "LS1 4AP"})
    assert "We found this child" in visit.text
    shown = re.sub(r"\s", "", visit.page.locator(".joinedup-number").inner_text())
    assert shown == ROWAN
    assert re.fullmatch(r"\d{3}\s\d{3}\s\d{4}", visit.page.locator(".joinedup-number").inner_text())
    visit.check("5-match")

    with psycopg.connect(visit.region.database) as link:
        record = link.execute(
            "SELECT role, purpose, case_reference, reason, status, channel, sealed_number "
            "FROM identifiers_identifierrequest ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
    *said, number = record
    assert said == [
        "social-worker", "section-47", "CASE-42", "Checking a referral from a school",
        "Match", "page",
    ]  # fmt: skip
    assert number
    assert ROWAN.encode() not in bytes(number)  # the number is kept sealed

    visit.press("Sign out")
    visit.page.wait_for_url(f"{visit.region.provider.url}/**")
    visit.press("Sign out")
    visit.page.wait_for_url("**/signed-out?state=*")
    visit.go("/find/child")
    assert visit.page.url == visit.region.hub.url + "/"
    nothing_personal_in(visit)


def nothing_personal_in(visit: Visit) -> None:
    """Addresses and the hub's log hold no detail of any child."""
    ours = [url for url in visit.addresses if url.startswith(visit.region.hub.url)]
    written = "\n".join(ours) + visit.region.log.read_text()
    for value in ("Rowan", "Testerton", "2014", "LS1", ROWAN, "Doubleday"):
        assert value not in written


@pytest.mark.browser
def test_an_uncertain_child_gets_advice_and_no_number(visit: Visit):
    visit.sign_in()
    visit.give_reason()
    visit.find("Sam", "Doubleday", "1", "6", "2015", **{"Postcode (optional)": "LS6 2AB"})
    assert "No number is shown" in visit.text
    assert visit.page.locator(".joinedup-number").count() == 0
    assert not re.search(r"999\s?\d{3}\s?\d{4}", visit.page.content())
    visit.check("6-uncertain")
    visit.page.get_by_role("link", name="Change the details").click()
    assert visit.page.get_by_label("Given names").input_value() == "Sam"


@pytest.mark.browser
def test_an_unknown_child_is_not_found(visit: Visit):
    visit.sign_in()
    visit.give_reason()
    visit.find("Nemo", "Nullberg")
    assert "We did not find this child" in visit.text
    visit.check("7-no-match")


@pytest.mark.browser
def test_a_wrong_form_says_what_to_correct(visit: Visit):
    visit.sign_in()
    visit.go("/find/reason")
    visit.press("Continue")
    assert visit.page.title().startswith("Error: ")
    visit.check("8-reason-errors")
    visit.give_reason()
    visit.find("", "Testerton", "31", "2", "14", **{"Postcode (optional)": "nowhere"})
    errors = visit.page.locator(".govuk-error-summary a")
    assert errors.count() == 3
    for link in errors.all():
        target = link.get_attribute("href")
        assert visit.page.locator(str(target)).count() == 1
    assert visit.page.get_by_label("Family name").input_value() == "Testerton"
    visit.check("9-child-errors")


@pytest.mark.browser
def test_no_answer_is_said_plainly(visit: Visit):
    visit.sign_in()
    visit.give_reason()
    visit.region.emulator.set_fault("500")
    visit.find()
    assert "did not answer" in visit.text
    assert "does not mean that the child has no NHS number" in visit.text
    assert "did not find" not in visit.text
    visit.check("10-unavailable")


@pytest.mark.browser
def test_an_information_governance_lead_looks_up_nobody(visit: Visit):
    visit.sign_in(GOVERNANCE_LEAD)
    visit.check("11-governance-start")
    visit.go("/find/child")
    assert "does not look up children" in visit.text


@pytest.mark.browser
@pytest.mark.parametrize(
    "path",
    ["/how-searches-are-recorded", "/accessibility", "/timed-out", "/signed-out", "/nothing-here"],
)
def test_every_other_page_is_accessible(chromium, region, path):
    with visiting(chromium, region, scripts=True) as visit:
        visit.go(path)
        visit.troubles = [text for text in visit.troubles if "404" not in text]
        visit.check(f"12-{path.strip('/')}")


@pytest.mark.browser
def test_it_works_on_a_narrow_screen(chromium, region):
    with visiting(chromium, region, scripts=True, viewport={"width": 320, "height": 640}) as visit:
        visit.sign_in()
        visit.give_reason()
        visit.check("13-narrow-child")
        visit.find()
        visit.check("14-narrow-result")
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320


@pytest.mark.browser
def test_someone_else_cannot_see_a_result_by_its_address(chromium, region):
    with visiting(chromium, region, scripts=True) as one:
        one.sign_in()
        one.give_reason()
        one.find()
        address = one.page.url
    with visiting(chromium, region, scripts=True) as two:
        two.sign_in("tom.okafor")
        answer = two.page.goto(address)
        assert answer.status == 404
        assert ROWAN[-4:] not in two.page.content()


@pytest.mark.browser
def test_an_unknown_person_of_the_provider_is_not_let_in(chromium, region):
    """The provider vouches for them; the hub knows no organisation of theirs."""
    with visiting(chromium, region, scripts=True) as visit:
        visit.go("/sign-in")
        visit.page.get_by_label("Someone else").fill("stranger")
        visit.press("Sign in as someone else")
        assert "Your organisation cannot use this service yet" in visit.text
        visit.go("/find/reason")
        assert visit.page.url == region.hub.url + "/"


@pytest.mark.browser
def test_the_code_flow_uses_pkce_state_and_nonce(chromium, region):
    with visiting(chromium, region, scripts=True) as visit:
        visit.go("/sign-in")
        asked = next(url for url in visit.addresses if "/oauth2/authorize" in url)
        for part in ("code_challenge=", "code_challenge_method=S256", "state=", "nonce="):
            assert part in asked


@pytest.mark.browser
def test_the_warning_before_time_runs_out_can_be_answered(chromium, region):
    with visiting(chromium, region, scripts=True) as visit:
        visit.page.clock.install()
        visit.sign_in()
        visit.page.clock.run_for(18 * 60 * 1000 + 1000)
        assert visit.page.get_by_role("dialog").is_visible()
        visit.check("15-timeout")
        visit.press("Stay signed in")
        visit.page.wait_for_selector("dialog:not([open])", state="attached")
        visit.page.clock.run_for(20 * 60 * 1000 + 1000)
        visit.page.wait_for_url("**/timed-out")
        visit.go("/find/reason")
        assert visit.page.url == region.hub.url + "/"
