"""The examples for suppliers do what they say: each is run against the conformance checks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from jsonschema import Draft202012Validator

from joinedup.custodian.conformance.check import Report
from joinedup.custodian.conformance.custodian import CustodianChecks, Known
from joinedup.custodian.conformance.stub import Asked, RunningStub
from joinedup.standards.schemas import example
from tests.custodian.agency import AMY, KEY, stub
from tests.custodian.generated_client import FOLDER, NODE, make

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PYTHON = [sys.executable, str(EXAMPLES / "custodian_in_python.py")]
JAVASCRIPT = [NODE or "node", str(FOLDER / "custodian.mjs")]
needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed here")


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
            marks=needs_node,
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
    assert {one.path for one in running.hub.asked} >= {"/api/v1/auth/token", "/api/v2/work/result"}
    assert [fault for one in running.hub.asked for fault in not_described(one)] == []


def not_described(asked: Asked) -> list[str]:
    """What of a request is not in docs/openapi.json: its address, its method, a field."""
    described = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    call = described["paths"].get(asked.path, {}).get(asked.method.lower())
    if call is None:
        return [f"{asked.method} {asked.path}"]
    content: dict[str, Any] = call.get("requestBody", {}).get("content", {})
    body = dict(parse_qsl(asked.body)) if isinstance(asked.body, str) else asked.body
    if not content:
        return [f"{asked.path} takes no body"] if body else []
    (form,) = content.values()
    schema = {**form["schema"], "components": described["components"]}
    found = Draft202012Validator(schema).iter_errors(body)
    return [f"{asked.path} {each.json_path}: {each.validator}" for each in found]


@needs_node
def test_the_javascript_client_is_made_from_the_openapi_description() -> None:
    """When this fails: ``python -m tests.custodian.generated_client``."""
    assert (FOLDER / "hub.mjs").read_text("utf-8") == make()


@pytest.mark.parametrize("path", [PYTHON[1], JAVASCRIPT[1]])
def test_an_example_is_short_enough_to_be_read(path: str) -> None:
    assert len(Path(path).read_text("utf-8").splitlines()) < 100
