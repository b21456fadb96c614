"""Whether somebody may do what they ask to do.

Pure and total: no clock, no database, an answer to every question. Default deny: each kind of act
has its list of rules, all of which must be met, and what is in no list is not allowed. Deny
overrides: one rule that is not met is enough.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from joinedup.policy.catalogue import Askers, DataClass, Depth, Purpose
from joinedup.policy.decision import Decision, Duty, Obligation, Reason
from joinedup.policy.footing import Footing, footing
from joinedup.policy.policy import Policy, Says
from joinedup.policy.question import Action, Level, Question, Relationship
from joinedup.policy.scope import in_scope

INFORMATION_SHARING = "information-sharing"
IDENTIFIER = "identifier"

_OPEN_TO_OTHERS = frozenset({Action.FIND, Action.FETCH, Action.PUBLISH})
_SHOWS = frozenset({Action.LOOK_UP, Action.FIND, Action.FETCH})
_KNOWN = frozenset({Relationship.CASELOAD, Relationship.OPEN_REQUEST})
_DEPTHS = {Action.FIND: Depth.EXISTENCE, Action.FETCH: Depth.CONTENT}


class _Case(NamedTuple):
    """A question with what the policy knows of its parts; None for what it does not know."""

    policy: Policy
    question: Question
    says: Says
    asker: Footing | None
    holder: Footing | None
    purpose: Purpose | None
    askers: Askers | None
    holds: DataClass | None
    in_scope: bool


_Rule = Callable[[_Case], Reason]


def decide(policy: Policy, question: Question) -> Decision:
    """Give the decision, every rule that was looked at, and what comes with an allowed act.

    A caller that cannot carry out an obligation must treat the decision as a denial
    (``Decision.allows_with``).
    """
    case = _case(policy, question)
    reasons = tuple([rule(case) for rule in _RULES.get(question.action, _NOTHING)])
    allowed = all(reason.allows for reason in reasons)
    return Decision(allowed, reasons, _obligations(case) if allowed else (), policy.version)


def _case(policy: Policy, question: Question) -> _Case:
    catalogue, on = policy.catalogue, question.on
    asker = footing(question.organisation, on)
    purpose = catalogue.purposes.get(question.purpose)
    return _Case(
        policy,
        question,
        policy.says(question.purpose),
        asker,
        footing(question.holder, on),
        purpose,
        purpose.asks.get(asker.kind) if purpose and asker else None,
        catalogue.record_types.get(question.record_type),
        in_scope(question.child, on, catalogue.limits),
    )


# --- The rules: each looks at one thing -------------------------------------------------------


def _organisation(case: _Case) -> Reason:
    """It stands under the duty, or it is another body, which agreements may let find and fetch."""
    stands = case.asker is not None and (
        case.asker.under_the_duty or case.question.action in _OPEN_TO_OTHERS
    )
    return case.says["organisation"][stands]


def _purpose(case: _Case) -> Reason:
    known = case.purpose is not None and case.question.action in case.purpose.actions
    return case.says["purpose"][known]


def _basis(case: _Case) -> Reason:
    """The basis is one of the purpose's, is open to the organisation, and is in force."""
    code = case.question.legal_basis
    basis = case.policy.catalogue.bases.get(code)
    fits = (
        basis is not None
        and case.purpose is not None
        and case.asker is not None
        and code in case.purpose.bases
        and case.asker.legal_class in basis.legal_classes
        and (not basis.duty or case.policy.in_force(basis.duty, case.question.on))
    )
    return case.says["basis"][fits]


def _asker(case: _Case) -> Reason:
    """The kind of organisation asks for the purpose, and the role, where somebody is named."""
    role = case.question.role
    return case.says["asker"][case.askers is not None and (not role or role in case.askers.roles)]


def _scope(case: _Case) -> Reason:
    if not case.in_scope and case.purpose is not None and case.purpose.archive:
        return case.says["archive"][True]
    return case.says["scope"][case.in_scope]


def _shield(case: _Case) -> Reason:
    return case.says["shield"][case.question.child.level < Level.NOT_DISCOVERABLE]


def _shielded_place(case: _Case) -> Reason:
    """A record that is nothing but a location cannot be given with the location left out."""
    gone = (
        case.question.child.level > Level.OPEN
        and case.holds is not None
        and case.holds.only_location
    )
    return case.says["shielded-place"][not gone]


def _detail(case: _Case) -> Reason:
    """The purpose reaches this class of data so far, for this kind of organisation."""
    reaches = Depth.NONE
    if case.askers is not None and case.holds is not None:
        reaches = case.askers.depths.get(case.holds.code, Depth.NONE)
    return case.says["detail"][reaches >= _DEPTHS[case.question.action]]


def _holder(case: _Case) -> Reason:
    return case.says["holder"][case.holder is not None]


def _agreement(case: _Case) -> Reason:
    """An agreement covers it, or the duty in force does, or the record is one's own.

    A rule that denies beats them all: it is the custodian's own standing judgement, and whoever
    must know can still ask it.
    """
    question, asker, holder = case.question, case.asker, case.holder
    if asker is None or holder is None:
        return case.says["agreement"][False]
    denies, allows = case.policy.agreements.covering(
        holder,
        asker,
        question.record_type,
        question.purpose,
        _DEPTHS[question.action],
        question.on,
    )
    if denies is not None:
        return case.policy.rule_reasons[denies]
    if holder.codes[0] == asker.codes[0]:
        return case.says["own-record"][True]
    if allows is not None:
        return case.policy.rule_reasons[allows]
    if (
        question.legal_basis == "information-sharing-duty"
        and case.policy.in_force(INFORMATION_SHARING, question.on)
        and asker.under_the_duty
        and holder.under_the_duty
    ):
        return case.says["duty"][True]
    return case.says["agreement"][False]


def _relationship(case: _Case) -> Reason:
    """Whoever asks has to do with the child, as somebody else knows or as they say why.

    A machine that acts for nobody in particular always says why.
    """
    question = case.question
    claimed = question.relationship is Relationship.SELF_CLAIMED or question.emergency
    met = (question.reason_given and (_is_known(question) or claimed)) or (
        bool(question.role) and _is_known(question)
    )
    return case.says["relationship"][met]


def _is_known(question: Question) -> bool:
    return question.relationship in _KNOWN


def _emergency(case: _Case) -> Reason:
    """Where an emergency is claimed the purpose is one for it, and there is a reason."""
    fits = not case.question.emergency or (
        case.purpose is not None and case.purpose.emergency and case.question.reason_given
    )
    return case.says["emergency"][fits]


def _sensitive(case: _Case) -> Reason:
    """A sensitive service is published with consent or suspicion of significant harm, named."""
    told = case.holds is not None and (not case.holds.sensitive or case.question.reason_given)
    return case.says["sensitive"][told]


def _break_glass(case: _Case) -> Reason:
    """There is a shield that can be opened; level V is the desk's alone."""
    return case.says["break-glass"][case.question.child.level is Level.NO_LOCATION]


def _step_up(case: _Case) -> Reason:
    return case.says["step-up"][bool(case.question.role) and case.question.stepped_up]


def _reason(case: _Case) -> Reason:
    return case.says["reason"][case.question.reason_given]


def _no_such_action(case: _Case) -> Reason:
    return case.says["action"][False]


_ALWAYS: tuple[_Rule, ...] = (_organisation, _purpose, _basis, _asker, _scope, _emergency)
_OF_A_RECORD: tuple[_Rule, ...] = (_shield, _detail, _holder, _agreement, _relationship)
_NOTHING: tuple[_Rule, ...] = (_no_such_action,)
_RULES: Mapping[Action, tuple[_Rule, ...]] = {
    Action.LOOK_UP: (*_ALWAYS, _shield),
    Action.FIND: (*_ALWAYS, *_OF_A_RECORD),
    Action.FETCH: (*_ALWAYS, *_OF_A_RECORD, _shielded_place),
    Action.PUBLISH: (*_ALWAYS, _sensitive),
    Action.BREAK_GLASS: (*_ALWAYS, _break_glass, _step_up, _reason),
}


# --- What comes with an allowed act -----------------------------------------------------------


def _obligations(case: _Case) -> tuple[Obligation, ...]:
    """Give what has to be done together with it."""
    question, limits = case.question, case.policy.catalogue.limits
    action = question.action
    shielded = question.child.level > Level.OPEN
    due = (
        (Duty.MASK_LOCATION, shielded and action in _SHOWS, None),
        (Duty.MASK_SERVICE, action is Action.FIND and _is_sensitive(case), None),
        (Duty.NOTIFY, action is Action.BREAK_GLASS, None),
        (Duty.NOTIFY, shielded and action in _DEPTHS and not _is_known(question), None),
        (Duty.SECOND_PERSON, not case.in_scope, None),
        (Duty.EXPIRE, action is Action.BREAK_GLASS, limits.break_glass_minutes),
        (Duty.COMPLETE_LATER, question.emergency, limits.complete_emergency_minutes),
        (
            Duty.CARRY_IDENTIFIER,
            action is Action.FETCH and case.policy.in_force(IDENTIFIER, question.on),
            None,
        ),
    )
    return tuple([Obligation(duty, minutes) for duty, applies, minutes in due if applies])


def _is_sensitive(case: _Case) -> bool:
    return case.holds is not None and case.holds.sensitive
