"""The policy in force: what was published counts at once, and what is damaged denies."""

import json
from dataclasses import replace
from datetime import date

import pytest

from joinedup.policy.decide import decide
from joinedup.policy.facts import as_facts
from joinedup.policy.question import Action, Child, Level, Relationship


@pytest.fixture
def look_up(find):
    return replace(find, action=Action.LOOK_UP, holder=None, record_type="")


def allowed(question) -> bool:
    from joinedup.hub.agreements.current import current_policy

    return decide(current_policy(), question).allowed


def test_a_new_hub_looks_up_and_shares_nothing(find, look_up) -> None:
    assert allowed(look_up)
    assert not allowed(find)


def test_an_agreement_counts_from_the_next_request_until_it_is_revoked(agreement, find) -> None:
    from joinedup.hub.agreements.publishing import publish, revoke

    assert not allowed(find)
    publish(agreement)
    assert allowed(find)
    assert not allowed(replace(find, on=date(2023, 12, 31)))
    revoke("DSA-7")
    assert not allowed(find)
    publish({**agreement, "valid_to": "2024-12-31"})
    assert not allowed(find)
    assert allowed(replace(find, on=date(2024, 12, 31)))


def test_a_policy_that_did_not_change_is_not_compiled_again(agreement, find) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from joinedup.hub.agreements.current import current_policy
    from joinedup.hub.agreements.publishing import publish

    publish(agreement)
    first = current_policy()
    with CaptureQueriesContext(connection) as queries:
        assert current_policy() is first
    assert len(queries) <= 1


def test_without_a_head_everything_is_denied(agreement, find, look_up) -> None:
    from joinedup.hub.agreements.models import Head
    from joinedup.hub.agreements.publishing import begin, publish, revoke

    publish(agreement)
    assert allowed(find)
    Head.objects.all().delete()
    assert not allowed(find)
    assert not allowed(look_up)
    begin()  # as each start of the hub does: a head that is gone stays gone
    assert not allowed(look_up)
    revoke("DSA-7")  # what two people publish or revoke puts it right
    assert allowed(look_up)
    assert not allowed(find)


@pytest.mark.parametrize(
    "damage",
    [
        lambda head: head.content["agreements"][0].update(destinations=["kind:police"]),
        lambda head: head.content["agreements"].clear(),
        lambda head: setattr(head, "fingerprint", "0" * 64),
        lambda head: setattr(head, "content", {}),
        lambda head: setattr(head, "content", []),
    ],
)
def test_a_damaged_head_denies_everything(agreement, find, look_up, damage) -> None:
    from joinedup.hub.agreements import current
    from joinedup.hub.agreements.models import Head
    from joinedup.hub.agreements.publishing import publish

    publish(agreement)
    head = Head.objects.get()
    damage(head)
    head.save()
    current._kept = None  # another process, which has not compiled it yet
    assert not allowed(find)
    assert not allowed(look_up)


@pytest.mark.parametrize("content", [{}, [], {"agreements": [{}], "duties": {}}, "text"])
def test_a_head_that_fits_its_fingerprint_and_says_nothing_denies_everything(
    agreement, look_up, content
) -> None:
    from joinedup.hub.agreements.models import Head
    from joinedup.policy.policy import fingerprint

    Head.objects.update(content=content, fingerprint=fingerprint(content))
    assert not allowed(look_up)


def test_a_rule_altered_by_hand_changes_nothing(agreement, find) -> None:
    from joinedup.hub.agreements.models import Rule
    from joinedup.hub.agreements.publishing import publish

    publish(agreement)
    Rule.objects.update(record_types=["health.details"])
    assert allowed(find)
    assert not allowed(replace(find, record_type="health.details"))


def test_duties_begin_on_the_day_that_was_set(find) -> None:
    from joinedup.hub.agreements.publishing import set_duty

    asked = replace(find, legal_basis="information-sharing-duty", on=date(2026, 9, 30))
    assert not allowed(asked)
    set_duty("information-sharing", date(2026, 9, 30), "SI 2026/999")
    assert allowed(asked)
    assert not allowed(replace(asked, on=date(2026, 9, 29)))
    set_duty("information-sharing", None, "")
    assert not allowed(asked)


def test_a_decision_of_the_past_replays_under_the_policy_of_then(agreement, find) -> None:
    from joinedup.hub.agreements.current import current_policy
    from joinedup.hub.agreements.models import KeptPolicy
    from joinedup.hub.agreements.publishing import publish, revoke
    from joinedup.hub.agreements.replaying import CannotReplay, replay

    publish(agreement)
    then = decide(current_policy(), find)
    revoke("DSA-7")
    now = decide(current_policy(), find)
    facts = json.loads(json.dumps(as_facts(find)))
    assert replay(then.policy_version, facts) == then
    assert replay(now.policy_version, facts) == now
    assert then.allowed
    assert not now.allowed
    with pytest.raises(CannotReplay, match="is kept here"):
        replay("unheard of", facts)
    kept = KeptPolicy.objects.get(version=then.policy_version)
    kept.content["agreements"][0]["purposes"] = ["early-help"]
    kept.save()
    with pytest.raises(CannotReplay, match="altered"):
        replay(then.policy_version, facts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reference": " "}, "reference"),
        ({"rules": []}, "needs a rule"),
        ({"rules": None}, "cannot be read"),
        ({"valid_from": "soon"}, "cannot be read"),
        ({"valid_to": "2023-01-01"}, "ends before it begins"),
        ({"rule": {"sources": ["NOBODY"]}}, "NOBODY"),
        ({"rule": {"destinations": ["kind:astrology"]}}, "kind:astrology"),
        ({"rule": {"destinations": []}}, "no source or no destination"),
        ({"rule": {"record_types": ["diary"]}}, "diary"),
        ({"rule": {"record_types": []}}, "no record types"),
        ({"rule": {"purposes": ["curiosity"]}}, "curiosity"),
        ({"rule": {"depth": "all"}}, "cannot be read"),
        ({"rule": {"effect": "perhaps"}}, "cannot be read"),
    ],
)
def test_an_agreement_that_cannot_be_right_is_refused_with_what_to_correct(
    agreement, change, said
) -> None:
    from joinedup.hub.agreements.models import Agreement
    from joinedup.hub.agreements.publishing import publish
    from joinedup.hub.agreements.reading import AgreementError

    rule = {**agreement["rules"][0], **change.pop("rule", {})}
    with pytest.raises(AgreementError, match=said):
        publish({**agreement, "rules": [rule], **change})
    assert not Agreement.objects.exists()


def test_a_question_is_made_of_what_the_hub_knows(organisation, school) -> None:
    from joinedup.hub.agreements.asking import question
    from joinedup.hub.organisations.models import Organisation

    contractor = Organisation.objects.create(
        ods_code="CON",
        name="A contractor",
        kind="supplier",
        legal_class="contractor",
        principal=organisation,
        valid_from=date(2024, 1, 1),
        valid_to=date(2027, 1, 1),
    )
    asked = question(
        action=Action.BREAK_GLASS,
        organisation=contractor,
        purpose="section-47",
        legal_basis="public-task",
        child=Child(level=Level.NO_LOCATION),
        reason="nineteen characters",
    )
    assert asked.organisation.principal is not None
    assert asked.organisation.principal.code == organisation.ods_code
    assert asked.organisation.valid_to == date(2027, 1, 1)
    assert not asked.reason_given  # too short for breaking glass
    assert asked.relationship is None
    said = question(
        action=Action.FIND,
        organisation=organisation,
        purpose="section-47",
        legal_basis="public-task",
        child=Child(),
        reason="Strategy discussion today",
    )
    assert said.relationship is Relationship.SELF_CLAIMED
    assert said.reason_given
