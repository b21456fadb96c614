"""The evidence of a pair over the API: what the command line and the review page say."""

import json

import pytest

from tests.hub.reviewing import record

PATH = "/api/v1/links/explain"
ONE = {
    "given": "Oliver", "family": "Testerton", "birthDate": "2014-03-27", "gender": "male",
    "addressPostalCode": "LS1 4AP", "phone": "0131 496 0781",
}  # fmt: skip
OTHER = {**ONE, "given": "Olly", "addressPostalCode": "LS6 2AB"}


@pytest.fixture
def explain(browser_client, machine, links):
    machine.client.scopes = ["match"]
    machine.client.save()
    token = machine.token(browser_client)

    def post(body):
        return browser_client.post(
            PATH, json.dumps(body), content_type="application/json",
            headers={"authorization": f"Bearer {token}"},
        )  # fmt: skip

    return post


def test_it_is_what_the_command_line_says(explain, links):
    from joinedup.linkage import explain as evidence

    answer = explain({"one": ONE, "other": OTHER})
    assert answer.status_code == 200, answer.content
    told = answer.json()
    expected = evidence.explain(
        links.scorer, record("", "1"), record("", "2", given="Olly", postcode="LS6 2AB")
    )
    assert told["matchWeight"] == expected.weight == told["steps"][-1]["total"]
    assert told["matchProbability"] == expected.probability
    assert [step["words"] for step in told["steps"]] == [step.words for step in expected.steps]
    assert told["strongestDoubt"] == expected.doubt
    assert told["notCompared"] == ["email address", "UPN", "NHS number"]
    assert told["modelVersion"] == links.scorer.model.version
    assert "picture" not in told


def test_the_picture_names_no_detail_of_a_child(explain):
    told = explain({"one": ONE, "other": OTHER, "picture": True}).json()
    assert told["picture"].startswith("<svg")
    for detail in ("Oliver", "Olly", "Testerton", "LS1", "2014"):
        assert detail not in json.dumps(told)


def test_what_cannot_be_used_is_said(explain):
    told = explain({"one": {**ONE, "birthDate": "31/02/2014"}, "other": ONE}).json()
    assert told["dataQuality"][0]["birthDate"]["quality"] == "Invalid"
    assert "birth date" in told["notCompared"]
    nothing = explain({"one": ONE, "other": {"given": " "}})
    assert nothing.status_code == 422
    assert nothing.json()["errors"][0]["pointer"] == "/other"
    unknown = explain({"one": ONE, "other": {**ONE, "shoeSize": "3"}})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/other")


def test_it_is_recorded_without_a_child(explain):
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened

    explain({"one": ONE, "other": OTHER})
    entry = opened(Entry.objects.order_by("number"))[-1]
    assert (entry.facts["action"], entry.facts["client"]) == ("links.explain", "case-system")
    assert entry.personal is None
