"""The administration pages: who sees what, and that two people are two browsers."""

import pytest

from tests.hub.organisations.test_changes import opening


@pytest.fixture
def two(db):
    from tests.hub.organisations.people import browser, hub_team, member

    return browser(member(hub_team(), name="Ada")), browser(member(hub_team(), name="Bo"))


def propose(client, **changes):
    form = {name: value or "" for name, value in opening(**changes).items()}
    return client.post("/administration/propose/organisation.open", {**form, "why": "They join"})


def test_one_proposes_another_approves_and_the_page_shows_all_of_it(two):
    from joinedup.hub.organisations.models import Organisation

    change = propose(two[0])["Location"]
    page = two[1].get(change + "/decide").content.decode()
    for value in ("T7", "Northshire Council", "Section 11 list of 2026", "2026-01-01", "They join"):
        assert value in page
    assert two[0].post(change + "/decide", {"choice": "approve"}).status_code == 403
    assert not Organisation.objects.filter(ods_code="T7").exists()
    assert two[1].post(change + "/decide", {"choice": "approve"}).status_code == 302
    assert Organisation.objects.get(ods_code="T7").name == "Northshire Council"
    assert "Applied" in two[0].get("/administration?show=decided").content.decode()


def test_a_form_that_cannot_be_right_says_so_beside_the_field(two):
    answer = propose(two[0], name="Nоrthshire")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "There is a problem" in page
    assert "CYRILLIC" in page


def test_what_hides_is_shown(two, organisation):
    from joinedup.hub.administration.shown import visible

    assert visible("a\u202eb\u200bc\x00") == "a[U+202E]b[U+200B]c[U+0000]"


@pytest.mark.parametrize("path", ["", "/propose/organisation.open", "/stop", "/organisations"])
def test_these_pages_are_for_administrators(organisation, path):
    from tests.hub.organisations.people import browser, member

    page = "/administration" + path
    assert browser(member(organisation, "social-worker")).get(page).status_code == 403


def test_an_organisations_own_administrator_sees_and_stops_its_own_alone(two, organisation):
    from tests.hub.machine import OTHER_RSA, Machine
    from tests.hub.organisations.people import browser, member
    from tests.hub.organisations.people import organisation as another

    elsewhere = another("T2", "Elsewhere Hospital")
    Machine.register(organisation, "ours")
    foreign = Machine.register(elsewhere, "theirs", OTHER_RSA)
    change = propose(two[0])["Location"]
    client = browser(member(organisation))
    assert client.get(change).status_code == 404
    assert client.get("/administration/propose/organisation.open").status_code == 404
    assert client.get("/administration/propose/client.key").status_code == 200
    page = client.get("/administration/organisations").content.decode()
    assert "ours" in page
    assert "Elsewhere" not in page
    answer = client.post("/administration/stop", {"client_id": "theirs", "why": "x"})
    assert "no such client" in answer.content.decode()
    foreign.client.refresh_from_db()
    assert foreign.client.revoked_at is None


def test_one_person_stops_a_person_but_never_oneself(organisation):
    from tests.hub.organisations.people import browser, member

    admin, colleague = member(organisation), member(organisation, "nurse")
    client, theirs = browser(admin), browser(colleague)
    assert theirs.get("/find/reason").status_code == 200
    client.post("/administration/stop", {"person": admin.person_id, "why": "x"})
    client.post("/administration/stop", {"person": colleague.person_id, "why": "Left today"})
    assert theirs.get("/find/reason")["Location"] == "/"
    assert client.get("/administration").status_code == 200


def test_a_hold_is_lifted_by_two(organisation):
    from django.utils import timezone

    from joinedup.hub.limits.enumeration import HELD_FOR
    from joinedup.hub.limits.models import Hold
    from tests.hub.organisations.people import browser, member

    held = member(organisation, "nurse", name="Busy Bee")
    now = timezone.now()
    hold = Hold.objects.create(
        asker=f"person:{held.person_id}", organisation=organisation, person=held.person,
        rule="children", evidence="201 children in a day", at=now, until=now + HELD_FOR,
    )  # fmt: skip
    lead = browser(member(organisation, "information-governance-lead"))
    assert "Busy Bee" in lead.get("/administration").content.decode()
    change = lead.post(f"/administration/holds/{hold.pk}/lift", {"why": "A drill"})["Location"]
    assert lead.post(change + "/decide", {"choice": "approve"}).status_code == 403
    other = browser(member(organisation))
    assert other.post(change + "/decide", {"choice": "approve"}).status_code == 302
    hold.refresh_from_db()
    assert hold.lifted_at is not None
