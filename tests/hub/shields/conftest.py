"""A hub with one shielded child, and the people who may do something about it."""

import json
import time
from datetime import date

import pytest

from tests.hub.reviewing import record, sign_in

NUMBER = "9990000018"
OLIVER = {
    "resourceType": "Patient",
    "name": [{"given": ["Oliver"], "family": "Testerton"}],
    "birthDate": "2014-03-27",
    "gender": "male",
    "address": [{"postalCode": "LS1 4AP"}],
    "telecom": [{"system": "phone", "value": "0131 496 0781"}],
}


@pytest.fixture
def oliver(links):
    links.identities.add(record("schools", "S1", nhs_number=NUMBER))
    return links.identities.add(record("health", "H1")).identity


@pytest.fixture
def call(browser_client, machine, links):
    """Post JSON as a system with every scope that these tests need."""
    machine.client.scopes = ["match", "shield.write", "get-an-identifier.read"]
    machine.client.save()
    token = machine.token(browser_client)

    def post(path, body, **headers):
        kind = "application/fhir+json" if path.startswith("/fhir") else "application/json"
        return browser_client.post(
            path, json.dumps(body), content_type=kind,
            headers={"authorization": f"Bearer {token}", **headers},
        )  # fmt: skip

    return post


@pytest.fixture
def shield(call):
    def ask(level="V", **more):
        body = {"sui": NUMBER, "level": level, "criterion": "significant-harm", **more}
        answer = call("/api/v1/shields", body)
        assert answer.status_code == 202, answer.content
        return answer

    return ask


@pytest.fixture
def match(call):
    return lambda body=OLIVER: call("/fhir/R4/Patient/$match", body)


@pytest.fixture
def as_person(browser_client, organisation):
    """Sign somebody in, who has just proved again who they are unless a test says otherwise."""
    from django.conf import settings

    from joinedup.hub.pages.actor import STEPPED_UP_AT
    from joinedup.hub.sealing.sessions import SessionStore

    def enter(name="Pat", role="social-worker", of=None, stepped_up=True):
        membership = sign_in(browser_client, of or organisation, name, role)
        session = SessionStore(browser_client.cookies[settings.SESSION_COOKIE_NAME].value)
        if stepped_up:
            session[STEPPED_UP_AT] = time.time()
            session.save()
        return membership

    return enter


@pytest.fixture
def policy(db):
    """The policy as a new hub has it: what the law's catalogue allows."""
    from joinedup.hub.agreements.publishing import begin

    begin()


@pytest.fixture
def health(db):
    from joinedup.hub.organisations.models import Organisation

    return Organisation.objects.create(
        ods_code="H9", name="A trust", kind="health", legal_class="s11",
        valid_from=date(2020, 1, 1),
    )  # fmt: skip
