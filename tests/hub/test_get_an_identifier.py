"""What a supplier's system is told about a child, and what is recorded before it is told."""

import json
import logging
from contextlib import contextmanager

import pytest

from tests.hub.sources import CHILD, FOUND, NOBODY, NUMBER, SILENT

BODY = {
    "personSpecification": CHILD,
    "metadata": [
        {"recordType": "childrens-services.details", "systemId": "case", "recordId": "C-17"}
    ],
}


def requests():
    from joinedup.hub.identifiers.models import IdentifierRequest

    return IdentifierRequest.objects


@contextmanager
def no_writing(operation: str, table: str = "identifiers_identifierrequest"):
    """PostgreSQL itself refuses this operation on this table."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER refuse BEFORE {operation} ON {table} EXECUTE FUNCTION refuse()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse CASCADE")


def test_a_match_gives_the_number_and_is_recorded(ask, answers_with, machine):
    answers_with(FOUND)
    answer = ask(BODY)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["status"] == "Match"
    assert body["nhsNumber"] == NUMBER
    assert body["reasons"]
    assert body["dataQuality"]["given"]["quality"] == "Valid"
    assert body["dataQuality"]["phone"]["quality"] == "NotProvided"
    assert set(body["dataQuality"]) == {
        "given", "family", "birthDate", "gender", "phone", "email", "addressPostalCode",
        "nhsNumber",
    }  # fmt: skip
    record = requests().get()
    assert str(record.id) == body["requestId"]
    assert record.organisation == machine.client.organisation
    assert record.client == machine.client
    assert record.purpose == machine.client.purpose
    assert (record.status, record.nhs_number, record.calls) == ("Match", NUMBER, body["calls"])
    assert record.asked_at <= record.answered_at
    assert sorted(record.fields_given) == ["birth_date", "family", "gender", "given", "postcode"]


def test_an_issued_number_can_be_followed_to_the_callers_record(ask, answers_with, machine):
    answers_with(FOUND)
    ask(BODY)
    issued = requests().get().issued.get()
    assert (issued.nhs_number, issued.record_type, issued.system_id, issued.record_id) == (
        NUMBER, "childrens-services.details", "case", "C-17",
    )  # fmt: skip


@pytest.mark.parametrize("answer_from_pds", [NOBODY])
def test_no_number_without_a_match(ask, answers_with, answer_from_pds):
    answers_with(answer_from_pds)
    body = ask(BODY).json()
    assert body["status"] == "NoMatch"
    assert "nhsNumber" not in body
    record = requests().get()
    assert record.nhs_number == ""
    assert not record.issued.exists()


def test_missing_minimum_data_is_an_outcome_not_an_error(ask, answers_with):
    source = answers_with(FOUND)
    answer = ask({"personSpecification": {"given": "Rowan"}})
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "Invalid"
    assert body["dataQuality"]["family"]["quality"] == "NotProvided"
    assert "nhsNumber" not in body
    assert source.asked == []


def test_a_silent_source_is_never_no_match(ask, answers_with):
    answers_with(SILENT)
    answer = ask(BODY)
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert int(answer["Retry-After"]) > 0
    body = answer.json()
    assert body["outcome"] == "Unavailable"
    assert "NoMatch" not in answer.content.decode()
    assert requests().get().status == "Unavailable"


def test_without_a_source_set_up_the_answer_is_unavailable(ask):
    assert ask(BODY).json()["outcome"] == "Unavailable"


def test_nothing_is_asked_when_the_question_cannot_be_recorded(
    ask, answers_with, machine, browser_client
):
    source = answers_with(FOUND)
    token = machine.token(browser_client)
    with no_writing("INSERT"):
        answer = ask(BODY, token)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:joinedup:problem:no-record-no-answer"
    assert source.asked == []


@pytest.mark.parametrize("table", ["identifiers_identifierrequest", "identifiers_issuedidentifier"])
def test_no_answer_leaves_when_the_outcome_cannot_be_recorded(
    ask, answers_with, machine, browser_client, table
):
    """Principle 4: the record commits before the bytes leave; no record, no answer."""
    answers_with(FOUND)
    token = machine.token(browser_client)
    operation = "UPDATE" if table.endswith("request") else "INSERT"
    with no_writing(operation, table):
        answer = ask(BODY, token)
    assert answer.status_code == 503
    assert NUMBER not in answer.content.decode()
    assert "Retry-After" in answer.headers
    record = requests().get()
    assert (record.status, record.nhs_number, record.answered_at) == ("", "", None)


def test_the_record_is_committed_before_the_source_is_asked(ask, monkeypatch, hub_database):
    """Another connection sees the question while the source is still thinking."""
    import psycopg

    from joinedup.hub.identifiers import source

    seen = []

    class Looking:
        def search(self, search):
            with psycopg.connect(hub_database) as link:
                query = "SELECT status FROM identifiers_identifierrequest"
                seen.append(link.execute(query).fetchone())
            return NOBODY

        read = search

    monkeypatch.setattr(source, "current", Looking)
    ask(BODY)
    assert seen[0] == ("",)


def test_the_database_itself_refuses_a_number_without_a_match(ask, answers_with):
    from django.db import IntegrityError

    answers_with(NOBODY)
    ask(BODY)
    with pytest.raises(IntegrityError):
        requests().update(sealed_number=b"closed")


class TestIdempotency:
    def test_the_same_question_gives_the_same_answer_without_asking_again(
        self, ask, answers_with, new_key
    ):
        source = answers_with(FOUND)
        first = ask(BODY, **{"Idempotency-Key": new_key})
        asked = len(source.asked)
        second = ask(json.dumps(BODY, indent=2), **{"Idempotency-Key": new_key})
        assert first.json() == second.json()
        assert len(source.asked) == asked
        assert requests().count() == 1

    def test_the_same_key_for_another_question_is_a_conflict(self, ask, answers_with, new_key):
        answers_with(FOUND)
        ask(BODY, **{"Idempotency-Key": new_key})
        other = {"personSpecification": {**CHILD, "given": "Robin"}}
        answer = ask(other, **{"Idempotency-Key": new_key})
        assert answer.status_code == 409
        assert answer["Content-Type"] == "application/problem+json"

    def test_a_key_belongs_to_its_client(
        self, ask, answers_with, new_key, organisation, browser_client
    ):
        from tests.hub.machine import OTHER_RSA, Machine

        answers_with(FOUND)
        mine = ask(BODY, **{"Idempotency-Key": new_key})
        other = Machine.register(organisation, "other-system", OTHER_RSA)
        theirs = ask(BODY, other.token(browser_client), **{"Idempotency-Key": new_key})
        assert theirs.status_code == 200
        assert theirs.json()["requestId"] != mine.json()["requestId"]

    def test_a_failed_answer_is_not_kept(self, ask, answers_with, new_key):
        answers_with(SILENT)
        assert ask(BODY, **{"Idempotency-Key": new_key}).status_code == 503
        answers_with(FOUND)
        assert ask(BODY, **{"Idempotency-Key": new_key}).json()["status"] == "Match"

    def test_a_question_still_being_answered_is_not_asked_twice(self, ask, monkeypatch, new_key):
        from joinedup.hub.identifiers import source

        inner = []

        class AsksAgain:
            def search(self, search):
                if not inner:
                    inner.append(ask(BODY, **{"Idempotency-Key": new_key}))
                return NOBODY

            read = search

        monkeypatch.setattr(source, "current", AsksAgain)
        assert ask(BODY, **{"Idempotency-Key": new_key}).status_code == 200
        assert inner[0].status_code == 409
        assert inner[0]["Retry-After"] == "1"

    def test_a_process_that_died_does_not_hold_its_key_for_ever(
        self, ask, answers_with, machine, new_key
    ):
        from datetime import timedelta

        from joinedup.hub.identifiers.models import KeptAnswer

        answers_with(FOUND)
        ask(BODY, **{"Idempotency-Key": new_key})
        kept = KeptAnswer.objects.get()
        kept.body, kept.started_at = None, kept.started_at - timedelta(minutes=3)
        kept.save()
        assert ask(BODY, **{"Idempotency-Key": new_key}).status_code == 200

    def test_the_question_cannot_be_read_from_what_is_kept(self, ask, answers_with, new_key):
        from joinedup.hub.identifiers.models import KeptAnswer

        answers_with(NOBODY)
        ask(BODY, **{"Idempotency-Key": new_key})
        kept = KeptAnswer.objects.get()
        text = f"{kept.fingerprint} {kept.body}"
        assert not any(str(value) in text for value in CHILD.values() if value != "female")

    @pytest.mark.parametrize("key", ["two words", "k" * 256, "naïve"])
    def test_a_bad_key_is_refused(self, ask, answers_with, key):
        answers_with(FOUND)
        assert ask(BODY, **{"Idempotency-Key": key}).status_code == 400


def test_a_client_may_not_ask_faster_than_agreed(ask, answers_with, machine):
    source = answers_with(NOBODY)
    machine.client.requests_per_minute = 2
    machine.client.save()
    assert [ask(BODY).status_code for _ in range(3)] == [200, 200, 429]
    asked = len(source.asked)
    answer = ask(BODY)
    assert answer["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert len(source.asked) == asked


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ("null", 400),
        ("", 422),
        (b"\xff\xfe", 400),
        ("[" * 100_000, 400),
        ('{"personSpecification": {"given": "A", "given": "B"}}', 400),
        ('{"personSpecification": {}, "personSpecification": {}}', 400),
        ('{"personSpecification": {"given": NaN}}', 400),
        ('{"personSpecification": {"given": "\\ud800"}}', 400),
        ("{}", 422),
        ({"personSpecification": None}, 422),
        ({"personSpecification": {**CHILD, "mother": "Zebedee"}}, 422),
        ({"personSpecification": CHILD, "limit": 5}, 422),
        ({"personSpecification": {**CHILD, "given": ["Zebedee"]}}, 422),
        ({"personSpecification": {**CHILD, "birthDate": 20140327}}, 422),
        ({"personSpecification": {**CHILD, "given": "Z" * 501}}, 422),
        ({"personSpecification": CHILD, "metadata": {}}, 422),
        ({"personSpecification": CHILD, "metadata": [{}]}, 422),
        ({"personSpecification": CHILD, "metadata": [
            {"recordType": "Not A Type", "systemId": "s", "recordId": "r"}]}, 422),
        ({"personSpecification": CHILD, "metadata": [
            {"recordType": "a.b", "systemId": "s", "recordId": "r\u0000"}]}, 422),
        ({"personSpecification": CHILD, "metadata": [
            {"recordType": "a.b", "systemId": "s", "recordId": "r"}] * 101}, 422),
        ({"personSpecification": {**CHILD, "given": "Z" * 300_000}}, 413),
    ],
)  # fmt: skip
def test_a_bad_body_is_a_problem_that_repeats_nothing(ask, answers_with, body, status):
    source = answers_with(FOUND)
    answer = ask(body)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "detail", "correlationId"} <= set(problem)
    assert "Zebedee" not in answer.content.decode()
    assert "ZZZZ" not in answer.content.decode()
    assert source.asked == []


def test_a_validation_problem_points_at_the_place(ask, answers_with):
    answers_with(FOUND)
    answer = ask({"personSpecification": {**CHILD, "birthDate": 20140327}})
    assert answer.json()["errors"][0]["pointer"] == "/personSpecification/birthDate"


@pytest.mark.parametrize(
    "value", ["\u0000", "Rowan\u0000", "\u202e", "'; DROP TABLE --", "🦄" * 40]
)
def test_odd_text_is_answered_not_a_failure(ask, answers_with, value):
    answers_with(NOBODY)
    for field in ("given", "family", "birthDate", "addressPostalCode", "phone", "nhsNumber"):
        answer = ask({"personSpecification": {**CHILD, field: value}})
        assert answer.status_code == 200, (field, answer.content)


def test_nothing_personal_is_logged(ask, answers_with, monkeypatch, caplog, capfd):
    from joinedup.hub.identifiers import source

    caplog.set_level(logging.DEBUG)
    answers_with(FOUND)
    ask(BODY)
    ask({"personSpecification": {**CHILD, "Testerton": "Testerton"}})

    class Broken:
        def search(self, search):
            raise RuntimeError(f"cannot find {search}")

    monkeypatch.setattr(source, "current", Broken)
    with pytest.raises(RuntimeError):
        ask(BODY)
    written = capfd.readouterr()
    logged = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("joinedup")
    )
    for text in (logged, written.err, written.out):
        for value in ("Rowan", "Testerton", "2014-03-27", "LS1 4AP", "LS14AP", NUMBER):
            assert value not in text


def test_the_callers_correlation_id_comes_back_and_is_recorded(ask, answers_with, new_key):
    answers_with(NOBODY)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = ask(
        BODY, **{"X-Correlation-ID": new_key, "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    )
    assert answer["X-Correlation-ID"] == new_key
    record = requests().get()
    assert str(record.correlation_id) == new_key
    assert record.trace_id == trace


def test_a_correlation_id_that_could_be_a_name_is_not_repeated(ask, answers_with):
    answers_with(NOBODY)
    answer = ask(BODY, **{"X-Correlation-ID": "Rowan-Testerton"})
    assert "Rowan" not in answer["X-Correlation-ID"]
    assert str(requests().get().correlation_id) == answer["X-Correlation-ID"]
