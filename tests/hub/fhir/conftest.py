"""A system that speaks FHIR, and the children that the hub knows."""

from urllib.parse import urlencode

import pytest

from tests.hub.reviewing import record

FORM = "application/x-www-form-urlencoded"
NUMBER = "9990000018"


@pytest.fixture
def oliver(links):
    """Two agencies' records of one Oliver: his identity."""
    links.identities.add(record("schools", "S1", nhs_number=NUMBER))
    return links.identities.add(record("health", "H1")).identity


@pytest.fixture
def system(browser_client, machine, links):
    """Call as a machine that may match, audit and shield."""
    machine.client.scopes = ["audit", "match", "shield.write"]
    machine.client.save()
    token = machine.token(browser_client)

    def call(method, path, form=None, **headers):
        headers = {"authorization": f"Bearer {token}", **headers}
        if form is None:
            return getattr(browser_client, method)(path, headers=headers)
        return browser_client.post(
            path, urlencode(form, doseq=True), content_type=FORM, headers=headers
        )

    return call


@pytest.fixture
def search(system):
    """Search for a patient by these parameters."""

    def post(**parameters):
        named = {name.replace("s_p", "s-p"): value for name, value in parameters.items()}
        return system("post", "/fhir/R4/Patient/_search", named)

    return post
