"""Patient/_search (IHE PDQm ITI-78): each SHALL of it that is kept, and what is kept from it."""

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome

from tests.hub.fhir.conftest import NUMBER
from tests.hub.reviewing import record

PATH = "/fhir/R4/Patient/_search"
SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
DETAILS = {"given": "Oliver", "family": "Testerton", "birthdate": "2014-03-27"}
EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}


def named(answer):
    assert answer.status_code == 200, answer.content
    bundle = answer.json()
    Bundle.model_validate(bundle)
    found = [e["resource"]["id"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]
    assert bundle["total"] == len(found)
    return found


@pytest.mark.parametrize(
    "asked",
    [
        {"identifier": f"{SYSTEM}|{NUMBER}"},
        {"identifier": NUMBER},
        {"identifier": "999 000 0018", **DETAILS},
        {**DETAILS, "gender": "male", "address_postalcode": "LS1 4AP"},
        {**DETAILS, "address_postalcode": "LS1 4AP", "active": "true", "_count": "10"},
    ],
)
def test_a_child_is_found_by_number_or_by_details_and_named_by_identity(search, oliver, asked):
    answer = search(**asked)
    assert named(answer) == [str(oliver)]
    for detail in ("Oliver", NUMBER, "LS1"):
        assert detail not in answer.content.decode()


def test_nobody_is_200_and_an_empty_bundle(search, oliver):
    assert search(identifier="9990000026").json() == EMPTY
    assert search(given="Nemo", family="Nullberg", birthdate="2012-01-01").json() == EMPTY


def test_every_criterion_must_be_met(search, oliver):
    """ITI-78: records that reflect the match to all of the criteria."""
    assert named(search(**DETAILS, address_postalcode="LS1 4AP", identifier="9990000026")) == []
    other = {**DETAILS, "given": "Harvey", "birthdate": "2011-08-01"}
    assert named(search(**other, identifier=NUMBER)) == []


def test_a_machine_is_told_of_one_or_none(search, links):
    """Rule L13: never a list of candidates, whatever _count says."""
    links.identities.add(record("schools", "S1", nhs_number=NUMBER))
    links.identities.add(record("schools", "S2", given="Olivier", nhs_number=None))
    answer = search(**DETAILS, _count="10")
    assert named(answer) == []
    assert "have a person look" in answer.content.decode()


def test_unknown_and_shielded_are_the_same_bytes(search, oliver, system, browser_client):
    from joinedup.hub.shields.models import Shield

    asked = {**DETAILS, "gender": "male", "address_postalcode": "LS1 4AP"}
    assert named(search(**asked)) == [str(oliver)]
    unknown = search(identifier="9990000026").content
    token = system("get", "/fhir/R4/metadata").wsgi_request.META["HTTP_AUTHORIZATION"]
    put = browser_client.post(
        "/api/v1/shields",
        {"sui": NUMBER, "level": "V", "criterion": "significant-harm"},
        content_type="application/json", headers={"authorization": token},
    )  # fmt: skip
    assert put.status_code == 202
    assert Shield.objects.exists()
    for question in ({"identifier": NUMBER}, asked, {"identifier": NUMBER, **DETAILS}):
        assert search(**question).content == unknown


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"family": "Testerton"}, 400, "required"),
        ({"identifier": "1234567890"}, 400, "invalid"),
        ({**DETAILS, "birthdate": "2014-31-12"}, 400, "invalid"),
        ({**DETAILS, "family:exact": "Testerton"}, 400, "not-supported"),
        ({**DETAILS, "telecom": "x"}, 400, "not-supported"),
        ({**DETAILS, "family": ["Testerton", "Other"]}, 400, "not-supported"),
        ({**DETAILS, "family": "Testerton,Other"}, 400, "not-supported"),
        ({**DETAILS, "active": "false"}, 400, "not-supported"),
        ({**DETAILS, "_count": "all"}, 400, "invalid"),
        ({"identifier": "urn:oid:1.2.3|145"}, 404, "not-found"),
        ({"identifier": f"{SYSTEM}|", **DETAILS}, 400, "not-supported"),
    ],
)
def test_what_cannot_be_searched_for_is_said(search, oliver, asked, status, code):
    answer = search(**asked)
    assert answer.status_code == status, answer.content
    told = answer.json()
    OperationOutcome.model_validate(told)
    assert told["issue"][0]["code"] == code
    assert "Testerton" not in answer.content.decode()


def test_an_identifier_of_another_domain_is_case_4(search):
    issue = search(identifier="urn:oid:1.2.3|145").json()["issue"][0]
    assert issue["severity"] == "warning"
    assert "targetSystem not found" in issue["diagnostics"]


def test_no_detail_of_a_child_is_in_an_address(system, oliver):
    by_get = system("get", "/fhir/R4/Patient?family=Testerton")
    assert (by_get.status_code, by_get["Content-Type"]) == (404, "application/fhir+json")
    assert system("get", PATH).status_code == 405
    in_address = system("post", f"{PATH}?identifier={NUMBER}", DETAILS)
    assert (in_address.status_code, in_address.json()["issue"][0]["code"]) == (400, "security")


def test_a_search_is_recorded_with_whom_it_named(search, oliver, machine):
    from joinedup.hub.identifiers.models import IdentifierRequest
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened

    before = Entry.objects.count()
    search(identifier=NUMBER)
    entry = opened(Entry.objects.order_by("number"))[-1]
    assert Entry.objects.count() == before + 1
    assert (entry.facts["action"], entry.facts["outcome"]) == ("child.search", "certain")
    assert entry.facts["policy_version"]
    assert entry.facts["legal_basis"] == "public-task"
    assert entry.personal["subject"] == str(oliver)
    assert IdentifierRequest.objects.get().identities == [oliver]


def test_the_policy_decides_whether_a_client_may_look_up_at_all(search, oliver):
    """A head that is gone denies everything (fail closed)."""
    from joinedup.hub.agreements.models import Head

    Head.objects.all().delete()
    refused = search(identifier=NUMBER)
    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (403, "forbidden")
