"""Whatever is sent to FHIR's addresses: a Bundle or an OperationOutcome, and never a 5xx."""

import json
from urllib.parse import urlencode

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub.fhir.conftest import FORM

ANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SIMPLE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUE = st.recursive(
    SIMPLE | st.sampled_from(["Oliver", "Testerton", "2014-03-27", "LS1 4AP", "9990000018"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["given", "family", "use", "value", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
NAMES = ["name", "birthDate", "gender", "address", "telecom", "identifier", "extension", "meta"]
PATIENT = st.dictionaries(st.sampled_from(NAMES), VALUE).map(
    lambda fields: {"resourceType": "Patient", **fields}
)
BODY = PATIENT | st.fixed_dictionaries(
    {
        "resourceType": st.just("Parameters"),
        "parameter": st.lists(
            st.fixed_dictionaries({"name": st.just("resource"), "resource": PATIENT})
            | st.fixed_dictionaries({"name": st.text(), "valueInteger": VALUE}),
            max_size=3,
        )
        | VALUE,
    }
)
PARAMETER = st.sampled_from(
    ["identifier", "family", "given", "birthdate", "gender", "address-postalcode", "_count",
     "date", "entity", "agent", "patient:identifier", "x"]
)  # fmt: skip
TEXT = st.text() | st.sampled_from(
    ["Oliver", "Testerton", "2014-03-27", "9990000018", "ge2026", "lt9999-12-31", "ge0001", "LA"]
)


def check(answer):
    assert answer.status_code < 500, answer.content
    told = answer.json()
    (Bundle if answer.status_code == 200 else OperationOutcome).model_validate(told)


@pytest.fixture
def post(browser_client, machine, links):
    machine.client.scopes = ["audit", "match"]
    machine.client.requests_per_minute = 1_000_000
    machine.client.save()
    token = machine.token(browser_client)

    def send(path, body, content_type):
        return browser_client.post(
            f"/fhir/R4/{path}", body, content_type=content_type,
            headers={"authorization": f"Bearer {token}"},
        )  # fmt: skip

    return send


@ANY
@given(BODY)
def test_match(post, body):
    check(post("Patient/$match", json.dumps(body), "application/fhir+json"))


@ANY
@given(
    st.sampled_from(["Patient/_search", "AuditEvent/_search"]),
    st.lists(st.tuples(PARAMETER, TEXT), max_size=5),
)
def test_searches(post, path, parameters):
    check(post(path, urlencode(parameters, errors="replace"), FORM))
