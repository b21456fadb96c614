"""Words for what records are about and for the codes in them, from the published schemas."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from joinedup.chronology.fields import described
from joinedup.standards.schemas import RECORD_TYPES, schema

Titles = dict[str, dict[str, str]]

_SENSITIVE = "A service: ask the desk"


def about(record_type: str) -> str:
    """What a record type is about, in a word or two."""
    known = described().get(record_type)
    return known.name if known else _SENSITIVE


@cache
def titles() -> Titles:
    """Words for codes, by record type and field, as ``chronology.statement`` takes them."""
    found: Titles = {}
    for record_type in RECORD_TYPES:
        whole = schema(record_type)
        for name, codes in _coded("", whole, whole):
            found.setdefault(f"{record_type}/{name}", {}).update(codes)
    return found


def fields(record_type: str) -> list[tuple[str, str]]:
    """The fields of a record type that can be asked for one by one, with their words."""
    known = described().get(record_type)
    if known is None:
        return []
    labels = {name: each.label for name, each in known.details.items()}
    labels |= {name: each.label for name, each in known.events.items()}
    return [(name, labels[name]) for name in schema(record_type)["properties"]]


def _coded(name: str, part: dict[str, Any], whole: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    reference = str(part.get("$ref", ""))
    if reference.startswith("#/$defs/"):
        part = whole["$defs"][reference.rpartition("/")[2]]
    if "oneOf" in part:
        yield name, {each["const"]: each["title"] for each in part["oneOf"] if "const" in each}
    for key, inner in part.get("properties", {}).items():
        yield from _coded(key, inner, whole)
    if "items" in part:
        yield from _coded(name, part["items"], whole)
