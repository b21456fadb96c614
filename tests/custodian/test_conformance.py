"""The conformance command: our own node keeps the contract, and a sloppy one is found out."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import CliRunner

from joinedup.cli.conformance import command
from joinedup.custodian.client import Credentials, HubClient, Refused, WorkItem
from joinedup.custodian.config import read_config
from joinedup.custodian.conformance.check import Report
from joinedup.custodian.conformance.custodian import CustodianChecks, Known
from joinedup.custodian.conformance.stub import RunningStub, StubHub
from joinedup.custodian.http import HubAway
from joinedup.custodian.node import Node
from tests.custodian.agency import AMY, CHILDREN, KEY, settled, write_config

KNOWN = Known(AMY, "personal.details", "cms", "C1")


def failed(hub: StubHub, patience: float = 5) -> set[str]:
    report = Report()
    CustodianChecks(hub, KNOWN, report, patience).run()
    return {one.name.partition(":")[0] for one in report.checks if not one.passed}


def test_our_own_node_keeps_the_contract(home: Path, running: RunningStub) -> None:
    config = write_config(home, running.url)
    settled(home / "inbox" / "children.csv", CHILDREN)
    node = Node(read_config(config), lambda _: None)
    thread = Thread(target=node.run)
    thread.start()
    try:
        assert failed(running.hub, 15) == set()
    finally:
        node.stop()
        thread.join(20)


@pytest.fixture
def sloppy(running: RunningStub) -> Callable[..., set[str]]:
    """Run a client of one fault, and give what the checks say of it."""

    def run(step: Callable[[HubClient, WorkItem], None]) -> set[str]:
        hub = HubClient(running.url, Credentials("agency", KEY, "k"))
        stop = Event()

        def loop() -> None:
            while not stop.is_set():
                try:
                    item = hub.claim()
                    if item is None:
                        stop.wait(0.1)
                    else:
                        step(hub, item)
                except (HubAway, Refused):
                    pass  # at once again: no Retry-After, no pause

        thread = Thread(target=loop)
        thread.start()
        try:
            return failed(running.hub, 2)
        finally:
            stop.set()
            thread.join(10)

    return run


def test_a_client_that_always_has_nothing_is_found_out(sloppy: Callable[..., set[str]]) -> None:
    def nothing(hub: HubClient, item: WorkItem) -> None:
        hub.answer(item, "noRecords" if item.kind == "find" else "permanentError")

    assert {"find", "fetch", "503", "lost answer"} <= sloppy(nothing)


def test_a_custodian_that_never_comes(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(KEY.as_pem(private=False))
    done = CliRunner().invoke(
        command, ["--serve", "--port", "0", "--key", str(key), "--patience", "0.2", "--json"]
    )
    assert done.exit_code == 3
    told = json.loads(done.stdout)
    assert told["passed"] is False
    assert told["checks"][0]["why"]


def test_nobody_at_the_address() -> None:
    done = CliRunner().invoke(command, ["http://127.0.0.1:9"])
    assert done.exit_code == 3
