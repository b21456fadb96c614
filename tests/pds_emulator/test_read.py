"""Reading one person by number, and the people related to them."""

import pytest

from joinedup.pds.emulator.problems import Problem
from tests.pds_emulator.people import address, email, name, numbers, patient, phone

A, B, C, D = numbers(4)

LOCATION = {"address", "telecom", "contact", "generalPractitioner", "managingOrganization"}


def replaced_by(number):
    return [{"other": {"reference": f"Patient/{number}"}, "type": "replaced-by"}]


def refusal(engine, number):
    with pytest.raises(Problem) as refused:
        engine.read(number)
    return refused.value.status, refused.value.code


def test_read_shows_former_names_and_birth_order_but_no_former_address(engine_of):
    engine = engine_of(
        patient(
            A,
            name=[name("Smith", "Jack"), name("Jones", "Jack", use="old"),
                  name("Brown", "Jack", use="maiden", period={"end": "2015-01-01"})],
            address=[address("LS1 4AP"), address("DN1 1AA", end="2020-01-01"),
                     address("DN2 2AA", use="temp")],
            telecom=[phone("1"), email("x@example.com", end="2020-01-01")],
            multipleBirthInteger=1,
        )
    )  # fmt: skip
    shown = engine.read(A)
    assert [held["family"] for held in shown["name"]] == ["Smith", "Jones", "Brown"]
    assert [held["postalCode"] for held in shown["address"]] == ["LS1 4AP", "DN2 2AA"]
    assert [held["value"] for held in shown["telecom"]] == ["1"]
    assert shown["multipleBirthInteger"] == 1
    assert shown["meta"]["versionId"] == "3"


def test_restricted_read_has_no_location(engine_of):
    place = {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"}
    pharmacy = {
        "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NominatedPharmacy"
    }
    other = {"url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSCommunication"}
    contact = [{"telecom": [phone("2")]}]
    engine = engine_of(
        patient(A, security="R", contact=contact, extension=[place, other, pharmacy])
    )
    shown = engine.read(A)
    assert not LOCATION & shown.keys()
    assert shown["extension"] == [other]
    assert shown["name"]
    assert shown["birthDate"] == "2012-03-04"


def test_very_restricted_read_shows_no_more_than_that_the_number_exists(engine_of):
    shown = engine_of(patient(A, security="V", multipleBirthInteger=2)).read(A)
    assert shown.keys() == {"resourceType", "id", "identifier", "meta"}
    assert shown["meta"]["security"][0]["code"] == "V"


@pytest.mark.parametrize(
    ("labels", "shown"), [([], "U"), (["N"], "U"), (["U", "R"], "R"), (["R", "V"], "V")]
)
def test_most_careful_label_counts(engine_of, labels, shown):
    engine = engine_of(patient(A, meta={"security": [{"code": code} for code in labels]}))
    [label] = engine.read(A)["meta"]["security"]
    assert label["code"] == shown


def test_superseded_number_gives_the_new_record(engine_of):
    engine = engine_of(
        patient(A, active=False, link=replaced_by(B)),
        patient(B, active=False, link=replaced_by(C)),
        patient(C),
    )
    assert engine.read(A)["id"] == C
    assert engine.read(B)["id"] == C


def test_new_record_of_a_superseded_one_keeps_its_protection(engine_of):
    engine = engine_of(patient(A, active=False, link=replaced_by(B)), patient(B, security="R"))
    assert not LOCATION & engine.read(A).keys()


def test_withdrawn_numbers(engine_of):
    engine = engine_of(
        patient(A, active=False),
        patient(B, active=False, link=replaced_by(D)),  # D is not in the file
        patient(C),
    )
    assert refusal(engine, A) == (404, "INVALIDATED_RESOURCE")
    assert refusal(engine, B) == (404, "INVALIDATED_RESOURCE")
    assert refusal(engine, D) == (404, "RESOURCE_NOT_FOUND")


def test_supersession_in_a_circle_ends(engine_of):
    engine = engine_of(
        patient(A, active=False, link=replaced_by(B)),
        patient(B, active=False, link=replaced_by(A)),
    )
    assert refusal(engine, A) == (404, "INVALIDATED_RESOURCE")


@pytest.mark.parametrize("wrong", ["9990000000", "123", "", "99900000٠0", "abcdefghij"])
def test_number_with_a_wrong_check_digit_is_refused(engine_of, wrong):
    assert refusal(engine_of(patient(A)), wrong) == (400, "INVALID_RESOURCE_ID")


# --- related persons -----------------------------------------------------------------------------


def mother(of, **parts):
    return {
        "resourceType": "RelatedPerson",
        "patient": {"reference": f"Patient/{of}"},
        "active": True,
        "relationship": [{"coding": [{"code": "MTH"}]}],
        "name": [name("Smith", "Ann")],
        **parts,
    }


def test_related_persons_of_a_child(engine_of):
    own = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": B}]
    engine = engine_of(patient(A), patient(B), mother(A, id="0A1B2C3D"), mother(A, identifier=own))
    bundle = engine.related_persons(A)
    assert bundle["total"] == 2
    first, second = (entry["resource"] for entry in bundle["entry"])
    assert bundle["entry"][0]["fullUrl"].endswith(f"/Patient/{A}/RelatedPerson/0A1B2C3D")
    assert first["name"][0]["given"] == ["Ann"]
    # Whoever has an NHS number is only pointed at: the details are read there.
    assert second["patient"]["identifier"]["value"] == B
    assert "name" not in second


def test_nobody_related_is_an_empty_bundle(engine_of):
    bundle = engine_of(patient(A)).related_persons(A)
    assert bundle["total"] == 0
    assert "entry" not in bundle


@pytest.mark.parametrize("security", ["R", "V"])
def test_related_persons_of_a_protected_child_are_never_shown(engine_of, security):
    engine = engine_of(patient(A, security=security), mother(A))
    assert engine.related_persons(A)["total"] == 0


def test_related_persons_of_an_unknown_number(engine_of):
    engine = engine_of(patient(A), mother(A))
    with pytest.raises(Problem) as refused:
        engine.related_persons(B)
    assert refused.value.code == "RESOURCE_NOT_FOUND"
