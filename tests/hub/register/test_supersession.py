"""One child, two numbers: what is held under either is found, and no shield is lost by it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from joinedup.pds.search import Found
from tests.hub.sources import PATIENT, Always

OLD, NEW, OLDER, OTHER = "9990040001", "9990040028", "9990040036", "9990040044"


@pytest.fixture
def region(browser_client):
    from tests.hub.discovery.region import Region, agree

    made = Region.build(browser_client)
    agree()
    return made


@pytest.fixture
def numbers(links):
    from joinedup.hub.register import supersession

    return supersession


@pytest.fixture
def read(numbers):
    """Ask the hub's source of truth for a number, which it gives as this one."""
    from joinedup.hub.shields.open_source import OpenSource

    def ask(number, gives):
        answer = Found(replace(PATIENT, nhs_number=gives), 1.0)
        return OpenSource(Always(answer)).read(number)

    return ask


@pytest.fixture
def search(region, numbers):
    """Search as children's services, and read what there is."""

    def made(sui):
        found = region.la.search(sui).json()
        return region.la.results(found["searchId"]).json()

    return made


def publish(node, sui, record_id="p1", at="education.details"):
    given = {"sui": sui, "systemId": "main", "recordType": at, "recordId": record_id}
    answer = node.call("PUT", "/api/v2/register/pointers", {"pointers": [given]})
    assert answer.json()["added"] == 1, answer.content


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ([], OLD),
        ([(NEW, 1)], NEW),
        ([(NEW, 1), (OLDER, 2)], OLDER),
        ([(NEW, 9), (OLD, 1)], OLD),
    ],
)
def test_a_custodian_is_asked_by_the_newest_number_that_it_knows(numbers, held, asked):
    assert numbers.asked_under(OLD, held) == asked


def test_chains_merges_and_circles_are_one_child(numbers):
    assert numbers.numbers_of(OLD) == (OLD,)
    assert numbers.learnt(OLDER, OLD)
    assert numbers.learnt(OLD, NEW)
    assert not numbers.learnt(OLD, NEW), "it is said again each time the source is asked"
    assert numbers.learnt(OTHER, NEW)
    for each in (OLDER, OLD, NEW, OTHER):
        known = numbers.known_as(each)
        assert known.numbers[0] == each
        assert set(known.numbers) == {OLDER, OLD, NEW, OTHER}
        assert known.replaced is (each != NEW)
    assert numbers.others_of([OLD, "9990000018"]).keys() == {OLD}
    numbers.learnt(NEW, OLDER)
    assert not any(numbers.known_as(each).replaced for each in (OLDER, OLD, NEW))
    assert not numbers.learnt(NEW, NEW)


def test_who_has_two_numbers_cannot_be_read_in_the_database(numbers):
    from django.db import connection

    numbers.learnt(OLD, NEW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(s)::text FROM register_supersession s")
        ((row,),) = cursor.fetchall()
    for each in (OLD, NEW):
        assert each not in row
        assert each.encode().hex() not in row


def test_a_number_that_is_in_force_again_is_followed_no_more(numbers, read):
    read(OLD, NEW)
    assert set(numbers.numbers_of(NEW)) == {OLD, NEW}
    read(OLD, OLD)
    assert numbers.numbers_of(NEW) == (NEW,)
    read(OLD, NEW)
    assert set(numbers.numbers_of(OLD)) == {OLD, NEW}


def test_numbers_that_are_kept_apart_are_never_one_child(numbers, read, links):
    """Whatever the source of truth says, then or before (trust rule L19)."""
    from joinedup.identities.linking_index import Side

    read(OLD, NEW)
    links.identities.forbid(Side((OLD,)), Side((NEW,)))
    assert numbers.numbers_of(OLD) == (OLD,)
    assert numbers.numbers_of(NEW) == (NEW,)
    assert numbers.others_of([OLD, NEW]) == {}
    links.identities.forbid(Side((OLDER,)), Side((OTHER,)))
    assert not numbers.learnt(OLDER, OTHER)
    assert not numbers.known_as(NEW).replaced


@pytest.mark.parametrize(("held", "asked"), [(OLD, NEW), (NEW, OLD)])
def test_what_is_held_under_either_is_found_by_the_other(search, region, read, held, asked):
    publish(region.school, held)
    before = search(asked)
    assert before["items"] == []
    assert not before["suidReplaced"]
    read(OLD, NEW)
    after = search(asked)
    (item,) = after["items"]
    assert (item["custodian"], item["recordId"]) == ("SCHOOL", "p1")
    assert item["provisional"]
    assert item["otherNumber"]
    assert after["suidReplaced"] is (asked == OLD)
    same = search(held)
    assert [each["otherNumber"] for each in same["items"]] == [False]


def test_a_custodian_is_asked_and_answers_by_the_number_it_knows(search, region, read):
    read(OLD, NEW)
    publish(region.school, OLD)
    begun = region.la.search(NEW).json()
    claimed = region.school.claim().json()
    assert claimed["sui"] == OLD
    assert region.police.claim().json()["sui"] == NEW, "it published nothing: no other is told"
    from tests.hub.discovery.region import has

    region.school.answer(claimed, "hasRecords", **has("education.details", "p1"))
    (item,) = region.la.results(begun["searchId"]).json()["items"]
    assert not item["provisional"]
    assert item["otherNumber"], "it is still held under the other number"
    # And the content: by the number that it comes back with.

    answer = region.la.call(
        "POST", f"/api/v1/records/{item['fetchId']}", {"publicKey": public_key()}
    )
    assert answer.status_code == 202, answer.content
    asked = region.school.claim(kinds=["fetch"]).json()
    assert (asked["sui"], asked["recordId"]) == (OLD, "p1")


def test_what_a_custodian_holds_under_the_other_number_too_is_told(search, region, read):
    read(OLD, NEW)
    publish(region.school, OLD, "p1")
    publish(region.school, NEW, "p2")
    begun = region.la.search(NEW).json()
    claimed = region.school.claim().json()
    assert claimed["sui"] == NEW
    from tests.hub.discovery.region import has

    region.school.answer(claimed, "hasRecords", **has("education.details", "p2"))
    items = region.la.results(begun["searchId"]).json()["items"]
    assert [(i["recordId"], i["provisional"], i["otherNumber"]) for i in items] == [
        ("p1", True, True), ("p2", False, False),
    ]  # fmt: skip


@pytest.mark.parametrize("shielded", [OLD, NEW])
@pytest.mark.parametrize("first", ["shield", "supersession"])
def test_a_shield_of_either_number_is_a_shield_of_both(
    numbers, read, organisation, shielded, first
):
    from joinedup.hub.shields.levels import levels_of
    from joinedup.policy.question import Level

    if first == "supersession":
        read(OLD, NEW)
    shield(organisation, shielded)
    if first == "shield":
        read(OLD, NEW)
    assert set(levels_of([OLD, NEW]).values()) == {Level.NOT_DISCOVERABLE}


@pytest.mark.parametrize("level", ["NO_LOCATION", "NOT_DISCOVERABLE"])
@pytest.mark.parametrize(("held", "asked"), [(OLD, NEW), (NEW, OLD)])
def test_nobody_learns_that_a_shielded_child_has_another_number(
    search,
    region,
    read,
    level,
    held,
    asked,
):
    publish(region.school, held)
    read(OLD, NEW)
    shield(region.la.organisation, held, level)
    found = search(asked)
    assert not found["suidReplaced"]
    assert not any(each["otherNumber"] or each["fetchId"] for each in found["items"])
    text = str({**found, "suid": ""})
    assert held not in text
    if level == "NOT_DISCOVERABLE":
        assert found["items"] == []


def test_a_caseload_is_told_under_either_number_by_the_one_it_knows(numbers, read, region):
    from joinedup.hub.notifications import caseloads, delivering
    from joinedup.hub.notifications.models import Allocation, Notice, Subscriber
    from joinedup.hub.sharing import corrections
    from tests.hub.reviewing import sign_in

    worker = sign_in(region.http, region.la.organisation)
    Subscriber.objects.create(
        membership=worker,
        kinds=["involvement"],
        purpose="section-47",
        how="at-once",
        since=timezone.now(),
    )
    caseloads.replace(region.la.organisation, {worker.person.subject: [OLD]})
    read(OLD, NEW)
    corrections.tell_due()
    corrections.tell_due()
    assert caseloads.children_of(worker) == [OLD]
    assert caseloads.has(worker, NEW)
    publish(region.trust, NEW, at="health.details")
    delivering.deliver_due()
    assert [each.sui for each in Notice.objects.filter(kind="involvement")] == [OLD]
    # The organisation's own word comes before what follows it, and ends it.
    caseloads.replace(region.la.organisation, {worker.person.subject: [NEW]})
    assert caseloads.children_of(worker) == [NEW]
    assert caseloads.has(worker, OLD)
    caseloads.replace(region.la.organisation, {worker.person.subject: []})
    assert not Allocation.objects.filter(ended_at=None).exists()


def test_of_a_shielded_child_a_caseload_is_told_nothing_by_another_number(numbers, read, region):
    from joinedup.hub.notifications import caseloads, delivering
    from joinedup.hub.notifications.models import Notice, Subscriber
    from tests.hub.reviewing import sign_in

    worker = sign_in(region.http, region.la.organisation)
    Subscriber.objects.create(
        membership=worker,
        kinds=["involvement"],
        purpose="section-47",
        how="at-once",
        since=timezone.now(),
    )
    read(OLD, NEW)
    caseloads.replace(region.la.organisation, {worker.person.subject: [OLD]})
    shield(region.school.organisation, NEW, "NO_LOCATION")
    publish(region.trust, NEW, at="health.details")
    delivering.deliver_due()
    assert not Notice.objects.filter(kind="involvement").exists()


def test_a_purge_is_of_every_number(numbers, read, region):
    from joinedup.hub.register.models import Pointer, Supersession
    from joinedup.hub.retention import purging

    publish(region.school, OLD, "p1")
    publish(region.school, NEW, "p2")
    read(OLD, NEW)
    purging.purge(NEW, "erasure", timezone.now())
    assert not Pointer.objects.exists()
    assert not Supersession.objects.exists()
    assert set(purging.purged([OLD, NEW, OTHER])) == {OLD, NEW}


def test_somebody_who_is_known_under_a_replaced_number_is_not_archived_early(
    numbers,
    read,
    region,
    links,
):
    """Children's services work with the child under the new number: they stay until 25."""
    from datetime import date

    from joinedup.hub.retention import archiving
    from tests.hub.reviewing import record

    links.identities.add(record("schools", "S1", nhs_number=OLD))
    publish(region.school, OLD)
    eighteen = date(2032, 3, 27)
    assert archiving.due(eighteen) == [OLD]
    publish(region.la, NEW, at="childrens-services.details")
    read(OLD, NEW)
    assert archiving.due(eighteen) == []


def test_looking_costs_one_question_where_nothing_was_replaced(numbers):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    numbers.learnt(OLD, NEW)
    for look, nothing in (
        (lambda: numbers.numbers_of(OTHER), (OTHER,)),
        (lambda: numbers.others_of([OTHER, OLDER]), {}),
    ):
        with CaptureQueriesContext(connection) as asked:
            assert look() == nothing
        assert len(asked) == 1


def public_key():
    from joserfc.jwk import ECKey

    return ECKey.generate_key("P-256").as_dict(private=False)


def shield(organisation, number, level="NOT_DISCOVERABLE"):
    from joinedup.hub.shields.asking import Subject, ask_for_shield
    from joinedup.policy.question import Level

    ask_for_shield(
        Subject((number,)), Level[level], organisation=organisation,
        by=somebody(organisation), criterion="domestic-abuse", reason="In refuge",
    )  # fmt: skip


def somebody(organisation):
    from joinedup.hub.organisations.models import MachineClient

    return MachineClient.objects.get_or_create(
        client_id=f"desk-{organisation.pk}",
        defaults={
            "name": "Desk", "organisation": organisation, "scopes": [], "purpose": "",
            "expires_at": timezone.now() + timedelta(days=9),
        },
    )[0]  # fmt: skip
