"""Systems ask, answer and collect, by the same rules as people."""

import pytest

from joinedup.custodian.envelope import new_key
from tests.hub.sharing.known import HEALTH, SUI

KEY = new_key()
ASKED = {
    "custodian": "TRUST", "sui": SUI, "purpose": "section-47", "legalBasis": "public-task",
    "reason": "A referral.", "items": [
        {"recordType": HEALTH, "field": "missedAppointments"},
        {"recordType": HEALTH, "field": "registeredGP"},
    ], "publicKey": KEY.as_dict(private=False),
}  # fmt: skip


@pytest.fixture
def systems(region):
    for node in region.nodes.values():
        node.machine.client.scopes = ["request.read", "request.write"]
        node.machine.client.save()
        node.bearer = node.machine.token(node.http)
    return region


def send(node, **changes):
    return node.call("POST", "/api/v1/requests", {**ASKED, **changes})


def answer(node, request, *what, **more):
    """Decide each item: text is closed to the key that the request names."""
    from uuid import UUID

    from joinedup.hub.sharing.envelope import Item, close

    at = f"/api/v1/requests/{request}"
    state = node.call("GET", at).json()
    items = []
    for item, given in zip(state["items"], what, strict=True):
        if given.startswith("!"):
            items.append({"itemId": item["itemId"], "why": given[1:]})
        else:
            closed = close(
                Item(state["sui"], given, "fact"), state["publicKey"], UUID(item["itemId"])
            )
            items.append({"itemId": item["itemId"], "content": closed})
    body = {"words": "We thought about it.", "told": "Told", "items": items, **more}
    return node.call("POST", f"{at}/decision", body)


def test_a_system_asks_another_answers_and_it_collects(systems):
    from uuid import UUID

    from joinedup.hub.sharing.envelope import unclose

    la, trust = systems.la, systems.trust
    sent = send(la)
    assert sent.status_code == 202, sent.content
    request = sent.json()["requestId"]
    (line,) = trust.call("GET", "/api/v1/requests").json()["requests"]
    assert (line["requestId"], line["searcher"]) == (request, "LA")
    at = f"/api/v1/requests/{request}"
    assert la.call("POST", f"{at}/content").status_code == 404
    done = answer(trust, request, "Missed two.", "!not-held")
    assert done.status_code == 202, done.content
    items = la.call("GET", at).json()["items"]
    assert [each["answer"] for each in items] == ["given", "nothing"]
    (got,) = la.call("POST", f"{at}/content").json()["items"]
    assert got["field"] == "missedAppointments"
    assert unclose(got["content"], KEY, UUID(got["itemId"]), SUI).text == "Missed two."
    assert trust.call("GET", "/api/v1/requests").json()["requests"] == []


def test_sent_twice_under_one_key_it_is_one_request(systems):
    from joinedup.hub.sharing.models import ShareRequest

    bodies = [
        systems.la.call("POST", "/api/v1/requests", ASKED, **{"idempotency-key": "k"}).json()
        for _ in range(2)
    ]
    assert bodies[0] == bodies[1]
    assert ShareRequest.objects.count() == 1


def test_detriment_and_not_held_are_the_same_to_a_system(systems):
    la, trust = systems.la, systems.trust
    seen = []
    for why, review in (("!detriment", {"reviewBy": "2027-01-01"}), ("!not-held", {})):
        request = send(la).json()["requestId"]
        assert answer(trust, request, why, why, **review).status_code == 202
        state = la.call("GET", f"/api/v1/requests/{request}").json()
        alike = {
            key: value for key, value in state.items()
            if key not in ("requestId", "reference", "receivedAt", "dueAt")
        }  # fmt: skip
        alike["items"] = [each["answer"] for each in state["items"]]
        collected = la.call("POST", f"/api/v1/requests/{request}/content")
        seen.append((alike, collected.status_code, collected.json()["type"]))
    assert seen[0] == seen[1]
    assert seen[0][0]["items"] == ["nothing", "nothing"]


@pytest.mark.parametrize(("changes", "status"), [
    ({"custodian": "NOBODY"}, 403), ({"custodian": "LA"}, 422), ({"sui": "123"}, 422),
    ({"items": []}, 422), ({"items": [{"recordType": HEALTH}]}, 422), ({"reason": ""}, 422),
    ({"publicKey": {"kty": "oct", "k": "x"}}, 422), ({"purpose": "missing"}, 403),
    ({"urgency": "whenever"}, 422), ({"publicKey": KEY.as_dict(private=True)}, 422),
])  # fmt: skip
def test_what_is_not_taken(systems, changes, status):
    from joinedup.hub.sharing.models import ShareRequest

    assert send(systems.la, **changes).status_code == status
    assert not ShareRequest.objects.exists()


def test_a_decision_that_is_not_one(systems):
    la, trust = systems.la, systems.trust
    request = send(la).json()["requestId"]
    assert answer(trust, request, "One", "!detriment").status_code == 422  # without a review
    assert answer(trust, request, "One", "!not-held", told="").status_code == 422
    at = f"/api/v1/requests/{request}/decision"
    items = trust.call("GET", f"/api/v1/requests/{request}").json()["items"]
    swapped = [{"itemId": each["itemId"], "content": "not.an.envelope.at.all"} for each in items]
    for wrong in (swapped, swapped[:1], [{**each, "content": ""} for each in swapped]):
        body = {"words": "x", "told": "x", "items": wrong}
        assert trust.call("POST", at, body).status_code == 422
    assert la.call("POST", at, {"words": "x", "items": swapped}).status_code == 404


def test_the_request_of_another_system_is_not_there(systems):
    request = send(systems.la).json()["requestId"]
    for path in ("", "/content", "/decision"):
        at = f"/api/v1/requests/{request}{path}"
        method = "POST" if path else "GET"
        body = {"words": "x", "items": [{"itemId": request, "why": "not-held"}]}
        sent = body if path == "/decision" else None
        assert systems.police.call(method, at, sent).status_code == 404
