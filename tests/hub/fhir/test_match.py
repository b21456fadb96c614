"""FHIR $match: one certain child or a person's look, recorded before it is told."""

import json

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub.reviewing import record

PATH = "/fhir/R4/Patient/$match"
OLIVER = {
    "resourceType": "Patient",
    "name": [{"given": ["Oliver"], "family": "Testerton"}],
    "birthDate": "2014-03-27",
    "gender": "male",
    "address": [{"postalCode": "LS1 4AP"}],
    "telecom": [{"system": "phone", "value": "0131 496 0781"}],
}
GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"


def requests():
    from joinedup.hub.identifiers.models import IdentifierRequest

    return IdentifierRequest.objects


@pytest.fixture
def match(browser_client, machine, links):
    """Ask with a token that carries the scope."""
    machine.client.scopes = ["match"]
    machine.client.save()
    token = machine.token(browser_client)

    def post(body, content_type="application/fhir+json", bearer=token):
        return browser_client.post(
            PATH,
            body if isinstance(body, str) else json.dumps(body),
            content_type=content_type,
            headers={"authorization": f"Bearer {bearer}"},
        )

    return post


def parameters(patient=OLIVER, **more):
    kinds = {"onlyCertainMatches": "valueBoolean", "count": "valueInteger"}
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "resource", "resource": patient},
            *({"name": name, kinds.get(name, "valueString"): v} for name, v in more.items()),
        ],
    }


def people(bundle):
    return [e for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]


def grades(bundle):
    return [e["search"]["extension"][0]["valueCode"] for e in people(bundle)]


@pytest.fixture
def oliver(links):
    """Two agencies' records of one Oliver: his identity."""
    links.identities.add(record("schools", "S1", nhs_number="999 000 0018"))
    return links.identities.add(record("health", "H1")).identity


@pytest.mark.parametrize("body", [OLIVER, parameters(), parameters(onlyCertainMatches=True)])
def test_a_certain_child_is_named_once_and_by_the_identity_alone(match, oliver, machine, body):
    answer = match(body)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/fhir+json"
    bundle = answer.json()
    Bundle.model_validate(bundle)
    (entry,) = bundle["entry"]
    assert bundle["total"] == 1
    assert entry["resource"] == {"resourceType": "Patient", "id": str(oliver)}
    assert grades(bundle) == ["certain"]
    assert 0.999 <= entry["search"]["score"] <= 1
    for detail in ("Oliver", "9990000018", "LS1"):
        assert detail not in answer.content.decode()
    asked = requests().get()
    assert (asked.channel, asked.status, asked.identities) == ("match", "certain", [oliver])
    assert (asked.client, asked.purpose) == (machine.client, machine.client.purpose)
    assert asked.nhs_number == ""
    assert asked.asked_at <= asked.answered_at


def test_plain_json_is_taken_too(match, oliver):
    assert match(OLIVER, "application/json").json()["total"] == 1


def test_nobody_is_an_empty_bundle(match):
    bundle = match(OLIVER).json()
    assert bundle == {"resourceType": "Bundle", "type": "searchset", "total": 0}
    Bundle.model_validate(bundle)
    assert requests().get().status == "none"


def test_a_rival_is_for_a_person_and_no_candidate_is_told_unasked(match, links):
    links.identities.add(record("schools", "S1"))
    links.identities.add(record("schools", "S2", given="Olivier"))
    question = {**OLIVER, "address": [], "telecom": []}
    bundle = match(question).json()
    Bundle.model_validate(bundle)
    assert (bundle["total"], people(bundle)) == (0, [])
    assert bundle["entry"][0]["resource"]["resourceType"] == "OperationOutcome"
    assert requests().get().status == "possible"

    asked = match(parameters(question, onlyCertainMatches=False)).json()
    Bundle.model_validate(asked)
    assert asked["total"] >= 1
    assert set(grades(asked)) <= {"probable", "possible"}
    scores = [entry["search"]["score"] for entry in people(asked)]
    assert scores == sorted(scores, reverse=True)
    assert match(parameters(question, onlyCertainMatches=False, count=1)).json()["total"] == 1


def test_a_twin_of_a_known_child_is_never_certain(match, oliver):
    twin = {**OLIVER, "name": [{"given": ["Harvey"], "family": "Testerton"}]}
    assert "certain" not in grades(match(parameters(twin, onlyCertainMatches=False)).json())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({**OLIVER, "modifierExtension": [{"url": "x", "valueBoolean": True}]}, "extension"),
        ({**OLIVER, "name": [{**OLIVER["name"][0], "modifierExtension": [{"url": "x"}]}]},
         "extension"),
        ({**parameters(), "modifierExtension": [{"url": "x"}]}, "extension"),
        ({"resourceType": "Observation"}, "invalid"),
        ({"resourceType": "Parameters"}, "required"),
        (parameters(count=0), "invalid"),
        (parameters(count=True), "invalid"),
        (parameters(fuzzy="yes"), "invalid"),
        ({"resourceType": "Patient", "birthDate": "2014-03-27"}, "required"),
        ("not json", "invalid"),
        ('{"resourceType": "Patient", "resourceType": "Patient"}', "invalid"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_an_operation_outcome(match, body, code):
    answer = match(body)
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/fhir+json"
    told = answer.json()
    OperationOutcome.model_validate(told)
    assert told["issue"][0]["code"] == code
    assert "Testerton" not in answer.content.decode()
    assert not requests().exists()


def test_an_unknown_extension_is_let_through(match, oliver):
    body = {**OLIVER, "extension": [{"url": "http://example.org/x", "valueString": "y"}]}
    assert match(body).json()["total"] == 1


def test_who_may_ask(match, machine, browser_client):
    assert match("<Patient/>", "application/fhir+xml").status_code == 415
    machine.client.scopes = ["get-an-identifier.read"]
    machine.client.save()
    refused = match(OLIVER, bearer=machine.token(browser_client))
    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (403, "forbidden")
    unknown = match(OLIVER, bearer="nothing")
    assert (unknown.status_code, unknown.json()["issue"][0]["code"]) == (401, "login")
    assert "Bearer" in unknown["WWW-Authenticate"]
    wrong = browser_client.get(PATH)
    assert (wrong.status_code, wrong["Allow"]) == (405, "POST")


def test_the_rate_is_the_clients(match, machine):
    machine.client.requests_per_minute = 1
    machine.client.save()
    assert match(OLIVER).status_code == 200
    second = match(OLIVER)
    assert (second.status_code, second.json()["issue"][0]["code"]) == (429, "throttled")
    assert int(second["Retry-After"]) >= 1


@pytest.mark.parametrize("table", ["identifiers_identifierrequest", "ledger_entry"])
def test_no_record_no_answer(match, oliver, table):
    from tests.hub.test_get_an_identifier import no_writing

    with no_writing("INSERT", table):
        answer = match(OLIVER)
    assert answer.status_code == 503
    assert answer.json()["issue"][0]["code"] == "transient"
    assert str(oliver) not in answer.content.decode()


def test_an_index_that_does_not_answer_is_never_nobody(match, links):
    with links.pool.connection() as conn:
        conn.execute("ALTER TABLE identities.linkage_key RENAME TO away")
    try:
        answer = match(OLIVER)
    finally:
        with links.pool.connection() as conn:
            conn.execute("ALTER TABLE identities.away RENAME TO linkage_key")
    assert answer.status_code == 503
    assert "Retry-After" in answer
    assert requests().get().status == ""


def test_what_is_asked_of_match_is_not_an_identifier_request(
    match, oliver, browser_client, machine
):
    match(OLIVER)
    machine.client.scopes = ["get-an-identifier.read"]
    machine.client.save()
    answer = browser_client.get(
        f"/api/v1/identifier-requests/{requests().get().id}",
        headers={"authorization": f"Bearer {machine.token(browser_client)}"},
    )
    assert answer.status_code == 404


@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    st.sampled_from(["Oliver", "Olly", "Harvey", "Olive"]),
    st.sampled_from(["2014-03-27", "2014-03-26", "2013-03-27"]),
    st.sampled_from(["LS1 4AP", "LS6 2AB"]),
)
def test_a_machine_is_told_of_one_person_at_most_and_no_detail(
    match, oliver, links, first, born, postcode
):
    links.identities.add(record("police", "P1", given="Harvey", phone=None))
    question = {
        **OLIVER, "name": [{"given": [first], "family": "Testerton"}], "birthDate": born,
        "address": [{"postalCode": postcode}],
    }  # fmt: skip
    answer = match(question)
    assert len(people(answer.json())) <= 1
    assert set(grades(answer.json())) <= {"certain"}
    for detail in ("Oliver", "Harvey", "Testerton", "LS1", "9990000018"):
        assert detail not in answer.content.decode()
