"""From a reason to a record that was read, without a browser: what is shown, and what never is."""

import re

import pytest

from tests.hub.pages.desk import (
    OTHER_SUI,
    SUI,
    WHY,
    Desk,
    answer_finds,
    record,
    share,
    text,
    withhold,
)


def test_the_reasons_are_those_of_the_role(region, worker):
    nurse = Desk.of(region.trust.organisation, "nurse")
    for desk, has, has_not in (
        (worker, "Assessment of a child in need", "A medical emergency"),
        (nurse, "A medical emergency", "Assessment of a child in need"),
    ):
        page = text(desk.get("/find/reason"))
        assert has in page
        assert has_not not in page
    refused = nurse.post("/find/reason", **{**WHY, "reason": "section-17"})
    assert "Select why you need to look up this child" in text(refused)


def test_a_number_is_asked_for_only_after_a_reason_that_lets_one_find(region, worker):
    assert worker.get("/find/number")["Location"] == "/find/reason"
    worker.post("/find/reason", **{**WHY, "reason": "identifier"})
    assert worker.get("/find/number")["Location"] == "/find/child"
    worker.post("/find/reason", **WHY)
    wrong = worker.post("/find/number", nhs_number="999 000 0019")
    assert "This is not an NHS number" in text(wrong)
    assert b"find-number" not in wrong.content


def test_no_address_says_anything_of_the_child(region, worker):
    search = worker.search()
    assert re.fullmatch(r"/searches/[0-9a-f-]{36}", search)


def test_each_status_is_said_plainly_and_completeness_honestly(region, worker):
    search = worker.search()
    page = text(worker.get(search))
    assert "0 of 8 answers are in." in page
    assert "an agency that has not answered may know this child" in page
    assert "All who were asked have answered" not in page
    school, trust, police = region.school, region.trust, region.police
    item = school.claim(recordTypes=["education.details"]).json()
    school.answer(item, "hasRecords", records=[
        {"systemId": "main", "recordId": "P1", "recordType": "education.details"}])  # fmt: skip
    trust.answer(trust.claim().json(), "temporaryError")
    police.claim()
    page = text(worker.get(search))
    for words in ("Holds a record", "Could not look", "Looking now", "Not answered yet"):
        assert words in page
    assert "1 of 8 answers are in." in page
    assert "data-waiting" in worker.get(search).content.decode()


def test_complete_only_when_all_have_answered(region, worker):
    search = worker.search()
    answer_finds(region, school_education="P1")
    page = text(worker.get(search))
    assert "8 of 8 answers are in. All who were asked have answered." in page
    assert "data-waiting" not in worker.get(search).content.decode()
    assert "2 September 2024 to 2 November 2026" in page


def test_an_expired_search_is_not_called_complete(region, worker):
    from datetime import timedelta

    from joinedup.hub.discovery.models import Search, WorkItem

    search = worker.search()
    past = Search.objects.get().created_at - timedelta(seconds=1)
    Search.objects.update(expires_at=past)
    WorkItem.objects.update(expires_at=past)
    page = text(worker.get(search))
    assert "Did not answer" in page
    assert "no more answers will come" in page
    assert "All who were asked" not in page


def test_a_record_is_asked_for_waited_for_and_read(region, worker, hub):
    search = worker.search()
    answer_finds(region, school_education="P1")
    [fetch_id] = worker.links(search)
    page = text(worker.get(f"{search}/ask", record=fetch_id))
    assert "Education, held by Testshire schools trust" in page
    assert "checked" not in worker.get(f"{search}/ask", record=fetch_id).content.decode()
    asked = worker.ask(search, fetch_id)
    assert asked.status_code == 302
    cookie = asked.cookies["__Host-records"]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Strict")
    waiting = worker.get(asked["Location"])
    assert "Not answered yet" in text(waiting)
    assert share(region) == 1
    page = text(worker.get(asked["Location"]))
    for words in (
        "Redwood Example Academy", "Recorded fact", "As at 27 March 2026", "Received on",
        "attended 71.5 %", "Duty desk", "0113 496 0100", "Record of the sharing",
    ):  # fmt: skip
        assert words in page
    again = text(worker.get(asked["Location"]))
    assert "Redwood Example Academy" in again
    facts = hub.opened(hub.entries())[-1].facts
    assert facts["action"] == "record.read"
    assert facts["holders"] == ["SCHOOL"]
    assert "educationSettingName" in facts["fields"]
    assert "Read" in text(worker.get(search))
    assert "Given" in text(worker.get(f"{search}/records"))


def test_only_what_was_asked_for_goes_to_the_custodian(region, worker):
    search = worker.search()
    answer_finds(region, school_education="P1")
    [fetch_id] = worker.links(search)
    nothing = worker.ask(search, fetch_id, items=[])
    assert "Select what you need from this record" in text(nothing)
    worker.ask(search, fetch_id, items=["educationSettingName"], why="To plan a visit today")
    item = region.school.claim(kinds=["fetch"]).json()
    assert item["items"] == ["educationSettingName"]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("ask-us", "The agency wants to speak with you first"),
        ("not-relevant", "judged that it would not help"),
        ("other-legal-bar", "under another law"),
    ],
)
def test_a_record_that_is_not_shared_says_why(region, worker, reason, words):
    search = worker.search()
    answer_finds(region, school_education="P1")
    asked = worker.ask(search, worker.links(search)[0])
    withhold(region, reason)
    assert words in text(worker.get(asked["Location"]))
    assert words in text(worker.get(asked["Location"]))


def test_withheld_for_detriment_and_not_held_are_the_same_page(region, worker):
    pages = []
    for reason in ("detriment", "not-held"):
        search = worker.search()
        answer_finds(region, school_education="P1")
        asked = worker.ask(search, worker.links(search)[0])
        withhold(region, reason)
        pages.append(re.sub(r"Asked on .*? Ask again", "", text(worker.get(asked["Location"]))))
    assert pages[0] == pages[1]
    assert "No record was given" in pages[0]


@pytest.mark.parametrize("wrong", ["another child", "another type", "not a record"])
def test_what_is_not_what_was_asked_for_is_thrown_away_unread(region, worker, wrong):
    search = worker.search()
    answer_finds(region, school_education="P1")
    asked = worker.ask(search, worker.links(search)[0])
    share(region, sealed={
        "another child": record("education.details", OTHER_SUI),
        "another type": record("health.details"),
        "not a record": {"html": "<script>"},
    }[wrong])  # fmt: skip
    page = text(worker.get(asked["Location"]))
    assert "thrown away unread" in page
    for words in ("Redwood", "Sample Street", "script"):
        assert words not in page


def everything_in(hub_database):
    """Every byte of every table, as text."""
    import psycopg

    with psycopg.connect(hub_database) as link:
        tables = link.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        return "\n".join(
            str(row) for (table,) in tables for row in link.execute(f"SELECT * FROM {table}")
        )


def test_the_database_alone_opens_nothing(region, worker, hub_database):
    """What was shared is nowhere at rest, and the session's key opens with the cookie alone."""
    from joinedup.hub.pages.models import AskedRecord, SessionKey

    search = worker.search()
    answer_finds(region, school_education="P1")
    asked = worker.ask(search, worker.links(search)[0])
    share(region)
    assert "Redwood Example Academy" in text(worker.get(asked["Location"]))
    worker.get(f"{search}/chronology")
    at_rest = everything_in(hub_database)
    for value in ("Redwood", "71.5", "0113 496 0200"):
        assert value not in at_rest
    secret = worker.http.cookies["__Host-records"].value
    assert secret not in at_rest
    assert AskedRecord.objects.get().content
    assert '"d"' not in str(SessionKey.objects.values_list())
    worker.http.cookies["__Host-records"] = "A" * len(secret)
    assert worker.get(asked["Location"]).status_code == 404
    del worker.http.cookies["__Host-records"]
    assert worker.get(asked["Location"]).status_code == 404
    assert "there is none yet" in text(worker.get(f"{search}/chronology"))


@pytest.mark.parametrize("how", ["sign-out", "time", "role"])
def test_when_the_session_ends_the_records_are_gone(region, worker, how):
    from django.contrib.sessions.models import Session

    from joinedup.hub.pages.models import AskedRecord, SessionKey
    from joinedup.hub.pages.tasks import end_idle_sessions

    search = worker.search()
    answer_finds(region, school_education="P1")
    worker.ask(search, worker.links(search)[0])
    share(region)
    if how == "sign-out":
        assert worker.post("/sign-out").cookies["__Host-records"].value == ""
    elif how == "time":
        Session.objects.update(expire_date="2026-01-01T00:00Z")
        end_idle_sessions()
    else:
        worker.http.post("/sign-in/role", {"choice": str(worker.membership.pk)})
    assert not SessionKey.objects.exists()
    assert not AskedRecord.objects.exists()


def test_another_session_of_the_same_person_does_not_read_them(region, worker):
    from tests.hub.organisations.people import browser

    search = worker.search()
    answer_finds(region, school_education="P1")
    asked = worker.ask(search, worker.links(search)[0])
    share(region)
    other = Desk(browser(worker.membership), worker.membership)
    other.http.cookies["__Host-records"] = worker.http.cookies["__Host-records"].value
    assert other.get(asked["Location"]).status_code == 404
    assert other.get(search).status_code == 200


def test_a_colleague_does_not_read_my_search(region, worker):
    search = worker.search()
    colleague = Desk.of(region.la.organisation, "social-worker")
    for page in ("", "/ask", "/records", "/chronology", "/signals"):
        assert colleague.get(search + page).status_code == 404


def test_a_revoked_agreement_takes_away_what_was_given(region, worker):
    from joinedup.hub.agreements.publishing import revoke
    from joinedup.hub.pages.models import AskedRecord

    search = worker.search()
    answer_finds(region, school_education="P1")
    asked = worker.ask(search, worker.links(search)[0])
    share(region)
    assert "Redwood" in text(worker.get(asked["Location"]))
    revoke("A1")
    page = text(worker.get(asked["Location"]))
    assert "Redwood" not in page
    assert "schools trust" not in page
    assert AskedRecord.objects.get().content == ""
    assert "Redwood" not in text(worker.get(f"{search}/chronology"))


def shield(region, level):
    answer = region.la.call(
        "POST", "/api/v1/shields",
        {"sui": SUI, "level": level, "criterion": "significant-harm"},
    )  # fmt: skip
    assert answer.status_code < 300, answer.content


@pytest.fixture
def may_shield(region):
    from joinedup.hub.api.tokens import SCOPES

    node = region.la
    node.machine.client.scopes = sorted(SCOPES)
    node.machine.client.save()
    node.bearer = node.machine.token(node.http)


def test_a_restricted_childs_whereabouts_are_left_out_everywhere(region, worker, may_shield):
    search = worker.search()
    answer_finds(region, school_education="P1", trust_health="H1", la_personal="L1")
    addresses = [worker.ask(search, each)["Location"] for each in worker.links(search)]
    share(region)
    assert "Redwood" in " ".join(text(worker.get(each)) for each in addresses)
    shield(region, "R")
    pages = [*addresses, search, *(f"{search}/{each}" for each in
             ("records", "chronology", "signals"))]  # fmt: skip
    for each in pages:
        answer = worker.get(each)
        page = text(answer)
        assert "Restricted" in page or answer.status_code == 404
        for words in (
            "Redwood", "Sample Street", "LS1", "Exampleton", "schools trust", "hospitals",
            "0113", "Grace", "Duty desk",
        ):  # fmt: skip
            assert words not in page, (each, words)


def test_a_child_who_is_not_discoverable_looks_unknown(region, worker, may_shield):
    shield(region, "V")
    search = worker.search()
    answer_finds(region, school_education="P1")
    page = text(worker.get(search))
    assert "No agency that answered holds a record" in page
    assert not worker.links(search)
    assert "Restricted" not in page
    other = worker.search(OTHER_SUI)
    answer_finds(region)
    assert text(worker.get(other)).replace("999 000 ", "").split("NHS number")[0] == page.replace(
        "999 000 ", ""
    ).split("NHS number")[0]  # fmt: skip


@pytest.mark.parametrize(("asked", "held"), [(SUI, OTHER_SUI), (OTHER_SUI, SUI)])
def test_a_record_under_a_replaced_number_says_so_before_and_after_the_answer(
    region, worker, links, may_shield, asked, held
):
    from joinedup.hub.register import supersession
    from tests.hub.register.test_supersession import publish

    was, other = "was replaced by another", "Held under another NHS number of this child"
    publish(region.school, held, "P1")
    publish(region.trust, asked, "T1", at="health.details")
    supersession.learnt(OTHER_SUI, SUI)
    search = worker.search(asked)
    page = text(worker.get(search))
    assert (was in page) is (asked == OTHER_SUI)
    card = worker.get(search).content.decode().partition(str(region.school.organisation))[2]
    assert other in card.partition("</section>")[0]
    assert page.count(other) == 1, "the trust holds it under this number"
    answer_finds(region, school_education="P1", trust_health="T1")
    page = text(worker.get(search))
    assert "8 of 8 answers are in" in page
    assert page.count(other) == 1
    assert held not in page.replace(" ", "")
    # A shield hides it from the next reading on.
    shield(region, "R")
    page = text(worker.get(search))
    assert other not in page
    assert was not in page


def test_a_refused_purpose_asks_nobody(region):
    """A lead at a school's other office: no footing, so nobody is asked and it is said why."""
    desk = Desk.of(region.school.organisation, "safeguarding-lead")
    organisation = region.school.organisation
    desk.post("/find/reason", **{**WHY, "reason": "concern"})
    organisation.legal_class = "other"
    organisation.save()
    from joinedup.hub.discovery.models import Search

    assert desk.post("/find/number", nhs_number=SUI).status_code in (302, 403)
    assert not Search.objects.exists()


def test_what_may_be_known_but_not_read_says_so(region):
    """A school's lead may know that health holds a record, for a concern; not what it says."""
    desk = Desk.of(region.school.organisation, "safeguarding-lead")
    search = desk.search(reason="concern")
    answer_finds(region, trust_health="H1", school_education="P1")
    page = text(desk.get(search))
    assert "Health Holds a record" in page
    assert "You may know of it, not read it" in page
    assert len(desk.links(search)) == 1


def test_start_shows_my_own_searches_by_my_reference(region, worker):
    worker.search()
    page = text(worker.get("/"))
    assert "CASE-42" in page
    assert SUI[-4:] not in page
    colleague = Desk.of(region.la.organisation, "social-worker")
    assert "CASE-42" not in text(colleague.get("/"))


def test_too_many_children_are_held_back(region, worker, monkeypatch):
    from django.utils import timezone

    from joinedup.hub.limits import enumeration

    def hold(who, asked):
        raise enumeration.Held(timezone.now())

    monkeypatch.setattr(enumeration, "check", hold)
    worker.post("/find/reason", **WHY)
    answer = worker.post("/find/number", nhs_number=SUI)
    assert answer.status_code == 429
    assert enumeration.SAID[:20] in text(answer)


def test_a_search_that_came_to_nothing_is_counted_once(worker, region):
    """Whoever guesses numbers is met by it; an agency that holds a record is no miss."""
    from joinedup.hub.limits import enumeration
    from joinedup.hub.limits.models import Tally

    misses = Tally.objects.filter(
        asker=f"person:{worker.membership.person_id}", measure=enumeration.MISSES
    )
    search = worker.search()
    worker.get(search)
    assert not misses.exists()  # nobody has answered yet
    answer_finds(region)
    worker.get(search)
    worker.get(search)
    assert misses.get().count == 1
    found = worker.search(OTHER_SUI)
    answer_finds(region, trust_education="P-1", school_education="P-1")
    worker.get(found)
    assert misses.get().count == 1
