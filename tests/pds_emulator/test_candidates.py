"""The index proposes and the rules decide: together they find whom the rules alone would find."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.pds.emulator.engine import Engine
from joinedup.pds.emulator.problems import Problem
from joinedup.pds.emulator.question import read_question
from joinedup.pds.emulator.record import read_record
from joinedup.pds.emulator.rules import judge
from tests.pds_emulator.people import address, email, name, numbers, patient, phone, write

FAMILIES = ["Smith", "Smyth", "Smythe", "Small", "Jack", "O'Brien", "Émile", "Van Dam"]
GIVENS = ["Jack", "Jak", "Jake", "Smith", "Anne Marie", "Émile", "Bo"]
POSTCODES = ["LS1 4AP", "LS1 4AQ", "LS11 6AD", "DN17 4AA"]
DAYS = [(date(2012, 1, 1) + timedelta(days=40 * n)).isoformat() for n in range(8)]
TODAY = "2026-01-01"


def pick(choices, i, step):
    """A choice for the i-th person; different steps give different mixtures."""
    return choices[(i * step + i // 7) % len(choices)]


def people():
    made = []
    for i, number in enumerate(numbers(160)):
        names = [name(pick(FAMILIES, i, 1), pick(GIVENS, i, 3), *(["Paul"] if i % 3 else []))]
        if i % 4 == 0:
            names.append(name(pick(FAMILIES, i, 5), pick(GIVENS, i, 2), use="old"))
        places = [address(pick(POSTCODES, i, 3))]
        if i % 5 == 0:
            places.append(address(pick(POSTCODES, i, 7), end="2020-01-01"))
        made.append(
            patient(
                number,
                security="R" if i % 11 == 0 else "V" if i % 13 == 0 else "U",
                name=names,
                gender="male" if i % 2 else "female",
                birthDate=pick(DAYS, i, 1)[: 7 if i % 17 == 0 else None],
                address=places,
                telecom=[phone(f"0{i % 9}"), email(f"{i % 6}@example.com", "2020-01-01")],
            )
        )
    return made


PEOPLE = people()
RECORDS = {person["id"]: read_record(person, TODAY) for person in PEOPLE}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = Engine(write(tmp_path_factory.mktemp("people"), *PEOPLE))
    yield engine
    engine.close()


def wild(words):
    return st.sampled_from(words) | st.builds(
        lambda word, keep: word[:keep] + "*", st.sampled_from(words), st.integers(2, 4)
    )


@st.composite
def searches(draw):
    params = []
    for field, values, chance in (
        ("family", wild(FAMILIES), 9),
        ("given", wild(GIVENS), 6),
        ("given", st.just("Paul"), 1),
        ("gender", st.sampled_from(["male", "female"]), 5),
        ("address-postalcode", wild(POSTCODES), 5),
        ("phone", st.sampled_from([f"0{n}" for n in range(9)]), 1),
        ("email", st.sampled_from([f"{n}@example.com" for n in range(6)]), 1),
        ("general-practitioner", st.sampled_from(["A20047", "B1"]), 1),
    ):
        if draw(st.integers(1, 10)) <= chance:
            params.append((field, draw(values)))
    for prefix in draw(st.sampled_from([["eq"], [""], ["ge"], ["le"], ["ge", "le"]])):
        params.append(("birthdate", prefix + draw(st.sampled_from(DAYS))))
    for flag in ("_fuzzy-match", "_history", "_exact-match"):
        params.append((flag, draw(st.sampled_from(["true", "false"]))))
    return params


@settings(max_examples=600, deadline=None)
@given(params=searches())
def test_index_loses_nobody_and_invents_nobody(engine, params):
    try:
        question = read_question(params)
    except Problem:
        return
    expected = {
        number: score
        for number, record in RECORDS.items()
        if (score := judge(question, record)) is not None
    }
    answer = engine.search(params)
    if len(expected) > 50:
        assert answer["resourceType"] == "OperationOutcome"
        return
    found = {entry["resource"]["id"]: entry["search"]["score"] for entry in answer.get("entry", [])}
    assert found == expected
    assert answer["total"] == len(expected)
    assert all(0 < score <= 1 for score in found.values())


@settings(max_examples=200, deadline=None)
@given(params=searches())
def test_protected_people_never_leak(engine, params):
    try:
        answer = engine.search(params)
    except Problem:
        return
    located = {"address-postalcode", "general-practitioner"} & {field for field, _ in params}
    for entry in answer.get("entry", []):
        security = RECORDS[entry["resource"]["id"]].security
        assert security != "V"
        if security == "R":
            assert not located
            assert not {"address", "telecom", "generalPractitioner"} & entry["resource"].keys()
