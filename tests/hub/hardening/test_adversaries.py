"""Attacks on trust that no other test makes; docs/security/adversarial.csv names them all."""

import json
import re
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.hub.discovery.conftest import region  # noqa: F401 - the fixture
from tests.hub.retention.test_retention import BIRTHDAY, kept  # noqa: F401 - the fixture
from tests.hub.watching.conftest import SUI as WATCHED
from tests.hub.watching.conftest import hub  # noqa: F401 - the fixture

REFUSED = (400, 404, 409)
DAY = timedelta(days=1)
FORMAT = "\u202e\u200b\u2066"
"""Turns text round, has no width, begins an isolate: a reader sees none of them."""


@pytest.fixture
def at(region):  # noqa: F811
    from tests.hub.discovery import region as words

    return words


def without_ids(answer):
    """An answer's text without what is new in each: ids, times, addresses but for their length."""
    text = answer.content.decode()
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)
    address = r'"(fetchId|recordUrl)": "[^"]+"'
    text = re.sub(address, lambda found: f"{found[1]} {len(found[0])}", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "WHEN", text)


# ------------------------------------------------------------------ A6
def test_which_sensitive_service_it_was_is_in_no_count_order_or_size(region, at):  # noqa: F811
    """The same bytes whichever of three services it was, beside an ordinary record."""
    from joinedup.hub.register.publishing import answers_for

    kind, services = "mental-health.details", ("TRUST", "POLICE", "SCHOOL")
    for code in services:
        answers_for(region.nodes[code].organisation, [kind, at.KINDS[code][1]])
    at.agree("A2", record_types=[kind])
    seen = set()
    for sui, holder in zip(at.numbers(81_000), services, strict=False):
        wanted = [kind, at.CARE]
        search = region.la.search(sui=sui, recordTypes=wanted).json()["searchId"]
        region.la.answer(region.la.claim().json(), "hasRecords", **at.has(at.CARE, "ours"))
        for code in services:
            claimed = region.nodes[code].claim(recordTypes=[kind]).json()
            has = at.has(kind, f"{code}-1") if code == holder else {}
            region.nodes[code].answer(claimed, "hasRecords" if has else "noRecords", **has)
        answer = region.la.results(search)
        assert [item["masked"] for item in answer.json()["items"]].count(True) == 1
        seen.add(without_ids(answer).replace(sui, "SUI"))
    assert len(seen) == 1


# ------------------------------------------------------------------ A12
def test_nothing_hides_or_turns_round_on_the_screens_of_who_looked(hub):  # noqa: F811
    hub.look(reason=f"Seen {FORMAT}elihw", case_reference=f"C{FORMAT}9")
    ask = {"sui": WATCHED, "reason": "A parent asked", "case_reference": "SAR-1", "show": "full"}
    page = hub.browser(hub.lead).post("/looked", ask).content.decode()
    assert "Seen [U+202E][U+200B][U+2066]elihw" in page
    assert "C[U+202E][U+200B][U+2066]9" in page
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.watching.models import Alert

    (entry,) = Entry.objects.filter(action="identifier.look-up")
    alert = Alert.objects.create(
        kind="sample", person=hub.pat.person, organisation=hub.organisation,
        day=date(2026, 11, 23), entries=[str(entry.id)], raised_at=entry.at,
        due_by=date(2026, 11, 30),
    )  # fmt: skip
    alert_page = hub.browser(hub.lead).get(f"/watching/{alert.pk}").content.decode()
    assert "Seen [U+202E][U+200B][U+2066]elihw" in alert_page
    for text in (page, alert_page):
        assert not set(FORMAT) & set(text)


# ------------------------------------------------------------------ A21
def test_an_id_swapped_between_claim_and_answer_is_nobodys(region, at):  # noqa: F811
    """A lease answers for its own work alone: not for another child's, nor for another node."""
    from joinedup.hub.discovery.models import WorkItem

    first, second = at.SUI, at.OTHER_SUI
    searches = {
        sui: region.la.search(sui=sui, recordTypes=[at.EDUCATION]).json()["searchId"]
        for sui in (first, second)
    }
    one, other = region.school.claim().json(), region.school.claim().json()
    swapped = {**one, "workItemId": other["workItemId"]}
    has = at.has(at.EDUCATION, "p1")
    assert region.school.answer(swapped, "hasRecords", **has).status_code in REFUSED
    assert region.trust.answer(one, "hasRecords", **has).status_code in REFUSED
    renewed = {"workItemId": other["workItemId"], "leaseToken": one["leaseToken"]}
    path = "/api/v2/work/lease/renew"
    assert region.school.call("POST", path, renewed).status_code in REFUSED
    assert not WorkItem.objects.exclude(outcome="").exists()
    assert all(region.la.results(each).json()["items"] == [] for each in searches.values())
    assert region.school.answer(one, "hasRecords", **has).status_code == 202


# ------------------------------------------------------------------ A22
def test_a_clock_put_back_a_day_makes_no_old_token_good(ask, machine, browser_client, monkeypatch):
    """It would be good again for a whole day, and it was to be good for five minutes."""
    from joinedup.hub.api import callers

    token = machine.token(browser_client)
    body = {"personSpecification": {"given": "Rowan"}}
    assert ask(body, token).status_code != 401
    now, running = time.time, time.monotonic
    monkeypatch.setattr(time, "time", lambda: now() - DAY.total_seconds())
    monkeypatch.setattr(time, "monotonic", lambda: running() + callers.KEPT_FOR)
    assert ask(body, token).status_code == 401


def test_a_clock_put_back_a_day_gives_no_work_twice(region, at):  # noqa: F811
    from django.utils import timezone

    from joinedup.hub.discovery import claiming

    region.la.search(recordTypes=[at.EDUCATION])
    before = timezone.now() - DAY
    claimed = region.school.claim()
    assert claimed.status_code == 201
    school = region.school.organisation
    assert claiming.claim(school, now=before) is None
    assert not claiming.available(school.pk, before)
    assert region.school.answer(claimed.json(), "noRecords").status_code == 202


def test_a_clock_put_back_a_day_archives_nobody_early(kept):  # noqa: F811
    """Who comes of age today is still a child by yesterday's date; what was archived stays so."""
    from joinedup.hub.retention.periods import period

    today = datetime.combine(period("child").end(BIRTHDAY), datetime.min.time(), UTC)
    moments = (today - DAY, today, today - DAY)
    assert [kept.archiving.archive_due(each) for each in moments] == [0, 1, 0]
    assert kept.archived.count() == 1
    assert not kept.pointers.exists()


# ------------------------------------------------------------------ A23
def answers(region, at, many):  # noqa: F811
    """What one is told, many times in turn, of a child withheld and of one not held."""
    from tests.hub.sharing.known import HEALTH
    from tests.hub.sharing.test_endpoint import ASKED

    for node in region.nodes.values():
        node.machine.client.scopes = ["request.read", "request.write"]
        node.machine.client.requests_per_minute = 1_000_000
        node.machine.client.save()
        node.bearer = node.machine.token(node.http)
    la, trust = region.la, region.trust
    paths = []
    for why, review in (("detriment", {"reviewBy": "2027-01-01"}), ("not-held", {})):
        items = [{"recordType": HEALTH, "field": "registeredGP"}]
        sent = la.call("POST", "/api/v1/requests", {**ASKED, "items": items}).json()
        path = f"/api/v1/requests/{sent['requestId']}"
        (item,) = trust.call("GET", path).json()["items"]
        decided = {"words": "x" * 300 if review else "x", "told": "Told", **review}
        body = {**decided, "items": [{"itemId": item["itemId"], "why": why}]}
        assert trust.call("POST", f"{path}/decision", body).status_code == 202
        paths.append((path, sent["reference"]))
    seen = [set(), set()]
    for turn in range(many):
        path, reference = paths[turn % 2]
        answer = la.call("GET", path) if turn % 4 < 2 else la.call("POST", f"{path}/content")
        told = re.sub(r'"correlationId": "[^"]+"', "", without_ids(answer).replace(reference, "R"))
        seen[turn % 2].add((answer.status_code, len(told), told))
    return seen


def test_withheld_and_not_held_stay_the_same_however_often_one_asks(region, at):  # noqa: F811
    withheld, not_held = answers(region, at, 100)
    assert withheld == not_held
    assert len(withheld) == 2, "one answer for the state, one for the content"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nor_in_ten_thousand_calls(region, at):  # noqa: F811
    withheld, not_held = answers(region, at, 10_000)
    assert withheld == not_held


# ------------------------------------------------------------------ A30
def test_one_stolen_key_opens_what_its_custodian_is_asked_and_no_more(region, at):  # noqa: F811
    """Of the children in the region, the school's key gives those that the school is asked about.

    Whoever has it walks every call that reads, with the ids of everything that there is.
    """
    from joinedup.hub.discovery.models import Search

    children = [sui for sui, _ in zip(at.numbers(82_000), range(6), strict=False)]
    types = [at.EDUCATION, at.EDUCATION, at.HEALTH, at.HEALTH, at.POLICE, at.POLICE]
    for sui, kind in zip(children, types, strict=True):
        assert region.la.search(sui=sui, recordTypes=[kind]).status_code == 202
    stolen, said = region.school, []
    while (work := stolen.claim()).status_code == 201:
        said.append(work.content.decode())
    for search in Search.objects.values_list("id", flat=True):
        for path in (f"/api/v2/searches/{search}", f"/api/v2/searches/{search}/results"):
            answer = stolen.call("GET", path)
            assert answer.status_code == 404
            said.append(answer.content.decode())
    for path in ("/api/v2/register/summary", "/api/v1/ledger/receipts?size=1", "/api/v1/requests"):
        said.append(stolen.call("GET", path).content.decode())
    told = {sui for sui in children if sui in json.dumps(said)}
    assert told == set(children[:2])
