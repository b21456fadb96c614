"""What is shared with whom: rules, people's decisions, items, and what a record may never hold."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from joinedup.custodian.answers import decide_request, waiting_requests
from joinedup.custodian.conformance.stub import StubHub
from joinedup.custodian.envelope import new_key, unseal
from joinedup.custodian.node import Node
from tests.custodian.agency import AMY, BEN, CHILDREN, EVENTS, settled

POLICE = """
[[systems]]
id = "pnd"
folder = "inbox"
record_types = ["personal.details", "crime-justice.details"]
"""


def fetch(node: Node, hub: StubHub, sui: str = AMY, **more: Any) -> tuple[dict[str, Any], Any]:
    key = new_key()
    asked = {
        "systemId": "cms", "recordId": "C1", "publicKey": key.as_dict(private=False), **more
    }  # fmt: skip
    item = hub.put_work("fetch", sui, asked.pop("recordType", "personal.details"), **asked)
    node.once()
    result = hub.result_of(item)
    assert result is not None
    opened = unseal(result["content"], key, sui=sui) if result.get("content") else None
    return result, opened


@pytest.fixture
def start(make_node: Callable[..., Node], home: Path) -> Callable[..., Node]:
    def begin(**changes: str) -> Node:
        node = make_node(**changes)
        settled(home / "inbox" / "children.csv", CHILDREN)
        return node

    return begin


def test_without_a_rule_a_person_is_asked_and_their_word_holds(
    start: Callable[..., Node], hub: StubHub
) -> None:
    node = start(share="")
    result, _ = fetch(node, hub)
    assert (result["outcome"], result["reason"]) == ("withheld", "ask-us")
    fetch(node, hub)
    (request,) = waiting_requests(node.store)
    assert decide_request(node.store, request["number"], "share", "amy")
    result, record = fetch(node, hub)
    assert result["outcome"] == "shared"
    assert record["recordId"] == "C1"
    result, _ = fetch(node, hub, searcher={"code": "OTHER", "name": "Another agency"})
    assert result["outcome"] == "withheld"


def test_a_persons_refusal_comes_before_a_rule_that_shares(
    start: Callable[..., Node], hub: StubHub
) -> None:
    node = start(share="")
    fetch(node, hub)
    decide_request(node.store, 1, "detriment", "amy")
    node = start()
    result, _ = fetch(node, hub)
    assert (result["outcome"], result["reason"]) == ("withheld", "detriment")


def test_a_rule_that_withholds_comes_before_one_that_shares_even_in_an_emergency(
    start: Callable[..., Node], hub: StubHub
) -> None:
    rules = '[[share]]\n[[withhold]]\nsearchers = ["SEARCH"]\nreason = "other-legal-bar"'
    node = start(share=rules)
    result, _ = fetch(node, hub, emergency=True)
    assert (result["outcome"], result["reason"]) == ("withheld", "other-legal-bar")


def test_an_emergency_needs_no_rule_unless_the_agency_says_so(
    start: Callable[..., Node], hub: StubHub
) -> None:
    assert fetch(start(share=""), hub, emergency=True)[0]["outcome"] == "shared"
    node = start(share="", node="settle_seconds = 0.2\nshare_in_emergency = false")
    assert fetch(node, hub, emergency=True)[0]["reason"] == "ask-us"


def test_items_that_were_not_asked_for_or_may_not_be_given_never_leave(
    start: Callable[..., Node], hub: StubHub
) -> None:
    node = start(share='[[share]]\nitems = ["firstName", "address"]')
    _, record = fetch(node, hub, items=["firstName", "birthAssignedSex"])
    assert record["payload"] == {
        "firstName": "Amy", "lastName": "Smith", "dateOfBirth": "2012-03-04",
    }  # fmt: skip
    result, _ = fetch(node, hub, items=["ethnicity"])
    assert (result["outcome"], result["reason"]) == ("withheld", "not-relevant")


def test_another_childs_record_is_not_held_as_far_as_anybody_is_told(
    start: Callable[..., Node], hub: StubHub
) -> None:
    node = start()
    for wrong in ({"recordId": "C2"}, {"recordId": "none"}, {"systemId": "other"}):
        result, _ = fetch(node, hub, **wrong)
        assert (result["outcome"], result["reason"]) == ("withheld", "not-held")
    result, _ = fetch(node, hub, sui=BEN)
    assert result["reason"] == "not-held"


def test_a_childs_place_is_masked_when_the_hub_says_so(
    start: Callable[..., Node], hub: StubHub
) -> None:
    node = start()
    _, record = fetch(node, hub)
    assert record["payload"]["address"] == {"postcode": "LS1 4AP"}
    _, record = fetch(node, hub, duties=["mask-location"])
    assert "address" not in record["payload"]


@pytest.mark.parametrize(
    "key",
    [None, {}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
     {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {**new_key().as_dict(private=True)}],
)  # fmt: skip
def test_a_key_that_cannot_be_used_is_an_error_and_nothing_leaves(
    start: Callable[..., Node], hub: StubHub, key: Any
) -> None:
    result, _ = fetch(start(), hub, publicKey=key)
    assert result["outcome"] == "permanentError"
    assert "content" not in result


def test_police_events_become_a_record(
    make_node: Callable[..., Node], hub: StubHub, home: Path
) -> None:
    node = make_node(systems=POLICE, share="[[share]]")
    settled(home / "inbox" / "events.json", EVENTS)
    _, record = fetch(node, hub, recordType="crime-justice.details", systemId="pnd")
    assert record["payload"] == {
        "servicesKnownTo": ["Police"],
        "lastPoliceProtectionPowerEvent": "2026-02-06",
        "missingEpisodes": [{"date": "2026-01-05"}],
    }


def test_content_is_not_kept_once_it_was_handed_over(
    start: Callable[..., Node], hub: StubHub
) -> None:
    node = start()
    fetch(node, hub)
    rows = node.store.work.execute("SELECT result, body FROM item").fetchall()
    assert all("content" not in row["result"] and not row["body"] for row in rows)


def at_the_hub(answer: str, *items: str, ago: int = 0) -> dict[str, Any]:
    when = datetime.now(UTC) - timedelta(seconds=ago)
    return {
        "answer": answer, "items": list(items), "decidedAt": when.isoformat(), "decidedBy": "Tom",
    }  # fmt: skip


def test_what_was_decided_at_the_hub_is_the_same_decision_made_elsewhere(
    start: Callable[..., Node], hub: StubHub
) -> None:
    node = start(share="")
    fetch(node, hub)
    result, _ = fetch(node, hub, decision=at_the_hub("share"))
    assert result["outcome"] == "shared"
    assert not waiting_requests(node.store)
    assert fetch(node, hub)[0]["outcome"] == "shared"  # it holds, though it is not sent again
    decide_request(node.store, 1, "detriment", "amy")  # what was said last counts, here or there
    older = at_the_hub("share", ago=60)
    assert fetch(node, hub, decision=older)[0]["reason"] == "detriment"
    assert fetch(node, hub, decision=at_the_hub("not-relevant"))[0]["reason"] == "not-relevant"
    over = at_the_hub("share", ago=31 * 24 * 3600)
    other = {"code": "OTHER", "name": "Another agency"}
    assert fetch(node, hub, decision=over, searcher=other)[0]["reason"] == "ask-us"


def test_a_part_that_was_decided_on_is_shared_and_another_waits(
    start: Callable[..., Node], hub: StubHub
) -> None:
    node = start()  # a rule shares the record: a person's word comes first
    part = at_the_hub("share", "firstName")
    _, record = fetch(node, hub, items=["firstName", "birthAssignedSex"], decision=part)
    assert set(record["payload"]) == {"firstName", "lastName", "dateOfBirth"}
    assert fetch(node, hub, items=["birthAssignedSex"])[0]["reason"] == "ask-us"
    assert len(waiting_requests(node.store)) == 1
    assert "address" not in fetch(node, hub)[1]["payload"]


def test_an_agency_can_keep_the_decision_to_itself(
    start: Callable[..., Node], hub: StubHub
) -> None:
    node = start(share="", node="settle_seconds = 0.2\ndecide_at_hub = false")
    assert fetch(node, hub, decision=at_the_hub("share"))[0]["reason"] == "ask-us"


def test_a_store_of_before_takes_decisions_in_part(
    start: Callable[..., Node], hub: StubHub
) -> None:
    node = start(share="")
    node.store.work.execute("ALTER TABLE request DROP COLUMN items")
    node = start(share="")
    part = at_the_hub("share", "firstName")
    assert fetch(node, hub, items=["firstName"], decision=part)[0]["outcome"] == "shared"
