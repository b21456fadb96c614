"""What a node lives through: a hub that is away, its own kill -9, files half written or changed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from joinedup.custodian.client import Refused
from joinedup.custodian.config import read_config
from joinedup.custodian.conformance.stub import Answer, RunningStub, StubHub, problem
from joinedup.custodian.http import HubAway
from joinedup.custodian.node import Node
from tests.custodian.agency import AMY, BEN, CHILDREN, settled, stub, write_config


def test_a_file_still_being_written_is_waited_for(
    make_node: Callable[..., Node], hub: StubHub, home: Path
) -> None:
    node = make_node(node="settle_seconds = 0.6\npoll_seconds = 0.05")
    path = home / "inbox" / "children.csv"
    path.write_text(CHILDREN[:70])
    slow = Thread(target=lambda: (time.sleep(0.3), path.write_text(CHILDREN)))
    slow.start()
    node.once()
    slow.join()
    assert {record for _, _, record in hub.pointers} == {"C1", "C2"}
    assert len(hub.requests("POST", "/api/v1/get-an-identifier")) == 3


@pytest.mark.parametrize("name", ["children.csv.part", ".children.csv", "~$children.csv"])
def test_a_transfer_tools_own_files_are_left_alone(
    make_node: Callable[..., Node], home: Path, name: str
) -> None:
    node = make_node()
    settled(home / "inbox" / name, CHILDREN)
    node.once()
    assert node.status().records == 0


def test_a_changed_schema_is_said_and_the_last_good_data_stay(
    node: Node, hub: StubHub, home: Path, said: list[str]
) -> None:
    node.once()
    settled(home / "inbox" / "children.csv", "Ref;Wert\n1;2\n2;3\n", ago=30)
    node.once()
    assert node.status().refused_files == 1
    assert any("children.csv is not taken in" in line and "stays" in line for line in said)
    find = hub.put_work("find", AMY, "personal.details")
    node.once()
    assert (hub.result_of(find) or {})["outcome"] == "hasRecords"
    settled(home / "inbox" / "children.csv", CHILDREN, ago=20)
    node.once()
    assert node.status().refused_files == 0


def test_a_file_with_most_children_gone_is_taken_in_when_a_person_says_so(
    make_node: Callable[..., Node], home: Path, hub: StubHub, said: list[str]
) -> None:
    many = CHILDREN + "".join(f"D{n},Dan{n},Okoro,01/01/2013,LS1 1AA,\n" for n in range(40))
    node = make_node()
    settled(home / "inbox" / "children.csv", many)
    node.once()
    settled(home / "inbox" / "children.csv", CHILDREN, ago=30)
    node.once()
    assert node.status().records == 43
    assert any("--accept-smaller" in line for line in said)
    from click.testing import CliRunner

    from joinedup.cli.custodian import command

    done = CliRunner().invoke(
        command, ["--config", str(home / "node.toml"), "--accept-smaller", "children.csv"]
    )
    assert done.exit_code == 0, done.output
    make_node().once()
    assert node.status().records == 3


def test_a_hub_that_was_away_loses_nothing(home: Path, said: list[str]) -> None:
    hub = stub()
    away = hub.faults = lambda method, path: problem(503, "away", "Away.", **{"Retry-After": "0"})
    with RunningStub(hub) as running:
        node = Node(read_config(write_config(home, running.url)), said.append)
        settled(home / "inbox" / "children.csv", CHILDREN)
        thread = Thread(target=node.run)
        thread.start()
        time.sleep(1)
        assert not hub.pointers
        hub.faults = lambda method, path: None
        find = hub.put_work("find", AMY, "personal.details")
        _until(lambda: hub.pointers and hub.result_of(find))
        hub.faults = away
        time.sleep(0.3)
        late = hub.put_work("find", BEN, "personal.details")
        hub.faults = lambda method, path: None
        _until(lambda: hub.result_of(late))
        node.stop()
        thread.join(20)
    assert sum("answers again" in line for line in said) >= 1
    assert len([line for line in said if "Trying again until it does" in line]) <= 4


def test_retry_after_is_respected(node: Node, hub: StubHub) -> None:
    hub.faults = lambda method, path: (
        problem(429, "too-many", "Later.", **{"Retry-After": "7"})
        if path.endswith("get-an-identifier")
        else None
    )
    with pytest.raises(HubAway) as away:
        node.once()
    assert away.value.retry_after == 7


def test_a_login_page_in_the_hubs_place_is_not_an_answer(node: Node, hub: StubHub) -> None:
    hub.faults = lambda method, path: Answer(200, ["<html>"], {"Content-Type": "text/html"})
    with pytest.raises(HubAway):
        node.once()


def test_a_redirect_is_never_followed(node: Node, hub: StubHub) -> None:
    hub.faults = lambda method, path: (
        Answer(307, None, {"Location": "http://169.254.169.254/"}) if "token" not in path else None
    )
    with pytest.raises(Refused):
        node.once()


def test_a_question_that_waits_for_a_person_is_looked_at_again(
    make_node: Callable[..., Node], hub: StubHub, home: Path
) -> None:
    node = make_node()
    settled(home / "inbox" / "children.csv", CHILDREN)
    node.once()
    request = next(key for key, state in hub.states.items() if state["status"] == "NoMatch")
    hub.states[request] |= {"status": "Match", "nhsNumber": AMY}
    node.store.holdings.execute("UPDATE number SET due_at = '2000' WHERE record_id = 'C3'")
    node.once()
    assert hub.pointers["cms", "personal.details", "C3"]["sui"] == AMY
    assert len(hub.requests("POST", "/api/v1/get-an-identifier")) == 3


def test_pointers_are_sent_in_batches_that_go_on_where_they_stopped(
    node: Node, hub: StubHub, monkeypatch: pytest.MonkeyPatch, make_node: Callable[..., Node]
) -> None:
    monkeypatch.setattr("joinedup.custodian.pointers._BATCH", 1)
    sent: list[int] = []

    def third_fails(method: str, path: str) -> Answer | None:
        if path.endswith("/register/pointers"):
            sent.append(1)
            if len(sent) == 3:
                return problem(503, "away", "Away.")
        return None

    hub.faults = third_fails
    with pytest.raises(HubAway):
        node.once()
    assert len(hub.pointers) == 2
    before = len(hub.requests("PUT"))
    make_node()._pointers.send()
    assert len(hub.pointers) == 4
    assert len(hub.requests("PUT")) - before == 2


def test_a_refused_pointer_is_said_once_and_holds_nothing_up(
    node: Node, hub: StubHub, said: list[str]
) -> None:
    hub.refuse_pointer = lambda one: "not yours" if one["recordId"] == "C1" else ""
    node.once()
    assert {record for _, _, record in hub.pointers} == {"C2"}
    assert any("The hub refused" in line and "not yours" in line for line in said)
    assert not any(AMY in line or "Smith" in line for line in said)


@pytest.mark.parametrize("moment", ["before-the-answer", "before-the-hub-hears", "after"])
def test_killed_while_answering_answers_once(home: Path, moment: str) -> None:
    """A kill -9 at each step of answering; the next start finishes what was begun."""
    hub = stub()
    with RunningStub(hub) as running:
        config = write_config(home, running.url)
        settled(home / "inbox" / "children.csv", CHILDREN)
        Node(read_config(config), lambda _: None).once()
        find = hub.put_work("find", AMY, "personal.details")
        process = subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(config), moment],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert process.wait(30) == -signal.SIGKILL
        Node(read_config(config), lambda _: None).once()
        assert (hub.result_of(find) or {})["outcome"] == "hasRecords"
        assert hub.items[find].claims == 1
        given = [one for one in hub.requests("POST", "/api/v2/work/result") if one.status == 202]
        assert len({str(one.body) for one in given}) == 1


_KILLED = """
import os, signal, sys
from pathlib import Path
from joinedup.custodian import work
from joinedup.custodian.client import HubClient
from joinedup.custodian.config import read_config
from joinedup.custodian.node import Node

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

moment = sys.argv[2]
if moment == "before-the-answer":
    work.answer = die
else:
    send = HubClient.send_answer
    HubClient.send_answer = lambda *a: die(send(*a) if moment == "after" else None)
Node(read_config(Path(sys.argv[1])), print).once()
"""


def test_two_nodes_never_run_on_one_store(node: Node, home: Path) -> None:
    command = [sys.executable, "-m", "joinedup.cli", "custodian", "--once", "--config"]
    with node.store.alone():
        other = subprocess.run([*command, home / "node.toml"], capture_output=True, check=False)
    assert other.returncode == 2
    assert b"Another node" in other.stderr
    assert node.status().records == 0


def _until(true: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")
