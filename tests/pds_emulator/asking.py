"""Asking an engine in a test's words, and reading its answer."""

from typing import Any

from joinedup.pds.emulator.engine import Engine
from tests.pds_emulator.people import Json


def ask(engine: Engine, **params: Any) -> Json:
    """Search by parameters written as Python names: ``_fuzzy_match=True``, lists for repeats."""
    sent = []
    for key, value in params.items():
        name = key if key in ("given", "family") else key[0] + key[1:].replace("_", "-")
        for one in value if isinstance(value, list) else [value]:
            sent.append((name, str(one).lower() if isinstance(one, bool) else str(one)))
    return engine.search(sent)


def ids(answer: Json) -> list[str]:
    assert answer["resourceType"] == "Bundle", answer
    return [entry["resource"]["id"] for entry in answer.get("entry", [])]


def score(answer: Json) -> float:
    [entry] = answer["entry"]
    value: float = entry["search"]["score"]
    return value
