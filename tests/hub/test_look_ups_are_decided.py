"""Every way in which a number is given out asks the policy first, and the entry says which."""

import pytest

from tests.hub.reviewing import sign_in
from tests.hub.sources import CHILD, FOUND, NOBODY, NUMBER

REASON = {"reason": "section-47", "case_reference": "CASE-1", "explanation": "A long enough reason"}
FORM = {
    "given": "Rowan", "family": "Testerton", "day": "27", "month": "3", "year": "2014",
    "postcode": "LS1 4AP", "gender": "female",
}  # fmt: skip
BODY = {"personSpecification": CHILD}


@pytest.fixture
def entries(db):
    """What the ledger holds, opened, from the last entry back."""
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened

    return lambda: list(reversed(opened(Entry.objects.order_by("number"))))


def no_policy():
    """From now on everything is denied: a head that is gone fails closed."""
    from joinedup.hub.agreements.models import Head

    Head.objects.all().delete()


def words(answer):
    return " ".join(answer.content.decode().split())


def shows(answer):
    return NUMBER[-4:] in answer.content.decode()


def test_a_persons_look_up_names_the_policy_and_its_legal_basis(
    browser_client, organisation, answers_with, entries
):
    answers_with(FOUND)
    sign_in(browser_client, organisation)
    browser_client.post("/find/reason", REASON)
    result = browser_client.post("/find/child", FORM)["Location"]
    asked = entries()[0].facts
    assert (asked["action"], asked["outcome"]) == ("identifier.look-up", "Match")
    assert (asked["legal_basis"], asked["purpose"]) == ("public-task", "section-47")
    assert asked["policy_version"]
    assert shows(browser_client.get(result))
    shown = entries()[0].facts
    assert shown["action"] == "identifier.show"
    assert (shown["legal_basis"], shown["policy_version"]) == (
        "public-task",
        asked["policy_version"],
    )


def test_a_person_who_may_not_is_told_why_and_nobody_is_asked(
    browser_client, organisation, answers_with, entries
):
    """Their organisation's work changed after they had given their reason."""
    source = answers_with(FOUND)
    sign_in(browser_client, organisation)
    browser_client.post("/find/reason", REASON)
    organisation.kind = "education"
    organisation.save()
    before = len(entries())
    for path in ("/find/child", "/find/again"):
        answer = browser_client.post(path, FORM)
        assert answer.status_code == 403
        assert "may not look up a child for this reason" in words(answer)
        assert "purpose" in words(answer) or "reason" in words(answer)
    assert source.asked == []
    refused = entries()[: len(entries()) - before]
    assert [each.facts["outcome"] for each in refused] == ["refused", "refused"]
    assert {each.facts["action"] for each in refused} == {"identifier.look-up"}
    assert all(each.facts["policy_version"] for each in refused)


def test_a_number_is_not_shown_again_once_the_policy_refuses(
    browser_client, organisation, answers_with
):
    answers_with(FOUND)
    sign_in(browser_client, organisation)
    browser_client.post("/find/reason", REASON)
    result = browser_client.post("/find/child", FORM)["Location"]
    no_policy()
    answer = browser_client.get(result)
    assert answer.status_code == 403
    assert not shows(answer)


def test_a_reviewer_who_may_not_is_refused_and_the_case_waits(
    ask, browser_client, organisation, answers_with, entries
):
    """A nurse of children's services: the purpose of the catalogue is not theirs there."""
    from joinedup.hub.reconciliation.models import ReviewCase

    answers_with(NOBODY)
    ask(BODY)
    case = ReviewCase.objects.get()
    source = answers_with(FOUND)
    sign_in(browser_client, organisation, role="nurse")
    answer = browser_client.post(f"/review/{case.id}/ask-again", FORM)
    assert answer.status_code == 403
    assert "may not look up a child" in words(answer)
    assert source.asked == []
    case.refresh_from_db()
    assert case.is_waiting
    assert entries()[0].facts["outcome"] == "refused"


def test_asking_again_in_review_is_a_look_up_like_any_other(
    ask, browser_client, organisation, answers_with, entries
):
    from joinedup.hub.reconciliation.models import ReviewCase

    answers_with(NOBODY)
    ask(BODY)
    case = ReviewCase.objects.get()
    answers_with(FOUND)
    sign_in(browser_client, organisation)
    browser_client.post(f"/review/{case.id}/ask-again", FORM)
    asked = entries()[0].facts
    assert (asked["outcome"], asked["purpose"], asked["legal_basis"]) == (
        "Match", "identifier", "public-task",
    )  # fmt: skip
    assert shows(page := browser_client.get(f"/review/{case.id}")), words(page)
    assert entries()[0].facts["policy_version"] == asked["policy_version"]
    no_policy()
    answer = browser_client.get(f"/review/{case.id}")
    assert answer.status_code == 403
    assert not shows(answer)


def test_a_machine_is_not_given_the_same_number_again_either(
    ask, browser_client, machine, answers_with, entries
):
    answers_with(FOUND)
    token = machine.token(browser_client)
    first = ask(BODY, token, **{"idempotency-key": "one"}).json()
    assert first["nhsNumber"] == NUMBER
    assert ask(BODY, token, **{"idempotency-key": "one"}).json() == first
    assert entries()[0].facts["policy_version"]

    def state():
        return browser_client.get(
            f"/api/v1/identifier-requests/{first['requestId']}",
            headers={"authorization": f"Bearer {token}"},
        )

    assert state().json()["nhsNumber"] == NUMBER
    assert entries()[0].facts["legal_basis"] == "public-task"
    no_policy()
    for answer in (ask(BODY, token, **{"idempotency-key": "one"}), ask(BODY, token), state()):
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (
            403, "not-allowed",
        ), answer.json()  # fmt: skip
        assert not shows(answer)


@pytest.mark.parametrize("purpose", ["never heard of", ""])
def test_a_persons_purpose_that_the_catalogue_does_not_have_is_refused(
    organisation, answers_with, purpose
):
    """Only a system's own words stand for the plain purpose of knowing a child by one number."""
    from joinedup.hub.identifiers.permission import MayNotLookUp, may_look_up
    from tests.hub.organisations.people import member

    with pytest.raises(MayNotLookUp):
        may_look_up(organisation, purpose, member(organisation, "social-worker"), "A reason")
    assert may_look_up(organisation, purpose).allowed
