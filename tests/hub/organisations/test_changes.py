"""Organisations, systems, clients and granted roles change through two people alone."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def two(db):
    from tests.hub.organisations.people import hub_team, member

    return member(hub_team()), member(hub_team())


@pytest.fixture
def change(two):
    from joinedup.hub.approvals.changes import approve, propose

    def apply(kind, what):
        proposed = propose(kind, what, two[0], "Because")
        approve(proposed, two[1])
        return proposed

    return apply


def in_days(days: int) -> str:
    from django.utils import timezone

    return (timezone.localdate() + timedelta(days=days)).isoformat()


def opening(**changes):
    return {
        "ods_code": "T7",
        "name": "Northshire Council",
        "resembles": "",
        "kind_of_work": "childrens-services",
        "legal_class": "s11",
        "evidence": "Section 11 list of 2026",
        "principal": "",
        "valid_from": "2026-01-01",
        "valid_to": None,
        **changes,
    }


def client(**changes):
    from tests.hub.machine import RSA

    return {
        "client_id": "north-system",
        "organisation": "T1",
        "name": "Case system",
        "scopes": ["get-an-identifier.read"],
        "purpose": "Finding numbers of children known to us",
        "requests_per_minute": 600,
        "expires_on": in_days(300),
        "jwks_uri": "",
        "key": {**RSA.as_dict(private=False), "kid": "k1"},
        **changes,
    }


def test_an_organisation_opens_changes_and_closes(change):
    from joinedup.hub.organisations.models import Organisation

    change("organisation.open", opening())
    organisation = Organisation.objects.get(ods_code="T7")
    assert (organisation.legal_class, organisation.evidence) == ("s11", "Section 11 list of 2026")
    change("organisation.change", opening(legal_class="other", evidence="A voluntary body"))
    organisation.refresh_from_db()
    assert organisation.legal_class == "other"
    change("organisation.close", {"ods_code": "T7", "last_day": "2026-06-30"})
    organisation.refresh_from_db()
    assert str(organisation.valid_to) == "2026-06-30"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ods_code": "t!"}, "2 to 12"),
        ({"name": "Nоrthshire Council"}, "CYRILLIC SMALL LETTER O"),
        ({"name": "North\u200bshire Council"}, "cannot be seen"),
        ({"name": "North\u202eshire Council"}, "cannot be seen"),
        ({"evidence": ""}, "Evidence"),
        ({"legal_class": "nobody"}, "Legal class"),
        ({"legal_class": "contractor"}, "may ask today"),
        ({"principal": "T1"}, "Only a contractor"),
        ({"valid_to": "2025-01-01"}, "before the first"),
        ({"valid_from": "soon"}, "First day"),
        ({"runs_hub": True}, "no field runs_hub"),
    ],
)
def test_what_cannot_be_right_is_not_proposed(organisation, two, changes, said):
    from joinedup.hub.approvals.changes import CannotBeDone, propose
    from joinedup.hub.approvals.models import ProposedChange

    with pytest.raises(CannotBeDone, match=said):
        propose("organisation.open", opening(**changes), two[0], "Because")
    assert not ProposedChange.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "Testshire Childrens Services",
        "TESTSHIRE CHILDREN’S SERVICES LTD",
        "Testshire chi1dren's services",
        "Testshìre children's services",
        "Testshire children's servces",
        "The Testshire children's services",
    ],
)
def test_a_name_like_anothers_must_be_owned_up_to(organisation, two, name):
    """A29: nobody joins under a name that people take for another's, unseen."""
    from joinedup.hub.approvals.changes import CannotBeDone, propose

    with pytest.raises(CannotBeDone, match=r"looks like Testshire children's services \(T1\)"):
        propose("organisation.open", opening(name=name), two[0], "Because")
    change = propose("organisation.open", opening(name=name, resembles="T1"), two[0], "Because")
    assert change.what["resembles"] == "T1"


@given(st.sampled_from(["Kent Council", "Westmarch Police"]), st.data())
def test_the_skeleton_does_not_depend_on_case_marks_or_spaces(name, data):
    from joinedup.hub.organisations.lookalike import skeleton

    at = data.draw(st.integers(0, len(name) - 1))
    mark = data.draw(st.sampled_from([" ", "-", ".", "\u0301", "'"]))
    assert skeleton(name[: at + 1] + mark + name[at + 1 :]).replace(" ", "") == skeleton(name)
    assert skeleton(name.upper()) == skeleton(name)


def test_different_bodies_are_not_taken_for_each_other():
    from joinedup.hub.organisations.lookalike import look_alike

    assert not look_alike("Kent County Council", "Gwent County Council")
    assert not look_alike("Leeds City Council", "Leeds Teaching Hospitals")
    assert not look_alike("Westmarch Police", "Westmarch Council")


def test_a_client_is_added_and_can_call(organisation, change, browser_client):
    from joinedup.hub.organisations.models import MachineClient
    from tests.hub.machine import RSA, Machine

    change("client.open", client())
    made = MachineClient.objects.get()
    assert Machine(made, RSA, "k1").ask_for_token(browser_client).status_code == 200


def test_keys_rotate_through_two_people(organisation, change, browser_client):
    from joinedup.hub.organisations.models import MachineClient
    from tests.hub.machine import OTHER_RSA, RSA, Machine

    change("client.open", client())
    new = {
        "client_id": "north-system", "key": {**OTHER_RSA.as_dict(private=False), "kid": "k2"},
        "expires_on": in_days(300), "older_end_on": in_days(-1),
    }  # fmt: skip
    change("client.key", new)
    made = MachineClient.objects.get()
    assert Machine(made, OTHER_RSA, "k2").ask_for_token(browser_client).status_code == 200
    assert Machine(made, RSA, "k1").ask_for_token(browser_client).status_code == 401


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key": None}, "Enter a public key"),
        ({"key": "private"}, "private key"),
        (
            {"key": {"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "kid": "k"}},
            "not a public key",
        ),
        ({"key": {"kty": "RSA"}}, "kid"),
        ({"key": "another's"}, "belongs to another client"),
        ({"scopes": ["everything"]}, "Scopes"),
        ({"scopes": []}, "Scopes"),
        ({"organisation": "T9"}, "no organisation"),
        ({"expires_on": "2099-01-01"}, "two years"),
        ({"jwks_uri": "http://example.org/jwks"}, "https"),
        ({"jwks_uri": "https://127.0.0.1/jwks"}, "host's name"),
        ({"client_id": "../x"}, "small letters"),
    ],
)
def test_a_client_that_cannot_be_right_is_not_proposed(machine, two, changes, said):
    from joinedup.hub.approvals.changes import CannotBeDone, propose
    from tests.hub.machine import OTHER_RSA, RSA

    given = {
        "private": {**OTHER_RSA.as_dict(private=True), "kid": "k"},
        "another's": {**RSA.as_dict(private=False), "kid": "mine-now"},
    }
    fresh = {"key": {**OTHER_RSA.as_dict(private=False), "kid": "k"}, **changes}
    if isinstance(fresh["key"], str):
        fresh["key"] = given[fresh["key"]]
    with pytest.raises(CannotBeDone, match=said):
        propose("client.open", client(**fresh), two[0], "Because")


def test_its_own_administrators_rotate_keys_but_give_no_scopes(organisation, change):
    """Who is given more power cannot be who decides it."""
    from joinedup.hub.approvals.changes import NotYours, approve, propose
    from tests.hub.machine import OTHER_RSA
    from tests.hub.organisations.people import member

    change("client.open", client())
    first, second = member(organisation), member(organisation)
    new = {
        "client_id": "north-system", "key": {**OTHER_RSA.as_dict(private=False), "kid": "k2"},
        "expires_on": in_days(30), "older_end_on": None,
    }  # fmt: skip
    approve(propose("client.key", new, first, "Rotation"), second)
    wider = client(scopes=["match"])
    del wider["key"], wider["organisation"]
    with pytest.raises(NotYours):
        propose("client.change", wider, first, "More")


def test_a_role_given_lets_in_and_a_role_ended_puts_out_at_once(organisation, change):
    from joinedup.hub.organisations.models import Membership
    from joinedup.hub.pages.sign_in import NotLetIn, admit

    claims = {
        "iss": "https://sign-in.example", "sub": "new-admin", "name": "N",
        "organisation": "T1", "role": "administrator",
    }  # fmt: skip
    role = {
        "organisation": "T1", "role": "administrator",
        "issuer": claims["iss"], "subject": claims["sub"],
    }  # fmt: skip
    with pytest.raises(NotLetIn, match="not-granted"):
        admit(claims)
    change("role.give", role)
    membership = admit(claims)
    assert membership.role == "administrator"
    change("role.end", role)
    assert Membership.objects.get(pk=membership.pk).ended_at is not None
    with pytest.raises(NotLetIn, match="not-granted"):
        admit(claims)


def test_a_stopped_client_is_let_in_again_by_two_of_the_hub(machine, change, browser_client):
    from joinedup.hub.approvals.changes import CannotBeDone, NotYours, propose
    from joinedup.hub.organisations.stopping import revoke_client
    from tests.hub.organisations.people import member

    what = {"client_id": "case-system"}
    with pytest.raises(CannotBeDone, match="no stopped client"):
        change("client.let-in", what)
    revoke_client(machine.client, None, "It asked too much")
    assert machine.ask_for_token(browser_client).status_code == 401
    with pytest.raises(NotYours):  # whom the hub stopped does not let itself in
        propose("client.let-in", what, member(machine.client.organisation), "Mended")
    change("client.let-in", what)
    assert machine.ask_for_token(browser_client).status_code == 200


def test_a_stopped_key_is_let_in_again_unless_it_has_ended(machine, change, browser_client):
    from django.utils import timezone

    from joinedup.hub.approvals.changes import CannotBeDone, approve, propose
    from joinedup.hub.organisations.stopping import revoke_key
    from tests.hub.organisations.people import member

    key = machine.client.keys.get()
    what = {"client_id": "case-system", "kid": key.kid}
    with pytest.raises(CannotBeDone, match="no stopped key"):
        change("client.key.let-in", what)
    revoke_key(key, None, "Perhaps stolen")
    assert machine.ask_for_token(browser_client).status_code == 401
    ours = member(machine.client.organisation), member(machine.client.organisation)
    approve(propose("client.key.let-in", what, ours[0], "It was not"), ours[1])
    assert machine.ask_for_token(browser_client).status_code == 200
    revoke_key(key, None, "Stolen after all")
    machine.client.keys.update(expires_at=timezone.now())
    with pytest.raises(CannotBeDone, match="ended meanwhile"):
        change("client.key.let-in", what)


def test_a_stopped_person_is_let_in_again_by_two_others(organisation, change, two):
    from joinedup.hub.approvals.changes import CannotBeDone, NotYours, Stale, approve, propose
    from joinedup.hub.organisations.stopping import block_person
    from tests.hub.organisations.people import browser, member

    nurse = member(organisation, "nurse")
    what = {"person": str(nurse.person_id)}
    with pytest.raises(CannotBeDone, match="not stopped"):
        change("person.let-in", what)
    block_person(nurse.person, "T1", None, "A lost telephone")
    assert browser(nurse).get("/find/reason")["Location"] == "/"
    with pytest.raises(NotYours):
        propose("person.let-in", what, member(organisation), "Found")
    waiting = propose("person.let-in", what, two[0], "Found")
    assert browser(nurse).get("/find/reason")["Location"] == "/"  # until another approves
    change("person.let-in", what)
    assert browser(nurse).get("/find/reason").status_code == 200
    block_person(nurse.person, "T1", None, "Again")
    with pytest.raises(Stale):  # the first proposal does not undo a later stop
        approve(waiting, two[1])


def test_whoever_was_stopped_is_neither_of_the_two(change, two):
    from joinedup.hub.approvals.changes import NotYours, SamePerson, propose
    from joinedup.hub.organisations.stopping import block_person
    from tests.hub.organisations.people import hub_team, member

    stopped = member(hub_team())
    block_person(stopped.person, "HUB", None, "A drill")
    with pytest.raises((NotYours, SamePerson)):
        propose("person.let-in", {"person": str(stopped.person_id)}, stopped, "It is me")


class TestCommandLine:
    def run(self, *arguments):
        from click.testing import CliRunner

        from joinedup.cli.manage import command

        return CliRunner().invoke(command, list(arguments))

    PEOPLE = (
        "--administrator", "https://i", "a", "--administrator", "https://i", "b",
    )  # fmt: skip

    def test_the_first_two_administrators_and_no_third(self, db):
        from joinedup.hub.organisations.models import Grant, Organisation

        begin = ("bootstrap", "--organisation", "HUB", "--name", "Hub team")
        same = ("--administrator", "https://i", "a", "--administrator", "https://i", "a")
        assert self.run(*begin, *same).exit_code == 1
        assert self.run(*begin, *self.PEOPLE).exit_code == 0
        assert Organisation.objects.get().runs_hub
        assert Grant.objects.count() == 2
        again = self.run(*begin, "--administrator", "https://i", "c",
                         "--administrator", "https://i", "d")  # fmt: skip
        assert again.exit_code == 1
        assert Grant.objects.count() == 2

    def test_it_asks_and_does_not_do(self, organisation, tmp_path):
        from joinedup.hub.approvals.models import ProposedChange
        from joinedup.hub.organisations.models import MachineClient
        from tests.hub.machine import RSA

        key = tmp_path / "key.jwk"
        key.write_text(json.dumps({**RSA.as_dict(private=False), "kid": "k1"}))
        done = self.run(
            "clients", "add", "north-system", "--organisation", "T1", "--name", "North",
            "--scope", "match", "--purpose", "Joining", "--expires-on", in_days(9),
            "--key", str(key), "--why", "New system",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert not MachineClient.objects.exists()
        assert ProposedChange.objects.get().proposed_by is None
        assert "client.open" in self.run("changes", "--json").output

    def test_stopping_works_at_once(self, machine, browser_client):
        assert self.run("clients", "revoke", "case-system", "--why", "Stolen").exit_code == 0
        assert machine.ask_for_token(browser_client).status_code == 401
        assert self.run("clients", "revoke", "nobody", "--why", "x").exit_code == 2

    def test_it_asks_for_letting_in_again_and_does_not_let_in(self, machine, browser_client):
        from joinedup.hub.approvals.models import ProposedChange
        from joinedup.hub.organisations.stopping import block_person
        from tests.hub.organisations.people import member

        client = ("clients", "let-in", "case-system", "--why", "Mended")
        assert self.run(*client).exit_code == 1  # it is not stopped
        self.run("clients", "revoke", "case-system", "--why", "Stolen")
        assert self.run(*client).exit_code == 0
        assert self.run(*client, "--kid", "unknown").exit_code == 1
        assert machine.ask_for_token(browser_client).status_code == 401
        nurse = member(machine.client.organisation, "nurse", name="Pat Invented").person
        block_person(nurse, "T1", None, "Left")
        assert str(nurse.id) in self.run("people", "list", "--json").output
        assert self.run("people", "let-in", str(nurse.id), "--why", "Back").exit_code == 0
        nurse.refresh_from_db()
        assert nurse.blocked_at is not None
        assert set(ProposedChange.objects.values_list("kind", "proposed_by")) == {
            ("client.let-in", None), ("person.let-in", None),
        }  # fmt: skip
