"""A decision in words: short for a practitioner, step by step with its law for a lawyer."""

from dataclasses import dataclass

from joinedup.policy.decision import Decision, Duty, Obligation, Reason
from joinedup.policy.policy import Policy
from joinedup.policy.question import Question

_DUTIES = {
    Duty.MASK_LOCATION: "What says where the child is, is left out.",
    Duty.NOTIFY: "Both organisations are told, before anything is shown.",
    Duty.SECOND_PERSON: "A second person must agree first.",
    Duty.EXPIRE: "It ends after {minutes} minutes.",
    Duty.COMPLETE_LATER: "Complete the record within {hours} hours.",
    Duty.MASK_SERVICE: "It is shown as “a service”; the desk connects you.",
    Duty.CARRY_IDENTIFIER: "What is given carries the child’s number.",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person needs to understand a decision, and what a lawyer needs to check it.

    ``why`` is told to whoever asked; ``steps`` are every rule in order, also the secret ones, for
    governance alone. ``law`` are the purpose's own foundations, as (what, which).
    """

    heading: str
    why: str
    duties: tuple[str, ...]
    steps: tuple[Reason, ...]
    law: tuple[tuple[str, str], ...]
    policy_version: str


def explain(policy: Policy, question: Question, decision: Decision) -> Explanation:
    """Explain a decision that ``policy`` made about ``question``."""
    return Explanation(
        heading="Allowed" if decision.allowed else "Not allowed",
        why=decision.told(),
        duties=tuple(map(_words, decision.obligations)),
        steps=decision.reasons,
        law=tuple(_law(policy, question)),
        policy_version=decision.policy_version,
    )


def _words(obligation: Obligation) -> str:
    minutes = obligation.minutes or 0
    return _DUTIES[obligation.duty].format(minutes=minutes, hours=minutes // 60)


def _law(policy: Policy, question: Question) -> list[tuple[str, str]]:
    catalogue = policy.catalogue
    purpose = catalogue.purposes.get(question.purpose)
    basis = catalogue.bases.get(question.legal_basis)
    found = []
    if purpose is not None:
        found.append(("Purpose", purpose.name))
        found.append(("Statute", purpose.gateway))
    if basis is not None:
        found.append(("UK GDPR Article 6", f"{basis.article_6}, {basis.name.lower()}"))
    if purpose is not None:
        found.append(("UK GDPR Article 9", purpose.article_9))
    return found
