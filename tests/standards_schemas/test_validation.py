"""What is wrong with a record: named, put right, and never repeated to those who may not see it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from joinedup.standards.schemas import RECORD_TYPES, Problem, example, is_record, schema, validate
from joinedup.standards.schemas.catalogue import ENVELOPE, registry
from joinedup.standards.schemas.formats import FORMATS
from joinedup.standards.schemas.wording import RULES
from tests.standards_schemas.walk import EXAMPLES, Step, at, field, places

SECRET = "Zebedee Quixworthy"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)
PLACES = [(kind, number, place) for kind, number in EXAMPLES for place in places(kind, number)]
# The same schemas without anything of ours that makes validation quicker or better worded.
PLAIN = Draft202012Validator(schema(ENVELOPE), registry=registry(), format_checker=FORMATS)
REQUIRED = [
    (kind, number, place.path, name)
    for kind, number, place in PLACES
    if isinstance(place.value, dict)
    for name in place.part.get("required", ())
]


def wrong(record: Any) -> dict[str, Problem]:
    found = validate(record)
    assert len({problem.field for problem in found}) == len(found), "one problem a field"
    assert {problem.rule_code for problem in found} <= set(RULES)
    return {problem.field: problem for problem in found}


@pytest.mark.parametrize(("record_type", "number"), EXAMPLES)
def test_every_example_is_a_valid_record(record_type: str, number: int) -> None:
    record = example(record_type, number)
    assert is_record(record)
    assert validate(record) == []
    assert validate(json.loads(json.dumps(record))) == []


@pytest.mark.parametrize(("record_type", "number", "path", "name"), REQUIRED)
def test_a_record_without_a_required_field_is_refused_by_its_name(
    record_type: str, number: int, path: tuple[Step, ...], name: str
) -> None:
    record = example(record_type, number)
    del at(record, path)[name]
    found = wrong(record)[field((*path, name))]
    assert found.rule_code == "field-missing"
    assert found.description.startswith(f"{name} is missing")


def test_what_every_record_must_say_is_not_loosened_by_accident() -> None:
    assert {name for _, _, path, name in REQUIRED if not path} == {
        "recordId", "personId", "recordType", "version", "schemaUri", "contactDetails", "payload",
    }  # fmt: skip
    assert {
        f"{kind}: {field((*path, name))}"
        for kind, number, path, name in REQUIRED
        if path[:1] == ("payload",) and number == 0 and "[" not in field(path)
    } == {
        "personal.details: payload.lastName",
        "personal.details: payload.dateOfBirth",
        "childrens-services.details: payload.dutyContactDetails",
        "placement.details: payload.status",
        "placement.details: payload.placingAuthority",
        "placement.details: payload.placingAuthority.name",
        "placement.details: payload.needs",
        "placement.details: payload.needs.categoryOfNeed",
    }


@pytest.mark.parametrize(
    ("status", "names"),
    [
        ("Requested", ["requestedOn"]),
        ("InPlace", ["placementType", "provider", "startDate"]),
        ("Ended", ["placementType", "provider", "startDate", "endDate", "reasonEpisodeCeased"]),
        ("Withdrawn", []),
    ],
)
def test_a_placement_says_what_its_status_calls_for(status: str, names: list[str]) -> None:
    record = example("placement.details")
    record["payload"] = {
        name: record["payload"][name] for name in ("placingAuthority", "needs")
    } | {"status": status}
    found = wrong(record)
    assert sorted(found) == sorted(f"payload.{name}" for name in names)
    assert all("is missing" in problem.description for problem in found.values())


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_every_value_of_the_wrong_kind_is_refused_at_its_place(record_type: str) -> None:
    for place in places(record_type):
        if not place.path:
            continue
        values: tuple[Any, ...] = (None, {"a": 1}, [[]], "x" * 600, -1e9, float("nan"))
        for instead in values:
            record = example(record_type)
            at(record, place.path[:-1])[place.path[-1]] = instead
            found = wrong(record)
            assert any(name.startswith(field(place.path)) for name in found), (place.path, instead)


@pytest.mark.parametrize(
    ("path", "value", "rule", "says"),
    [
        (("personId",), "999 000 0018", "field-malformed", "ten digits without spaces"),
        (("personId",), "9990000019", "field-malformed", "fails its check digit"),
        (("personId",), 9990000018, "field-wrong-kind", "text in quotation marks"),
        (("personId",), "9990000018\n", "field-malformed", "ten digits"),
        (("recordId",), " ", "field-malformed", "leave the field out"),
        (("version",), 2, "code-unknown", "must be 1"),
        (("lastUpdated",), "27/03/2026", "field-malformed", "year-month-day"),
        (("lastUpdated",), "2026-02-30", "field-malformed", "calendar does not have"),
        (("contactDetails",), [], "field-empty", "at least one entry"),
        (("contactDetails", 0, "telephone"), "call Sue", "field-malformed", "telephone number"),
        (("contactDetails", 0, "email"), "a@b, c@d", "field-malformed", "one email address"),
        (("recordLinks", 0, "url"), "https://a.example/?n=1", "field-malformed", "no ? or #"),
        (("payload", "firstName"), None, "field-wrong-kind", "Leave the field out"),
        (("payload", "address"), {}, "field-empty", "says nothing"),
        (("payload", "address", "postcode"), "LS1", "field-malformed", ""),
        (("payload", "address", "postcode"), "ZZ99 3WZ", "field-malformed", "leave the field out"),
        (("payload", "birthAssignedSex"), "F", "code-unknown", "Female, Male, Indeterminate"),
        (("payload", "pronouns"), "x" * 501, "field-too-long", "500"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_rule_and_says_how_to_put_it_right(
    path: tuple[Step, ...], value: Any, rule: str, says: str
) -> None:
    record = example("personal.details")
    at(record, path[:-1])[path[-1]] = value
    found = wrong(record)
    assert list(found) == [field(path)]
    assert found[field(path)].rule_code == rule
    assert says in found[field(path)].description


def test_somebody_to_ask_without_a_way_to_ask_them_is_no_contact() -> None:
    record = example("health.details") | {"contactDetails": [{"name": "Duty desk"}]}
    found = wrong(record)["contactDetails[item 1]"]
    assert "telephone, email, address" in found.description


@pytest.mark.parametrize(
    ("record_type", "number", "path", "value"),
    [
        ("placement.details", 1, ("endDate",), "2026-02-26"),
        ("placement.details", 1, ("plannedEndDate",), "1999-01-01"),
        ("education.details", 0, ("yearlyEducationAttendances", 0, "academicTermYearEnd"), 2001),
    ],
)
def test_what_ends_before_it_begins_is_found(
    record_type: str, number: int, path: tuple[Step, ...], value: Any
) -> None:
    record = example(record_type, number)
    at(record["payload"], path[:-1])[path[-1]] = value
    found = wrong(record)
    assert found[field(("payload", *path))].rule_code == "dates-reversed"


def test_a_misspelt_field_is_named_as_it_should_be() -> None:
    record = example("personal.details")
    record["payload"]["dateofbirth"] = record["payload"].pop("dateOfBirth")
    found = wrong(record)
    assert "payload.dateOfBirth" in found
    assert any("looks like dateOfBirth" in problem.description for problem in found.values())


def test_a_field_that_nobody_agreed_to_share_is_refused_and_not_repeated() -> None:
    record = example("personal.details")
    record["payload"][SECRET] = {"address": SECRET}
    [found] = validate(record)
    assert found.rule_code == "field-unknown"
    assert "no more is shared" in found.description
    assert SECRET not in str(found)


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_nothing_that_a_record_says_is_repeated(record_type: str) -> None:
    for place in places(record_type):
        for instead in (SECRET, [SECRET], {SECRET: SECRET}, {"name": {SECRET: SECRET}}):
            if place.path:
                record = example(record_type)
                at(record, place.path[:-1])[place.path[-1]] = instead
                assert SECRET not in str(validate(record))


@given(JSON)
@settings(max_examples=300, deadline=None)
def test_no_json_value_makes_it_fail(value: Any) -> None:
    is_record(value)
    assert validate(value), "nothing made at random is a record"


@given(st.sampled_from(PLACES), JSON)
@settings(max_examples=300, deadline=None)
def test_no_value_in_any_place_makes_it_fail(chosen: tuple[str, int, Any], value: Any) -> None:
    kind, number, place = chosen
    record = example(kind, number)
    if place.path:
        at(record, place.path[:-1])[place.path[-1]] = value
    found = wrong(record)
    if not PLAIN.is_valid(record):
        assert found, "another validator of the same schemas refuses this"


@pytest.mark.parametrize("nest", [lambda v: [v], lambda v: {"payload": v}])
def test_endless_nesting_and_endless_numbers_are_said_and_not_fallen_over(nest: Any) -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = nest(deep)
    for value in (deep, 10**5000):
        record = example("health.details")
        record["payload"]["missedAppointments"] = value
        assert [problem.rule_code for problem in validate(record)] == ["record-too-deep"]


def test_other_json_is_not_taken_for_a_record() -> None:
    assert not is_record({"resourceType": "Bundle", "type": "collection"})
    assert not is_record({"la_child_id": "1", "payload": {}})
    assert not is_record([example("health.details")])
    # A record that has lost one of its marks is still told what it lacks.
    for lost in ("recordType", "schemaUri", "payload"):
        record = example("health.details")
        del record[lost]
        assert is_record(record)
        assert lost in wrong(record)
