"""From a search to a record that only the searcher can read, over HTTP."""

import json

import pytest

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def at(region):
    """The region's words, imported once Django is up."""
    from tests.hub.discovery import region as words

    return words


def statuses(body):
    return {(one["custodian"], one["status"]) for one in body["custodians"]}


def entries():
    from joinedup.hub.ledger.models import Entry
    from joinedup.ledger.entry import read_content

    return [read_content(bytes(each.content)) for each in Entry.objects.order_by("number")]


def test_a_search_reaches_each_custodian_and_comes_together(region, at):
    begun = region.la.search()
    assert begun.status_code == 202, begun.content
    search = begun.json()
    assert search["suid"] == at.SUI
    assert search["workItemId"] == search["searchId"]
    assert search["status"] == "running"

    before = region.la.results(search["searchId"]).json()
    assert before["completenessPercentage"] == 0
    assert {status for _, status in statuses(before)} == {"waiting"}
    assert len(before["custodians"]) == 4

    item = region.school.claim()
    assert item.status_code == 201, item.content
    claimed = item.json()
    assert claimed["sui"] == at.SUI
    assert claimed["searcher"] == {"code": "LA", "name": at.NAMES["LA"]}
    assert (claimed["purpose"], claimed["recordType"]) == (at.PURPOSE, at.EDUCATION)
    assert ("SCHOOL", "claimed") in statuses(region.la.results(search["searchId"]).json())

    taken = region.school.answer(claimed, "hasRecords", **at.has(at.EDUCATION, "p1", "p2"))
    assert taken.status_code == 202, taken.content
    region.trust.answer(region.trust.claim().json(), "noRecords")
    region.police.answer(region.police.claim().json(), "temporaryError")

    after = region.la.results(search["searchId"]).json()
    assert after["status"] == "running"
    assert after["completenessPercentage"] == 50
    assert statuses(after) == {
        ("SCHOOL", "hasRecords"), ("TRUST", "noRecords"),
        ("POLICE", "temporaryError"), ("LA", "waiting"),
    }  # fmt: skip
    assert [one["recordId"] for one in after["items"]] == ["p1", "p2"]
    assert all(one["fetchId"] and not one["provisional"] for one in after["items"])


def test_one_correlation_and_one_trace_from_search_to_ledger(region, at):
    parent = f"00-{TRACE}-b7ad6b7169203331-01"
    answer = region.la.call(
        "POST",
        "/api/v2/searches",
        {"sui": at.SUI, "purpose": at.PURPOSE, "legalBasis": at.BASIS, "reason": "x"},
        traceparent=parent,
    )
    correlation = answer["X-Correlation-ID"]
    claimed = region.school.claim().json()
    assert claimed["correlationId"] == correlation
    assert claimed["traceparent"].split("-")[1] == TRACE
    region.school.answer(claimed, "noRecords")
    region.la.results(answer.json()["searchId"])
    together = [one for one in entries() if one["correlation_id"] == correlation]
    assert [one["action"] for one in together] == [
        "record.find", "work.claim", "work.result", "record.find.read",
    ]  # fmt: skip
    assert {one["trace_id"] for one in together} == {TRACE}


def test_what_was_withdrawn_twice_or_foreign_is_refused(region, at):
    region.la.search()
    claimed = region.school.claim().json()
    assert region.trust.answer(claimed, "noRecords").status_code == 400
    made_up = {**claimed, "leaseToken": "1." + "0" * 32}
    assert region.school.answer(made_up, "noRecords").status_code == 400
    wrong = region.school.answer(claimed, "hasRecords", **at.has(at.HEALTH, "h"))
    assert wrong.status_code == 400
    assert wrong.json()["type"].endswith("malformed-result")
    assert region.school.answer(claimed, "hasRecords").status_code == 400
    assert region.school.answer(claimed, "shared", content="a.b.c.d.e").status_code == 400
    assert region.school.answer(claimed, "noRecords").status_code == 202
    assert region.school.answer(claimed, "noRecords").status_code == 409


def test_bodies_that_are_too_large_or_not_json_harm_nobody(region, at):
    region.la.search()
    claimed = region.school.claim().json()
    path = "/api/v2/work/result"
    bearer = {"authorization": f"Bearer {region.school.bearer}"}
    html = region.http.post(path, "<html>", content_type="text/html", headers=bearer)
    assert html.status_code == 415
    html = region.http.post(path, "<html>", content_type="application/json", headers=bearer)
    assert html.status_code == 400
    large = region.school.answer(claimed, "noRecords", content="x" * (6 * 1024 * 1024))
    assert large.status_code == 413
    many = at.has(at.EDUCATION, *(str(n) for n in range(1_001)))
    assert region.school.answer(claimed, "hasRecords", **many).status_code == 400
    assert region.school.answer(claimed, "noRecords").status_code == 202


def test_an_idle_poll_leaves_no_entry_and_says_when_to_come_back(region):
    before = len(entries())
    assert region.school.call("HEAD", "/api/v2/work/available").status_code == 204
    answer = region.school.claim()
    assert answer.status_code == 204
    assert int(answer["Retry-After"]) > 0
    assert len(entries()) == before
    region.la.search()
    assert region.school.call("HEAD", "/api/v2/work/available").status_code == 200


def test_a_revoked_client_is_refused_on_its_next_poll(region):
    from django.utils import timezone

    client = region.school.machine.client
    assert region.school.claim().status_code == 204
    client.revoked_at = timezone.now()
    client.save()
    assert region.school.claim().status_code == 401
    client.revoked_at = None
    client.scopes = ["work-item.read"]
    client.save()
    assert region.school.claim().status_code == 403
    client.organisation.valid_to = timezone.localdate() - timezone.timedelta(days=1)
    client.organisation.save()
    assert region.school.call("HEAD", "/api/v2/work/available").status_code == 401


def test_another_organisations_search_is_not_there(region):
    search = region.la.search().json()["searchId"]
    unknown = "00000000-0000-4000-8000-000000000000"
    for key in (search, unknown):
        path = f"/api/v2/searches/{key}"
        answers = [
            region.school.call("GET", path),
            region.school.results(key),
            region.school.call("DELETE", path),
        ]
        assert {one.status_code for one in answers} == {404}
    assert region.la.results(search).json()["status"] == "running"


def test_a_cancelled_search_leaves_the_inboxes_and_takes_no_late_result(region):
    search = region.la.search().json()["searchId"]
    claimed = region.school.claim().json()
    assert region.la.call("DELETE", f"/api/v2/searches/{search}").status_code == 204
    assert region.la.call("DELETE", f"/api/v2/searches/{search}").status_code == 204
    assert region.trust.claim().status_code == 204
    late = region.school.answer(claimed, "noRecords")
    assert (late.status_code, late.json()["type"]) == (409, "urn:joinedup:problem:cancelled")
    body = region.la.results(search).json()
    assert body["status"] == "cancelled"
    assert {one["status"] for one in body["custodians"]} == {"expired"}


def test_the_same_key_begins_one_search(region, at):
    body = {"sui": at.SUI, "purpose": at.PURPOSE, "legalBasis": at.BASIS, "reason": "x"}
    first, again = (
        region.la.call("POST", "/api/v2/searches", body, **{"idempotency-key": "k1"})
        for _ in range(2)
    )
    assert first.json() == again.json()
    other = region.la.call(
        "POST", "/api/v2/searches", {**body, "reason": "y"}, **{"idempotency-key": "k1"}
    )
    assert other.status_code == 409
    assert region.school.claim().status_code == 201
    assert region.school.claim().status_code == 204


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"sui": "9990000000"}, 422, "/sui"),
        ({"recordTypes": ["shoes.details"]}, 422, "/recordTypes"),
        ({"purpose": "curiosity"}, 403, None),
        ({"reason": ""}, 403, None),
        ({"legalBasis": "recognised-interest"}, 403, None),
        ({"onBehalfOf": {"person": "u1", "role": "caretaker"}}, 403, None),
    ],
)
def test_a_search_that_may_not_be_is_refused_before_anybody_hears(region, changes, status, pointer):
    answer = region.la.search(**changes)
    assert answer.status_code == status, answer.content
    if pointer:
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert all(node.claim().status_code == 204 for node in region.nodes.values())
    assert "9990000000" not in answer.content.decode()


def test_the_national_drafts_name_for_the_child_is_taken(region, at):
    body = {"suid": at.SUI, "purpose": at.PURPOSE, "legalBasis": at.BASIS, "reason": "x"}
    assert region.la.call("POST", "/api/v2/searches", body).status_code == 202


def test_a_system_acting_for_a_person_says_in_which_role(region):
    from joinedup.hub.discovery.models import Search

    behalf = {"person": "u-17", "role": "social-worker"}
    assert region.la.search(onBehalfOf=behalf).status_code == 202
    search = Search.objects.get()
    assert (search.on_behalf_of, search.role) == ("u-17", "social-worker")


def test_a_person_who_is_signed_in_searches_by_the_same_services(region, at):
    from django.utils import timezone

    from joinedup.hub.discovery import reading, searching
    from joinedup.hub.discovery.circle import Searcher
    from joinedup.hub.organisations.models import Membership, Person

    person = Person.objects.create(issuer="i", subject="s", name="A. Worker")
    membership = Membership.objects.create(
        person=person,
        organisation=region.la.organisation,
        role="social-worker",
        confirmed_at=timezone.now(),
    )
    searcher = Searcher(region.la.organisation, membership=membership)
    search = searching.begin(searcher, searching.Wanted(at.SUI), at.WHY)
    assert search.expires_at - search.created_at == searching.WHILE_SOMEBODY_WAITS
    state = reading.read(searcher, search)
    assert len(state.custodians) == 4
    assert json.loads(json.dumps(state.status)) == "running"
