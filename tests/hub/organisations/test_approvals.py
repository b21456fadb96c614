"""Two people for every change: what was approved is what was shown, or nothing happens."""

from datetime import timedelta

import pytest

CLOSE = {"ods_code": "T1", "last_day": "2027-03-31"}


@pytest.fixture
def two(db):
    from tests.hub.organisations.people import hub_team, member

    return member(hub_team()), member(hub_team())


@pytest.fixture
def proposed(organisation, two):
    from joinedup.hub.approvals.changes import propose

    return propose("organisation.close", CLOSE, two[0], "It merges with another")


def still_open(organisation) -> bool:
    organisation.refresh_from_db()
    return organisation.valid_to is None


def test_nothing_happens_until_another_person_approves(organisation, two, proposed):
    from joinedup.hub.approvals.changes import approve

    assert still_open(organisation)
    approve(proposed, two[1])
    organisation.refresh_from_db()
    assert str(organisation.valid_to) == "2027-03-31"
    assert (proposed.status, proposed.decided_by) == ("applied", two[1])


def test_the_same_person_in_another_place_is_not_a_second_person(organisation, two):
    """One person with two memberships, either of which could decide it."""
    from django.utils import timezone

    from joinedup.hub.approvals.changes import SamePerson, approve, propose
    from joinedup.hub.organisations.models import Membership

    here = Membership.objects.create(
        person=two[0].person, organisation=organisation, role="administrator",
        confirmed_at=timezone.now(),
    )  # fmt: skip
    what = {"organisation": "T1", "code": "case-system", "name": "Case system"}
    change = propose("system.open", what, here, "Ours")
    for membership in (here, two[0]):
        with pytest.raises(SamePerson):
            approve(change, membership)
    approve(change, two[1])
    assert organisation.systems.get().code == "case-system"


@pytest.mark.parametrize("who", ["wrong-role", "wrong-organisation", "ended", "blocked"])
def test_only_who_decides_such_changes_can_be_the_second(organisation, two, proposed, who):
    from django.utils import timezone

    from joinedup.hub.approvals.changes import NotYours, approve
    from tests.hub.organisations.people import hub_team, member

    second = {
        "wrong-role": lambda: member(hub_team(), "social-worker"),
        "wrong-organisation": lambda: member(organisation),
        "ended": lambda: two[1],
        "blocked": lambda: two[1],
    }[who]()
    if who == "ended":
        second.ended_at = timezone.now()
        second.save()
    if who == "blocked":
        second.person.blocked_at = timezone.now()
        second.person.save()
    with pytest.raises(NotYours):
        approve(proposed, second)
    assert still_open(organisation)


@pytest.mark.parametrize("world", ["changed", "proposer-left", "too-old"])
def test_a_change_that_no_longer_fits_is_stale(organisation, two, proposed, world, monkeypatch):
    from django.utils import timezone

    from joinedup.hub.approvals.changes import WAITS_FOR, Stale, approve

    if world == "changed":
        organisation.evidence = "Something else"
        organisation.save()
    elif world == "proposer-left":
        two[0].ended_at = timezone.now()
        two[0].save()
    else:
        later = timezone.now() + WAITS_FOR + timedelta(minutes=1)
        monkeypatch.setattr("joinedup.hub.approvals.changes.timezone.now", lambda: later)
    with pytest.raises(Stale):
        approve(proposed, two[1])
    monkeypatch.undo()
    assert still_open(organisation)
    assert proposed.status == "stale"


def test_a_decided_change_is_decided_once(organisation, two, proposed):
    from joinedup.hub.approvals.changes import Stale, approve, reject

    reject(proposed, two[1], "Not yet")
    with pytest.raises(Stale):
        approve(proposed, two[1])
    assert still_open(organisation)


def test_one_may_take_back_ones_own(organisation, two, proposed):
    from joinedup.hub.approvals.changes import reject

    reject(proposed, two[0], "Typed wrongly")
    assert proposed.status == "rejected"


@pytest.mark.parametrize(
    "sql",
    [
        """UPDATE approvals_proposedchange SET what = '{"ods_code": "T2"}'""",
        "UPDATE approvals_proposedchange SET kind = 'organisation.open'",
        "UPDATE approvals_proposedchange SET proposed_by_id = NULL",
        "UPDATE approvals_proposedchange SET world = ''",
        "DELETE FROM approvals_proposedchange",
    ],
)
def test_what_was_proposed_cannot_be_altered_even_in_the_database(proposed, sql):
    from django.db import Error, connection, transaction

    with pytest.raises(Error, match="never"), transaction.atomic():
        connection.cursor().execute(sql)


def test_no_ledger_no_change(organisation, two, proposed, monkeypatch):
    from joinedup.hub.approvals import changes
    from joinedup.hub.ledger.writing import NotRecorded

    def fails(**_):
        raise NotRecorded

    monkeypatch.setattr(changes, "record", fails)
    with pytest.raises(NotRecorded):
        changes.approve(proposed, two[1])
    assert still_open(organisation)
    proposed.refresh_from_db()
    assert proposed.status == "waiting"


def test_a_role_is_never_given_to_one_of_the_two(organisation, two):
    from joinedup.hub.approvals.changes import SamePerson, approve, propose

    def gives(membership):
        person = membership.person
        return {
            "organisation": "T1", "role": "administrator",
            "issuer": person.issuer, "subject": person.subject,
        }  # fmt: skip

    with pytest.raises(SamePerson):
        propose("role.give", gives(two[0]), two[0], "For me")
    change = propose("role.give", gives(two[1]), two[0], "For my friend")
    with pytest.raises(SamePerson):
        approve(change, two[1])


def test_the_command_line_is_not_a_person(organisation, two):
    """Whoever has the machine still needs two administrators (reference 2.9)."""
    from joinedup.hub.approvals.changes import NotYours, SamePerson, adopt, approve, draft

    change = draft("organisation.close", CLOSE, "It merges")
    with pytest.raises(NotYours):
        approve(change, two[0])
    adopt(change, two[0])
    with pytest.raises(SamePerson):
        approve(change, two[0])
    approve(change, two[1])
    assert not still_open(organisation)


def test_two_approvals_at_once_apply_once(organisation, two, proposed):
    """Two browsers, one change: the row is locked, so the second finds it decided."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from joinedup.hub.approvals.changes import Stale, approve
    from joinedup.hub.approvals.models import ProposedChange
    from tests.hub.organisations.people import hub_team, member

    people = [two[1], member(hub_team()), member(hub_team())]

    def decide(membership):
        try:
            approve(ProposedChange.objects.get(pk=proposed.pk), membership)
        except Stale:
            return "stale"
        finally:
            connection.close()
        return "applied"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(decide, people)) == ["applied", "stale", "stale"]
