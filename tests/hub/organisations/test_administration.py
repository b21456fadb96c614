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


def test_who_was_stopped_is_let_in_again_from_the_pages(two, organisation):
    from tests.hub.machine import Machine
    from tests.hub.organisations.people import browser, member

    nurse = member(organisation, "nurse", name="Pat Invented")
    machine = Machine.register(organisation, "ours")
    form = "/administration/propose/person.let-in"
    assert "Nobody is stopped" in two[0].get(form).content.decode()
    two[0].post("/administration/stop", {"person": nurse.person_id, "why": "Lost a telephone"})
    two[0].post("/administration/stop", {"client_id": "ours", "why": "Too much"})
    assert form in two[0].get("/administration/stop").content.decode()
    assert form in two[0].get("/administration").content.decode()
    assert "Pat Invented (Testshire" in two[0].get(form).content.decode()
    answer = two[0].post(form, {"person": nurse.person_id, "why": "Found it"})
    page = two[1].get(answer["Location"] + "/decide").content.decode()
    assert "Pat Invented (Testshire" in page
    assert str(nurse.person_id) in page
    assert two[1].post(answer["Location"] + "/decide", {"choice": "approve"}).status_code == 302
    assert browser(nurse).get("/find/reason").status_code == 200

    link = "/administration/propose/client.let-in?client_id=ours"
    assert link in two[0].get("/administration/organisations").content.decode()
    assert 'value="ours"' in two[0].get(link).content.decode()
    # Their own administrators let a key in again, and neither a client nor a person.
    own = browser(member(organisation))
    assert "client.let-in" not in own.get("/administration/organisations").content.decode()
    assert own.get("/administration/propose/client.key.let-in").status_code == 200
    for kind in ("client.let-in", "person.let-in"):
        assert own.get(f"/administration/propose/{kind}").status_code == 404
    machine.client.refresh_from_db()
    assert machine.client.revoked_at is not None


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
