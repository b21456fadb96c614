"""A shield holds from the next request on, at every door, and two people lift it."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from joinedup.policy.question import Level
from tests.hub.reviewing import record
from tests.hub.shields.conftest import NUMBER, OLIVER
from tests.hub.sources import CHILD, FOUND, NOBODY, PATIENT
from tests.hub.sources import NUMBER as ROWAN

ASK = "/api/v1/get-an-identifier"


def level_of(sui=NUMBER):
    from joinedup.hub.shields.levels import level_of

    return level_of(sui)


def plain(answer):
    """An answer without what differs in every request."""
    body = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", answer.content.decode())
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "CSRF", body)
    loose = {"X-Correlation-ID", "Date"}
    return answer.status_code, body, {k: v for k, v in answer.items() if k not in loose}


def test_a_shield_asked_for_holds_at_the_next_question(oliver, match, shield):
    assert match().json()["total"] == 1
    stranger = {"name": [{"given": ["Nora"], "family": "Elsewhere"}], "birthDate": "2011-01-05"}
    before = plain(match({"resourceType": "Patient", **stranger}))
    shield("V")
    assert level_of() is Level.NOT_DISCOVERABLE
    assert plain(match()) == before  # as for a child of whom nothing is held


def test_where_a_child_is_finds_nobody_any_more(oliver, match, shield):
    shield("R")
    by_place = {**OLIVER, "name": [{"given": ["Olivr"], "family": "Testerton"}]}
    assert match().json()["total"] == 0 or "LS1" not in match().content.decode()
    nowhere = {**by_place, "address": [{"postalCode": "YO1 1AA"}], "telecom": []}
    assert plain(match(by_place)) == plain(match(nowhere))


@pytest.mark.parametrize("body", [
    {"sui": "999 000 0018"}, {"sui": "9990000026"},
    {"records": [{"systemId": "schools", "recordId": "S1"}]},
    {"records": [{"systemId": "schools", "recordId": "unknown"}]},
    {"personSpecification": {"given": "Oliver", "family": "Testerton", "birthDate": "2014-03-27"}},
    {"personSpecification": {"given": "Nobody", "family": "Known", "birthDate": "2014-03-27"}},
])  # fmt: skip
def test_the_answer_says_nothing_of_whether_the_child_is_known(oliver, call, shield, body):
    known = plain(shield("V"))
    asked = {"level": "V", "criterion": "adoption", "reason": "Placed last week", **body}
    answer = call("/api/v1/shields", asked)
    assert plain(answer) == known
    assert answer.json()["reference"]
    assert plain(call("/api/v1/shields", asked)) == known  # and asking again is safe


def test_who_may_ask_and_what_is_not_understood(call, browser_client, machine):
    assert call("/api/v1/shields", {"sui": "123", "criterion": "other"}).status_code == 422
    assert call("/api/v1/shields", {"sui": NUMBER, "criterion": "because"}).status_code == 422
    assert call("/api/v1/shields", {"sui": NUMBER, "level": "U", "criterion": "other"}
                ).status_code == 422  # fmt: skip
    machine.client.scopes = ["match"]
    machine.client.save()
    token = machine.token(browser_client)
    refused = browser_client.post(
        "/api/v1/shields", {"sui": NUMBER, "criterion": "other"},
        content_type="application/json", headers={"authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert refused.status_code == 403


def test_asking_is_written_down_before_it_is_answered(shield):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_entry WHERE action = 'shield.ask'")
        (before,) = cursor.fetchone()
        shield("R", reason="A secret reason")
        cursor.execute("SELECT count(*) FROM ledger_entry WHERE action = 'shield.ask'")
        assert cursor.fetchone() == (before + 1,)
        cursor.execute("SELECT reason FROM shields_shieldevent")
        assert b"secret" not in bytes(cursor.fetchone()[0])


def test_without_the_index_nothing_is_shielded_and_nothing_answered(call, links, oliver):
    from joinedup.hub.shields.models import Shield

    with links.pool.connection() as conn:
        conn.execute("ALTER TABLE sealed.record RENAME TO away")
    try:
        answer = call("/api/v1/shields", {"sui": NUMBER, "criterion": "other"})
    finally:
        with links.pool.connection() as conn:
            conn.execute("ALTER TABLE sealed.away RENAME TO record")
    assert answer.status_code == 503
    assert not Shield.objects.exists()


def test_a_hub_with_another_key_answers_nothing(shield, links):
    from joinedup.hub.shields import key
    from joinedup.hub.shields.models import ShieldKey

    key.tokens.cache_clear()
    shield("V")
    ShieldKey.objects.all().delete()
    ShieldKey.objects.create(pk=1, check_value=b"another")
    key.tokens.cache_clear()
    try:
        with pytest.raises(key.WrongShieldKey):
            level_of()
    finally:
        key.tokens.cache_clear()
        ShieldKey.objects.all().delete()


# ------------------------------------------------------------------ get-an-identifier
def test_the_number_of_a_child_not_discoverable_is_not_given_out(call, shield, answers_with):
    question = {"personSpecification": CHILD}
    answers_with(NOBODY)
    nothing = plain(call(ASK, question))
    source = answers_with(FOUND)
    assert call(ASK, question).json()["nhsNumber"] == ROWAN
    asked = len(source.asked)
    shield("V", sui=ROWAN)
    hidden = call(ASK, question)
    assert plain(hidden) == nothing
    assert hidden.json()["calls"] > asked  # it went on as if nobody had been found


def test_an_answer_kept_under_its_key_is_not_given_again(call, shield, answers_with):
    answers_with(FOUND)
    key = {"Idempotency-Key": "once"}
    first = call(ASK, {"personSpecification": CHILD}, **key)
    assert call(ASK, {"personSpecification": CHILD}, **key).json() == first.json()
    shield("V", sui=ROWAN)
    again = call(ASK, {"personSpecification": CHILD}, **key)
    assert ROWAN not in again.content.decode()
    assert again.json()["status"] == "NoMatch"


def test_nor_is_what_came_of_an_earlier_question(call, shield, answers_with, browser_client,
                                                 machine):  # fmt: skip
    answers_with(FOUND)
    first = call(ASK, {"personSpecification": CHILD}).json()["requestId"]
    shield("V", sui=ROWAN)
    token = machine.token(browser_client)
    answer = browser_client.get(
        f"/api/v1/identifier-requests/{first}", headers={"authorization": f"Bearer {token}"}
    )
    assert ROWAN not in answer.content.decode()
    assert answer.json()["status"] == "NoMatch"


def test_a_child_whose_place_is_hidden_is_found_by_name_and_not_by_place(shield, answers_with):
    from joinedup.hub.shields.open_source import OpenSource
    from joinedup.pds.search import Found, NotFound, Search

    source = OpenSource(answers_with(FOUND))
    shield("R", sui=ROWAN)
    found = source.search(Search(family="Testerton"))
    assert isinstance(found, Found)
    assert found.patient.addresses == ()
    for place in ({"postcode": "LS1 4AP"}, {"phone": "01314960781"}, {"email": "a@example.org"}):
        assert source.search(Search(family="Testerton", **place)) == NotFound()


def test_the_source_of_truths_flag_counts_and_is_followed(links, answers_with):
    from joinedup.hub.shields.open_source import OpenSource
    from joinedup.pds.patient import Security
    from joinedup.pds.search import Found, NotFound

    links.identities.add(record("schools", "S1", nhs_number=ROWAN))
    flagged = Found(replace(PATIENT, security=Security.VERY_RESTRICTED))
    assert OpenSource(answers_with(flagged)).read(ROWAN) == NotFound()
    assert level_of(ROWAN) is Level.NOT_DISCOVERABLE
    with links.pool.connection() as conn:
        assert links.index.get(conn, "schools", "S1") is None
    assert isinstance(OpenSource(answers_with(FOUND)).read(ROWAN), Found)
    assert level_of(ROWAN) is Level.OPEN
    with links.pool.connection() as conn:
        assert links.index.get(conn, "schools", "S1") is not None


def test_a_number_that_was_replaced_keeps_the_shield(shield, answers_with):
    from joinedup.hub.shields.open_source import OpenSource
    from joinedup.pds.search import NotFound

    shield("V", sui=NUMBER)
    assert OpenSource(answers_with(FOUND)).read(NUMBER) == NotFound()
    assert level_of(ROWAN) is Level.NOT_DISCOVERABLE


# ------------------------------------------------------------------ what comes in later
def test_what_is_loaded_later_is_under_the_shield_by_its_number_too(oliver, shield, links):
    shield("V")
    links.identities.add(record("police", "P1", given="Olliver", nhs_number="9990000026"))
    assert level_of("9990000026") is Level.NOT_DISCOVERABLE
    with links.pool.connection() as conn:
        assert links.index.count(conn) == 0


def test_merged_and_split_again_both_are_shielded_and_to_be_reviewed(oliver, shield, links):
    from joinedup.hub.shields.models import Shield, ShieldEvent
    from joinedup.linkage.history import Kind

    other = {"given": "Nora", "family": "Elsewhere", "birth_date": "2011-01-05",
             "postcode": "YO1 1AA", "phone": None, "gender": "female"}  # fmt: skip
    links.identities.add(record("police", "P1", nhs_number="9990000026", **other))
    shield("V")
    pair = [("schools", "S1"), ("police", "P1")]
    links.identities.decide(Kind.MERGE, pair, by="person desk")
    assert level_of("9990000026") is Level.NOT_DISCOVERABLE
    links.identities.decide(Kind.SPLIT, pair, by="person desk")
    assert level_of("9990000026") is Level.NOT_DISCOVERABLE
    assert ShieldEvent.objects.filter(kind="parted").exists()
    assert Shield.objects.get().standing == "to-review"


def test_a_case_that_names_a_shielded_record_leaves_the_ordinary_queue(
    oliver, shield, links, organisation, as_person, browser_client
):
    from joinedup.hub.reconciliation.conflicts import open_cases
    from joinedup.hub.reconciliation.models import Kind, ReviewCase
    from joinedup.linkage.constraints import Ref

    refs = (Ref("schools", "S1"), Ref("police", "P9"))
    open_cases([(Kind.POSSIBLE, "Look at these.", [], refs)], organisation)
    case = ReviewCase.objects.get()
    as_person()
    assert "schools S1" in browser_client.get("/review").content.decode()
    shield("R")
    assert "schools S1" not in browser_client.get("/review").content.decode()
    assert browser_client.get(f"/review/{case.id}").status_code == 404


# ------------------------------------------------------------------ reviewing and lifting
def test_two_review_and_two_lift(oliver, shield, as_person, browser_client, match):
    from joinedup.hub.approvals.models import ProposedChange
    from joinedup.hub.shields.models import Shield

    shield("V")
    page = f"/shields/{Shield.objects.get().pk}"
    as_person("Ann", "shield-reviewer")
    assert page in browser_client.get("/shields").content.decode()
    assert browser_client.post(page, {"act": "confirm"}).status_code == 302
    assert browser_client.post(page, {"act": "confirm"}).status_code == 409  # once is once
    assert Shield.objects.get().standing == "to-review"
    as_person("Bob", "shield-reviewer")
    assert browser_client.post(page, {"act": "confirm"}).status_code == 302
    assert Shield.objects.get().standing == "in-force"

    asked = browser_client.post(page, {"to": "0", "why": "The danger has passed."})
    assert asked.status_code == 302
    change = f"/shields/changes/{ProposedChange.objects.get().pk}"
    assert browser_client.post(change, {"act": "approve"}).status_code == 409  # Bob alone
    assert level_of() is Level.NOT_DISCOVERABLE
    assert match().json()["total"] == 0
    as_person("Ann", "shield-reviewer")
    assert change in browser_client.get("/shields").content.decode()
    assert browser_client.post(change, {"act": "approve"}).status_code == 302
    assert level_of() is Level.OPEN
    assert match().json()["total"] == 1


def test_a_shield_asked_for_again_meanwhile_makes_the_lift_stale(oliver, shield, as_person,
                                                                 browser_client):  # fmt: skip
    from joinedup.hub.approvals.models import ProposedChange
    from joinedup.hub.shields.models import Shield

    shield("R")
    as_person("Ann", "shield-reviewer")
    page = f"/shields/{Shield.objects.get().pk}"
    browser_client.post(page, {"to": "0", "why": "The danger has passed."})
    shield("R")
    as_person("Bob", "shield-reviewer")
    change = f"/shields/changes/{ProposedChange.objects.get().pk}"
    assert browser_client.post(change, {"act": "approve"}).status_code == 409
    assert level_of() is Level.NO_LOCATION


def test_only_reviewers_of_the_organisation_who_stepped_up_see_a_shield(
    shield, as_person, browser_client, health
):
    from joinedup.hub.shields.models import Shield

    shield("R")
    page = f"/shields/{Shield.objects.get().pk}"
    as_person("Pat", "social-worker")
    assert browser_client.get("/shields").status_code == 403
    as_person("Ann", "shield-reviewer", stepped_up=False)
    assert browser_client.get(page)["Location"].endswith("/sign-in/again")
    as_person("Eve", "shield-reviewer", of=health)
    assert browser_client.get(page).status_code == 404
    as_person("Ann", "shield-reviewer")
    assert browser_client.get(page).status_code == 200


def test_anybody_at_a_custodian_may_ask_in_the_browser(oliver, as_person, browser_client):
    as_person("Nell", "nurse", stepped_up=False)
    form = {"sui": NUMBER, "level": "2", "criterion": "domestic-abuse", "reason": "In refuge now."}
    wrong = browser_client.post("/shields/ask", {**form, "sui": "1"})
    assert "There is a problem" in wrong.content.decode()
    assert level_of() is Level.OPEN
    assert "in force" in browser_client.post("/shields/ask", form).content.decode()
    assert level_of() is Level.NOT_DISCOVERABLE


def test_a_shield_overdue_for_review_stays_and_is_noted_once(shield):
    from django.utils import timezone

    from joinedup.hub.shields.reviewing import note_overdue

    shield("V")
    day = timezone.localdate() + timedelta(days=10)
    assert (note_overdue(day), note_overdue(day)) == (1, 0)
    assert level_of() is Level.NOT_DISCOVERABLE


def test_what_happened_to_a_shield_cannot_be_changed(shield):
    from django.db import DatabaseError, transaction

    from joinedup.hub.shields.models import ShieldEvent

    shield("V")
    for act in (lambda: ShieldEvent.objects.update(level=0), ShieldEvent.objects.all().delete):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            act()


# ------------------------------------------------------------------ never to be joined
def test_two_numbers_kept_apart_by_two_people_and_nobody_is_told(
    links, as_person, browser_client, organisation, match
):
    from joinedup.hub.approvals.models import ProposedChange
    from joinedup.hub.shields.models import SealedPair
    from joinedup.hub.shields.sealed import numbers_forbidden
    from joinedup.identities.store import Refused
    from joinedup.linkage.history import Kind

    organisation.runs_hub = True
    organisation.save()
    links.identities.add(record("health", "H1", nhs_number=NUMBER))
    links.identities.add(
        record("health", "H2", nhs_number="9990000026", family="Newname", phone=None)
    )
    as_person("Ann", "shield-reviewer")
    form = {"one": NUMBER, "other": "9990000026", "why": "Ordered by the desk."}
    assert browser_client.post("/shields/keep-apart", form).status_code == 302
    change = ProposedChange.objects.get()
    assert NUMBER not in json.dumps(change.what)
    assert browser_client.post(f"/shields/changes/{change.pk}", {"act": "approve"}
                               ).status_code == 409  # fmt: skip
    assert not numbers_forbidden(NUMBER, "9990000026")
    as_person("Bob", "shield-reviewer")
    browser_client.post(f"/shields/changes/{change.pk}", {"act": "approve"})
    assert numbers_forbidden(NUMBER, "9990000026")
    assert numbers_forbidden("9990000026", NUMBER)
    assert not numbers_forbidden(NUMBER, NUMBER)
    assert not SealedPair.objects.exists()
    with pytest.raises(Refused, match=r"^These records cannot be joined\.$"):
        links.identities.decide(Kind.MERGE, [("health", "H1"), ("health", "H2")], by="person x")
    # Details that fit both name at most one of them.
    both = {**OLIVER, "name": [{"given": ["Oliver"], "family": "Testerton"}]}
    asked = {"resourceType": "Parameters", "parameter": [
        {"name": "resource", "resource": both},
        {"name": "onlyCertainMatches", "valueBoolean": False}]}  # fmt: skip
    assert match(asked).json()["total"] <= 1


def test_a_proposal_to_keep_apart_waits_its_time_and_not_longer(links, as_person, organisation):
    """A second proposal must not undo one that waits; what was forgotten is not kept sealed."""
    from django.utils import timezone

    from joinedup.hub.shields.models import SealedPair
    from joinedup.hub.shields.sealed import propose_apart

    organisation.runs_hub = True
    organisation.save()
    ann = as_person("Ann", "shield-reviewer")

    def propose():
        before = set(SealedPair.objects.values_list("pk", flat=True))
        propose_apart([NUMBER], ["9990000026"], ann, "Ordered by the desk.")
        (made,) = set(SealedPair.objects.values_list("pk", flat=True)) - before
        return made

    first = propose()
    for waited, kept in (({"days": 14, "hours": 23}, True), ({"days": 15, "hours": 1}, False)):
        SealedPair.objects.filter(pk=first).update(since=timezone.now() - timedelta(**waited))
        propose()
        assert SealedPair.objects.filter(pk=first).exists() is kept
