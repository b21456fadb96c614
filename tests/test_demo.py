"""The demo as a person runs it: a process that builds everything, says where it is, and ends."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest

from joinedup.hub.serve import free_port

ROLES = {
    "social-worker", "safeguarding-lead", "nurse", "police-sergeant", "data-officer",
    "information-governance-lead", "shield-reviewer", "administrator",
}  # fmt: skip


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    # Not under pytest's own folder, which the database's user may not enter.
    with tempfile.TemporaryDirectory(prefix="joinedup-test-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


class Running:
    """A demo that was started as a terminal starts it: a process group of its own."""

    def __init__(self, state: Path) -> None:
        self.port = free_port()
        self.said = ""
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "joinedup.cli", "demo", "--children", "1000",
             "--state", str(state), "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )  # fmt: skip

    def wait(self) -> None:
        """Until it is ready, or has ended; ``said`` has what it printed."""
        watchdog = threading.Timer(240, self.process.kill)
        watchdog.start()
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Ready after"):
                break
        watchdog.cancel()

    def interrupt(self) -> int:
        """Ctrl-C, which a terminal sends to the whole group; gives how it ended."""
        os.killpg(self.process.pid, signal.SIGINT)
        rest, _ = self.process.communicate(timeout=60)
        self.said += rest
        return self.process.returncode


@contextmanager
def running(state: Path) -> Iterator[Running]:
    made = Running(state)
    try:
        made.wait()
        yield made
    finally:
        if made.process.poll() is None:
            made.interrupt()


@pytest.fixture(scope="module")
def started(state: Path) -> Iterator[Running]:
    with running(state) as made:
        yield made


@pytest.fixture(scope="module")
def demo(started: Running, state: Path) -> tuple[dict[str, Any], str]:
    assert (state / "demo.json").exists(), started.said
    return json.loads((state / "demo.json").read_text("utf-8")), started.said


def test_says_what_it_found_and_where_the_page_is(demo: tuple[dict[str, Any], str]) -> None:
    told, said = demo
    assert f"{told['hub']}/" in said
    assert "children have their right number, 0 a wrong one" in said
    assert all(person["name"] in said for person in told["people"])


def test_the_page_and_the_api_answer(demo: tuple[dict[str, Any], str]) -> None:
    told, _ = demo
    with urlopen(f"{told['hub']}/") as page:
        assert page.status == 200
    with urlopen(f"{told['hub']}/api/openapi.json") as document:
        assert "/api/v1/get-an-identifier" in json.load(document)["paths"]


def test_demo_json_has_what_scripts_need(demo: tuple[dict[str, Any], str], state: Path) -> None:
    told, _ = demo
    for client in told["clients"]:
        assert {"id", "organisation", "scopes", "kid", "key_file"} <= client.keys()
        assert Path(client["key_file"]).stat().st_mode & 0o077 == 0
    assert (state / "demo.json").stat().st_mode & 0o077 == 0


def test_six_agencies_run_their_own_nodes(demo: tuple[dict[str, Any], str]) -> None:
    """Each node reads its own files and tells the hub what it holds."""
    told, _ = demo
    assert len(told["custodians"]) == 6
    kinds = {one["organisation"] for one in told["clients"]}
    assert set(told["custodians"]) <= kinds
    end = time.monotonic() + 120
    waiting = {code: Path(config).parent for code, config in told["custodians"].items()}
    while waiting and time.monotonic() < end:
        for code, home in list(waiting.items()):
            if _registered(home / "state" / "holdings.sqlite"):
                del waiting[code]
        time.sleep(0.5)
    assert not waiting


def test_childrens_services_answers_for_placements(demo: tuple[dict[str, Any], str]) -> None:
    """Of the children in its care alone, as their episodes in the SSDA903 files say."""
    told, _ = demo
    store = Path(told["custodians"]["DEMOCS"]).parent / "state" / "holdings.sqlite"
    end = time.monotonic() + 120
    while "placement.details" not in _registered(store) and time.monotonic() < end:
        time.sleep(0.5)
    taken = _registered(store)
    assert 0 < taken["placement.details"] < taken["childrens-services.details"]


def _registered(store: Path) -> dict[str, int]:
    """How many pointers of each record type the hub has taken from this node."""
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as link:
            query = (
                "SELECT record_type, count(*) FROM pointer "
                "WHERE sent_at IS NOT NULL AND refused IS NULL GROUP BY 1"
            )
            return dict(link.execute(query).fetchall())
    except sqlite3.Error:
        return {}


def test_everybody_who_is_named_can_sign_in(demo: tuple[dict[str, Any], str]) -> None:
    """Administrators too, whom the hub itself must have given their role."""
    told, _ = demo
    assert {one["role"] for one in told["people"]} == ROLES
    for one in told["people"]:
        page = signed_in(told["hub"], one["subject"])
        assert f"Signed in as {one['name']}, " in page


def test_something_waits_for_those_who_sign_in(demo: tuple[dict[str, Any], str]) -> None:
    """A caseload, a request from the police, a shield to review."""
    told, said = demo
    assert len(told["children"]["caseload"]) == 6
    assert told["children"]["shielded"] in said
    assert "Westmarch Police" in signed_in(told["hub"], "amina.yusuf", "/requests")
    assert "1 shield<" in signed_in(told["hub"], "nadia.bello", "/shields")
    asked = next(one for one in told["people"] if one["subject"] == "raj.pemberton")
    assert asked["reading_code"]


def signed_in(hub: str, subject: str, path: str = "/") -> str:
    """A page as somebody sees it who signed in with a browser."""
    browser = build_opener(HTTPCookieProcessor())
    with browser.open(f"{hub}/sign-in") as page:
        choosing = page.url
    with browser.open(choosing, f"sub={subject}".encode()):
        pass
    with browser.open(f"{hub}{path}") as page:
        return str(page.read().decode())


def test_a_second_one_in_the_same_folder_is_refused(started: Running, state: Path) -> None:
    """Two would answer from the same files, each under its own address."""
    with running(state) as second:
        second.wait()
    assert second.process.returncode == 1
    assert f"A demo runs in {state} already" in " ".join(second.said.split())


def test_ctrl_c_ends_everything_it_started(started: Running, state: Path) -> None:
    """Nothing that the demo started may outlive it."""
    nodes = f"custodian --config {state}"
    assert len(_running(nodes)) == 6, started.said
    assert started.interrupt() == 0, started.said
    with pytest.raises(OSError, match="refused"):
        urlopen(f"http://localhost:{started.port}/healthz", timeout=5)
    assert _running(f"serve\\({started.port},") == set()
    assert _running(nodes) == set()


def test_a_later_start_on_another_port_is_the_same_hub(
    demo: tuple[dict[str, Any], str], started: Running, state: Path
) -> None:
    """The log goes on under its name, and the same people administer."""
    before, _ = demo
    if started.process.poll() is None:
        started.interrupt()
    with running(state) as later:
        assert "Ready after" in later.said, later.said
        told = json.loads((state / "demo.json").read_text("utf-8"))
        assert told["hub"] != before["hub"]
        assert told["sign_in"] == before["sign_in"]
        assert told["children"] == before["children"]
        page = signed_in(told["hub"], "ada.whitlock", "/administration")
        assert "Propose a change" in page
        assert later.interrupt() == 0, later.said


def _running(pattern: str) -> set[str]:
    """The processes whose command line fits."""
    found = subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True, check=False)
    return set(found.stdout.split())
