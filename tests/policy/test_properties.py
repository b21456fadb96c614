"""What must hold of every decision, whatever is asked under whatever agreements."""

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.policy.agreement import AgreementRule, Agreements, Effect
from joinedup.policy.catalogue import Depth, national
from joinedup.policy.decide import decide
from joinedup.policy.decision import Duty
from joinedup.policy.explanation import explain
from joinedup.policy.facts import as_facts, from_facts
from joinedup.policy.footing import Footing, footing
from joinedup.policy.policy import Policy
from joinedup.policy.question import Action, Level
from tests.policy.questions import AGREED, DAYS, QUESTIONS, RULE, RULES, TODAY, nearly_right

ANY = QUESTIONS | nearly_right()
SOME_RULES = st.lists(RULES, max_size=5)
POLICIES = st.builds(
    Policy,
    SOME_RULES.map(lambda rules: [RULE, *rules]),
    st.dictionaries(st.sampled_from(sorted(national().duties)), DAYS),
)
quick = settings(max_examples=40, deadline=None)
RECORDS = (Action.FIND, Action.FETCH)


@quick
@given(POLICIES, ANY)
def test_every_question_gets_one_answer_and_the_same_again(policy, question) -> None:
    decision = decide(policy, question)
    assert decision == decide(policy, question)
    assert decision.reasons
    assert decision.allowed == all(reason.allows for reason in decision.reasons)
    assert decision.allowed or not decision.obligations
    assert decision.words()


@quick
@given(POLICIES, ANY)
def test_nothing_is_allowed_without_a_live_footing_a_purpose_and_a_basis(policy, question) -> None:
    if decide(policy, question).allowed:
        stands = footing(question.organisation, question.on)
        assert stands is not None
        purpose = policy.catalogue.purposes[question.purpose]
        basis = policy.catalogue.bases[question.legal_basis]
        assert question.action in purpose.actions
        assert basis.code in purpose.bases
        assert stands.legal_class in basis.legal_classes
        assert not question.role or question.role in purpose.asks[stands.kind].roles
        assert question.child.level < Level.NOT_DISCOVERABLE or question.action is Action.PUBLISH
        if question.action in RECORDS:
            assert footing(question.holder, question.on) is not None


@quick
@given(POLICIES, nearly_right(), st.sampled_from(["purpose", "legal_basis", "record_type"]))
def test_what_the_catalogue_does_not_know_is_denied(policy, question, field) -> None:
    unknown = replace(question, **{field: "never heard of"})
    if field != "record_type" or question.action in (*RECORDS, Action.PUBLISH):
        assert not decide(policy, unknown).allowed


@quick
@given(POLICIES, ANY, RULES)
def test_a_rule_that_denies_never_allows(policy, question, rule) -> None:
    denial = replace(rule, effect=Effect.DENY)
    more = Policy([*policy.agreements.rules, denial], policy.duties)
    if decide(more, question).allowed:
        assert decide(policy, question).allowed


@quick
@given(POLICIES, ANY, RULES)
def test_a_rule_that_allows_never_takes_away(policy, question, rule) -> None:
    more = Policy([*policy.agreements.rules, replace(rule, effect=Effect.ALLOW)], policy.duties)
    if decide(policy, question).allowed:
        assert decide(more, question).allowed


@quick
@given(POLICIES, ANY, st.randoms())
def test_the_order_of_agreements_does_not_matter(policy, question, chance) -> None:
    rules = list(policy.agreements.rules)
    chance.shuffle(rules)
    shuffled = Policy(rules, policy.duties)
    assert decide(policy, question).allowed == decide(shuffled, question).allowed


@quick
@given(POLICIES, ANY)
def test_who_may_have_the_content_may_know_that_it_exists(policy, question) -> None:
    if decide(policy, replace(question, action=Action.FETCH)).allowed:
        assert decide(policy, replace(question, action=Action.FIND)).allowed


@quick
@given(POLICIES, ANY)
def test_a_shield_never_opens_anything_and_never_shows_in_what_is_told(policy, question) -> None:
    if question.action is Action.BREAK_GLASS:
        return
    told, allowed = [], []
    for level in Level:
        decision = decide(policy, replace(question, child=replace(question.child, level=level)))
        told.append(decision.told())
        allowed.append(decision.allowed)
        if decision.allowed and question.action is not Action.PUBLISH:
            assert decision.has(Duty.MASK_LOCATION) == (level > Level.OPEN)
    assert allowed == sorted(allowed, reverse=True)
    if not allowed[0]:
        assert len(set(told)) == 1


@quick
@given(POLICIES, ANY)
def test_a_decision_replays_from_what_was_kept(policy, question) -> None:
    content = json.loads(json.dumps(policy.content()))
    facts = json.loads(json.dumps(as_facts(question)))
    again = Policy.from_content(content)
    assert from_facts(facts) == question
    assert again.version == policy.version
    assert decide(again, from_facts(facts)) == decide(policy, question)


@quick
@given(ANY)
def test_a_policy_that_cannot_be_trusted_allows_nothing(question) -> None:
    assert not decide(Policy.closed(), question).allowed


@quick
@given(POLICIES, ANY)
def test_every_decision_can_be_explained(policy, question) -> None:
    decision = decide(policy, question)
    said = explain(policy, question, decision)
    assert (said.heading == "Allowed") == decision.allowed
    assert len(said.duties) == len(decision.obligations)
    assert not any("{" in words for words in said.duties)
    assert not any("{" in step.words + step.source for step in said.steps)


# A small world, so that rules and questions meet often.
_DAYS = st.dates(TODAY, TODAY + timedelta(days=4))
_FOOTINGS = st.builds(
    Footing,
    st.sampled_from([("A",), ("B",), ("C", "A")]),
    st.sampled_from(["health", "police"]),
    st.sampled_from(["s11", "other"]),
)
_SIDES = st.sets(
    st.sampled_from(["A", "B", "C", "kind:health", "kind:police", "class:s11", "class:other"]),
    min_size=1,
    max_size=4,
).map(frozenset)
_SMALL_RULES = st.builds(
    AgreementRule,
    st.just("DSA"),
    st.just("An agreement"),
    _SIDES,
    _SIDES,
    st.sets(st.sampled_from(["x", "y"]), min_size=1).map(frozenset),
    st.sets(st.sampled_from(["p", "q"]), min_size=1).map(frozenset),
    st.sampled_from([Depth.EXISTENCE, Depth.CONTENT]),
    _DAYS,
    st.none() | _DAYS,
    st.sampled_from(Effect),
)


def covering_slowly(rules, source, destination, record_type, purpose, depth, on):
    """The rules read one by one, as a person would."""

    def names(side, stands):
        return bool(side & {*stands.codes, "kind:" + stands.kind, "class:" + stands.legal_class})

    found = {Effect.DENY: [], Effect.ALLOW: []}
    for place, rule in enumerate(rules):
        reaches = rule.depth >= depth if rule.effect is Effect.ALLOW else rule.depth <= depth
        live = rule.valid_from <= on and (rule.valid_to is None or on <= rule.valid_to)
        if (
            reaches
            and live
            and names(rule.sources, source)
            and names(rule.destinations, destination)
            and record_type in rule.record_types
            and purpose in rule.purposes
        ):
            found[rule.effect].append(place)
    return next(iter(found[Effect.DENY]), None), next(iter(found[Effect.ALLOW]), None)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(_SMALL_RULES, min_size=1, max_size=6),
    st.tuples(
        _FOOTINGS,
        _FOOTINGS,
        st.sampled_from(["x", "y"]),
        st.sampled_from(["p", "q"]),
        st.sampled_from([Depth.EXISTENCE, Depth.CONTENT]),
        _DAYS,
    ),
)
def test_compiled_agreements_say_what_their_rules_say(rules, asked) -> None:
    assert Agreements(rules).covering(*asked) == covering_slowly(rules, *asked)


@quick
@given(st.lists(st.tuples(_DAYS, st.none() | _DAYS), min_size=1, max_size=5), _DAYS)
def test_a_rule_is_live_from_its_first_to_its_last_day(spans, on) -> None:
    rules = [
        replace(RULE, agreement=str(place), valid_from=begins, valid_to=ends)
        for place, (begins, ends) in enumerate(spans)
    ]
    asked = (
        Footing(("SCHOOL",), "education", "s16E"),
        Footing(("CARE",), "childrens-services", "s11"),
        "education.details",
        "section-47",
        Depth.CONTENT,
    )
    for day in {on, *(day for span in spans for day in span if day)}:
        found = Agreements(rules).covering(*asked, day)
        assert found == covering_slowly(rules, *asked, day)


@quick
@given(RULES)
def test_a_rule_reads_back_as_it_was_written(rule) -> None:
    assert AgreementRule.from_facts(json.loads(json.dumps(rule.as_facts()))) == rule


def test_the_same_question_under_the_example_is_still_allowed() -> None:
    """Guards the properties above against questions that are all denied."""
    from tests.policy.questions import RIGHTLY_PUT

    assert all(decide(AGREED, question).allowed for question in RIGHTLY_PUT)
