"""Custodians say what they hold: in bulk, again and again, late and twice."""

import itertools
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub.discovery.conftest import region  # noqa: F401

PUT, WITHDRAW, COMPLETE, SUMMARY, TYPES = (
    f"/api/v2/register/{name}"
    for name in ("pointers", "withdraw", "complete", "summary", "record-types")
)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def at(region):  # noqa: F811
    from tests.hub.discovery import region as words

    return words


@pytest.fixture
def school(region):  # noqa: F811
    return region.school


def pointer(at, record_id="p1", **changes):
    return {
        "sui": at.SUI, "systemId": "main", "recordType": at.EDUCATION, "recordId": record_id,
        **changes,
    }  # fmt: skip


def kept():
    from joinedup.hub.register.models import Pointer

    return {each.record_id: each for each in Pointer.objects.all()}


def test_saying_it_twice_is_saying_it_once(school, at):
    body = {"pointers": [pointer(at), pointer(at, "p2")], "batch": "night-1"}
    assert school.call("PUT", PUT, body).json() == {"added": 2, "refreshed": 0, "refused": []}
    assert school.call("PUT", PUT, body).json() == {"added": 0, "refreshed": 2, "refused": []}
    assert set(kept()) == {"p1", "p2"}


def test_what_cannot_be_taken_is_named_by_its_place_and_the_rest_is_kept(school, at):
    body = {
        "pointers": [
            pointer(at),
            pointer(at, "p2", sui="9990000000"),
            pointer(at, "p3", recordType="shoes.details"),
            pointer(at, "p4", firstSeen="2026-02-02", lastSeen="2026-01-01"),
            pointer(at, "p1", sui=at.OTHER_SUI),
            pointer(at),
        ]
    }
    answer = school.call("PUT", PUT, body).json()
    # Sensitive services need a reason with each record, so none comes in by this way.
    assert answer["added"] == 1
    assert {one["index"] for one in answer["refused"]} == {1, 2, 3, 4}
    assert "9990000000" not in str(answer)


def test_dates_widen_and_another_child_starts_afresh(school, at):
    for first, last in (("2024-05-01", "2024-06-01"), ("2023-01-01", None), (None, "2026-01-01")):
        body = {"pointers": [pointer(at, firstSeen=first, lastSeen=last)]}
        school.call("PUT", PUT, body)
    row = kept()["p1"]
    assert (row.first_seen, row.last_seen) == (date(2023, 1, 1), date(2026, 1, 1))
    corrected = pointer(at, sui=at.OTHER_SUI, firstSeen="2025-05-05T10:00:00Z")
    school.call("PUT", PUT, {"pointers": [corrected]})
    row = kept()["p1"]
    assert (row.sui, row.first_seen, row.last_seen) == (at.OTHER_SUI, date(2025, 5, 5), None)


def test_what_comes_late_changes_nothing(school, at):
    later, earlier = MONDAY + timedelta(days=1), MONDAY
    for when, sui in ((later, at.SUI), (earlier, at.OTHER_SUI)):
        body = {"pointers": [pointer(at, sui=sui)], "refreshed": when.isoformat()}
        assert school.call("PUT", PUT, body).status_code == 200
    assert kept()["p1"].sui == at.SUI
    assert kept()["p1"].refreshed_at == later


def test_a_complete_run_withdraws_what_it_did_not_name(school, at):
    def night(when, *records):
        body = {
            "pointers": [pointer(at, each) for each in records],
            "refreshed": when.isoformat(), "batch": f"night {when:%d}",
        }  # fmt: skip
        assert school.call("PUT", PUT, body).status_code == 200
        all_named = {"systemId": "main", "recordType": at.EDUCATION, "asOf": when.isoformat()}
        return school.call("POST", COMPLETE, all_named).json()["withdrawn"]

    assert night(MONDAY, "a", "b", "c") == 0
    assert night(MONDAY + timedelta(days=1), "b", "d") == 2
    assert set(kept()) == {"b", "d"}
    # An older run that ends late takes nothing away.
    all_named = {"systemId": "main", "recordType": at.EDUCATION, "asOf": MONDAY.isoformat()}
    assert school.call("POST", COMPLETE, all_named).json()["withdrawn"] == 0
    (system,) = school.call("GET", SUMMARY).json()["systems"]
    assert (system["pointers"], system["lastBatch"]) == (2, "night 03")
    assert system["completeAsOf"] == "2026-03-03T09:00:00Z"


def test_only_ones_own_are_withdrawn(region, school, at):  # noqa: F811
    school.call("PUT", PUT, {"pointers": [pointer(at)]})
    region.trust.call("PUT", PUT, {"pointers": [pointer(at, recordType=at.HEALTH)]})
    gone = {"pointers": [{"systemId": "main", "recordType": at.EDUCATION, "recordId": "p1"}]}
    assert region.trust.call("POST", WITHDRAW, gone).json() == {"withdrawn": 0}
    assert school.call("POST", WITHDRAW, gone).json() == {"withdrawn": 1}
    assert school.call("POST", WITHDRAW, gone).json() == {"withdrawn": 0}
    assert region.trust.call("GET", SUMMARY).json()["systems"][0]["pointers"] == 1
    assert school.call("GET", SUMMARY).json()["systems"][0]["pointers"] == 0


def test_when_an_identifier_was_delivered_is_known(school, at):
    from django.utils import timezone

    from joinedup.hub.identifiers.models import IdentifierRequest, IssuedIdentifier

    request = IdentifierRequest.objects.create(
        correlation_id="0b5b2b6a-2ea5-4f23-9d9c-07d6f0d6f5a5", channel="api",
        organisation=school.organisation, client=school.machine.client, purpose="x",
        asked_at=timezone.now(), status="Match", nhs_number=at.SUI,
    )  # fmt: skip
    IssuedIdentifier.objects.create(
        request=request, organisation=school.organisation, nhs_number=at.SUI,
        record_type=at.EDUCATION, system_id="main", record_id="p1", issued_at=MONDAY,
    )  # fmt: skip
    school.call("PUT", PUT, {"pointers": [pointer(at), pointer(at, "p2")]})
    assert kept()["p1"].identifier_delivered_at == MONDAY
    assert {each.provenance for each in kept().values()} == {"issued-by-service", "already-held"}
    (system,) = school.call("GET", SUMMARY).json()["systems"]
    assert system["identifiersDelivered"] == "2026-03-02T09:00:00Z"


def test_ten_thousand_in_one_call_and_no_more(school, at):
    suis = list(itertools.islice(at.numbers(100_000), 300_000))
    suis = random.Random(3).sample(suis, 10_000)  # as in real life: in no order
    body = {"pointers": [pointer(at, f"r{n}", sui=sui) for n, sui in enumerate(suis)]}
    answer = school.call("PUT", PUT, body)
    assert answer.status_code == 200, answer.content[:300]
    assert answer.json()["added"] == 10_000
    body["pointers"].append(pointer(at))
    assert school.call("PUT", PUT, body).status_code == 422


def test_a_custodian_says_what_it_answers_for(region, school, at):  # noqa: F811
    body = school.call("PUT", TYPES, {"recordTypes": [at.EDUCATION, at.HEALTH]}).json()
    assert body["recordTypes"] == [at.EDUCATION, at.HEALTH]
    search = region.la.search(recordTypes=[at.HEALTH]).json()["searchId"]
    asked = {one["custodian"] for one in region.la.results(search).json()["custodians"]}
    assert asked == {"SCHOOL", "TRUST"}
    school.call("PUT", TYPES, {"recordTypes": [at.EDUCATION]})
    search = region.la.search(recordTypes=[at.HEALTH]).json()["searchId"]
    asked = {one["custodian"] for one in region.la.results(search).json()["custodians"]}
    assert asked == {"TRUST"}
    assert school.call("PUT", TYPES, {"recordTypes": ["shoes.details"]}).status_code == 422


@pytest.mark.parametrize("when", ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_neither_the_future_nor_the_beginning_of_time_is_taken(school, at, when):
    school.call("PUT", PUT, {"pointers": [pointer(at)]})
    body = {"pointers": [pointer(at)], "refreshed": when}
    assert school.call("PUT", PUT, body).status_code == 422
    body = {"systemId": "main", "recordType": at.EDUCATION, "asOf": when}
    assert [school.call("POST", COMPLETE, body).status_code for _ in range(2)] == [422, 422]


CALLS = st.lists(
    st.tuples(
        st.integers(0, 4),  # as at which day
        st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=1, max_size=4),
    ),
    max_size=8,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls=CALLS)
def test_in_whatever_order_calls_come_the_newest_word_stands(school, at, calls):
    from joinedup.hub.register.models import Pointer
    from joinedup.hub.register.publishing import Given, Record, publish

    Pointer.objects.all().delete()
    suis = (at.SUI, at.OTHER_SUI)
    model: dict[str, tuple[int, str]] = {}
    for day, said in calls:
        once = dict(said)
        publish(
            school.organisation,
            [
                Given(Record("main", at.EDUCATION, f"p{number}"), suis[sui])
                for number, sui in once.items()
            ],
            [at.EDUCATION],
            MONDAY + timedelta(days=day),
        )
        for number, sui in once.items():
            if model.get(f"p{number}", (-1, ""))[0] <= day:
                model[f"p{number}"] = (day, suis[sui])
    assert {key: row.sui for key, row in kept().items()} == {k: v[1] for k, v in model.items()}
