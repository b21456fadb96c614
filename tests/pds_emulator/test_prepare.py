"""People files: what is accepted, what is refused and how it is said, and changes to them."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from joinedup.pds.emulator.engine import Engine
from joinedup.pds.emulator.prepare import PeopleFileError, prepare
from tests.pds_emulator.asking import ask, ids
from tests.pds_emulator.people import name, numbers, patient, write

A, B, C = numbers(3)
DOB = "eq2012-03-04"


def test_changed_file_is_prepared_again(tmp_path):
    file = write(tmp_path, patient(A))
    index = prepare(file)
    made = index.stat().st_mtime_ns
    assert prepare(file) == index
    assert index.stat().st_mtime_ns == made
    write(tmp_path, patient(B), patient(C, birthDate="2013-01-01"))
    engine = Engine(file)
    assert ids(ask(engine, family="Smith", birthdate=DOB)) == [B]
    assert engine.people == 2
    engine.close()


def test_change_of_the_same_size_is_noticed(tmp_path):
    file = write(tmp_path, patient(A))
    prepare(file)
    file.write_text(file.read_text().replace("Smith", "Smyth"))
    os.utime(file, ns=(1, 1))
    engine = Engine(file)
    assert ids(ask(engine, family="Smyth", birthdate=DOB)) == [A]
    engine.close()


def test_broken_index_is_made_again(tmp_path):
    file = write(tmp_path, patient(A))
    prepare(file).write_bytes(b"not a database at all" * 100)
    engine = Engine(file)
    assert ids(ask(engine, family="Smith", birthdate=DOB)) == [A]
    engine.close()


def test_progress_ends_at_the_whole_file(tmp_path):
    file = write(tmp_path, patient(A))
    seen = []
    prepare(file, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (file.stat().st_size, file.stat().st_size)


def test_files_made_by_others_are_accepted(tmp_path):
    file = tmp_path / "people.ndjson"
    lines = [
        {"resourceType": "Patient", "id": A},
        {
            "resourceType": "Patient",
            "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": B}],
            "name": [{"use": "official", "family": "Smith", "given": ["Jack"]}],
            "birthDate": "2012-03-04",
            "address": [{"postalCode": "LS14AP"}],
            "telecom": [{"value": "no system"}],
            "generalPractitioner": [{"reference": "Organization/1"}],
        },
        {"resourceType": "Organization", "id": "x"},
    ]
    text = "\r\n".join(json.dumps(line) for line in lines)
    file.write_bytes(b"\xef\xbb\xbf\r\n" + text.encode() + b"\r\n\r\n")
    engine = Engine(file)
    found = ask(engine, family="Smith", birthdate=DOB, **{"address-postalcode": "LS1 4AP"})
    assert ids(found) == [B]
    shown = found["entry"][0]["resource"]
    assert shown["name"][0]["use"] == "usual"
    assert shown["address"][0]["use"] == "home"
    assert engine.read(A).keys() == {"resourceType", "id", "identifier", "meta"}
    assert engine.read(A)["meta"]["versionId"] == "1"
    engine.close()


def test_byte_order_mark_before_the_first_person(tmp_path):
    file = write(tmp_path, patient(A))
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    engine = Engine(file)
    assert engine.read(A)["id"] == A
    engine.close()


def test_person_whose_every_name_has_ended_still_has_the_last_one(tmp_path):
    ended = [name("Jones", "Jack", period={"end": "2015-01-01"}),
             name("Smith", "Jack", period={"end": "2021-12-31"})]  # fmt: skip
    engine = Engine(write(tmp_path, patient(A, name=ended)))
    assert ids(ask(engine, family="Smith", birthdate=DOB)) == [A]
    assert ids(ask(engine, family="Jones", birthdate=DOB)) == []
    engine.close()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no FHIR Patient"),
        (b'{"resourceType": "Organization"}\n', "no FHIR Patient"),
        (b'{"resourceType": "Patient"\n', "line 1: not JSON"),
        (b"\n[1]\n", "line 2: not a FHIR resource"),
        (b'{"resourceType": "Patient", "id": "9990000000"}\n', "line 1: the Patient's id"),
        (b'{"resourceType": "RelatedPerson"}\n', "line 1: the RelatedPerson's patient"),
        (
            json.dumps({"resourceType": "Patient", "id": A, "meta": {"security": "U"}}).encode(),
            "line 1: a part of the Patient",
        ),
    ],
)
def test_wrong_files_are_refused_with_the_line(tmp_path, content, said):
    file = tmp_path / "people.ndjson"
    file.write_bytes(content)
    with pytest.raises(PeopleFileError, match=said):
        prepare(file)
    assert [path.name for path in tmp_path.iterdir()] == ["people.ndjson"]


@pytest.mark.parametrize(
    "twice", [[patient(A), patient(A)], [patient(A), patient(A, active=False)],
              [patient(A, active=False), patient(A, active=False)]]
)  # fmt: skip
def test_one_number_twice_is_refused_without_naming_it(tmp_path, twice):
    with pytest.raises(PeopleFileError, match="one NHS number") as refused:
        prepare(write(tmp_path, *twice))
    assert A not in str(refused.value)


def test_missing_file_is_said(tmp_path):
    with pytest.raises(PeopleFileError, match="cannot be opened"):
        prepare(tmp_path / "nobody.ndjson")


def test_engine_answers_many_threads_at_once(tmp_path):
    many = numbers(200)
    people = [patient(n, name=[name(f"Name{i}", "Jack")]) for i, n in enumerate(many)]
    engine = Engine(write(tmp_path, *people))

    def look_up(i: int) -> list[str]:
        return ids(ask(engine, family=f"Name{i}", birthdate=DOB))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look_up, range(200))) == [[number] for number in many]
    engine.close()
