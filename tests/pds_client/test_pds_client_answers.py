"""Every way the PDS can answer, over real HTTP."""

from datetime import date

import pytest

from joinedup.pds.patient import Security
from joinedup.pds.related import Related
from joinedup.pds.search import (
    Found,
    Invalidated,
    NotFound,
    Refused,
    Search,
    TooMany,
    Unavailable,
)
from tests.pds_client.scripted_pds import (
    FHIR,
    Script,
    bundle,
    cut,
    hang_up,
    late,
    outcome,
    patient,
    reply,
)

SEARCH = Search(
    family="Quillfeather",
    given=("Iolanthe",),
    birth_from=date(2015, 4, 12),
    birth_to=date(2015, 4, 12),
    postcode="ZZ1 1AA",
)
NUMBER = "9990000018"


def test_one_person_is_found_with_the_score(pds: Script, make_client) -> None:
    pds.then(reply(200, bundle(patient())))
    answer = make_client().search(SEARCH)
    assert isinstance(answer, Found)
    assert answer.patient.nhs_number == NUMBER
    assert answer.patient.names[0].family == "Quillfeather"
    assert answer.patient.birth_date == "2015-04-12"
    assert answer.score == 0.97


def test_the_question_arrives_as_it_was_put(pds: Script, make_client) -> None:
    pds.then(reply(200, bundle()))
    search = Search(family="O'Brien & Söhne", given=("Anne-Marie", "José"), phone="+441632960001")
    make_client(ods_code="RR8").search(search)
    (heard,) = pds.asked
    assert (heard.method, heard.path) == ("GET", f"{FHIR}/Patient")
    assert heard.query == search.params()
    assert ("_max-results", "1") in heard.query
    assert heard.headers["accept"] == "application/fhir+json"
    assert heard.headers["nhsd-end-user-organisation-ods"] == "RR8"
    assert "authorization" not in heard.headers


def test_text_that_is_no_text_does_not_break_the_question(pds: Script, make_client) -> None:
    pds.then(reply(200, bundle()))
    assert make_client().search(Search(family="Jos\udce9")) == NotFound()


def test_an_empty_searchset_has_no_entry_and_means_nobody(pds: Script, make_client) -> None:
    pds.then(reply(200, bundle()))
    assert make_client().search(SEARCH) == NotFound()


@pytest.mark.parametrize(
    "content",
    [
        outcome("TOO_MANY_MATCHES", "multiple-matches"),
        {"resourceType": "OperationOutcome", "issue": [{"code": "multiple-matches"}]},
        bundle(patient(), patient("9990000026")),
        bundle(patient(), total=2),
    ],
)
def test_more_than_one_person_is_too_many(pds: Script, make_client, content: object) -> None:
    pds.then(reply(200, content))
    assert make_client().search(SEARCH) == TooMany()


def test_a_200_that_will_never_be_an_answer_is_a_refusal(pds: Script, make_client) -> None:
    pds.then(reply(200, outcome("UNSUPPORTED_SERVICE", "not-supported")))
    assert make_client().search(SEARCH) == Refused(200, "UNSUPPORTED_SERVICE")
    assert len(pds.asked) == 1


def test_a_200_that_reports_a_passing_fault_is_asked_again(pds: Script, make_client) -> None:
    pds.then(reply(200, outcome("UNKNOWN_ERROR", "timeout")), reply(200, bundle(patient())))
    assert isinstance(make_client().search(SEARCH), Found)


UNREADABLE = {
    "not JSON": reply(text="{"),
    "empty": reply(text=""),
    "HTML": reply(text="<html>Sign in to the guest wireless network</html>"),
    "a number": reply(content=7),
    "a list": reply(content=[]),
    "null": reply(content=None),
    "no type": reply(content={}),
    "another resource": reply(content={"resourceType": "Practitioner"}),
    "nobody, but not saying so": reply(content={"resourceType": "Bundle", "type": "searchset"}),
    "entries lost": reply(content=bundle(total=1)),
    "entries not counted": reply(content=bundle(patient(), total=0)),
    "total in words": reply(content=bundle(total="none")),
    "total true": reply(content=bundle(total=False)),
    "entry not a list": reply(content=bundle(total=0, entry={})),
    "entry of text": reply(content=bundle(total=0, entry=["x"])),
    "entry without resource": reply(content=bundle(total=1, entry=[{}])),
    "another bundle": reply(content=bundle(type="history")),
    "a person without number": reply(content=bundle({"resourceType": "Patient"})),
    "a wrong check digit": reply(content=bundle(patient("9990000019"))),
    "the number for no match": reply(content=bundle(patient("0000000000"))),
    "the number for many": reply(content=bundle(patient("9999999999"))),
    "a number as number": reply(content=bundle({**patient(), "id": 9990000018})),
    "a score in words": reply(content=bundle(patient(), score="high")),
    "a score above one": reply(content=bundle(patient(), score=97)),
    "not UTF-8": reply(text=b'{"resourceType": "Bundle\xff"}'),
    "damaged compression": reply(text="plain", headers={"Content-Encoding": "gzip"}),
    "too large": reply(text=b" " * (6 * 1024 * 1024)),
    "nested too deep": reply(text="[" * 100_000),
    "cut": cut,
    "hung up": hang_up,
    "no content": reply(204, text=""),
    "teapot": reply(418, text="short and stout"),
    "a proxy says no": reply(403, text="<html>Blocked by policy</html>"),
    "server error": reply(500, text="oops"),
    "spine timeout": reply(408, outcome("UNABLE_TO_CALL_SERVICE")),
    "gateway down": reply(502, text="<html>Bad gateway</html>"),
    "service unavailable": reply(503, outcome("SERVICE_UNAVAILABLE", "timeout")),
    "too many requests": reply(429, outcome("TOO_MANY_REQUESTS", "value")),
    "slow": late(0.6, reply(200, bundle())),
    "not found, says a proxy": reply(404, text="<html>Not found</html>"),
    "moved": reply(302, text="", headers={"Location": "/elsewhere"}),
    "a search is not found": reply(404, outcome("RESOURCE_NOT_FOUND", "not-found")),
}


@pytest.mark.parametrize("act", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_answer_is_never_nobody(pds: Script, make_client, act) -> None:
    pds.then(act)
    answer = make_client(timeout=0.4).search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert answer.reason


NO_ANSWER_TO_A_READ = {
    name: act for name, act in UNREADABLE.items() if name != "a search is not found"
}


@pytest.mark.parametrize("act", NO_ANSWER_TO_A_READ.values(), ids=NO_ANSWER_TO_A_READ.keys())
def test_no_answer_to_a_read_is_never_nobody(pds: Script, make_client, act) -> None:
    pds.then(act)
    assert isinstance(make_client(timeout=0.4).read(NUMBER), Unavailable)


@pytest.mark.parametrize(
    "act",
    [act for name, act in UNREADABLE.items() if name not in ("moved", "a search is not found")],
    ids=[name for name in UNREADABLE if name not in ("moved", "a search is not found")],
)
def test_an_answer_the_second_time_is_the_answer(pds: Script, make_client, act) -> None:
    pds.then(act, reply(200, bundle(patient())))
    assert isinstance(make_client(timeout=0.4).search(SEARCH), Found)
    first, second = pds.asked
    assert first.headers["x-request-id"] == second.headers["x-request-id"]
    assert first.query == second.query


def test_the_answer_that_came_whole_counts_though_the_first_was_another(
    pds: Script, make_client
) -> None:
    cut_off = reply(200, text='{"resourceType": "Bundle", "type": "searchset", "total": 0, ')
    pds.then(cut_off, reply(200, bundle(patient("9990000026"))))
    answer = make_client().search(SEARCH)
    assert isinstance(answer, Found)
    assert answer.patient.nhs_number == "9990000026"


def test_questions_have_ids_of_their_own(pds: Script, make_client) -> None:
    pds.then(reply(200, bundle()))
    client = make_client()
    client.search(SEARCH)
    client.search(SEARCH)
    first, second = pds.asked
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["x-correlation-id"] == second.headers["x-correlation-id"]
    assert "." not in first.headers["x-correlation-id"]


def test_redirects_are_not_followed(pds: Script, make_client) -> None:
    pds.then(reply(307, text="", headers={"Location": f"{pds.url}/elsewhere"}))
    answer = make_client().search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert "JOINEDUP_PDS_URL" in answer.reason
    assert len(pds.heard) == 1


def test_a_read_finds_a_person_without_a_score(pds: Script, make_client) -> None:
    pds.then(reply(200, patient()))
    answer = make_client().read(NUMBER)
    assert isinstance(answer, Found)
    assert answer.score is None
    assert pds.asked[0].path == f"{FHIR}/Patient/{NUMBER}"


def test_a_superseded_number_gives_the_new_one(pds: Script, make_client) -> None:
    pds.then(reply(200, patient("9990000026")))
    answer = make_client().read(NUMBER)
    assert isinstance(answer, Found)
    assert answer.patient.nhs_number == "9990000026"


def test_an_unknown_number_is_not_found(pds: Script, make_client) -> None:
    pds.then(reply(404, outcome("RESOURCE_NOT_FOUND", "not-found")))
    assert make_client().read(NUMBER) == NotFound()


def test_a_withdrawn_number_is_invalidated(pds: Script, make_client) -> None:
    pds.then(reply(404, outcome("INVALIDATED_RESOURCE")))
    assert make_client().read(NUMBER) == Invalidated()


@pytest.mark.parametrize(
    "number", ["", "999000001", "9990000019", "9999999999", "../Patient", "999 000 0018", "9" * 99]
)
def test_a_number_the_pds_cannot_have_issued_is_refused_without_a_call(
    pds: Script, make_client, number: str
) -> None:
    assert make_client().read(number) == Refused(400, "INVALID_RESOURCE_ID")
    assert make_client().related_persons(number) == Refused(400, "INVALID_RESOURCE_ID")
    assert pds.heard == []


def test_a_restricted_person_has_no_address_and_is_found(pds: Script, make_client) -> None:
    pds.then(reply(200, bundle(patient(meta={"security": [{"code": "R"}]}))))
    answer = make_client().search(SEARCH)
    assert isinstance(answer, Found)
    assert answer.patient.security is Security.RESTRICTED
    assert answer.patient.addresses == ()


def test_a_very_restricted_person_has_no_name(pds: Script, make_client) -> None:
    hidden = {
        "resourceType": "Patient",
        "id": NUMBER,
        "meta": {"versionId": "1", "security": [{"code": "V"}]},
    }
    pds.then(reply(200, hidden))
    answer = make_client().read(NUMBER)
    assert isinstance(answer, Found)
    assert answer.patient.security is Security.VERY_RESTRICTED
    assert (answer.patient.names, answer.patient.birth_date) == ((), None)


REFUSALS = [
    (400, "INVALID_VALUE", "Invalid value - 'Quillfeather' in field 'family'", "family"),
    (400, "INVALID_VALUE", "Invalid value - 'O'Quillfeather' in field 'birthdate'", "birthdate"),
    (400, "INVALID_VALUE", "Invalid value - 'x' in field 'Quillfeather'", ""),
    (400, "INVALID_VALUE", "Invalid value - '1234' in header 'X-Request-ID'", "X-Request-ID"),
    (
        400,
        "MISSING_VALUE",
        "Missing value - 'birth_date/birth_date_range_start/birth_date_range_end'",
        "birth_date/birth_date_range_start/birth_date_range_end",
    ),
    (
        400,
        "INVALID_SEARCH_DATA",
        "Invalid search data provided - 'No searches were performed as the search criteria did "
        "not meet the minimum requirements'",
        "No searches were performed as the search criteria did not meet the minimum requirements",
    ),
    (403, "INVALID_METHOD", "Quillfeather ZZ1 1AA may not be seen", ""),
    (422, "INVALID_UPDATE", None, ""),
]


@pytest.mark.parametrize(("status", "code", "said", "kept"), REFUSALS)
def test_a_refusal_says_why_and_repeats_nobodys_name(
    pds: Script, make_client, status: int, code: str, said: str | None, kept: str
) -> None:
    pds.then(reply(status, outcome(code, "value", said)))
    assert make_client().search(SEARCH) == Refused(status, code, kept)
    assert len(pds.asked) == 1  # the same question would be refused again


def test_related_people_are_read(pds: Script, make_client) -> None:
    mother = {
        "resourceType": "RelatedPerson",
        "id": "507B7621",
        "patient": {
            "identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000034"}
        },
        "relationship": [{"coding": [{"code": "MTH"}]}],
        "period": {"start": "2015-04-12"},
    }
    guardian = {
        "resourceType": "RelatedPerson",
        "id": "B3380E98",
        "active": False,
        "patient": {"identifier": {"value": NUMBER}},
        "relationship": [{"coding": [{"code": "Guardian"}]}],
        "name": [{"use": "usual", "given": ["Ottoline"], "family": "Quillfeather"}],
        "telecom": [{"system": "phone", "value": "01632960587"}],
    }
    pds.then(reply(200, bundle(mother, guardian)))
    answer = make_client().related_persons(NUMBER)
    assert isinstance(answer, Related)
    first, second = answer.people
    assert (first.nhs_number, first.relationships) == ("9990000034", ("MTH",))
    assert second.nhs_number is None  # the child's own number is not the guardian's
    assert (second.active, second.names[0].given) == (False, ("Ottoline",))
    assert pds.asked[0].path == f"{FHIR}/Patient/{NUMBER}/RelatedPerson"


def test_nobody_related_and_nobody_there_differ(pds: Script, make_client) -> None:
    pds.then(reply(200, bundle()), reply(404, outcome("RESOURCE_NOT_FOUND", "not-found")))
    client = make_client()
    assert client.related_persons(NUMBER) == Related(())
    assert client.related_persons(NUMBER) == NotFound()
