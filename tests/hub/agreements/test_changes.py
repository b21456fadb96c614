"""Two people for every change of the policy, and the pages for those who answer for it."""

import re

import pytest

from joinedup.policy.decide import decide


@pytest.fixture
def team(db):
    """Two administrators of the hub."""
    from tests.hub.organisations.people import hub_team, member

    at = hub_team()
    return member(at), member(at)


def allowed(question) -> bool:
    from joinedup.hub.agreements.current import current_policy

    return decide(current_policy(), question).allowed


def test_an_agreement_is_published_and_revoked_by_two_people(agreement, find, team) -> None:
    from joinedup.hub.approvals.changes import SamePerson, approve, propose

    one, other = team
    change = propose("agreement.publish", agreement, one, "Signed on Monday")
    assert not allowed(find)
    with pytest.raises(SamePerson):
        approve(change, one)
    assert not allowed(find)
    approve(change, other)
    assert allowed(find)
    end = propose("agreement.revoke", {"reference": "DSA-7"}, other, "The school asks for it")
    assert allowed(find)
    approve(end, one)
    assert not allowed(find)


def test_the_day_of_a_duty_takes_two_people_and_its_regulations(find, team) -> None:
    from joinedup.hub.agreements.models import DutyBegins
    from joinedup.hub.approvals.changes import CannotBeDone, approve, propose

    one, other = team
    for what in (
        {"code": "etiquette", "begins": "2026-09-30", "source": "SI"},
        {"code": "identifier", "begins": "soon", "source": "SI"},
        {"code": "identifier", "begins": "2026-09-30", "source": " "},
    ):
        with pytest.raises(CannotBeDone):
            propose("duty.begins", what, one, "It is the law")
    what = {"code": "identifier", "begins": "2026-09-30", "source": "SI 2026/999"}
    approve(propose("duty.begins", what, one, "It is the law"), other)
    assert DutyBegins.objects.get().begins.isoformat() == "2026-09-30"


def test_what_cannot_be_right_is_not_even_proposed(agreement, team) -> None:
    from joinedup.hub.approvals.changes import CannotBeDone, propose

    agreement["rules"][0]["purposes"] = ["curiosity"]
    with pytest.raises(CannotBeDone, match="curiosity"):
        propose("agreement.publish", agreement, team[0], "Signed on Monday")
    with pytest.raises(CannotBeDone):
        propose("agreement.revoke", {"reference": "DSA-404"}, team[0], "Gone")


def test_a_proposal_is_stale_when_the_agreement_changed_meanwhile(agreement, team) -> None:
    from joinedup.hub.agreements.publishing import publish
    from joinedup.hub.approvals.changes import Stale, approve, propose

    one, other = team
    change = propose("agreement.publish", agreement, one, "Signed on Monday")
    publish({**agreement, "name": "Another text"})
    with pytest.raises(Stale):
        approve(change, other)


def test_a_custodians_own_people_decide_about_its_own_records_alone(
    agreement, school, find, team
) -> None:
    from joinedup.hub.approvals.changes import CannotBeDone, NotYours, approve, propose
    from tests.hub.organisations.people import member

    one = member(school, "information-governance-lead")
    other = member(school, "information-governance-lead")
    approve(propose("agreement.publish", agreement, one, "Governors agreed"), other)
    assert allowed(find)
    approve(propose("agreement.revoke", {"reference": "DSA-7"}, other, "Governors agreed"), one)
    assert not allowed(find)

    wider = {**agreement, "reference": "DSA-8"}
    wider["rules"] = [{**agreement["rules"][0], "sources": ["kind:education"]}]
    with pytest.raises(NotYours):
        propose("agreement.publish", wider, one, "Governors agreed")
    approve(propose("agreement.publish", wider, team[0], "All agreed"), team[1])
    with pytest.raises(CannotBeDone, match="another agreement's"):
        propose("agreement.publish", {**agreement, "reference": "DSA-8"}, one, "Take it over")


def test_other_roles_decide_nothing(agreement, organisation) -> None:
    from joinedup.hub.approvals.changes import NotYours, propose
    from tests.hub.organisations.people import hub_team, member

    for at, role in ((organisation, "social-worker"), (hub_team(), "data-officer")):
        with pytest.raises(NotYours):
            propose("agreement.publish", agreement, member(at, role), "I would like it")


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_the_pages_list_agreements_and_their_rules(agreement, team) -> None:
    from joinedup.hub.agreements.models import Agreement
    from joinedup.hub.agreements.publishing import publish, revoke
    from tests.hub.organisations.people import browser

    at = browser(team[0])
    assert "nobody can be asked" in text_of(at.get("/administration/agreements"))
    publish(agreement)
    page = at.get("/administration/agreements")
    assert "Families first" in text_of(page)
    assert "In force" in text_of(page)
    assert "Duty to share information about children: no day is set" in text_of(page)
    number = Agreement.objects.get().pk
    one = text_of(at.get(f"/administration/agreements/{number}"))
    for words in (
        "DSA-7",
        "kind:childrens-services",
        "Safeguarding enquiry (section 47)",
        "allows",
    ):
        assert words in one
    revoke("DSA-7")
    assert "Revoked" in text_of(at.get("/administration/agreements"))
    assert at.get(f"/administration/agreements/{number + 1}").status_code == 404


def test_an_administrator_proposes_an_agreement_on_a_page(agreement, find, team) -> None:
    from joinedup.hub.approvals.changes import approve
    from joinedup.hub.approvals.models import ProposedChange
    from tests.hub.organisations.people import browser

    (rule,) = agreement.pop("rules")
    form = {**agreement, **rule, "effect": "allow", "why": "Signed on Monday"}
    form["sources"], form["destinations"] = "SCH", "kind:childrens-services, kind:police"
    answer = browser(team[0]).post("/administration/propose/agreement.publish", form)
    assert answer.status_code == 302
    change = ProposedChange.objects.get()
    assert "kind:police" in text_of(browser(team[1]).get(answer["location"]))
    approve(change, team[1])
    assert allowed(find)


def ask(membership, **changes):
    from tests.hub.organisations.people import browser

    asked = {
        "organisation": "T1",
        "role": "social-worker",
        "purpose": "section-47",
        "basis": "",
        "level": "U",
        "holder": "",
        "on": "2026-11-23",
        **changes,
    }
    return browser(membership).get("/administration/policy-preview", asked)


def test_the_preview_says_what_somebody_would_see_and_why(agreement, team) -> None:
    from joinedup.hub.agreements.publishing import publish

    nothing = text_of(ask(team[0]))
    assert "would not even be asked Harbour Primary School" in nothing
    publish(agreement)
    some = text_of(ask(team[0]))
    assert "A social worker at Testshire children's services".replace("'", "&#39;") in some
    assert "education.details What it says The agreement “Families first” allows it." in some
    assert "health.details Nothing" in some
    before = text_of(ask(team[0], on="2023-12-31"))
    assert "Families first" not in before


def test_the_preview_of_one_holder_shows_every_rule_with_its_law(agreement, team) -> None:
    from joinedup.hub.agreements.publishing import publish

    publish(agreement)
    page = text_of(ask(team[0], holder="SCH"))
    assert "Agreement DSA-7, in force from 2024-01-01" in page
    assert "Children Act 1989 s.47(1), (9)-(11)" in page
    hidden = text_of(ask(team[0], holder="SCH", level="V"))
    assert "What it says" not in hidden
    assert "(Never told to whoever asks.)" in hidden
    masked = text_of(ask(team[0], holder="SCH", level="R"))
    assert "What says where the child is, is left out." in masked


def test_the_preview_asks_again_for_what_is_wrong(team) -> None:
    page = ask(team[0], organisation="NOBODY", on="soon")
    assert "There is a problem" in text_of(page)
    assert 'href="#on"' in page.content.decode()


def test_only_those_who_answer_for_the_policy_see_its_pages(organisation) -> None:
    from tests.hub.organisations.people import browser, member

    paths = ("/administration/policy-preview", "/administration/agreements")
    for path in (*paths, "/administration/agreements/1"):
        assert browser(member(organisation, "social-worker")).get(path).status_code == 403
    lead = browser(member(organisation, "information-governance-lead"))
    assert {lead.get(path).status_code for path in paths} == {200}
