"""The whole OpenAPI description, called as it says and otherwise: no 5xx, no undeclared answer.

Schemathesis makes the calls: bodies and parameters that fit the description, and ones that do not.
Here they get real tokens and, as often as not, real ids and real words, so that they come further
than the door.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.hub.conftest import HUB_URL
from tests.hub.test_http import SNAPSHOT

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class World:
    """A region in which there is something of everything, and who may call."""

    def __init__(self, browser_client: Any, answers_with: Any) -> None:
        from joinedup.hub.api.tokens import SCOPES
        from tests.hub.discovery import region as words
        from tests.hub.sources import CHILD, FOUND
        from tests.hub.test_isolation import key

        answers_with(FOUND)
        self.region = words.Region.build(browser_client)
        words.agree()
        for node in self.region.nodes.values():
            node.machine.client.scopes = sorted(SCOPES)
            node.machine.client.requests_per_minute = 1_000_000
            node.machine.client.save()
        self.new_tokens()
        la, school = self.region.la, self.region.school
        asked = la.call("POST", "/api/v1/get-an-identifier", {"personSpecification": CHILD})
        searches = [la.search().json()["searchId"] for _ in range(3)]
        school.answer(school.claim().json(), "hasRecords", **words.has(words.EDUCATION, "pupil-1"))
        fetches = [item["fetchId"] for item in la.results(searches[0]).json()["items"]]
        claimed = [la.claim().json() for _ in range(2)]
        self.values: Mapping[str, list[Any]] = {
            "request_id": [asked.json()["requestId"]],
            "entry_id": [_an_entry()],
            "search_id": searches,
            "fetch_id": fetches,
            "event": ["work.available", "result.available"],
            "sui": [words.SUI, words.OTHER_SUI],
            "suid": [words.SUI],
            "purpose": [words.PURPOSE],
            "legalBasis": [words.BASIS],
            "reason": ["A referral this morning."],
            "recordType": [words.CARE, words.EDUCATION],
            "recordTypes": [[], [words.CARE]],
            "systemId": ["main"],
            "recordId": ["pupil-1"],
            "workItemId": [each["workItemId"] for each in claimed],
            "leaseToken": [each["leaseToken"] for each in claimed],
            "jobId": [each["workItemId"] for each in claimed],
            "leaseId": [each["leaseToken"] for each in claimed],
            "publicKey": [key()],
            "Joinedup-Public-Key": [json.dumps(key())],
            "birthDate": ["2014-03-27", "27/03/2014"],
            "given": ["Rowan"],
            "family": ["Testerton"],
            "personSpecification": [CHILD],
            "one": [CHILD],
            "other": [CHILD],
            "onBehalfOf": [{"person": "w-1", "role": "social-worker"}],
            "caseReference": ["C-1"],
            "emergency": [False],
            "outcome": ["noRecords", "temporaryError"],
            "url": ["https://node.example/hint"],
            "client_assertion": [la.machine.assertion() for _ in range(100)],
            "client_id": ["system-LA"],
            "scope": ["match", ""],
        }

    def new_tokens(self) -> None:
        """Tokens last five minutes, and whoever was held may ask again."""
        from joinedup.hub.limits.models import Hold

        Hold.objects.all().delete()
        for node in self.region.nodes.values():
            node.bearer = node.machine.token(node.http)


def _an_entry() -> Any:
    from joinedup.hub.ledger.writing import record

    return str(record(action="record.find", outcome="allowed", organisation="LA"))


@pytest.fixture
def world(browser_client, links, answers_with):
    return World(browser_client, answers_with)


def made_real(value: Any, known: Mapping[str, list[Any]], draw: Any, all_of_it: bool) -> Any:
    """The same body, with what is known in the place of what was made up, or of some of it."""
    if isinstance(value, dict):
        return {
            name: draw(st.sampled_from(known[name]))
            if name in known and (all_of_it or draw(st.booleans()))
            else made_real(inner, known, draw, all_of_it)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [made_real(each, known, draw, all_of_it) for each in value[:20]]
    return value


def operations() -> dict[str, Any]:
    """Every operation of the description, to be called in this process."""
    from joinedup.hub.wsgi import application

    schema = schemathesis.openapi.from_path(SNAPSHOT)
    schema.app = application
    found = [each.ok() for each in schema.get_all_operations()]
    return {f"{each.method.upper()} {each.path}": each for each in found}


def call_one(world: World, operation: Any, examples: int, derandomize: bool) -> Counter[int]:
    """Call an operation so many times; how often it gave each status. Raises what was wrong."""
    seen: Counter[int] = Counter()
    modes = (GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    cases = st.one_of(operation.as_strategy(generation_mode=mode) for mode in modes)
    bearers = [*[world.region.la.bearer] * 6, world.region.school.bearer, "no.such.token", None]

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=derandomize,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(data=st.data(), case=cases)
    def call(data: Any, case: Any) -> None:
        for places in (case.path_parameters or {}, case.headers or {}):
            for place in places:
                if place in world.values and data.draw(st.booleans()):
                    places[place] = data.draw(st.sampled_from(world.values[place]))
        if (how := data.draw(st.sampled_from(["as made", "in part", "all", "all"]))) != "as made":
            case.body = made_real(case.body, world.values, data.draw, how == "all")
        bearer = data.draw(st.sampled_from(bearers))
        headers = {"x-forwarded-proto": "https"}
        if bearer is not None:
            headers["authorization"] = f"Bearer {bearer}"
        answer = case.call_and_validate(base_url=HUB_URL, headers=headers, checks=CHECKS)
        seen[answer.status_code] += 1

    call()
    return seen


def call_all(world: World, examples: int, *, derandomize: bool) -> dict[str, Counter[int]]:
    """Call every operation; how each answered. Fails with all that was wrong with any."""
    wrong: list[str] = []
    seen: dict[str, Counter[int]] = {}
    for name, operation in operations().items():
        world.new_tokens()
        try:
            seen[name] = call_one(world, operation, examples, derandomize)
        except BaseExceptionGroup as group:
            wrong.append(f"{name}: {'; '.join(map(str, group.exceptions))[:2000]}")
        except Exception as failure:
            wrong.append(f"{name}: {type(failure).__name__} {str(failure)[:2000]}")
    assert not wrong, "\n\n".join(wrong)
    return seen


@pytest.mark.timeout(120)
def test_no_5xx_and_no_undeclared_answer(world):
    seen = call_all(world, 12, derandomize=True)
    assert len(seen) >= 20


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_5xx_and_no_undeclared_answer_at_length(world):
    seen = call_all(world, 500, derandomize=False)
    came_in = [name for name, answers in seen.items() if min(answers) < 300]
    assert len(came_in) >= 20, seen


def test_every_answer_that_is_declared_is_described():
    """An error without a form of its own would let anything through above."""
    described = json.loads(SNAPSHOT.read_text())["paths"]
    bare = [
        (path, method, status)
        for path, methods in described.items()
        for method, operation in methods.items()
        for status, answer in operation["responses"].items()
        if int(status) >= 400 and not answer.get("content")
    ]
    assert not bare
