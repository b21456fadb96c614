"""One question put rightly, and each respect in which it may be wrong."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from joinedup.policy.agreement import Effect
from joinedup.policy.catalogue import Depth
from joinedup.policy.decide import decide
from joinedup.policy.decision import Duty, Obligation
from joinedup.policy.policy import Policy
from joinedup.policy.question import Action, Child, Level, Relationship
from tests.policy.questions import (
    AGREED,
    BREAK_GLASS,
    CARE,
    CHILD,
    CLINIC,
    FETCH,
    FIND,
    HIRED,
    HOSPITAL,
    LONG_AGO,
    LOOK_UP,
    NOTHING_AGREED,
    POLICE,
    PUBLISH,
    RIGHTLY_PUT,
    RULE,
    SCHOOL,
    TODAY,
)

DAY = timedelta(days=1)
RESTRICTED = replace(CHILD, level=Level.NO_LOCATION)
HIDDEN = replace(CHILD, level=Level.NOT_DISCOVERABLE)
IN_FORCE = Policy([], {"information-sharing": TODAY, "identifier": TODAY})
UNDER_DUTY = replace(FIND, legal_basis="information-sharing-duty")


def against(policy, question):
    """The rules that stand against it."""
    decision = decide(policy, question)
    assert decision.allowed == all(reason.allows for reason in decision.reasons)
    return {reason.rule for reason in decision.reasons if not reason.allows}


def duties(policy, question):
    decision = decide(policy, question)
    assert decision.allowed
    return {(one.duty, one.minutes) for one in decision.obligations}


@pytest.mark.parametrize("question", RIGHTLY_PUT, ids=lambda each: each.action)
def test_what_is_put_rightly_is_allowed(question) -> None:
    assert against(AGREED, question) == set()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"organisation": replace(CARE, valid_to=TODAY - DAY)}, "organisation"),
        ({"organisation": replace(CARE, valid_from=TODAY + DAY)}, "organisation"),
        ({"organisation": replace(CARE, legal_class="club")}, "organisation"),
        ({"purpose": "curiosity"}, "purpose"),
        ({"purpose": "identifier"}, "purpose"),
        ({"legal_basis": "consent"}, "basis"),
        ({"legal_basis": "vital-interests"}, "basis"),
        ({"role": "nurse"}, "asker"),
        ({"organisation": SCHOOL}, "asker"),
        ({"child": replace(CHILD, level=Level.NOT_DISCOVERABLE)}, "shield"),
        ({"record_type": "diary"}, "detail"),
        ({"holder": None}, "holder"),
        ({"holder": replace(SCHOOL, valid_to=TODAY - DAY)}, "holder"),
        ({"holder": HOSPITAL}, "agreement"),
        ({"record_type": "health.details"}, "agreement"),
        ({"purpose": "section-17"}, "agreement"),
        ({"relationship": None}, "relationship"),
        ({"relationship": Relationship.SELF_CLAIMED}, "relationship"),
        ({"role": ""}, "relationship"),
        ({"emergency": True}, "emergency"),
    ],
    ids=str,
)
def test_one_thing_wrong_with_finding_is_enough(change, rule) -> None:
    for question in (FIND, FETCH):
        assert rule in against(AGREED, replace(question, **change))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"reason_given": False}, "reason"),
        ({"stepped_up": False}, "step-up"),
        ({"role": ""}, "step-up"),
        ({"child": CHILD}, "break-glass"),
        ({"child": HIDDEN}, "break-glass"),
        ({"purpose": "missing"}, "purpose"),
        ({"organisation": replace(POLICE, legal_class="other")}, "organisation"),
    ],
    ids=str,
)
def test_one_thing_wrong_with_breaking_glass_is_enough(change, rule) -> None:
    assert rule in against(AGREED, replace(BREAK_GLASS, **change))


def test_an_unknown_act_is_denied() -> None:
    assert against(AGREED, replace(FIND, action="gossip")) == {"action"}


def test_looking_up_needs_no_agreement_but_a_footing_of_its_own() -> None:
    assert against(NOTHING_AGREED, LOOK_UP) == set()
    machine = replace(LOOK_UP, purpose="identifier", role="")
    assert against(NOTHING_AGREED, machine) == set()
    charity = replace(LOOK_UP, organisation=replace(CARE, legal_class="other"))
    charity = replace(charity, purpose="early-help", legal_basis="recognised-interest")
    assert against(NOTHING_AGREED, charity) == {"organisation"}


def test_finding_without_an_agreement_is_denied_before_anybody_is_asked() -> None:
    assert against(NOTHING_AGREED, FIND) == {"agreement"}
    assert against(NOTHING_AGREED, FETCH) == {"agreement"}


def test_a_reason_in_ones_own_words_is_enough_to_claim_a_relationship() -> None:
    claimed = replace(FIND, relationship=Relationship.SELF_CLAIMED, reason_given=True)
    assert against(AGREED, claimed) == set()
    assert against(AGREED, replace(claimed, role="")) == set()
    answering = replace(FIND, relationship=Relationship.OPEN_REQUEST)
    assert against(AGREED, answering) == set()
    assert against(AGREED, replace(answering, role="", reason_given=True)) == set()


# --- The child ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("child", "is_one"),
    [
        (Child(), True),
        (Child(born=TODAY + 90 * DAY), True),
        (Child(born=date(2008, 11, 24)), True),
        (Child(born=date(2008, 11, 23)), False),
        (Child(born=date(2008, 11, 23), known_until=TODAY), True),
        (Child(born=date(2008, 11, 23), known_until=TODAY - DAY), False),
        (Child(born=date(2001, 11, 24), known_until=TODAY), True),
        (Child(born=date(2001, 11, 23), known_until=TODAY), False),
        (Child(born=date(2015, 6, 1), died=TODAY), False),
        (Child(born=date(2015, 6, 1), died=TODAY + DAY), True),
        (Child(died=TODAY, known_until=TODAY), False),
    ],
    ids=str,
)
def test_a_child_is_under_18_or_under_25_with_a_live_reason(child, is_one) -> None:
    looked_up = replace(LOOK_UP, purpose="section-17", child=child)
    assert against(AGREED, looked_up) == (set() if is_one else {"scope"})


def test_born_on_29_february_one_comes_of_age_on_1_march() -> None:
    leap = replace(LOOK_UP, purpose="section-17", child=Child(born=date(2008, 2, 29)))
    assert against(AGREED, replace(leap, on=date(2026, 2, 28))) == set()
    assert against(AGREED, replace(leap, on=date(2026, 3, 1))) == {"scope"}


def test_closed_records_open_for_reviews_with_a_second_person() -> None:
    grown = replace(FIND, child=Child(born=date(1990, 1, 1)))
    assert duties(AGREED, grown) == {(Duty.SECOND_PERSON, None)}
    assert "scope" in against(AGREED, replace(grown, purpose="section-17"))
    assert duties(AGREED, FIND) == set()
    # A living child's record is not called closed, whatever the purpose.
    assert "scope" in {reason.rule for reason in decide(AGREED, FIND).reasons}
    assert "archive" in {reason.rule for reason in decide(AGREED, grown).reasons}


# --- Shields -----------------------------------------------------------------------------------


def test_a_restricted_child_is_found_without_where() -> None:
    for question in (FIND, FETCH, LOOK_UP):
        assert duties(AGREED, replace(question, child=RESTRICTED)) == {(Duty.MASK_LOCATION, None)}


def test_an_unknown_record_type_of_a_shielded_child_is_denied_like_any_unknown_one() -> None:
    """A decision must be an answer: a failure here would tell of the shield."""
    for child in (CHILD, RESTRICTED):
        fetch = replace(FETCH, record_type="diary", child=child)
        assert against(AGREED, fetch) == {"detail", "agreement"}


def test_nobody_finds_a_child_who_may_not_be_discovered() -> None:
    for question in (FIND, FETCH, LOOK_UP):
        assert against(AGREED, replace(question, child=HIDDEN)) == {"shield"}


def test_a_custodian_still_publishes_a_shielded_childs_pointer() -> None:
    for child in (RESTRICTED, HIDDEN):
        assert duties(AGREED, replace(PUBLISH, child=child)) == set()


def test_a_record_that_only_says_where_the_child_lives_is_not_given_for_a_restricted_child():
    placed = Policy([replace(RULE, record_types=frozenset({"placement.details"}))])
    fetch = replace(FETCH, record_type="placement.details")
    assert against(placed, fetch) == set()
    assert against(placed, replace(fetch, child=RESTRICTED)) == {"shielded-place"}
    assert duties(placed, replace(fetch, action=Action.FIND, child=RESTRICTED)) == {
        (Duty.MASK_LOCATION, None)
    }


def test_a_claimed_relationship_to_a_shielded_child_alerts_both_organisations() -> None:
    claimed = replace(FIND, relationship=Relationship.SELF_CLAIMED, reason_given=True)
    assert duties(AGREED, claimed) == set()
    for question in (claimed, replace(claimed, action=Action.FETCH)):
        assert (Duty.NOTIFY, None) in duties(AGREED, replace(question, child=RESTRICTED))
    assert (Duty.NOTIFY, None) not in duties(AGREED, replace(FIND, child=RESTRICTED))


def test_whoever_asks_is_told_the_same_for_a_shielded_child_as_for_any_other() -> None:
    assert decide(AGREED, replace(FIND, child=HIDDEN)).told() == ""
    assert "shield" in decide(AGREED, replace(FIND, child=HIDDEN)).words()
    for question in (replace(FIND, holder=HOSPITAL), replace(FIND, role="nurse")):
        told = {decide(AGREED, replace(question, child=each)).told() for each in (CHILD, HIDDEN)}
        assert len(told) == 1
        assert "" not in told
    assert decide(AGREED, FIND).told() == decide(AGREED, replace(FIND, child=RESTRICTED)).told()


def test_broken_glass_alerts_both_and_ends_after_half_an_hour() -> None:
    assert duties(AGREED, BREAK_GLASS) == {(Duty.NOTIFY, None), (Duty.EXPIRE, 30)}


# --- Emergencies -------------------------------------------------------------------------------


def test_an_emergency_needs_a_child_a_person_and_a_reason_and_is_completed_later() -> None:
    rule = replace(
        RULE, destinations=frozenset({"POLICE"}), purposes=frozenset({"police-emergency"})
    )
    urgent = replace(
        FIND,
        organisation=POLICE,
        role="police-sergeant",
        purpose="police-emergency",
        legal_basis="vital-interests",
        relationship=None,
        reason_given=True,
        emergency=True,
    )
    assert duties(Policy([rule]), urgent) == {(Duty.COMPLETE_LATER, 1440)}
    assert against(Policy([rule]), replace(urgent, reason_given=False)) == {
        "emergency",
        "relationship",
    }
    assert against(Policy([rule]), replace(urgent, emergency=False)) == {"relationship"}
    # Deny before dispatch holds in an emergency too: there is a telephone.
    assert against(NOTHING_AGREED, urgent) == {"agreement"}


def test_an_emergency_is_claimed_for_purposes_that_have_one_alone() -> None:
    claimed = replace(FIND, emergency=True, reason_given=True)
    assert against(AGREED, claimed) == {"emergency"}
    glass = replace(BREAK_GLASS, emergency=True)
    assert against(AGREED, glass) == set()


def test_what_cannot_be_judged_stands_against_it() -> None:
    assert against(AGREED, replace(FIND, holder=None)) == {"holder", "agreement"}
    nobody = replace(CARE, legal_class="club")
    denied = against(AGREED, replace(FIND, organisation=nobody))
    assert denied == {"organisation", "basis", "asker", "detail", "agreement"}


# --- Contractors and other bodies --------------------------------------------------------------


def test_a_contractor_stands_where_its_principal_stands_and_ends_with_either() -> None:
    hired = replace(FIND, organisation=HIRED)
    assert against(AGREED, hired) == set()
    ended = replace(HIRED, valid_to=TODAY - DAY)
    assert "organisation" in against(AGREED, replace(hired, organisation=ended))
    for principal in (
        replace(CARE, valid_to=TODAY - DAY),
        replace(CARE, legal_class="other"),
        replace(HIRED, code="SUB"),
        None,
    ):
        orphan = replace(HIRED, principal=principal)
        assert "organisation" in against(AGREED, replace(hired, organisation=orphan))


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize(
    ("first", "last", "may"),
    [
        (TODAY, TODAY, True),
        (TODAY - DAY, TODAY + DAY, True),
        (TODAY - DAY, TODAY, True),
        (TODAY, None, True),
        (TODAY + DAY, None, False),
        (TODAY - DAY, TODAY - DAY, False),
    ],
)
def test_an_organisation_may_from_its_first_day_to_its_last(asks, first, last, may) -> None:
    """A school that opens today is helped today, and one that closes tonight until tonight."""
    name, party = ("organisation", CARE) if asks else ("holder", SCHOOL)
    question = replace(FIND, **{name: replace(party, valid_from=first, valid_to=last)})
    assert decide(AGREED, question).allowed is may


def test_only_a_contractor_stands_where_another_body_stands() -> None:
    """Any body that names a principal would else act as that one."""
    club = replace(HIRED, legal_class="club")
    assert "organisation" in against(AGREED, replace(FIND, organisation=club))


def test_a_rule_may_name_a_contractor_itself() -> None:
    kept_back = replace(
        RULE, destinations=frozenset({"HIRED"}), effect=Effect.DENY, depth=Depth.EXISTENCE
    )
    policy = Policy([RULE, kept_back])
    assert against(policy, FIND) == set()
    assert against(policy, replace(FIND, organisation=HIRED)) == {"agreement"}


def test_a_contractor_of_one_body_does_not_read_for_another() -> None:
    elsewhere = replace(CARE, code="ELSEWHERE")
    hired = replace(FIND, organisation=replace(HIRED, principal=elsewhere))
    assert against(AGREED, hired) == {"agreement"}


def test_another_body_needs_an_agreement_and_a_basis_that_is_open_to_it() -> None:
    rule = replace(RULE, destinations=frozenset({"CLINIC"}), purposes=frozenset({"early-help"}))
    ask = replace(
        FIND,
        organisation=CLINIC,
        role="nurse",
        purpose="early-help",
        legal_basis="recognised-interest",
    )
    assert against(Policy([rule]), ask) == set()
    assert against(NOTHING_AGREED, ask) == {"agreement"}
    for basis in ("public-task", "information-sharing-duty"):
        policy = Policy([rule], {"information-sharing": LONG_AGO})
        assert against(policy, replace(ask, legal_basis=basis)) == {"basis"}
    public = replace(ask, organisation=replace(CLINIC, legal_class="s11"))
    assert against(Policy([rule]), public) == {"basis"}


# --- Duties that begin on a day ----------------------------------------------------------------


def test_the_duty_to_share_opens_on_its_day_between_bodies_under_it() -> None:
    eve = replace(UNDER_DUTY, on=TODAY - DAY)
    for question in (UNDER_DUTY, replace(UNDER_DUTY, action=Action.FETCH)):
        assert against(IN_FORCE, question) == set()
        assert against(NOTHING_AGREED, question) == {"basis", "agreement"}
    assert against(IN_FORCE, eve) == {"basis", "agreement"}
    assert against(IN_FORCE, replace(UNDER_DUTY, holder=CLINIC)) == {"agreement"}
    assert against(IN_FORCE, FIND) == {"agreement"}  # the duty must be named
    hired = replace(UNDER_DUTY, organisation=HIRED)
    assert against(IN_FORCE, hired) == set()


def test_the_duty_reaches_no_further_than_the_purpose() -> None:
    further = replace(
        UNDER_DUTY, action=Action.FETCH, purpose="section-17", record_type="crime-justice.details"
    )
    assert against(IN_FORCE, further) == {"detail"}
    assert against(IN_FORCE, replace(further, action=Action.FIND)) == set()


def test_a_custodians_standing_denial_beats_the_duty() -> None:
    denial = replace(RULE, effect=Effect.DENY)
    policy = Policy([denial], {"information-sharing": TODAY})
    assert against(policy, UNDER_DUTY) == set()  # content alone was kept back
    assert against(policy, replace(UNDER_DUTY, action=Action.FETCH)) == {"agreement"}


def test_the_identifier_duty_is_another_and_changes_what_is_carried() -> None:
    look_up = replace(LOOK_UP, purpose="identifier", legal_basis="identifier-duty")
    assert against(IN_FORCE, look_up) == set()
    assert against(IN_FORCE, replace(look_up, on=TODAY - DAY)) == {"basis"}
    assert against(Policy([], {"information-sharing": TODAY}), look_up) == {"basis"}
    carried = Policy([RULE], {"identifier": TODAY})
    assert duties(carried, FETCH) == {(Duty.CARRY_IDENTIFIER, None)}
    assert duties(carried, FIND) == set()
    assert duties(carried, replace(FETCH, on=TODAY - DAY)) == set()


def test_the_duty_binds_no_body_that_is_not_under_it() -> None:
    """Each reason is told by itself: a charity must not read that the duty covers it."""
    charity = replace(UNDER_DUTY, organisation=replace(CARE, legal_class="other"))
    assert against(IN_FORCE, charity) == {"basis", "agreement"}


# --- Sensitive services and own records ---------------------------------------------------------


def test_a_sensitive_service_is_found_without_its_name_and_published_with_grounds() -> None:
    rule = replace(RULE, record_types=frozenset({"mental-health.details"}))
    found = replace(FIND, record_type="mental-health.details")
    assert duties(Policy([rule]), found) == {(Duty.MASK_SERVICE, None)}
    assert duties(Policy([rule]), replace(found, action=Action.FETCH)) == set()
    assert "detail" in against(Policy([rule]), replace(found, purpose="section-17"))
    published = replace(PUBLISH, record_type="mental-health.details")
    assert against(AGREED, published) == {"sensitive"}
    assert against(AGREED, replace(published, reason_given=True)) == set()
    assert against(AGREED, replace(PUBLISH, record_type="diary")) == {"sensitive"}


def test_ones_own_record_needs_no_agreement_unless_it_is_kept_back() -> None:
    own = replace(FIND, holder=CARE)
    assert against(NOTHING_AGREED, own) == set()
    assert "own-record" in {reason.rule for reason in decide(NOTHING_AGREED, own).reasons}
    sealed = replace(RULE, sources=frozenset({"CARE"}), effect=Effect.DENY, depth=Depth.EXISTENCE)
    assert against(Policy([sealed]), own) == {"agreement"}
    # A contractor is another organisation than its principal.
    assert against(NOTHING_AGREED, replace(own, organisation=HIRED)) == {"agreement"}


# --- The decision -------------------------------------------------------------------------------


def test_a_caller_that_cannot_do_what_comes_with_it_must_not_go_on() -> None:
    decision = decide(AGREED, BREAK_GLASS)
    assert decision.allows_with(Duty.NOTIFY, Duty.EXPIRE, Duty.MASK_LOCATION)
    assert not decision.allows_with(Duty.NOTIFY)
    assert not decide(AGREED, replace(FIND, role="cook")).allows_with(*Duty)
    assert decision.has(Duty.EXPIRE)
    assert not decision.has(Duty.MASK_LOCATION)
    assert Obligation(Duty.EXPIRE, 30) in decision.obligations


def test_a_decision_says_what_it_rests_on() -> None:
    denied = decide(NOTHING_AGREED, FIND)
    assert denied.words() == (
        "No agreement between the two organisations that is in force covers it."
    )
    allowed = decide(AGREED, FIND)
    assert "Safeguarding enquiry (section 47)" in allowed.words()
    assert "“Westmarch families” allows it" in allowed.words()
    assert all(reason.words and reason.source for reason in allowed.reasons)
    assert allowed.policy_version == AGREED.version
