"""A question without a number waits for a person, and its number comes back to whoever asked."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.hub.reviewing import elsewhere, sign_in
from tests.hub.sources import CHILD, FOUND, NOBODY, NUMBER, SILENT

BODY = {
    "personSpecification": CHILD,
    "metadata": [
        {"recordType": "childrens-services.details", "systemId": "case", "recordId": "C-17"}
    ],
}
FORM = {
    "given": "Rowan", "family": "Testerton", "day": "27", "month": "3", "year": "2014",
    "postcode": "LS1 4AP", "gender": "female",
}  # fmt: skip


def cases():
    from joinedup.hub.reconciliation.models import ReviewCase

    return ReviewCase.objects


@pytest.fixture
def waiting(ask, answers_with):
    """The case of a machine's question that got no number."""
    answers_with(NOBODY)
    ask(BODY)
    return cases().get()


@pytest.mark.parametrize(("answer", "outcome"), [(NOBODY, "NoMatch"), (SILENT, "Unavailable")])
def test_what_gets_no_number_is_a_case_with_its_reason(ask, answers_with, machine, answer, outcome):
    answers_with(answer)
    ask(BODY)
    case = cases().get()
    assert (case.organisation, case.outcome) == (machine.client.organisation, outcome)
    assert case.reason
    assert case.details["family"] == "Testerton"
    assert case.questions.get().records[0]["record_id"] == "C-17"


def test_a_match_is_no_case(ask, answers_with):
    answers_with(FOUND)
    ask(BODY)
    assert not cases().exists()


def test_the_same_question_again_is_the_same_case(ask, answers_with, waiting):
    ask({"personSpecification": {**CHILD, "given": " ROWAN", "birthDate": "27/03/2014"}})
    assert cases().get().questions.count() == 2
    ask({"personSpecification": {**CHILD, "addressPostalCode": "LS1 4AQ"}})
    assert cases().count() == 2  # perhaps a namesake: a person's to say


def test_no_answer_leaves_when_the_case_cannot_be_written(
    ask, answers_with, machine, browser_client
):
    from tests.hub.test_get_an_identifier import no_writing

    answers_with(NOBODY)
    token = machine.token(browser_client)
    with no_writing("INSERT", "reconciliation_reviewcase"):
        answer = ask(BODY, token)
    assert answer.status_code == 503
    assert not cases().exists()


def test_a_nul_in_a_detail_does_not_stop_the_case(ask, answers_with):
    answers_with(NOBODY)
    body = {"personSpecification": {**CHILD, "phone": "0131\x00496"}}
    assert ask(body).status_code == 200
    assert cases().get().details["phone"] == "0131496"


def state(browser, machine, request_id, token=None):
    return browser.get(
        f"/api/v1/identifier-requests/{request_id}",
        headers={"authorization": f"Bearer {token or machine.token(browser)}"},
    )


def test_the_corrected_question_brings_the_number_back_to_whoever_asked(
    ask, answers_with, browser_client, machine, organisation
):
    answers_with(NOBODY)
    first = ask(BODY).json()
    told = state(browser_client, machine, first["requestId"]).json()
    assert (told["status"], told["review"]["status"]) == ("NoMatch", "open")
    assert "nhsNumber" not in told

    reviewer = sign_in(browser_client, organisation)
    case = cases().get()
    page = browser_client.get(f"/review/{case.id}").content.decode()
    assert "Testerton" in page
    assert "Nobody fits these details" in page
    answers_with(FOUND)
    done = browser_client.post(f"/review/{case.id}/ask-again", FORM)
    assert done["Location"] == f"/review/{case.id}"
    page = browser_client.get(f"/review/{case.id}").content.decode()
    assert f"{NUMBER[:3]}&nbsp;{NUMBER[3:6]}&nbsp;{NUMBER[6:]}" in page

    case.refresh_from_db()
    assert (case.status, case.decision, case.decided_by) == ("decided", "same", reviewer.person)
    issued = case.answered_by.issued.get()
    assert (issued.nhs_number, issued.record_id) == (NUMBER, "C-17")
    told = state(browser_client, machine, first["requestId"]).json()
    assert (told["status"], told["nhsNumber"]) == ("Match", NUMBER)
    assert case.entries.filter(action="collected", client=machine.client).exists()
    assert case.entries.filter(action="seen", request=case.answered_by).exists()

    browser_client.post(f"/review/{case.id}/undo")
    told = state(browser_client, machine, first["requestId"]).json()
    assert (told["status"], told["review"]["status"]) == ("NoMatch", "undone")
    assert "nhsNumber" not in told


def test_a_corrected_question_that_is_not_a_match_stays_in_its_case(
    waiting, answers_with, browser_client, organisation
):
    sign_in(browser_client, organisation)
    answers_with(NOBODY)
    browser_client.post(f"/review/{waiting.id}/ask-again", {**FORM, "given": "Rowena"})
    waiting.refresh_from_db()
    assert waiting.is_waiting
    assert waiting.details["given"] == "Rowena"
    assert cases().count() == 1


def test_the_number_is_not_told_when_that_cannot_be_recorded(
    ask, answers_with, browser_client, machine, organisation
):
    from tests.hub.test_get_an_identifier import no_writing

    answers_with(NOBODY)
    first = ask(BODY).json()
    sign_in(browser_client, organisation)
    answers_with(FOUND)
    browser_client.post(f"/review/{cases().get().id}/ask-again", FORM)
    token = machine.token(browser_client)
    with no_writing("INSERT", "reconciliation_caseentry"):
        answer = state(browser_client, machine, first["requestId"], token)
    assert answer.status_code == 503
    assert NUMBER not in answer.content.decode()


def test_a_case_can_be_closed_without_a_number_and_opened_again(
    waiting, browser_client, organisation
):
    sign_in(browser_client, organisation)
    where = f"/review/{waiting.id}"
    page = browser_client.post(f"{where}/decide", {"choice": "cannot-tell"}).content.decode()
    assert "Say why you cannot tell" in page
    form = {"choice": "cannot-tell", "note": "The school is asked"}
    assert "Confirm your decision" in browser_client.post(f"{where}/decide", form).content.decode()
    waiting.refresh_from_db()
    assert waiting.is_waiting
    browser_client.post(f"{where}/decide", {**form, "confirmed": "yes"})
    waiting.refresh_from_db()
    assert (waiting.status, waiting.decision) == ("decided", "cannot-tell")
    assert waiting.note == "The school is asked"
    again = browser_client.post(f"{where}/decide", {**form, "confirmed": "yes"})
    assert again.status_code == 409
    browser_client.post(f"{where}/undo")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.decision, waiting.decided_by) == ("undone", "", None)
    assert [entry.action for entry in waiting.entries.exclude(action="seen")] == [
        "opened", "asked", "decided", "undone",
    ]  # fmt: skip


def test_nobody_can_decide_that_a_question_without_a_number_is_the_same_child(
    waiting, browser_client, organisation
):
    sign_in(browser_client, organisation)
    form = {"choice": "same:1", "confirmed": "yes"}
    page = browser_client.post(f"/review/{waiting.id}/decide", form)
    assert "Select what you decide" in page.content.decode()
    waiting.refresh_from_db()
    assert waiting.is_waiting


@pytest.mark.parametrize("path", ["", "/decide", "/undo", "/ask-again"])
def test_another_organisations_case_does_not_exist(waiting, browser_client, path):
    sign_in(browser_client, elsewhere())
    call = browser_client.post if path else browser_client.get
    answer = call(f"/review/{waiting.id}{path}", {**FORM, "choice": "not-same"})
    assert answer.status_code == 404
    assert "Testerton" not in answer.content.decode()
    assert str(waiting.id) not in browser_client.get("/review").content.decode()
    waiting.refresh_from_db()
    assert waiting.is_waiting


def test_an_information_governance_lead_sees_no_case(waiting, browser_client, organisation):
    sign_in(browser_client, organisation, role="information-governance-lead")
    for path in ("/review", f"/review/{waiting.id}"):
        assert browser_client.get(path).status_code == 403


def test_another_organisations_request_is_not_found(ask, answers_with, browser_client, machine):
    from tests.hub.machine import Machine

    answers_with(NOBODY)
    first = ask(BODY).json()
    other = Machine.register(elsewhere(), "other-system")
    answer = state(browser_client, other, first["requestId"])
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_the_list_is_oldest_first_by_kind_and_names_no_child(
    waiting, ask, answers_with, browser_client, organisation
):
    answers_with(SILENT)
    ask({**BODY, "personSpecification": {**CHILD, "family": "Newer"}})
    sign_in(browser_client, organisation)
    page = browser_client.get("/review").content.decode()
    assert page.index("Nobody fits") < page.index("did not answer")
    assert "C-17" in page
    for detail in ("Rowan", "Testerton", "Newer", "2014"):
        assert detail not in page
    assert "no such cases" in browser_client.get("/review?kind=conflict").content.decode()
    assert "2 cases wait" in browser_client.get("/").content.decode()


def test_details_are_forgotten_some_days_after_the_decision(waiting, browser_client, organisation):
    from joinedup.hub.reconciliation.cases import forget

    sign_in(browser_client, organisation)
    now = timezone.now()
    assert forget(now + timedelta(days=400)) == 0  # nobody has decided
    form = {"choice": "not-same", "confirmed": "yes"}
    browser_client.post(f"/review/{waiting.id}/decide", form)
    assert forget(now + timedelta(days=29)) == 0
    assert forget(now + timedelta(days=30, minutes=1)) == 1
    waiting.refresh_from_db()
    assert waiting.details is None
    page = browser_client.get(f"/review/{waiting.id}").content.decode()
    assert "no longer kept" in page
    assert "Testerton" not in page


def test_nothing_personal_of_a_case_is_logged(
    waiting, browser_client, organisation, answers_with, capfd, caplog
):
    sign_in(browser_client, organisation)
    answers_with(FOUND)
    browser_client.get(f"/review/{waiting.id}")
    browser_client.post(f"/review/{waiting.id}/ask-again", FORM)
    said = capfd.readouterr()
    for detail in ("Rowan", "Testerton", NUMBER):
        assert detail not in said.err + said.out + caplog.text


def reason_given(browser):
    browser.post(
        "/find/reason",
        {"reason": "section-47", "case_reference": "CASE-42", "explanation": "A referral came in"},
    )


def test_a_practitioners_later_question_answers_their_own_case(
    answers_with, browser_client, organisation
):
    sign_in(browser_client, organisation)
    reason_given(browser_client)
    answers_with(NOBODY)
    shown = browser_client.post("/find/child", {**FORM, "family": "Testertown"})
    page = browser_client.get(shown["Location"]).content.decode()
    case = cases().get()
    assert f"/review/{case.id}" in page
    mine = browser_client.get("/review?show=mine").content.decode()
    assert "CASE-42" in mine
    answers_with(FOUND)
    browser_client.post("/find/child", FORM)
    case.refresh_from_db()
    assert (case.status, case.nhs_number) == ("decided", NUMBER)


def test_it_does_not_answer_a_case_that_others_wait_for(answers_with, browser_client, organisation):
    answers_with(NOBODY)
    for name in ("Sam", "Pat"):
        sign_in(browser_client, organisation, name)
        reason_given(browser_client)
        browser_client.post("/find/child", FORM)
    assert cases().get().questions.count() == 2
    answers_with(FOUND)
    browser_client.post("/find/child", {**FORM, "postcode": "LS1 4AP"})
    assert cases().get().is_waiting  # Sam may have meant a namesake


def test_the_state_of_a_match_is_told_as_it_was(ask, answers_with, browser_client, machine):
    answers_with(FOUND)
    first = ask(BODY).json()
    told = state(browser_client, machine, first["requestId"]).json()
    assert (told["status"], told["nhsNumber"]) == ("Match", NUMBER)
    assert json.dumps(told["review"]) == "null"


def test_the_same_question_at_the_same_time_is_one_case(machine, answers_with):
    """Eight of a system's workers ask about one child at once."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from joinedup.hub.identifiers.asking import Asker, ask

    answers_with(NOBODY)
    client = machine.client
    asker = Asker(client.organisation, client.purpose, client.requests_per_minute, client)

    def one(_):
        try:
            ask(asker, {"given": "Rowan", "family": "Testerton", "birth_date": "2014-03-27"})
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert cases().get().questions.count() == 8


def test_what_the_form_does_not_show_is_asked_again_as_it_was(
    waiting, answers_with, browser_client, organisation
):
    """An email address or a UPN stays; what was cleared is gone."""
    waiting.details = {**waiting.details, "email": "rowan@example.com"}
    waiting.save()
    sign_in(browser_client, organisation)
    answers_with(NOBODY)
    browser_client.post(f"/review/{waiting.id}/ask-again", {**FORM, "postcode": ""})
    waiting.refresh_from_db()
    assert waiting.details["email"] == "rowan@example.com"
    assert "postcode" not in waiting.details
