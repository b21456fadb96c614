"""Going through a record and its schema side by side."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from joinedup.standards.schemas import RECORD_TYPES, example, schema
from joinedup.standards.schemas.catalogue import ENVELOPE, Schema, resolved

Step = str | int

EXAMPLES = [
    (record_type, number)
    for record_type in RECORD_TYPES
    for number in range(len(schema(record_type)["examples"]))
]


class Place(NamedTuple):
    """A value in a record, the way to it, and the part of the schema that it follows."""

    path: tuple[Step, ...]
    value: Any
    part: Schema


def places(record_type: str, number: int = 0) -> list[Place]:
    """Every value of an example record that a schema speaks about."""
    record = example(record_type, number)
    envelope = [
        place for place in _within((), record, schema(ENVELOPE), schema(ENVELOPE))
        if place.path[:1] != ("payload",)
    ]  # fmt: skip
    payload = schema(record_type)
    return [*envelope, *_within(("payload",), record["payload"], payload, payload)]


def _within(path: tuple[Step, ...], value: Any, part: Schema, home: Schema) -> Iterator[Place]:
    reference = part.get("$ref", "#")
    part = resolved(part, home)
    if not reference.startswith("#"):
        home = schema("common")
    yield Place(path, value, part)
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in part.get("properties", {}):
                yield from _within((*path, name), inner, part["properties"][name], home)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _within((*path, index), inner, part["items"], home)


def at(record: Any, path: tuple[Step, ...]) -> Any:
    """The value at the end of a path."""
    for step in path:
        record = record[step]
    return record


def field(path: tuple[Step, ...]) -> str:
    """A path as a problem writes it."""
    text = "".join(f"[item {step + 1}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
