"""A fetch that a node leaves to a person: decided on a page, acted on by the node."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from joserfc.jwk import ECKey

from tests.hub.pages.desk import Desk, text

KEY = ECKey.generate_key("P-256")
ITEMS = ["educationSettingName", "yearlyEducationAttendances"]


@pytest.fixture
def at(region):
    from tests.hub.discovery import region as words

    return words


@pytest.fixture
def lead(region):
    return Desk.of(region.school.organisation, "safeguarding-lead")


@pytest.fixture
def left(region, at):
    """Ask for a pupil's record, which the school's node leaves to a person."""
    search = region.la.search(recordTypes=[at.EDUCATION]).json()["searchId"]
    region.school.answer(region.school.claim().json(), "hasRecords", **at.has(at.EDUCATION, "p1"))
    fetch_id = region.la.results(search).json()["items"][0]["fetchId"]

    def ask(items=ITEMS):
        body = {
            "publicKey": KEY.as_dict(private=False), "items": items,
            "reason": "To plan a visit today",
        }  # fmt: skip
        return region.la.call("POST", f"/api/v1/records/{fetch_id}", body)

    assert ask().status_code == 202
    claimed = region.school.claim(kinds=["fetch"]).json()
    assert claimed["decision"] is None
    region.school.answer(claimed, "withheld", reason="ask-us")
    assert "wants to speak with you" in ask().json()["detail"]
    return ask


def entries(action):
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened

    return opened(Entry.objects.filter(action=action).order_by("number"))


def link(lead):
    (path,) = set(re.findall(r'href="(/asked-of-us/[\w-]+)"', page_of(lead)))
    return path


def page_of(lead):
    return lead.get("/asked-of-us").content.decode()


def test_what_waits_is_decided_and_the_node_acts_on_it(region, at, lead, left):
    listed = text(lead.get("/asked-of-us"))
    assert "1 request for a record waits for a person to decide" in listed
    path = link(lead)
    page = text(lead.get(path))
    for words in ("Testshire children", "Safeguarding enquiry", "To plan a visit today", "p1"):
        assert words in page
    assert at.SUI not in lead.get(path).content.decode()
    form = {"answer": "part", "items": [ITEMS[1]], "words": "The address is not needed."}
    assert lead.post(path, **form).status_code == 302
    (entry,) = entries("work.decide")
    assert (entry.facts["organisation"], entry.facts["outcome"]) == ("SCHOOL", "shared-in-part")
    assert entry.facts["purpose"] == at.PURPOSE
    assert entry.personal["subject"] == at.SUI
    assert entry.personal["person"] == str(lead.membership.person_id)
    assert "waits for a person" not in text(lead.get("/asked-of-us"))
    decided = text(lead.get(path))
    assert "Shared in part" in decided
    assert "The address is not needed." in decided

    assert left().status_code == 202  # whoever asked waits for the node now
    claimed = region.school.claim(kinds=["fetch"]).json()  # its next poll
    assert claimed["decision"]["answer"] == "share"
    assert claimed["decision"]["items"] == [ITEMS[1]]
    assert claimed["recordId"] == "p1"
    assert region.school.claim(kinds=["fetch"]).status_code == 204


@pytest.mark.parametrize(
    ("reason", "status"), [("detriment", 404), ("not-held", 404), ("not-relevant", 403)]
)
def test_a_reason_to_withhold_goes_the_same_way(region, lead, left, reason, status):
    form = {"answer": "withhold", "reason": reason, "words": "We thought about it."}
    assert lead.post(link(lead), **form).status_code == 302
    claimed = region.school.claim(kinds=["fetch"]).json()
    assert (claimed["decision"]["answer"], claimed["decision"]["items"]) == (reason, [])
    region.school.answer(claimed, "withheld", reason=reason)
    assert left().status_code == status
    assert [each.facts["outcome"] for each in entries("work.decide")] == ["not-shared"]


def test_a_decision_says_all_that_it_must(lead, left):
    from joinedup.hub.discovery.models import FetchDecision

    path = link(lead)
    for form, words in (
        ({}, "Select whether you share it"),
        ({"answer": "share"}, "Say why you decide so"),
        ({"answer": "part", "words": "x"}, "Select what you share"),
        ({"answer": "part", "items": ["address"], "words": "x"}, "Select a valid choice"),
        ({"answer": "withhold", "words": "x"}, "Choose a reason"),
        ({"answer": "withhold", "reason": "ask-us", "words": "x"}, "Select a valid choice"),
    ):
        assert words in text(lead.post(path, **form)), form
    assert not FetchDecision.objects.exists()
    assert not entries("work.decide")


def test_a_later_decision_counts_and_why_is_nowhere_in_clear(region, lead, left):
    from django.db import connection

    from joinedup.hub.discovery.models import FetchDecision, WorkItem

    path, why = link(lead), "Words that are nobody else's"
    lead.post(path, answer="share", words=why)
    lead.post(path, answer="withhold", reason="not-relevant", words=why)
    assert FetchDecision.objects.count() == 2
    assert WorkItem.objects.filter(kind="fetch", answered_at=None).count() == 1
    claimed = region.school.claim(kinds=["fetch"]).json()
    assert claimed["decision"]["answer"] == "not-relevant"
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            assert not [row for (row,) in cursor if "nobody else" in row], table


def test_the_hour_over_nothing_is_sent_and_the_decision_goes_with_the_next(region, lead, left):
    from joinedup.hub.discovery.models import FetchDecision, WorkItem

    past = timezone.now() - timedelta(minutes=1)
    WorkItem.objects.filter(kind="fetch").update(expires_at=past)
    lead.post(link(lead), answer="share", words="They told us why by telephone.")
    assert not WorkItem.objects.filter(kind="fetch", answered_at=None).exists()
    assert left().status_code == 202
    claimed = region.school.claim(kinds=["fetch"]).json()
    assert claimed["decision"]["answer"] == "share"
    region.school.answer(claimed, "withheld", reason="ask-us")
    over = timezone.now() - timedelta(days=31)
    FetchDecision.objects.update(at=over)  # it is thought about again after 30 days
    WorkItem.objects.filter(kind="fetch").update(expires_at=past)
    assert left().status_code == 202
    assert region.school.claim(kinds=["fetch"]).json()["decision"] is None


def test_another_custodians_decision_and_role_have_no_part_in_it(region, lead, left):
    path = link(lead)
    police = Desk.of(region.police.organisation, "police-sergeant")
    assert "/asked-of-us/" not in police.get("/asked-of-us").content.decode()
    assert police.post(path, answer="share", words="x").status_code == 404
    reviewer = Desk.of(region.school.organisation, "shield-reviewer")
    assert reviewer.get(path).status_code == 403
    assert not entries("work.decide")


def test_a_revoked_agreement_ends_it_before_the_node_is_told(region, lead, left):
    from joinedup.hub.agreements.publishing import revoke

    lead.post(link(lead), answer="share", words="x")
    revoke("A1")
    assert region.school.claim(kinds=["fetch"]).status_code == 204


def test_a_decision_is_kept_for_a_year(lead, left):
    from joinedup.hub.discovery.models import FetchDecision
    from joinedup.hub.discovery.tasks import forget_old_searches

    lead.post(link(lead), answer="share", words="It helps them.")
    for days, kept in ((364, 1), (366, 0)):
        FetchDecision.objects.update(at=timezone.now() - timedelta(days=days))
        forget_old_searches()
        assert FetchDecision.objects.count() == kept
