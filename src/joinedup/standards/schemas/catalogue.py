"""The schemas themselves: one file each, found by name or by identifier."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

from referencing import Registry
from referencing.jsonschema import DRAFT202012, SchemaRegistry

Schema = dict[str, Any]

ENVELOPE: Final = "envelope"
COMMON: Final = "common"

_NOT_CHECKED: Final = frozenset({"$schema", "$id", "$defs", "examples"})


@cache
def schema(name: str) -> Schema:
    """Give a schema by name: a record type, ``envelope``, or ``common`` for the shared parts."""
    text = (files(__package__) / f"{name}.v1.json").read_text("utf-8")
    read: Schema = json.loads(text)
    return read


def _record_types() -> dict[str, str]:
    kinds = schema(ENVELOPE)["properties"]["recordType"]["oneOf"]
    return {kind["const"]: kind["title"] for kind in kinds}


# Name of every record type, and what it is about, in the order of the envelope's own list.
RECORD_TYPES: Final[dict[str, str]] = _record_types()


def identifier(name: str) -> str:
    """Give a schema's identifier: of a record type, what a record's ``schemaUri`` carries."""
    found: str = schema(name)["$id"]
    return found


@cache
def registry() -> SchemaRegistry:
    """Give all schemas by identifier, so that one may refer to another without a network."""
    resources = [
        DRAFT202012.create_resource(schema(name)) for name in (ENVELOPE, COMMON, *RECORD_TYPES)
    ]
    empty: SchemaRegistry = Registry()
    return resources @ empty


def resolved(part: Schema, within: Schema) -> Schema:
    """Give a part of a schema with its reference followed; its own words win over those there."""
    if "$ref" not in part:
        return part
    there = registry().resolver(within["$id"]).lookup(part["$ref"]).contents
    return {
        **cast(Schema, there),
        **{word: value for word, value in part.items() if word != "$ref"},
    }


def flat(part: Any, within: Schema) -> Any:
    """Give a part of a schema with every reference in it followed, for a validator's speed.

    What says nothing about a record is left out. So is the dialect: where a part names it,
    jsonschema falls back to its own validator of that dialect, which knows none of our keywords.
    """
    if isinstance(part, list):
        return [flat(inner, within) for inner in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref", "#")
    if not reference.startswith("#"):
        home = registry().contents(reference.partition("#")[0])
        return flat(resolved(part, within), cast(Schema, home))
    return {
        keyword: flat(inner, within)
        for keyword, inner in resolved(part, within).items()
        if keyword not in _NOT_CHECKED
    }


def example(record_type: str, number: int = 0) -> dict[str, Any]:
    """Give a whole record of an invented child, with the payload's example of that number."""
    record: dict[str, Any] = json.loads(json.dumps(schema(ENVELOPE)["examples"][0]))
    record["recordType"] = record_type
    record["schemaUri"] = identifier(record_type)
    record["payload"] = json.loads(json.dumps(schema(record_type)["examples"][number]))
    return record
