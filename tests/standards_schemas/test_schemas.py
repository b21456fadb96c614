"""The schemas as suppliers will read them: complete, described, and honest about their examples."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from joinedup.people.nhs_number import read_nhs_number
from joinedup.standards import schemas
from joinedup.standards.rules import load
from joinedup.standards.schemas import RECORD_TYPES, schema
from joinedup.standards.schemas.catalogue import COMMON, ENVELOPE, Schema, registry
from joinedup.standards.schemas.formats import FORMATS
from joinedup.standards.schemas.wording import WORDED
from tests.standards_schemas.walk import EXAMPLES, places

NAMES = (ENVELOPE, COMMON, *RECORD_TYPES)
# Keywords that describe, hold other schemas or choose between them, and so never fail themselves.
SILENT = {
    "$schema", "$id", "$defs", "$ref", "title", "description", "examples", "properties", "items",
    "allOf", "if", "then", "x-fix",
}  # fmt: skip


def parts(part: Schema) -> Iterator[Schema]:
    """A schema and every schema within it."""
    yield part
    for keyword in ("properties", "$defs"):
        for inner in part.get(keyword, {}).values():
            yield from parts(inner)
    for keyword in ("items", "if", "then"):
        if keyword in part:
            yield from parts(part[keyword])
    for keyword in ("allOf", "oneOf", "anyOf"):
        for inner in part.get(keyword, []):
            yield from parts(inner)


def test_the_five_types_of_the_national_prototype_are_there_and_placement() -> None:
    assert list(RECORD_TYPES) == [
        "personal.details",
        "childrens-services.details",
        "education.details",
        "health.details",
        "crime-justice.details",
        "placement.details",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_any_json_schema_tool_can_use_it(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema(name)["$id"].startswith("urn:joinedup:record-")
    assert schema(name)["$id"].endswith(":v1")
    for part in parts(schema(name)):
        if "$ref" in part:
            registry().resolver(schema(name)["$id"]).lookup(part["$ref"])


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_a_tool_that_knows_nothing_of_ours_accepts_the_examples(record_type: str) -> None:
    plain = Draft202012Validator(schema(ENVELOPE), registry=registry())
    assert not list(plain.iter_errors(schemas.example(record_type)))


def test_every_schema_file_is_published() -> None:
    found = {
        file.name.removesuffix(".v1.json")
        for file in files(schemas).iterdir()
        if file.name.endswith(".json")
    }
    assert found == set(NAMES)


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_the_envelope_holds_every_type_to_its_own_schema(record_type: str) -> None:
    record = schemas.example(record_type)
    record["payload"] = {"notAField": 1}
    assert schemas.validate(record)
    record = schemas.example(record_type) | {"schemaUri": "urn:joinedup:record-type:other:v1"}
    assert [problem.field for problem in schemas.validate(record)] == ["schemaUri"]


@pytest.mark.parametrize("name", NAMES)
def test_every_field_says_what_it_means_and_every_code_too(name: str) -> None:
    for part in parts(schema(name)):
        for field, inner in part.get("properties", {}).items():
            if "const" not in inner or "description" in inner:
                conditional = set(inner) <= {"const", "$ref"}
                assert conditional or inner["description"].endswith("."), field
        for choice in part.get("oneOf", []):
            assert choice["title"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_can_be_wrong_that_there_are_no_words_for(name: str) -> None:
    for part in parts(schema(name)):
        assert set(part) <= SILENT | WORDED
        if "pattern" in part:
            assert part["x-fix"].endswith(".")
        if "format" in part:
            assert part["format"] in FORMATS.checkers
        # Worded as lists of codes, and of names: no other use has words.
        assert all(set(choice) == {"const", "title"} for choice in part.get("oneOf", []))
        assert all(set(way) == {"required"} for way in part.get("anyOf", []))


@pytest.mark.parametrize("name", NAMES)
def test_every_object_refuses_what_it_does_not_know(name: str) -> None:
    for part in parts(schema(name)):
        if "properties" in part and "description" in part:
            assert part["additionalProperties"] is False


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_the_examples_show_every_field(record_type: str) -> None:
    shown = {
        tuple(step for step in place.path[1:] if isinstance(step, str))
        for kind, number in EXAMPLES
        if kind == record_type
        for place in places(kind, number)
        if place.path[0:1] == ("payload",)
    }
    assert set(_names((), schema(record_type))) <= shown


def _names(path: tuple[str, ...], part: Schema) -> Iterator[tuple[str, ...]]:
    for name, inner in part.get("properties", {}).items():
        yield (*path, name)
        yield from _names((*path, name), inner.get("items", inner))


@pytest.mark.parametrize(("record_type", "number"), EXAMPLES)
def test_the_children_of_the_examples_are_invented(record_type: str, number: int) -> None:
    checked = read_nhs_number(schemas.example(record_type, number)["personId"])
    assert "test-range" in checked.flags


def test_a_placement_has_every_code_that_the_return_on_the_same_children_may_have() -> None:
    returned: dict[str, Any] = load("ssda903", None)["codes"]
    placement = schema("placement.details")["properties"]
    for part, codes in (
        (placement["placementType"], "placement"),
        (placement["provider"]["properties"]["type"], "provider"),
        (placement["needs"]["properties"]["categoryOfNeed"], "need"),
        (placement["reasonForChange"], "reason_change"),
        (placement["reasonForNewEpisode"], "reason_new_episode"),
        (placement["reasonEpisodeCeased"], "reason_ceased"),
        (placement["legalStatus"], "legal_status"),
    ):
        assert set(returned[codes]) <= {choice["const"] for choice in part["oneOf"]}, codes
