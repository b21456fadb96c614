"""The whole journey as a supplier would make it who built for the national draft.

Every name and value below is the draft's, but for what docs/draft-contract.md says must be added.
"""

import json
import re
from pathlib import Path

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey

from tests.hub.discovery.test_fetch import REGISTRY, SECRET, seal

PAGE = Path(__file__).parents[3] / "docs" / "draft-contract.md"
WHY = {"purpose": "section-47", "legalBasis": "public-task", "reason": "A referral."}
KEY = ECKey.generate_key("P-256")


@pytest.fixture
def at(region):
    from tests.hub.discovery import region as words

    return words


@pytest.fixture
def draft(region):
    """Calls as the draft's stub custodians and harness make them: method, address, JSON or none."""

    def call(node, method, path, body=None, **headers):
        return region.http.generic(
            method,
            path,
            json.dumps(body) if body is not None else "",
            content_type="application/json" if body is not None else "",
            headers={"authorization": f"Bearer {node.bearer}", **headers},
        )

    return call


@pytest.fixture
def search(region, at, draft):
    body = {"suid": at.SUI, **WHY, "recordTypes": [at.EDUCATION]}
    begun = draft(region.la, "POST", "/api/v2/searches", body)
    assert begun.status_code == 202, begun.content
    return begun.json()


@pytest.fixture
def job(region, draft, search):
    claimed = draft(region.school, "POST", "/api/v2/work/claim")
    assert claimed.status_code == 201, claimed.content
    return claimed.json()


def result(job, result_type, records=(), **more):
    return {
        "jobId": job["jobId"], "leaseId": job["leaseId"],
        "resultType": result_type, "records": list(records), **more,
    }  # fmt: skip


def record(url, **more):
    return {
        "systemId": "sims", "recordType": "education.details",
        "recordUrl": f"https://school.example/{url}", **more,
    }  # fmt: skip


def test_a_supplier_who_built_for_the_draft_makes_the_whole_journey(region, at, draft, search):
    from joinedup.hub.ledger.models import Entry

    la, school = region.la, region.school
    assert {"workItemId", "suid", "createdAt"} <= search.keys()
    results = search["_links"]["results"]
    assert results == {"href": f"/api/v2/searches/{search['workItemId']}/results", "method": "GET"}

    assert draft(school, "HEAD", "/api/v2/work/available").status_code == 200
    before = Entry.objects.count()
    claimed = draft(school, "POST", "/api/v2/work/claim")
    assert claimed.status_code == 201
    assert claimed["Cache-Control"] == "no-store"
    job = claimed.json()
    assert (job["sui"], job["recordType"]) == (at.SUI, at.EDUCATION)
    assert job["workItemId"] == job["jobId"]
    assert (job["purpose"], job["searcher"]["code"]) == ("section-47", "LA")
    assert "leaseToken" not in job

    lease = {"jobId": job["jobId"], "leaseId": job["leaseId"]}
    renewed = draft(school, "POST", "/api/v2/work/lease/renew", lease)
    assert renewed.status_code == 200, renewed.content
    assert renewed.json().keys() == {"workItemId", "jobId", "leaseId", "leaseExpiresUtc"}
    assert renewed.json()["leaseExpiresUtc"] >= job["leaseExpiresUtc"]
    assert renewed.json()["leaseId"] == job["leaseId"]

    found = [record("a?id=1"), record("a?id=2"), record("b", recordId="pupil-3")]
    taken = draft(school, "POST", "/api/v2/work/result", result(job, "HasRecords", found))
    assert taken.status_code == 202, taken.content
    assert Entry.objects.count() == before + 3  # claim, renewal, result: one each

    read = draft(la, "GET", results["href"]).json()
    assert (read["workItemId"], read["suid"]) == (search["workItemId"], at.SUI)
    assert (read["status"].title(), read["completenessPercentage"]) == ("Completed", 100)
    items = read["items"]
    assert len(items) == 3
    assert {(one["custodianName"], one["systemId"], one["recordType"]) for one in items} == {
        (at.NAMES["SCHOOL"], "sims", at.EDUCATION)
    }
    assert "school.example" not in json.dumps(read)

    (third,) = (one for one in items if one["recordId"] == "pupil-3")
    own = {"joinedup-public-key": json.dumps(KEY.as_dict(private=False))}
    asked = draft(la, "GET", third["recordUrl"], **own)
    assert (asked.status_code, asked.content) == (202, b"")
    assert draft(school, "POST", "/api/v2/work/claim").status_code == 204  # no lookup
    fetch = draft(school, "POST", "/api/v2/work/claim", {"kinds": ["fetch"]}).json()
    assert fetch["recordId"] == "pupil-3"
    school.answer(fetch, "shared", content=seal(fetch))
    got = draft(la, "GET", third["recordUrl"], **own)
    assert got.status_code == 200, got.content
    content = got.json()["content"]
    assert jwe.decrypt_compact(content, KEY, registry=REGISTRY).plaintext == SECRET


def test_several_records_known_by_their_addresses_alone_are_each_kept(region, draft, search, job):
    found = [record(f"pupil/{n}/summary") for n in range(3)] + [record("pupil/0/summary")]
    draft(region.school, "POST", "/api/v2/work/result", result(job, "HasRecords", found))
    items = draft(region.la, "GET", search["_links"]["results"]["href"]).json()["items"]
    ids = {one["recordId"] for one in items}
    assert len(ids) == len(items) == 3
    assert all(re.fullmatch(r"url-[0-9a-f]{64}", one) for one in ids)


@pytest.mark.parametrize(
    ("said", "status", "percentage"),
    [
        ("NoRecords", "noRecords", 100),
        ("TemporaryError", "temporaryError", 0),
        ("PermanentError", "permanentError", 0),
    ],
)
def test_each_result_type_is_what_it_says(region, draft, search, job, said, status, percentage):
    """The draft never read it, and took an error for "nothing found"."""
    body = result(job, said, payload=None)
    assert draft(region.school, "POST", "/api/v2/work/result", body).status_code == 202
    read = draft(region.la, "GET", search["_links"]["results"]["href"]).json()
    assert [one["status"] for one in read["custodians"]] == [status]
    assert read["completenessPercentage"] == percentage


def test_leases_and_bodies_are_held_to_the_same_rules(region, draft, job):
    path = "/api/v2/work/result"
    nothing = result(job, "NoRecords")
    assert draft(region.trust, "POST", path, nothing).status_code == 400
    lease = {"jobId": job["jobId"], "leaseId": job["leaseId"]}
    assert draft(region.trust, "POST", "/api/v2/work/lease/renew", lease).status_code == 400
    assert draft(region.school, "POST", path, result(job, "HasRecords")).status_code == 400
    wrong = draft(region.school, "POST", path, {**nothing, "resultType": "hasRecords"})
    assert wrong.status_code == 422
    assert [one["pointer"] for one in wrong.json()["errors"]] == ["/resultType"]
    both = draft(region.school, "POST", path, {**nothing, "leaseToken": job["leaseId"]})
    assert both.status_code == 422
    assert draft(region.school, "POST", path, {**nothing, "payload": {"a": 1}}).status_code == 422
    assert draft(region.school, "POST", path, nothing).status_code == 202
    assert draft(region.school, "POST", path, nothing).status_code == 409


def test_why_a_child_is_asked_about_must_be_said(region, at, draft):
    answer = draft(region.la, "POST", "/api/v2/searches", {"suid": at.SUI})
    assert answer.status_code == 422
    missing = {one["pointer"] for one in answer.json()["errors"]}
    assert missing == {"/purpose", "/legalBasis"}


def test_a_record_is_never_given_in_clear(region, draft, search, job):
    """The draft's GET without a key has no answer here: the hub cannot read what it passes on."""
    body = result(job, "HasRecords", [record("a")])
    draft(region.school, "POST", "/api/v2/work/result", body)
    (item,) = draft(region.la, "GET", search["_links"]["results"]["href"]).json()["items"]
    assert draft(region.la, "GET", item["recordUrl"]).status_code == 422
    private = json.dumps(KEY.as_dict(private=True))
    for key in ("", "nonsense", "[]", private):
        answer = draft(region.la, "GET", item["recordUrl"], **{"joinedup-public-key": key})
        assert answer.status_code == 422
    own = {"joinedup-public-key": json.dumps(KEY.as_dict(private=False))}
    assert draft(region.trust, "GET", item["recordUrl"], **own).status_code == 404


def test_the_page_names_every_field_of_the_drafts_words():
    from joinedup.hub.discovery import draft as module

    page = PAGE.read_text("utf-8")
    models = (*module.BODIES, module.DraftJob, module.DraftLeaseRenewed)
    names = {name for model in models for name in model.model_fields}
    assert {name for name in names if f"`{name}`" not in page} == set()
