"""Reading a Patient: tolerant of the unknown, strict about whose record it is."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.pds.parse import (
    MalformedAnswer,
    is_nhs_number,
    parse_patient,
    parse_related_person,
)
from joinedup.pds.patient import PdsAddress, PdsName, PdsPatient, Security
from tests.pds_client.scripted_pds import patient

NUMBER = "9990000018"


def test_every_field_we_read() -> None:
    person = parse_patient(
        {
            "resourceType": "Patient",
            "id": NUMBER,
            "meta": {"versionId": "2", "security": [{"code": "U"}]},
            "name": [
                {
                    "use": "usual",
                    "given": ["Iolanthe", "May"],
                    "family": "Quillfeather",
                    "period": {"start": "2015-04-12"},
                },
                {"use": "old", "family": "Pike", "period": {"end": "2016"}},
            ],
            "gender": "female",
            "birthDate": "2015-04-12",
            "address": [
                {
                    "use": "home",
                    "line": ["1 Test Row", "", None, "Leeds"],
                    "postalCode": "ZZ1 1AA",
                    "period": {"start": "2020-01-01"},
                }
            ],
            "telecom": [
                {"system": "phone", "value": "01632960001"},
                {"system": "email", "value": "x@example.org"},
                {"system": "fax", "value": "1"},
            ],
            "generalPractitioner": [{"identifier": {"value": "Y12345"}}],
            "multipleBirthInteger": 2,
            "deceasedDateTime": "2025-01",
        }
    )
    assert person == PdsPatient(
        nhs_number=NUMBER,
        security=Security.UNRESTRICTED,
        names=(
            PdsName("usual", ("Iolanthe", "May"), "Quillfeather", "2015-04-12", None),
            PdsName("old", (), "Pike", None, "2016"),
        ),
        birth_date="2015-04-12",
        gender="female",
        addresses=(PdsAddress("home", ("1 Test Row", "Leeds"), "ZZ1 1AA", "2020-01-01", None),),
        phones=("01632960001",),
        emails=("x@example.org",),
        gp_ods="Y12345",
        multiple_birth=2,
        deceased="2025-01",
        version="2",
    )


@pytest.mark.parametrize(
    ("meta", "level"),
    [
        ({"security": [{"code": "U"}]}, "U"),
        ({"security": [{"code": "R"}]}, "R"),
        ({"security": [{"code": "V"}]}, "V"),
        ({"security": [{"code": "U"}, {"code": "R"}]}, "R"),
        ({"security": [{"code": "REDACTED"}]}, "V"),
        ({"security": [{}]}, "V"),
        ({"security": []}, "R"),
        ({"security": "U"}, "R"),
        ({}, "R"),
        (None, "R"),
    ],
)
def test_a_label_we_do_not_understand_protects(meta: object, level: str) -> None:
    assert parse_patient({**patient(), "meta": meta}).security == level


@pytest.mark.parametrize(
    "number", ["9990000019", "999000001", "9999999999", "0000000000", "９９９００００１８"]
)
def test_a_person_with_an_impossible_number_is_not_read(number: str) -> None:
    with pytest.raises(MalformedAnswer):
        parse_patient(patient(number))


def test_the_relatives_number_may_be_a_reference() -> None:
    relative = {
        "resourceType": "RelatedPerson",
        "patient": {"reference": "https://x/Patient/9990000034"},
    }
    assert parse_related_person(relative, NUMBER).nhs_number == "9990000034"
    assert parse_related_person(relative, "9990000034").nhs_number is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["resourceType", "id", "meta", "security", "code", "name", "given", "family", "period",
             "start", "address", "line", "telecom", "system", "value", "generalPractitioner",
             "identifier", "patient", "reference", "relationship", "coding"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(anything, st.dictionaries(st.sampled_from(list(patient())), anything))
def test_odd_shapes_raise_one_error_or_none(whole: object, fields: dict[str, object]) -> None:
    for resource in (whole, {**patient(), **fields}):
        with contextlib.suppress(MalformedAnswer):
            person = parse_patient(resource)
            assert is_nhs_number(person.nhs_number)
            assert all(isinstance(name.family, str | None) for name in person.names)


@given(anything)
def test_odd_relatives_raise_one_error_or_none(resource: object) -> None:
    for shape in (resource, {"resourceType": "RelatedPerson", "patient": resource}):
        with contextlib.suppress(MalformedAnswer):
            parse_related_person(shape, NUMBER)
