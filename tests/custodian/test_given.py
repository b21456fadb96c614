"""What a node gave to whom, with the receipts that prove it, against a ledger in memory."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from joinedup.cli.custodian import command
from joinedup.cli.ledger import command as ledger_command
from joinedup.custodian.client import Receipted
from joinedup.custodian.config import ConfigError, read_config
from joinedup.custodian.conformance.stub import StubHub
from joinedup.custodian.given import HANDED_OVER, PROVED, Receipts, given
from joinedup.custodian.node import Node
from joinedup.custodian.witnessing import EVIDENCE, Witnessing, evidence
from joinedup.ledger.checkpoint import Checkpoint, Signer
from joinedup.ledger.entry import Entry
from joinedup.ledger.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    range_root,
    root_of,
)
from tests.custodian.agency import AMY, CHILDREN, settled, write_config
from tests.custodian.test_sharing import fetch

HUB = Signer("hub.example/ledger", Ed25519PrivateKey.from_private_bytes(b"7" * 32))
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Log:
    """The hub's ledger, as its client gives it to a node."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.signatures: list[str] = []
        self.asked: list[tuple[int, int]] = []

    def add(self, action: str = "record.fetch", **facts: Any) -> UUID:
        id = uuid4()
        known = {"organisation": "RX1", "purpose": "safeguarding", "holders": ("E10",)} | facts
        entry = Entry(at=AT, action=action, outcome="allowed", status=200, **known)
        self.leaves.append(entry.content(id, None))
        return id

    def _node(self, level: int, place: int) -> bytes:
        part = self.leaves[place << level : (place + 1) << level]
        return root_of(map(leaf_hash, part))

    def checkpoint(self, since: int) -> tuple[str, list[bytes]] | None:
        if not self.leaves:
            return None
        size = len(self.leaves)
        root = range_root(self._node, 0, size)
        proof = consistency_proof(self._node, since, size) if 0 < since < size else []
        return HUB.sign(Checkpoint(HUB.name, size, root, datetime.now(UTC))), proof

    def countersign(self, size: int, signature: str) -> None:
        self.signatures.append(signature)

    def receipts(self, after: int, size: int) -> tuple[list[Receipted], int]:
        self.asked.append((after, size))
        places = range(after + 1, size)[:2]
        found = [
            Receipted(self.leaves[at], at, inclusion_proof(self._node, at, size)) for at in places
        ]
        return found, places[-1]


WITNESS = f'[witness]\nlog_key = "{HUB.verifier.text()}"\nseconds = 0.05'


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def witness_node(make_node: Callable[..., Node], home: Path, log: Log, said: list[str]) -> Node:
    """A node whose ledger is in memory, and all else at the stub."""
    node = make_node(share=f'{WITNESS}\n[[share]]\nrecord_types = ["personal.details"]')
    assert node._config.witness is not None
    made = Witnessing(node._config.witness, node.store, log, node._say)  # type: ignore[arg-type]
    node._witnessing = made
    node._receipts = Receipts(node.store, log, made.file, node._say)  # type: ignore[arg-type]
    settled(home / "inbox" / "children.csv", CHILDREN)
    return node


def run(home: Path, *arguments: str) -> Any:
    return CliRunner().invoke(command, ["--config", str(home / "node.toml"), *arguments])


def test_what_was_handed_over_waits_for_its_receipt_and_gets_it(
    witness_node: Node, hub: StubHub, log: Log, home: Path, tmp_path: Path
) -> None:
    _, opened = fetch(witness_node, hub)
    assert opened
    (one,) = given(witness_node.store)
    assert (one["record"], one["receipt"], one["entry"]) == ("cms C1", HANDED_OVER, "")
    row = witness_node.store.work.execute("SELECT * FROM given").fetchone()
    log.add("record.find.read", organisation="RX9", record_types=("education.details",))
    entry = log.add(
        organisation=row["searcher"], record_types=("personal.details",),
        correlation_id=UUID(row["correlation"]),
    )  # fmt: skip
    witness_node.once()
    ours, other = sorted(given(witness_node.store), key=lambda one: one["record"], reverse=True)
    assert (ours["receipt"], ours["entry"], ours["place"]) == (PROVED, str(entry), 1)
    assert (other["act"], other["searcher"], other["receipt"]) == (
        "record.find.read", "RX9", PROVED,
    )  # fmt: skip
    shown = run(home, "--given", "--json")
    assert shown.exit_code == 0
    assert [one["receipt"] for one in json.loads(shown.stdout)["given"]] == [PROVED, PROVED]
    table = run(home, "--given")
    assert table.exit_code == 0
    assert AMY not in table.output
    # The receipt convinces somebody else, too.
    file = tmp_path / "receipt.json"
    file.write_text(run(home, "--receipt", str(entry)).stdout, "utf-8")
    done = CliRunner().invoke(
        ledger_command, ["receipt", str(file), "--key", HUB.verifier.text(), "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["entry"]["id"] == str(entry)


def test_what_was_withheld_is_not_listed_as_given(witness_node: Node, hub: StubHub) -> None:
    result, _ = fetch(witness_node, hub, recordType="childrens-services.details")
    assert result["outcome"] == "withheld"
    assert given(witness_node.store) == []


def test_receipts_come_in_order_once_and_go_on_after_a_restart(
    witness_node: Node, log: Log
) -> None:
    entries = [log.add() for _ in range(5)]
    witness_node.once()
    assert {one["entry"] for one in given(witness_node.store)} == set(map(str, entries))
    assert [after for after, _ in log.asked] == [-1, 1, 3]
    witness_node.once()
    assert len(log.asked) == 3  # the log has not grown
    log.add()
    witness_node.once()
    assert log.asked[-1] == (4, 6)
    assert len(given(witness_node.store)) == 6


def test_a_receipt_of_another_log_is_said_loudly_kept_and_stops_nothing(
    witness_node: Node, hub: StubHub, log: Log, said: list[str], home: Path
) -> None:
    log.add()
    honest = log.receipts
    forged = Receipted(log.leaves[0].replace(b"RX1", b"RX2"), 0, [])
    log.receipts = lambda after, size: ([forged], 0)  # type: ignore[method-assign]
    witness_node.once()
    witness_node.once()
    assert given(witness_node.store) == []
    assert len([line for line in said if "DOES NOT FIT" in line]) == 1
    assert (witness_node.store.folder / EVIDENCE).stat().st_mode & 0o077 == 0
    assert hub.pointers  # the node's own work goes on
    shown = run(home, "--given", "--json")
    assert shown.exit_code == 1
    (wrong,) = json.loads(shown.stdout)["contradictions"]
    assert "proves nothing" in wrong["why"]
    log.receipts = honest  # type: ignore[method-assign]
    witness_node.once()
    assert len(given(witness_node.store)) == 1


def test_a_fork_is_status_1_of_once_and_the_rest_is_done(
    witness_node: Node, hub: StubHub, log: Log
) -> None:
    log.add()
    log.add()
    witness_node.once()
    log.leaves = log.leaves[:1]
    find = hub.put_work("find", AMY, "personal.details")
    witness_node.once()
    assert (hub.result_of(find) or {})["outcome"] == "hasRecords"
    assert witness_node.status().ledger_contradictions == 1
    assert "went back" in str(evidence(witness_node.store)[0]["why"])


def test_a_running_node_witnesses_beside_its_other_work(witness_node: Node, log: Log) -> None:
    import threading
    import time

    log.add()
    thread = threading.Thread(target=witness_node.run)
    thread.start()
    end = time.monotonic() + 20
    while not (log.signatures and log.asked) and time.monotonic() < end:
        time.sleep(0.02)
    witness_node.stop()
    thread.join()
    assert len(log.signatures) == 1
    assert log.asked == [(-1, 1)]


def test_the_key_that_the_hubs_administrator_needs_stays_the_same(
    witness_node: Node, home: Path
) -> None:
    keys = {run(home, "--witness-key").stdout for _ in range(2)}
    assert len(keys) == 1
    assert keys.pop().startswith("agency+")
    assert (home / "state" / "witness-key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("witness", "said"),
    [
        ("[witness]", "log_key is missing"),
        ('[witness]\nlog_key = "x"', "gives you the ledger's key"),
        (f'{WITNESS}\nname = "a b"', "[witness] name"),
        (f"{WITNESS}\nminutes = 1", "minutes is not a setting"),
    ],
)
def test_a_mistake_is_named(home: Path, witness: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_config(write_config(home, "https://hub.example.org", share=witness))
    assert said in str(error.value)
