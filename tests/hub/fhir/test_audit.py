"""AuditEvent (IHE BALP): one's own acts, disclosures of one's records, and nobody else's."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from fhir.resources.R4B.bundle import Bundle

from tests.hub.test_isolation import key

PATH = "/fhir/R4/AuditEvent"


@pytest.fixture
def words(db):
    """The region's words, which can be imported once Django is set up."""
    from tests.hub.discovery import region

    return region


@pytest.fixture
def region(words, browser_client, links):
    """Children's services have found a school's record; a trust knows nothing of it."""
    made = words.Region.build(browser_client)
    words.agree()
    la, school = made.la, made.school
    search = la.search().json()["searchId"]
    school.answer(school.claim().json(), "hasRecords", **words.has(words.EDUCATION, "pupil-1"))
    fetch = la.results(search).json()["items"][0]["fetchId"]
    made.fetch = fetch
    return made


def events(node, form=None, **parameters):
    headers = {"authorization": f"Bearer {node.bearer}"}
    if form is None:
        answer = node.http.get(PATH, parameters, headers=headers)
    else:
        answer = node.http.post(
            f"{PATH}/_search", urlencode(form, doseq=True), headers=headers,
            content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
    assert answer.status_code == 200, answer.content
    bundle = answer.json()
    Bundle.model_validate(bundle)
    return [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]


def act(event):
    return event["subtype"][1]["code"]


def people(event):
    return [
        each["what"]["identifier"]["value"]
        for each in event["entity"]
        if each.get("role", {}).get("code") == "1"
    ]


def values(event):
    return {each["who"].get("identifier", {}).get("value") for each in event["agent"]}


def test_an_organisation_reads_its_own_acts_newest_first(region, words):
    found = events(region.la)
    assert {act(each) for each in found} == {"record.find", "record.find.read"}
    assert [each["recorded"] for each in found] == sorted(
        (each["recorded"] for each in found), reverse=True
    )
    for each in found:
        assert people(each) == [words.SUI]
        assert each["purposeOfEvent"][0]["coding"][0]["code"] == words.PURPOSE
        assert {"LA", "system-LA"} <= values(each)
        assert (each["outcome"], each["type"]["code"]) == ("0", "rest")
        assert [agent["requestor"] for agent in each["agent"]].count(True) == 1


def test_a_custodian_reads_who_was_told_of_its_records_and_not_by_whom(region, words):
    (told,) = [each for each in events(region.school) if act(each) == "record.find.read"]
    assert "LA" in values(told)
    assert "SCHOOL" in values(told)
    assert "system-LA" not in values(told)
    assert people(told) == [words.SUI]
    assert told["purposeOfEvent"][0]["coding"][0]["display"]
    details = [d["valueString"] for e in told["entity"] for d in e.get("detail", ())]
    assert words.EDUCATION in details


def test_nobody_else_reads_anything_of_it(region, words):
    assert events(region.trust) == []
    assert events(region.trust, {"entity": words.SUI}) == []
    assert events(region.police, {"agent": "LA"}) == []


def test_several_custodians_do_not_see_each_others(region, words):
    """One answer from two custodians: each sees itself in it, and no other's record type."""
    la, trust = region.la, region.trust
    trust.answer(trust.claim().json(), "noRecords")  # to the first search
    search = la.search().json()["searchId"]
    for node, kind in ((region.school, words.EDUCATION), (trust, words.HEALTH)):
        node.answer(node.claim().json(), "hasRecords", **words.has(kind, "r-1"))
    la.results(search)
    for node, other in ((region.school, "TRUST"), (trust, "SCHOOL")):
        newest = next(each for each in events(node) if act(each) == "record.find.read")
        assert other not in values(newest)
        assert "details" not in str(newest["entity"])


def test_a_child_is_named_by_post_alone(region, words):
    assert len(events(region.la, {"entity": words.SUI})) == 2
    number = f"https://fhir.nhs.uk/Id/nhs-number|{words.SUI}"
    assert len(events(region.la, {"patient:identifier": number})) == 2
    assert events(region.la, {"entity": words.OTHER_SUI}) == []
    headers = {"authorization": f"Bearer {region.la.bearer}"}
    answer = region.http.get(PATH, {"entity": words.SUI}, headers=headers)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "security")
    assert words.SUI not in answer.content.decode()


def test_date_agent_and_count(region):
    soon = (timezone.now() + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(events(region.la, date=f"lt{soon}")) == 2
    assert events(region.la, date=f"ge{soon}") == []
    assert len(events(region.la, date=["ge2020", f"lt{soon}"])) == 2
    assert [act(each) for each in events(region.school, agent="LA")] == ["record.find.read"]
    assert len(events(region.la, _count="1")) == 1


def test_a_refused_act_names_no_child(region, words):
    """Not there, not agreed and hidden look alike, here as in the answer that was given."""
    shown = {"publicKey": key()}
    for fetch in (region.fetch[:-2] + "xx", region.fetch):
        region.la.call("POST", f"/api/v1/records/{fetch}", shown)
    refused = [each for each in events(region.la) if each["outcome"] != "0"]
    assert refused
    for each in refused:
        assert people(each) == []
    assert all(each["outcome"] == "0" for each in events(region.la, {"entity": words.SUI}))


def test_what_governs_the_hub_is_not_here(region, words):
    body = {"sui": words.SUI, "level": "R", "criterion": "significant-harm"}
    la = region.la
    la.machine.client.scopes = [*words.SCOPES, "shield.write"]
    la.machine.client.save()
    la.bearer = la.machine.token(la.http)
    assert la.call("POST", "/api/v1/shields", body).status_code == 202
    assert {act(each) for each in events(la)} == {"record.find", "record.find.read"}


def test_asking_is_recorded_and_needs_the_scope(region, words):
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened

    events(region.la, {"entity": words.SUI})
    entry = opened(Entry.objects.order_by("number"))[-1]
    assert (entry.facts["action"], entry.facts["results"]) == ("ledger.audit", 2)
    assert entry.personal["subject"] == words.SUI
    machine = region.trust.machine
    machine.client.scopes = ["match"]
    machine.client.save()
    answer = region.http.get(
        PATH, headers={"authorization": f"Bearer {machine.token(region.http)}"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "parameters",
    [
        {"date": "yesterday"},
        {"_count": "0"},
        {"_count": "9" * 5000},
        {"type": "rest"},
        {"agent": "x|LA"},
    ],
)
def test_what_cannot_be_searched_for_is_said(region, parameters):
    headers = {"authorization": f"Bearer {region.la.bearer}"}
    answer = region.http.get(PATH, parameters, headers=headers)
    assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")
