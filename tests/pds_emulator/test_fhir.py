"""Every answer is FHIR R4 (checked with the R4B models, which read R4 patients and bundles)."""

import json
import re
from pathlib import Path

import orjson
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.relatedperson import RelatedPerson

from joinedup.pds.emulator import problems
from joinedup.pds.emulator.gateway import Gateway, Request
from joinedup.pds.emulator.problems import Problem
from joinedup.pds.emulator.stats import Stats
from joinedup.pds.emulator.throttle import Throttle
from tests.pds_emulator.people import address, name, numbers, patient

MODELS = {model.__name__: model for model in (Bundle, OperationOutcome, Patient, RelatedPerson)}
# Issue types of FHIR R4 (http://hl7.org/fhir/issue-type) that the PDS uses.
ISSUE_TYPES = {
    "processing", "invariant", "value", "required", "forbidden", "not-found", "multiple-matches",
    "unknown", "timeout",
}  # fmt: skip

A, B, C, D, E = numbers(5)


def check(resource):
    MODELS[resource["resourceType"]].model_validate_json(json.dumps(resource))
    for entry in resource.get("entry", ()):
        check(entry["resource"])
    for issue in resource.get("issue", ()):
        assert issue["code"] in ISSUE_TYPES or issue["code"] == "token"
        if issue["code"] == "token":
            # The live gateway's one departure from FHIR's issue types.
            [coding] = issue["details"]["coding"]
            assert coding["display"].startswith("Cannot retrieve more than one result")


def full(number, **parts):
    return patient(
        number,
        name=[name("Smith", "Jack", "Paul", id="123", prefix=["Master"], period={"start": "2012"}),
              name("Jones", "Jack", use="old", period={"end": "2015-06"})],
        multipleBirthInteger=1,
        deceasedDateTime="2020-05-06T00:00:00+00:00",
        address=[address("LS1 4AP"), address("DN1 1AA", end="2020-01-01"),
                 {**address("DN2 2AA", use="temp"), "text": "Student"}],
        contact=[{
            "relationship": [{"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "C",
            }]}],
            "telecom": [{"system": "phone", "value": "01632960587"}],
        }],
        extension=[{
            "url": "https://fhir.hl7.org.uk/StructureDefinition/"
                   "Extension-UKCore-DeathNotificationStatus",
            "extension": [{"url": "systemEffectiveDate", "valueDateTime": "2020-05-06"}],
        }],
        **parts,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/Patient", [("family", "Smith"), ("birthdate", "eq2012-03-04"), ("gender", "male")]),
        ("/Patient", [("family", "Smyth"), ("given", "Jak"), ("birthdate", "eq2012-03-04"),
                      ("gender", "female"), ("_fuzzy-match", "true")]),
        ("/Patient", [("family", "Brown"), ("birthdate", "eq2012-03-04")]),  # restricted
        ("/Patient", [("family", "Nobody"), ("birthdate", "eq2012-03-04")]),
        ("/Patient", [("family", "Twin"), ("birthdate", "eq2012-03-04")]),  # too many
        ("/Patient", [("family", "Smith")]),
        ("/Patient", [("_max-results", "50")]),
        ("/Patient", [("x", "1")]),
        (f"/Patient/{A}", []),
        (f"/Patient/{B}", []),
        (f"/Patient/{C}", []),
        ("/Patient/9990000000", []),
        ("/Patient/9999999999", []),
        (f"/Patient/{A}/RelatedPerson", []),
        (f"/Patient/{B}/RelatedPerson", []),
        ("/Nothing", []),
    ],
)  # fmt: skip
def test_every_answer_is_valid_fhir(engine_of, path, params):
    engine = engine_of(
        full(A),
        full(B, security="R") | {"name": [name("Brown", "Jack")]},
        patient(C, security="V"),
        patient(D, name=[name("Twin", "Jack")]),
        patient(E, name=[name("Twin", "John")]),
        {
            "resourceType": "RelatedPerson",
            "patient": {"reference": f"Patient/{A}"},
            "relationship": [{"coding": [{"code": "Guardian"}]}],
            "name": [name("Smith", "Ann")],
        },
    )
    gateway = Gateway(engine, Throttle(0), Stats())
    headers = {"x-request-id": "60e0b220-8136-4ca5-ae46-1d97ef59d068"}
    check(orjson.loads(gateway.handle(Request("GET", path, params, headers)).body))


def test_every_refusal_is_a_valid_outcome():
    made = [
        problems.TOO_MANY_MATCHES,
        problems.unsupported_service(),
        problems.additional_properties(["a", "b"]),
        problems.invalid_value("a", "b"),
        problems.missing_birth_date(),
        problems.missing_request_id(),
        problems.below_minimum(),
        problems.below_fuzzy_minimum(),
        problems.invalid_resource_id(),
        problems.not_found(),
        problems.invalidated(),
        problems.access_denied("x"),
        problems.quota_exceeded("x", 300),
        problems.spike("x"),
        problems.unsupported_path("/x"),
        problems.malformed_request_id("x"),
        problems.more_than_one_result(),
        problems.method_not_allowed("update"),
        problems.resource_not_allowed(),
        problems.unknown_error("x"),
        problems.service_unavailable(),
    ]
    for problem in made:
        assert isinstance(problem, Problem)
        check(problem.outcome())


def test_documentation_names_every_choice_the_code_makes():
    """An undocumented rule is a named choice: the code cites it, the documentation explains it."""
    root = Path(__file__).parents[2]
    code = "".join(file.read_text() for file in (root / "src/joinedup/pds/emulator").glob("*.py"))
    cited = set(re.findall(r"\bC\d+\b", code))
    explained = set(re.findall(r"^\| (C\d+) \|", (root / "docs/pds-emulator.md").read_text(), re.M))
    assert cited
    assert cited == explained
