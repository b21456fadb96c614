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
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from joinedup.hub.serve import free_port


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    # Not under pytest's own folder, which the database's user may not enter.
    with tempfile.TemporaryDirectory(prefix="joinedup-test-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def demo(state: Path) -> Iterator[tuple[dict[str, Any], str]]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    process = subprocess.Popen(
        [sys.executable, "-m", "joinedup.cli", "demo", "--children", "1000", "--state", str(state),
         "--port", str(free_port())],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )  # fmt: skip
    watchdog = threading.Timer(240, process.kill)
    watchdog.start()
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if line.startswith("Ready after"):
            break
    try:
        assert (state / "demo.json").exists(), "".join(said)
        yield json.loads((state / "demo.json").read_text("utf-8")), "".join(said)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        watchdog.cancel()
    assert process.returncode == 0


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


def _registered(store: Path) -> bool:
    """Whether the hub has taken a pointer from this node."""
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as link:
            query = "SELECT 1 FROM pointer WHERE sent_at IS NOT NULL AND refused IS NULL LIMIT 1"
            return link.execute(query).fetchone() is not None
    except sqlite3.Error:
        return False


def test_ctrl_c_ends_everything_it_started(state: Path) -> None:
    """A terminal sends Ctrl-C to the whole group: nothing that the demo started may outlive it."""
    port = free_port()
    nodes = f"custodian --config {state}"
    before = _running(nodes)  # another test's demo is up
    process = subprocess.Popen(
        [sys.executable, "-m", "joinedup.cli", "demo", "--children", "1000", "--state", str(state),
         "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Ready after"):
            break
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    with pytest.raises(OSError, match="refused"):
        urlopen(f"http://localhost:{port}/healthz", timeout=5)
    assert _running(f"serve\\({port},") == set()
    assert _running(nodes) == before


def _running(pattern: str) -> set[str]:
    """The processes whose command line fits."""
    found = subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True, check=False)
    return set(found.stdout.split())
