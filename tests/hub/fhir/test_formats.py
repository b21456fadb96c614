"""JSON and XML, as Accept or _format says (IHE ITI TF-2 Appendix Z.6), and what is said of both."""

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from joinedup.hub.fhir.dates import read_period
from joinedup.hub.fhir.formats import JSON, XML, wanted
from tests.hub.fhir.conftest import NUMBER

F = "{http://hl7.org/fhir}"


@pytest.mark.parametrize(
    ("accept", "parameter", "form"),
    [
        ("", "", JSON), ("*/*", "", JSON), ("application/json", "", JSON),
        ("application/fhir+xml; fhirVersion=4.0", "", XML), ("text/xml", "", XML),
        ("application/xml;q=0.5, application/json", "", JSON),
        ("application/json;q=0.1, application/fhir+xml", "", XML),
        ("application/fhir+json", "xml", XML), ("text/html", "json", JSON),
        ("application/fhir+json", "application/fhir xml", XML),
        ("text/html", "", None), ("application/json", "turtle", None),
        ("application/json;q=0", "", None), ("application/json;q=x", "", None),
    ],
)  # fmt: skip
def test_the_form_is_the_one_asked_for(accept, parameter, form):
    assert wanted(accept, parameter) == form


def test_a_search_in_xml_says_what_it_says_in_json(search, system, oliver):
    path = "/fhir/R4/Patient/_search"
    in_json = system("post", path, {"identifier": NUMBER}).json()
    answer = system("post", path, {"identifier": NUMBER}, accept="application/fhir+xml")
    assert answer["Content-Type"] == "application/fhir+xml"
    root = etree.fromstring(answer.content)
    assert root.tag == f"{F}Bundle"
    entry = root.find(f"{F}entry")
    assert entry.find(f"{F}resource/{F}Patient/{F}id").get("value") == str(oliver)
    extension = entry.find(f"{F}search/{F}extension")
    assert extension.get("url").endswith("match-grade")
    assert extension.find(f"{F}valueCode").get("value") == "certain"
    assert (
        float(entry.find(f"{F}search/{F}score").get("value"))
        == (in_json["entry"][0]["search"]["score"])
    )


def test_an_error_is_in_the_form_asked_for_and_no_other_form_is_406(system):
    refused = system("post", "/fhir/R4/Patient/_search", {"family": "x"}, accept="text/xml")
    assert refused.status_code == 400
    root = etree.fromstring(refused.content)
    assert root.find(f"{F}issue/{F}code").get("value") == "required"
    neither = system("get", "/fhir/R4/metadata", accept="text/html")
    assert (neither.status_code, neither.json()["issue"][0]["code"]) == (406, "not-supported")


def test_metadata_needs_no_token_and_names_what_there_is(browser_client):
    answer = browser_client.get("/fhir/R4/metadata")
    statement = answer.json()
    CapabilityStatement.model_validate(statement)
    patient, audit = statement["rest"][0]["resource"]
    assert [each["name"] for each in patient["operation"]] == ["match"]
    named = {each["name"] for each in patient["searchParam"]}
    assert named == {
        "identifier", "family", "given", "birthdate", "gender", "address-postalcode",
    }  # fmt: skip
    assert audit["type"] == "AuditEvent"
    etree.fromstring(browser_client.get("/fhir/R4/metadata?_format=xml").content)


def test_any_other_address_and_any_failure_is_an_operation_outcome(browser_client, monkeypatch):
    nowhere = browser_client.get("/fhir/R4/Observation")
    assert (nowhere.status_code, nowhere.json()["resourceType"]) == (404, "OperationOutcome")
    assert browser_client.get("/fhir/STU3/x").json()["resourceType"] == "OperationOutcome"
    monkeypatch.setattr("joinedup.hub.fhir.capability.token_url", lambda: 1 / 0)
    browser_client.raise_request_exception = False
    failed = browser_client.get("/fhir/R4/metadata")
    assert (failed.status_code, failed.json()["issue"][0]["code"]) == (500, "exception")


def test_no_entry_no_answer_is_an_operation_outcome_too(browser_client):
    from tests.hub.test_get_an_identifier import no_writing

    with no_writing("INSERT", "ledger_entry"):
        answer = browser_client.get("/fhir/R4/metadata")
    assert answer.status_code == 503
    assert answer.json()["issue"][0]["code"] == "transient"


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-11-22", "2026-11-22T00:00:00+00:00", "2026-11-23T00:00:00+00:00"),
        ("eq2026-07", "2026-07-01T00:00:00+01:00", "2026-08-01T00:00:00+01:00"),
        ("ge2026", "2026-01-01T00:00:00+00:00", None),
        ("le2026-11-22", None, "2026-11-23T00:00:00+00:00"),
        ("lt2026-11-22T10:00:00Z", None, "2026-11-22T10:00:00+00:00"),
        ("gt2026-11-22T10:00Z", "2026-11-22T10:01:00+00:00", None),
        ("ge2026-11-22T10:00:00 01:00", "2026-11-22T09:00:00+00:00", None),
    ],
)
def test_a_date_is_as_long_as_it_is_precise(django_ready, text, since, until):
    period = read_period(text)
    assert [each and each.isoformat() for each in period] == [since, until]


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_a_date(text):
    found = read_period(text)
    assert found is None or len(found) == 2
