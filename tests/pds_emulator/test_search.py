"""What a search finds, what it leaves out and how it scores."""

import pytest

from joinedup.pds.emulator.problems import Problem
from tests.pds_emulator.asking import ask, ids, score
from tests.pds_emulator.people import address, email, name, numbers, patient, phone

A, B, C, D = numbers(4)
DOB = "eq2012-03-04"


# --- the score, against answers recorded from a real PDS environment -----------------------------


def test_score_of_a_family_wildcard_is_the_recorded_one(engine_of):
    engine = engine_of(patient(A, name=[name("MEEK", "Anna")], birthDate="2015-10-22"))
    found = ask(
        engine, family="Me*", birthdate="eq2015-10-22", **{"general-practitioner": "A20047"}
    )
    assert score(found) == 0.9259


def test_score_of_a_postcode_wildcard_is_the_recorded_one(engine_of):
    engine = engine_of(
        patient(
            A, name=[name("Smith", "Sam")], birthDate="2000-05-05", address=[address("DN17 4AA")]
        )
    )
    found = ask(
        engine, family="Smith", gender="male", birthdate="eq2000-05-05",
        **{"address-postalcode": "DN17*"},
    )  # fmt: skip
    assert score(found) == 0.965


def test_score_of_a_fuzzy_search_by_home_is_the_recorded_one(engine_of):
    engine = engine_of(
        patient(
            A,
            name=[name("Smith", "Sam", "Matt")],
            birthDate="2000-05-05",
            address=[address("DN17 4AA")],
        )
    )
    found = ask(
        engine, family="Smythe", given="Mat", gender="male", birthdate="ge2000-05-03",
        _fuzzy_match=True, **{"address-postalcode": "DN17 4AA"},
    )  # fmt: skip
    assert score(found) == 0.8827


@pytest.mark.parametrize(("held", "recorded"), [("attisón", 0.9317), ("attison", 0.9077)])
def test_score_counts_every_letter_outside_ascii_as_one_sign(engine_of, held, recorded):
    engine = engine_of(patient(A, name=[name(held, "Pauline")], birthDate="1960-07-14"))
    found = ask(engine, family="ATTSÖN", given="PÀULINÉ", birthdate="1960-07-14", _fuzzy_match=True)
    assert score(found) == recorded


def test_twin_of_the_same_sex_scores_above_the_usual_cut(engine_of):
    # The reason why a score alone must never decide.
    engine = engine_of(patient(A, name=[name("Smith", "Jake")]))
    found = ask(
        engine, family="Smith", given="Jack", gender="male", birthdate=DOB, _fuzzy_match=True,
        **{"address-postalcode": "LS1 4AP"},
    )  # fmt: skip
    assert score(found) == 0.9733


# --- plain searches ------------------------------------------------------------------------------


def test_plain_search_ignores_case_and_spaces(engine_of):
    engine = engine_of(patient(A))
    found = ask(
        engine, family="sMITH", given="jack", birthdate="2012-03-04", gender="male",
        **{"address-postalcode": "ls14ap"},
    )  # fmt: skip
    assert (ids(found), score(found)) == ([A], 1.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"family": "Smyth"},
        {"given": "John"},
        {"given": ["Jack", "Paul"]},
        {"gender": "female"},
        {"birthdate": "eq2012-03-05"},
        {"address-postalcode": "LS1 4AQ"},
        {"general-practitioner": "B20047"},
        {"phone": "01632960588"},
        {"email": "john@example.com"},
        {"death-date": "ge2000-01-01"},
    ],
)
def test_plain_search_needs_every_field_to_fit(engine_of, wrong):
    engine = engine_of(patient(A))
    assert ids(ask(engine, family="Smith", birthdate=DOB)) == [A]
    assert ids(ask(engine, **{"family": "Smith", "birthdate": DOB, **wrong})) == []


def test_names_and_given_must_fit_on_one_name(engine_of):
    engine = engine_of(
        patient(A, name=[name("Smith", "Jack"), name("Jones", "Jim", use="nickname")])
    )
    assert ids(ask(engine, family="Jones", given="Jim", birthdate=DOB)) == [A]
    assert ids(ask(engine, family="Jones", given="Jack", birthdate=DOB)) == []


def test_nickname_without_family_name_goes_with_the_usual_one(engine_of):
    nickname = {"use": "nickname", "given": ["Jacko"]}
    engine = engine_of(patient(A, name=[name("Smith", "Jack"), nickname]))
    assert ids(ask(engine, family="Smith", given="Jacko", birthdate=DOB)) == [A]


def test_compound_given_name_is_one_value(engine_of):
    engine = engine_of(patient(A, name=[name("Smith", "John Paul", "James")]))
    assert ids(ask(engine, family="Smith", given=["John Paul", "James"], birthdate=DOB)) == [A]
    assert ids(ask(engine, family="Smith", given=["John", "Paul"], birthdate=DOB)) == []


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (["ge2012-03-01", "le2012-03-04"], True),
        (["ge2012-03-04"], True),
        (["le2012-03-04"], True),
        (["ge2012-03-05"], False),
        (["le2012-03-03"], False),
        (["eq2012-03-04", "ge2013-01-01"], False),
    ],
)
def test_birth_date_ranges_include_their_ends(engine_of, asked, fits):
    engine = engine_of(patient(A))
    assert ids(ask(engine, family="Smith", birthdate=asked)) == ([A] if fits else [])


def test_partial_birth_date_fits_only_a_range_that_holds_all_of_it(engine_of):
    engine = engine_of(patient(A, birthDate="2012-03"))
    assert ids(ask(engine, family="Smith", birthdate="eq2012-03-01")) == []
    assert ids(ask(engine, family="Smith", birthdate=["ge2012-03-02", "le2012-04-01"])) == []
    assert ids(ask(engine, family="Smith", birthdate=["ge2012-03-01", "le2012-03-31"])) == [A]


def test_person_without_birth_date_is_never_found(engine_of):
    engine = engine_of(patient(A, birthDate=None), patient(B))
    assert ids(ask(engine, family="Smith", birthdate="le2030-01-01")) == [B]


# --- wildcards -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({"family": "Sm*"}, True),
        ({"family": "Sm*t*"}, True),
        ({"family": "Sm*x"}, False),
        ({"family": "Smith", "given": "Ala*"}, True),
        ({"family": "Smith", "given": "Mic*"}, False),  # only the first given name
        ({"family": "Smith", "address-postalcode": "ls1*"}, True),
        ({"family": "Smith", "address-postalcode": "LS2*"}, False),
        ({"family": "Smi[t]*"}, False),  # only * is special
    ],
)
def test_wildcards(engine_of, asked, fits):
    engine = engine_of(patient(A, name=[name("Smith", "Alan", "Michael")]))
    for born in (DOB, ["ge2011-09-01", "le2012-09-01"]):
        assert ids(ask(engine, **asked, birthdate=born)) == ([A] if fits else [])


@pytest.mark.parametrize("field", ["family", "given", "address-postalcode"])
@pytest.mark.parametrize("value", ["*", "S*ith"])
def test_wildcard_among_the_first_two_characters_is_refused(engine_of, field, value):
    engine = engine_of(patient(A))
    with pytest.raises(Problem) as refused:
        ask(engine, **{"family": "Smith", "birthdate": DOB, field: value})
    assert (refused.value.status, refused.value.code) == (400, "INVALID_SEARCH_DATA")


def test_wildcard_in_a_fuzzy_search_is_refused(engine_of):
    engine = engine_of(patient(A))
    with pytest.raises(Problem) as refused:
        ask(engine, family="Smi*", given="Jack", birthdate=DOB, _fuzzy_match=True)
    assert refused.value.code == "INVALID_SEARCH_DATA"


def test_exact_match_keeps_only_a_score_of_one(engine_of):
    engine = engine_of(patient(A))
    assert ids(ask(engine, family="Smith", birthdate=DOB, _exact_match=True)) == [A]
    assert ids(ask(engine, family="Smi*", birthdate=DOB, _exact_match=True)) == []


# --- history -------------------------------------------------------------------------------------


@pytest.fixture
def moved(engine_of):
    """Was JONES at DN1 1AA with other contacts; now SMITH at LS1 4AP."""
    return engine_of(
        patient(
            A,
            name=[
                name("Smith", "Jack"),
                name("Jones", "Jack", use="old", period={"end": "2020-01-01"}),
            ],
            address=[address("LS1 4AP"), address("DN1 1AA", end="2020-01-01")],
            telecom=[phone("07700900001"), phone("07700900002", end="2020-01-01"),
                     email("old@example.com", end="2020-01-01")],
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [
        {"family": "Jones"},
        {"family": "Smith", "address-postalcode": "DN1 1AA"},
        {"family": "Smith", "phone": "07700900002"},
        {"family": "Smith", "email": "OLD@example.com"},
    ],
)
def test_former_values_are_found_with_history_only(moved, asked):
    assert ids(ask(moved, **asked, birthdate=DOB)) == []
    found = ask(moved, **asked, birthdate=DOB, _history=True)
    assert (ids(found), score(found)) == ([A], 1.0)
    fuzzy = ask(moved, **asked, given="Jack", birthdate=DOB, _fuzzy_match=True)
    assert ids(fuzzy) == [A]


def test_what_matched_in_history_is_not_shown(moved):
    [entry] = ask(moved, family="Jones", birthdate=DOB, _history=True)["entry"]
    shown = entry["resource"]
    assert [held["family"] for held in shown["name"]] == ["Smith"]
    assert [held["postalCode"] for held in shown["address"]] == ["LS1 4AP"]
    assert [held["value"] for held in shown["telecom"]] == ["07700900001"]


def test_old_use_without_a_period_is_history_too(engine_of):
    engine = engine_of(patient(A, address=[address("DN1 1AA", use="old"), address("LS1 4AP")]))
    assert ids(ask(engine, family="Smith", birthdate=DOB, **{"address-postalcode": "DN11AA"})) == []
    found = ask(
        engine, family="Smith", birthdate=DOB, _history=True, **{"address-postalcode": "DN11AA"}
    )
    assert [held["postalCode"] for held in found["entry"][0]["resource"]["address"]] == ["LS1 4AP"]


# --- fuzzy ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "given"), [("Smyth", "Jak"), ("Smith", "Jock"), ("Jack", "Smith"), ("Jacke", "Smit")]
)
def test_fuzzy_finds_names_that_sound_alike_in_either_order(engine_of, family, given):
    engine = engine_of(patient(A))
    found = ask(engine, family=family, given=given, birthdate=DOB, _fuzzy_match=True)
    assert ids(found) == [A]


def test_fuzzy_by_names_does_not_filter_by_gender_and_postcode(engine_of):
    engine = engine_of(patient(A))
    found = ask(
        engine, family="Smith", given="Jack", birthdate=DOB, gender="female", _fuzzy_match=True,
        **{"address-postalcode": "ZE1 0AA"},
    )  # fmt: skip
    assert ids(found) == [A]
    assert score(found) < 0.8


def test_fuzzy_by_home_finds_a_person_whose_other_name_is_quite_different(engine_of):
    engine = engine_of(patient(A))
    home = {"gender": "male", "address-postalcode": "LS1 4AP", "birthdate": DOB}
    assert ids(ask(engine, family="Smith", _fuzzy_match=True, **home)) == [A]
    assert ids(ask(engine, given="Jack", _fuzzy_match=True, **home)) == [A]
    assert ids(ask(engine, family="Smith", given="Bertie", _fuzzy_match=True, **home)) == [A]
    assert ids(ask(engine, family="Wragg", given="Bertie", _fuzzy_match=True, **home)) == []


def test_fuzzy_still_needs_the_birth_date_and_contacts(engine_of):
    engine = engine_of(patient(A))
    asked = {"family": "Smith", "given": "Jack", "_fuzzy_match": True}
    assert ids(ask(engine, **asked, birthdate="2012-04-04")) == []
    assert ids(ask(engine, **asked, birthdate=["ge2011-09-01", "le2012-09-01"])) == [A]
    assert ids(ask(engine, **asked, birthdate=DOB, email="other@example.com")) == []


# --- how many ------------------------------------------------------------------------------------


def test_more_people_than_allowed_gives_an_outcome_and_nobody(engine_of):
    engine = engine_of(*(patient(number) for number in (A, B, C)))
    answer = ask(engine, family="Smith", birthdate=DOB, _max_results=2)
    assert answer == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "information",
                "code": "multiple-matches",
                "details": {
                    "coding": [
                        {
                            "system": "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode",
                            "version": "1",
                            "code": "TOO_MANY_MATCHES",
                            "display": "Too Many Matches",
                        }
                    ]
                },
            }
        ],
    }
    assert len(ids(ask(engine, family="Smith", birthdate=DOB, _max_results=3))) == 3


def test_best_score_comes_first(engine_of):
    engine = engine_of(
        patient(A, name=[name("Smythe", "Jack")]),
        patient(B, name=[name("Smith", "Jack")]),
        patient(C, name=[name("Smyth", "Jack")]),
    )
    answer = ask(engine, family="Smith", given="Jack", birthdate=DOB, _fuzzy_match=True)
    assert ids(answer) == [B, C, A]
    scores = [entry["search"]["score"] for entry in answer["entry"]]
    assert scores == sorted(scores, reverse=True)


def test_nobody_is_a_bundle_without_entry(engine_of):
    answer = ask(engine_of(patient(A)), family="Wragg", birthdate=DOB)
    assert answer["total"] == 0
    assert answer.keys() == {"resourceType", "type", "timestamp", "total"}


# --- protected and withdrawn records -------------------------------------------------------------


def test_restricted_person_is_found_without_location(engine_of):
    engine = engine_of(patient(A, security="R"))
    for extra in ({}, {"given": "Jack", "_fuzzy_match": True}):
        [entry] = ask(engine, family="Smith", birthdate=DOB, **extra)["entry"]
        shown = entry["resource"]
        assert shown["meta"]["security"][0]["code"] == "R"
        assert shown["name"]
        assert not {"address", "telecom", "contact", "generalPractitioner"} & shown.keys()


@pytest.mark.parametrize(
    "location", [{"address-postalcode": "LS1 4AP"}, {"general-practitioner": "A20047"},
                 {"address-postalcode": "LS1*"}]
)  # fmt: skip
def test_restricted_person_is_never_found_by_location(engine_of, location):
    engine = engine_of(patient(A, security="R"))
    assert ids(ask(engine, family="Smith", birthdate=DOB, **location)) == []
    if "*" not in location.get("address-postalcode", ""):
        fuzzy = {"given": "Jack", "gender": "male", "_fuzzy_match": True}
        assert ids(ask(engine, family="Smith", birthdate=DOB, **fuzzy, **location)) == []


def test_restricted_person_does_not_show_as_too_many_either(engine_of):
    # A hidden record that turned one hit into "too many" would betray that it exists there.
    engine = engine_of(patient(A), patient(B, security="R"), patient(C, security="V"))
    asked = {"family": "Smith", "birthdate": DOB, "address-postalcode": "LS1 4AP"}
    assert ids(ask(engine, **asked, _max_results=1)) == [A]


def test_very_restricted_person_is_not_discoverable(engine_of):
    engine = engine_of(patient(A, security="V"))
    assert ids(ask(engine, family="Smith", birthdate=DOB, _history=True)) == []
    fuzzy = ask(engine, family="Smith", given="Jack", birthdate=DOB, _fuzzy_match=True)
    assert ids(fuzzy) == []


def test_superseded_and_invalidated_records_are_never_found(engine_of):
    replaced = {"other": {"reference": f"Patient/{B}"}, "type": "replaced-by"}
    engine = engine_of(
        patient(A, active=False, link=[replaced]), patient(B), patient(C, active=False)
    )
    assert ids(ask(engine, family="Smith", birthdate=DOB, _max_results=1)) == [B]


def test_results_show_only_what_a_search_may_show(engine_of):
    death = {"url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"}  # fmt: skip # noqa: E501
    pharmacy = {"url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NominatedPharmacy"}  # fmt: skip # noqa: E501
    engine = engine_of(
        patient(
            A,
            active=True,
            multipleBirthInteger=2,
            text={"status": "generated", "div": "<div>Jack Smith</div>"},
            extension=[death, pharmacy],
            address=[address("LS1 4AP"), address("DN1 1AA", use="temp")],
        )
    )
    [entry] = ask(engine, family="Smith", birthdate=DOB)["entry"]
    assert entry["fullUrl"].endswith(f"/personal-demographics/FHIR/R4/Patient/{A}")
    shown = entry["resource"]
    assert shown["extension"] == [death]
    assert [held["use"] for held in shown["address"]] == ["home"]
    assert not {"active", "text", "multipleBirthInteger", "link"} & shown.keys()
