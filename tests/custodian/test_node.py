"""A node from its files to its answers, over real HTTP."""

from collections.abc import Callable
from pathlib import Path

from joinedup.custodian.conformance.stub import StubHub
from joinedup.custodian.envelope import new_key, unseal
from joinedup.custodian.node import Node
from tests.custodian.agency import AMY, BEN, CHILDREN, settled


def test_registers_a_pointer_for_every_child_with_a_number(node: Node, hub: StubHub) -> None:
    node.once()
    found = {(record, kind): one["sui"] for (_, kind, record), one in hub.pointers.items()}
    assert found == {
        ("C1", "personal.details"): AMY,
        ("C1", "childrens-services.details"): AMY,
        ("C2", "personal.details"): BEN,
        ("C2", "childrens-services.details"): BEN,
    }
    assert {one["recordType"] for one in hub.completed} == {
        "personal.details", "childrens-services.details",
    }  # fmt: skip


def test_finds_and_hands_over_what_only_the_searcher_can_read(node: Node, hub: StubHub) -> None:
    node.once()
    find = hub.put_work("find", AMY, "personal.details")
    key = new_key()
    fetch = hub.put_work(
        "fetch", AMY, "personal.details", systemId="cms", recordId="C1",
        publicKey=key.as_dict(private=False),
    )  # fmt: skip
    node.once()
    result = hub.result_of(find)
    assert result is not None
    assert [one["recordId"] for one in result["records"]] == ["C1"]
    shared = hub.result_of(fetch)
    assert shared is not None
    assert shared["outcome"] == "shared"
    record = unseal(shared["content"], key, sui=AMY, work_item=fetch)
    assert record["payload"]["lastName"] == "Smith"
    assert "Smith" not in str(shared)


def test_asks_the_hub_once_for_each_child(
    node: Node, hub: StubHub, make_node: Callable[..., Node]
) -> None:
    node.once()
    make_node().once()
    assert len(hub.requests("POST", "/api/v1/get-an-identifier")) == 3


def test_asks_again_about_a_child_whose_name_was_put_right(
    node: Node, hub: StubHub, home: Path
) -> None:
    node.once()
    settled(home / "inbox" / "children.csv", CHILDREN.replace("Nobody", "Smith"), ago=30)
    node.once()
    assert len(hub.requests("POST", "/api/v1/get-an-identifier")) == 4
    assert hub.pointers["cms", "personal.details", "C3"]["sui"] == AMY


def test_withdraws_the_pointers_of_a_child_no_longer_held(
    node: Node, hub: StubHub, home: Path
) -> None:
    node.once()
    kept = "".join(line for line in CHILDREN.splitlines(True) if not line.startswith("C2"))
    settled(home / "inbox" / "children.csv", kept, ago=30)
    node.once()
    assert {record for _, _, record in hub.pointers} == {"C1"}
    find = hub.put_work("find", BEN, "personal.details")
    node.once()
    assert (hub.result_of(find) or {})["outcome"] == "noRecords"


def test_no_record_is_not_said_before_all_were_asked_about(
    make_node: Callable[..., Node], hub: StubHub, home: Path
) -> None:
    """A node that has read nothing yet does not know: an error that passes, never "none"."""
    node = make_node()
    find = hub.put_work("find", BEN, "personal.details")
    node.once()
    assert hub.result_of(find) is None
    settled(home / "inbox" / "children.csv", CHILDREN)
    hub.items[find].visible_at = 0
    node.once()
    assert (hub.result_of(find) or {})["outcome"] == "hasRecords"
