"""The identifier duty: what leaves an agency carries the child's number, and what has none waits.

Children Act 2004 s.16LC. No exemption from it is used: a record without a number is neither found
nor handed over, and its look-up is made again by itself.
"""

from datetime import UTC, datetime, timedelta

import pytest

from joinedup.custodian.children import held
from joinedup.custodian.conformance.stub import StubHub
from joinedup.custodian.envelope import EnvelopeError, new_key, seal, unseal
from joinedup.custodian.node import Node
from joinedup.custodian.records import NoRecord, make_record
from joinedup.custodian.store import at
from tests.custodian.agency import AMY
from tests.custodian.test_sharing import fetch

CARA = "C3"  # nobody knows her number


def test_a_record_without_a_number_never_leaves_and_is_looked_up_again(
    node: Node, hub: StubHub
) -> None:
    node.once()
    assert {record for _, _, record in hub.pointers} == {"C1", "C2"}
    result, _ = fetch(node, hub, recordId=CARA)
    assert (result["outcome"], result["reason"]) == ("withheld", "not-held")
    cara, system = held(node.store, "cms", CARA), node._config.systems[0]
    assert cara is not None
    with pytest.raises(NoRecord, match="number is not known"):
        make_record("personal.details", cara, system, node._config)
    due = node.store.holdings.execute(
        "SELECT due_at FROM number WHERE record_id = ?", (CARA,)
    ).fetchone()[0]
    assert at(datetime.now(UTC)) < due < at(datetime.now(UTC) + timedelta(days=31))


def test_what_is_handed_over_carries_the_number_and_nothing_else_is_opened(
    node: Node, hub: StubHub
) -> None:
    _, record = fetch(node, hub)
    assert record["personId"] == AMY
    key = new_key()
    for number in ({}, {"personId": ""}, {"personId": "C1"}):
        bare = {name: value for name, value in record.items() if name != "personId"} | number
        with pytest.raises(EnvelopeError):
            unseal(seal(bare, key.as_dict(private=False), "w"), key)
