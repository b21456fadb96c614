"""A policy as a whole: its version, what it is made from, and what it refuses."""

from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from joinedup.policy import catalogue
from joinedup.policy.agreement import AgreementRule, Effect
from joinedup.policy.catalogue import Catalogue, Depth, national
from joinedup.policy.decide import decide
from joinedup.policy.decision import Decision, Duty, Obligation
from joinedup.policy.explanation import explain
from joinedup.policy.facts import as_facts, from_facts
from joinedup.policy.policy import Policy, fingerprint
from joinedup.policy.question import Action, Child, Level, Question, Relationship
from tests.policy.questions import (
    AGREED,
    BREAK_GLASS,
    FIND,
    HIRED,
    LOOK_UP,
    NOTHING_AGREED,
    RULE,
    SCHOOL,
    TODAY,
)


def test_everything_that_a_decision_depends_on_makes_another_version() -> None:
    purposes = dict(national().content["purpose"])
    del purposes["concern"]
    other_law = Catalogue.read({**national().content, "purpose": purposes})
    policies = [
        NOTHING_AGREED,
        AGREED,
        Policy([replace(RULE, valid_to=TODAY)]),
        Policy([replace(RULE, effect=Effect.DENY)]),
        Policy([RULE, RULE]),
        Policy([RULE], {"identifier": TODAY}),
        Policy([RULE], {"information-sharing": TODAY}),
        Policy([RULE], catalogue=other_law),
        Policy.closed(),
    ]
    assert len({policy.version for policy in policies}) == len(policies)
    assert Policy([RULE]).version == AGREED.version
    assert len(AGREED.version) == 64


def test_content_of_another_edition_of_the_program_is_not_replayed() -> None:
    content = {**AGREED.content(), "code": "another"}
    with pytest.raises(ValueError, match="another version of the program"):
        Policy.from_content(content)


@pytest.mark.parametrize("part", ["agreements", "duties", "catalogue", "code"])
def test_damaged_content_is_refused(part) -> None:
    content = AGREED.content()
    del content[part]
    with pytest.raises(KeyError):
        Policy.from_content(content)


def test_a_duty_that_no_law_has_is_refused() -> None:
    with pytest.raises(ValueError, match="etiquette"):
        Policy([], {"etiquette": TODAY})


def test_a_fingerprint_does_not_depend_on_the_order_of_names() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    written = b'{"a":"\\u00e9","b":1}'  # so that others can work it out too
    assert fingerprint({"b": 1, "a": "é"}) == sha256(written).hexdigest()


def test_the_last_day_there_is_does_not_overflow() -> None:
    assert decide(Policy([replace(RULE, valid_to=date.max)]), FIND).allowed


def test_a_rule_counts_on_its_first_and_its_last_day() -> None:
    other = replace(RULE, destinations=frozenset({"POLICE"}))
    for rule in (replace(RULE, valid_from=TODAY, valid_to=TODAY), RULE):
        policy = Policy([other, replace(rule, valid_to=TODAY)])
        assert decide(policy, FIND).allowed
        assert not decide(policy, replace(FIND, on=date(2026, 11, 24))).allowed
        before = decide(policy, replace(FIND, on=date(2026, 11, 22)))
        assert before.allowed == (rule is RULE)


def test_rules_that_begin_and_end_together_do_not_undo_each_other() -> None:
    first = replace(RULE, valid_from=TODAY, valid_to=date(2026, 12, 24))
    second = replace(RULE, valid_from=date(2026, 12, 25), valid_to=date(2026, 12, 31))
    policy = Policy([first, second, replace(first, agreement="DSA-9")])
    for day, allowed in [(24, True), (25, True), (31, True)]:
        assert decide(policy, replace(FIND, on=date(2026, 12, day))).allowed == allowed
    assert not decide(policy, replace(FIND, on=date(2027, 1, 1))).allowed


def test_a_rule_that_ends_before_it_begins_never_counts() -> None:
    never = replace(RULE, valid_from=TODAY, valid_to=date(2026, 11, 1))
    for day in (date(2026, 10, 1), date(2026, 11, 10), TODAY):
        assert not decide(Policy([never]), replace(FIND, on=day)).allowed


def test_a_rule_is_kept_in_the_words_that_were_agreed() -> None:
    kept = replace(RULE, effect=Effect.DENY, valid_to=TODAY).as_facts()
    assert kept == {
        "agreement": "DSA-1",
        "name": "Westmarch families",
        "sources": ["SCHOOL"],
        "destinations": ["CARE"],
        "record_types": ["education.details"],
        "purposes": ["section-47"],
        "depth": "content",
        "valid_from": "2020-01-01",
        "valid_to": "2026-11-23",
        "effect": "deny",
    }
    assert RULE.as_facts()["effect"] == "allow"
    assert RULE.as_facts()["valid_to"] is None


@pytest.mark.parametrize(
    ("sources", "destinations", "covers"),
    [
        ("SCHOOL", "CARE", True),
        ("kind:education", "CARE", True),
        ("class:s16E", "CARE", True),
        ("SCHOOL", "kind:childrens-services", True),
        ("SCHOOL", "class:s11", True),
        ("CARE", "SCHOOL", False),
        ("kind:health", "CARE", False),
        ("class:other", "CARE", False),
        ("SCHOOL", "kind:education", False),
        ("SCHOOL", "class:s16E", False),
        ("education", "CARE", False),
    ],
)
def test_a_rule_names_organisations_by_code_kind_or_class(sources, destinations, covers) -> None:
    rule = replace(RULE, sources=frozenset({sources}), destinations=frozenset({destinations}))
    assert decide(Policy([rule]), FIND).allowed == covers


@pytest.mark.parametrize("depth", [Depth.EXISTENCE, Depth.CONTENT])
@pytest.mark.parametrize("effect", Effect)
def test_allowing_reaches_up_to_a_depth_and_denying_from_it_on(depth, effect) -> None:
    rule = replace(RULE, depth=depth, effect=effect)
    policy = Policy([rule] if effect is Effect.ALLOW else [RULE, rule])
    fetch = replace(FIND, action=Action.FETCH)
    may = decide(policy, FIND).allowed, decide(policy, fetch).allowed
    assert (
        may
        == {
            (Effect.ALLOW, Depth.EXISTENCE): (True, False),
            (Effect.ALLOW, Depth.CONTENT): (True, True),
            (Effect.DENY, Depth.EXISTENCE): (False, False),
            (Effect.DENY, Depth.CONTENT): (True, False),
        }[effect, depth]
    )


def test_of_several_rules_the_first_that_allows_is_named() -> None:
    rules = [replace(RULE, agreement=f"DSA-{number}") for number in (1, 2, 3)]
    ended = replace(rules[0], valid_to=date(2026, 11, 22))
    (reason,) = [
        each
        for each in decide(Policy([ended, *rules[1:]]), FIND).reasons
        if each.rule == "agreement"
    ]
    assert reason.source.startswith("Agreement DSA-2")


def test_a_question_is_kept_in_plain_words() -> None:
    facts = as_facts(replace(BREAK_GLASS, holder=HIRED, on=TODAY))
    assert facts["child"] == {
        "born": "2015-06-01",
        "died": None,
        "known_until": None,
        "level": "R",
    }
    assert facts["action"] == "break-glass"
    assert facts["holder"]["principal"]["code"] == "CARE"
    assert (facts["role"], facts["legal_basis"]) == ("police-sergeant", "vital-interests")
    assert (facts["reason_given"], facts["emergency"], facts["stepped_up"]) == (True, False, True)
    assert as_facts(FIND)["relationship"] == "caseload"


def test_a_rule_written_badly_is_refused() -> None:
    facts = RULE.as_facts()
    for name, value in [("depth", "all"), ("effect", "perhaps"), ("valid_from", "soon")]:
        with pytest.raises((KeyError, ValueError)):
            AgreementRule.from_facts({**facts, name: value})


def test_a_question_without_an_asker_is_not_one() -> None:
    with pytest.raises(ValueError, match="organisation that asks"):
        from_facts({**as_facts(FIND), "organisation": None})


def test_a_lawyer_finds_the_law_and_a_practitioner_the_words() -> None:
    said = explain(AGREED, FIND, decide(AGREED, FIND))
    assert dict(said.law) == {
        "Purpose": "Safeguarding enquiry (section 47)",
        "Statute": "Children Act 1989 s.47(1), (9)-(11)",
        "UK GDPR Article 6": "6(1)(e), a task in the public interest",
        "UK GDPR Article 9": "9(2)(g); DPA 2018 Sch 1 para 18",
    }
    assert said.policy_version == AGREED.version
    assert "You have to do with the child." in said.why
    assert any(step.source.startswith("Agreement DSA-1") for step in said.steps)
    broken = explain(AGREED, BREAK_GLASS, decide(AGREED, BREAK_GLASS))
    assert "It ends after 30 minutes." in broken.duties
    unknown = replace(FIND, purpose="curiosity", legal_basis="consent")
    assert explain(AGREED, unknown, decide(AGREED, unknown)).law == ()


def test_an_agreement_says_how_long_it_holds() -> None:
    ending = Policy([replace(RULE, valid_to=date(2027, 3, 31))])
    (reason,) = [each for each in decide(ending, FIND).reasons if each.rule == "agreement"]
    assert reason.source == "Agreement DSA-1, in force from 2020-01-01 to 2027-03-31"
    denying = Policy([replace(RULE, effect=Effect.DENY, depth=RULE.depth.EXISTENCE)])
    assert "“Westmarch families” does not allow it." in decide(denying, FIND).words()


def test_what_is_told_of_an_allowed_act_names_the_agreement_and_no_shield() -> None:
    assert decide(AGREED, FIND).told() == (
        "Your organisation may ask today. The purpose is: Safeguarding enquiry (section 47). "
        "The legal basis fits the purpose and your organisation. "
        "Your role asks for this purpose: Safeguarding enquiry (section 47). "
        "The child is under 18, or under 25 with a reason to be known that is still live. "
        "No emergency is claimed, or the purpose is one for emergencies. "
        "The purpose reaches this record: Safeguarding enquiry (section 47). "
        "The organisation that holds the record is open. "
        "The agreement “Westmarch families” allows it. You have to do with the child."
    )
    two = decide(NOTHING_AGREED, replace(FIND, role="cook"))
    assert (
        two.words()
        == two.told()
        == (
            "Your organisation or your role does not ask for this purpose: "
            "Safeguarding enquiry (section 47). "
            "No agreement between the two organisations that is in force covers it."
        )
    )


def test_the_names_of_acts_and_duties_are_a_contract() -> None:
    assert [each.value for each in Action] == [
        "look-up", "find", "fetch", "publish", "break-glass",
    ]  # fmt: skip
    assert {each.value for each in Duty} == {
        "mask-location", "notify", "second-person", "expire", "complete-later",
        "mask-service", "carry-identifier",
    }  # fmt: skip
    assert [level.letter for level in sorted(Level)] == ["U", "R", "V"]
    assert [each.value for each in Relationship] == ["caseload", "open-request", "self-claimed"]


def test_every_duty_has_its_words() -> None:
    for duty in Duty:
        decision = Decision(True, (), (Obligation(duty, 30),), "")
        (words,) = explain(AGREED, FIND, decision).duties
        assert words.endswith(".")


def test_emergency_duties_are_in_hours() -> None:
    urgent = replace(BREAK_GLASS, emergency=True)
    said = explain(AGREED, urgent, decide(AGREED, urgent))
    assert "Complete the record within 24 hours." in said.duties
    assert decide(AGREED, urgent).has(Duty.COMPLETE_LATER)


def test_a_question_kept_for_years_has_these_facts_and_reads_back() -> None:
    """Decisions are replayed from them: under another name a fact would be lost."""
    question = Question(
        Action.FETCH,
        TODAY,
        replace(HIRED, valid_to=date(2027, 3, 31)),
        "nurse",
        "section-47",
        "public-task",
        Child(date(2015, 6, 1), date(2026, 12, 1), date(2036, 5, 31), Level.NOT_DISCOVERABLE),
        SCHOOL,
        "health.details",
        Relationship.SELF_CLAIMED,
        reason_given=True,
        emergency=True,
        stepped_up=True,
    )
    facts = {
        "action": "fetch",
        "on": "2026-11-23",
        "organisation": {
            "code": "HIRED",
            "kind": "supplier",
            "legal_class": "contractor",
            "valid_from": "2020-01-01",
            "valid_to": "2027-03-31",
            "principal": {
                "code": "CARE",
                "kind": "childrens-services",
                "legal_class": "s11",
                "valid_from": "2020-01-01",
                "valid_to": None,
                "principal": None,
            },
        },
        "role": "nurse",
        "purpose": "section-47",
        "legal_basis": "public-task",
        "child": {
            "born": "2015-06-01",
            "died": "2026-12-01",
            "known_until": "2036-05-31",
            "level": "V",
        },
        "holder": {
            "code": "SCHOOL",
            "kind": "education",
            "legal_class": "s16E",
            "valid_from": "2020-01-01",
            "valid_to": None,
            "principal": None,
        },
        "record_type": "health.details",
        "relationship": "self-claimed",
        "reason_given": True,
        "emergency": True,
        "stepped_up": True,
    }
    assert as_facts(question) == facts
    assert from_facts(facts) == question
    least = replace(LOOK_UP, child=Child(), relationship=None, reason_given=False, emergency=False)
    assert from_facts(as_facts(least)) == least


def test_a_rule_reads_back_from_the_words_that_were_agreed() -> None:
    """Agreements are kept as these facts: one that reads back otherwise allows something else."""
    denying = replace(RULE, effect=Effect.DENY, depth=Depth.EXISTENCE, valid_to=TODAY)
    for rule in (RULE, denying):
        assert AgreementRule.from_facts(rule.as_facts()) == rule


def test_a_decision_replays_from_the_policy_that_was_kept() -> None:
    """Years later the same question must be answered alike, or nobody can say why it was."""
    policy = Policy([RULE], {"identifier": TODAY, "information-sharing": date(2027, 4, 1)})
    again = Policy.from_content(policy.content())
    assert again.version == policy.version
    assert again.duties == policy.duties
    assert decide(again, FIND) == decide(policy, FIND)
    assert policy.content()["duties"] == {
        "identifier": "2026-11-23",
        "information-sharing": "2027-04-01",
    }
    assert set(policy.content()) == {"agreements", "duties", "catalogue", "code"}


def test_an_explanation_is_headed_by_its_outcome() -> None:
    """The first words that a practitioner reads."""
    assert explain(AGREED, FIND, decide(AGREED, FIND)).heading == "Allowed"
    refused = explain(NOTHING_AGREED, FIND, decide(NOTHING_AGREED, FIND))
    assert refused.heading == "Not allowed"
    assert refused.why == "No agreement between the two organisations that is in force covers it."


def test_a_duty_without_a_limit_gives_nobody_time() -> None:
    """Words about it must not promise a minute that nobody granted."""
    decision = Decision(True, (), (Obligation(Duty.EXPIRE),), "")
    assert explain(AGREED, FIND, decision).duties == ("It ends after 0 minutes.",)


def test_an_agreement_that_is_open_names_its_first_day_alone() -> None:
    """The source of a decision is read out in a dispute."""
    (reason,) = [each for each in decide(AGREED, FIND).reasons if each.rule == "agreement"]
    assert reason.source == "Agreement DSA-1, in force from 2020-01-01"
    assert (reason.allows, reason.secret) == (True, False)


def test_a_purpose_that_nobody_knows_is_told_of_in_whole_sentences() -> None:
    """Whoever mistyped it reads what is wrong, and a lawyer that no statute stands behind it."""
    decision = decide(AGREED, replace(FIND, purpose="curiosity"))
    against = {each.rule: each for each in decision.reasons if not each.allows}
    assert against["asker"].words == (
        "Your organisation or your role does not ask for this purpose: not one of the catalogue."
    )
    assert against["purpose"].source == "no statute; Article 9"
    assert against["detail"].source == "UK GDPR Article 5(1)(c); no statute; Article 9"


def test_a_version_can_be_worked_out_again_from_what_was_kept() -> None:
    """An auditor does so years later; two editions of the code must not share a version."""
    content = AGREED.content()
    law = fingerprint(national().content)
    assert AGREED.version == fingerprint({**content, "catalogue": law})
    package = Path(catalogue.__file__).parent
    files = sorted(package.glob("*.py"))
    assert len(files) > 10
    assert content["code"] == fingerprint([[one.name, one.read_text("utf-8")] for one in files])


def test_what_a_question_does_not_say_is_not_given() -> None:
    """A caller that forgets a fact must not be taken to have a reason, or to be who they say."""
    least = Question(Action.LOOK_UP, TODAY, SCHOOL, "", "identifier", "public-task", Child())
    assert (least.holder, least.record_type, least.relationship) == (None, "", None)
    assert (least.reason_given, least.emergency, least.stepped_up) == (False, False, False)
    assert least.child == Child(born=None, died=None, known_until=None, level=Level.OPEN)
