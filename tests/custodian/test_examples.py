"""The examples for suppliers do what they say: each is run against the conformance checks."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from joinedup.custodian.conformance.check import Report
from joinedup.custodian.conformance.custodian import CustodianChecks, Known
from joinedup.custodian.conformance.stub import RunningStub
from joinedup.standards.schemas import example
from tests.custodian.agency import AMY, KEY, stub

EXAMPLES = Path(__file__).parents[2] / "examples"
PYTHON = [sys.executable, str(EXAMPLES / "custodian_in_python.py")]
NODE = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
JAVASCRIPT = [NODE or "node", str(EXAMPLES / "custodian_in_javascript" / "custodian.mjs")]


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    key, records = tmp_path / "key.pem", tmp_path / "records.json"
    key.write_bytes(KEY.as_pem(private=True))
    record = {**example("personal.details"), "personId": AMY, "recordId": "C1"}
    records.write_text(json.dumps([record]), "utf-8")
    return ["agency", str(key), str(records)]


@pytest.fixture
def running() -> Iterator[RunningStub]:
    with RunningStub(stub()) as one:
        yield one


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(PYTHON, id="python"),
        pytest.param(
            JAVASCRIPT,
            id="javascript",
            marks=pytest.mark.skipif(NODE is None, reason="Node is not installed here"),
        ),
    ],
)
def test_an_example_keeps_the_contract(
    program: list[str], arguments: list[str], running: RunningStub
) -> None:
    process = subprocess.Popen(
        [*program, running.url, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    report = Report()
    try:
        known = Known(AMY, "personal.details", "cms", "C1")
        CustodianChecks(running.hub, known, report, 10).run()
    finally:
        process.kill()
        process.wait(10)
    assert [(one.name, one.why) for one in report.checks if not one.passed] == []
    assert {record for _, _, record in running.hub.pointers} == {"C1"}


@pytest.mark.parametrize("path", [PYTHON[1], JAVASCRIPT[1]])
def test_an_example_is_short_enough_to_be_read(path: str) -> None:
    assert len(Path(path).read_text("utf-8").splitlines()) < 100
