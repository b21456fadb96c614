"""What somebody would see, and why: every decision that a search would need, without a child."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from joinedup.policy.decide import decide
from joinedup.policy.decision import Decision
from joinedup.policy.explanation import Explanation, explain
from joinedup.policy.policy import Policy
from joinedup.policy.question import Action, Child, Level, Party, Question, Relationship


@dataclass(frozen=True, slots=True)
class Seen:
    """What would be seen of one record type, why, and the decision on the act that says so."""

    record_type: str
    shown: str
    why: str
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class FromHolder:
    """What would be seen of one organisation's records."""

    name: str
    seen: tuple[Seen, ...]

    @property
    def anything(self) -> bool:
        """Whether anything would be seen at all."""
        return any(each.shown != NOTHING for each in self.seen)


@dataclass(frozen=True, slots=True)
class Preview:
    """The whole answer: the child's number, then each organisation's records."""

    number: Explanation
    holders: tuple[FromHolder, ...]


CONTENT = "What it says"
EXISTENCE = "That it exists"
NOTHING = "Nothing"


def preview(
    policy: Policy,
    asker: Party,
    role: str,
    purpose: str,
    basis: str,
    level: Level,
    on: date,
    holders: Sequence[tuple[str, Party]],
) -> Preview:
    """Decide what such a person would see, of a child in their caseload.

    ``holders`` are names and organisations. Without a ``basis`` it is the first of the purpose's
    that fits.
    """
    question = Question(
        action=Action.LOOK_UP,
        on=on,
        organisation=asker,
        role=role,
        purpose=purpose,
        legal_basis=basis,
        child=Child(level=level),
        relationship=Relationship.CASELOAD,
        reason_given=True,
    )
    if not basis:
        question = replace(question, legal_basis=_fitting(policy, question))
    return Preview(
        _explained(policy, question)[1],
        tuple(
            FromHolder(name, _of(policy, replace(question, holder=holder)))
            for name, holder in holders
        ),
    )


def _of(policy: Policy, question: Question) -> tuple[Seen, ...]:
    return tuple(
        _seen(policy, replace(question, record_type=record_type))
        for record_type in policy.catalogue.record_types
    )


def _seen(policy: Policy, question: Question) -> Seen:
    fetch, of_fetch = _explained(policy, replace(question, action=Action.FETCH))
    if fetch.allowed:
        return Seen(question.record_type, CONTENT, _cover(fetch), of_fetch)
    find, of_find = _explained(policy, replace(question, action=Action.FIND))
    if find.allowed:
        why = f"{_cover(find)} Not what it says: {fetch.words()}"
        return Seen(question.record_type, EXISTENCE, why, of_find)
    return Seen(question.record_type, NOTHING, find.words(), of_find)


def _cover(decision: Decision) -> str:
    """Give the words of the rule that let it pass: an agreement, a duty, or ownership."""
    cover = ("agreement", "duty", "own-record")
    return " ".join(each.words for each in decision.reasons if each.rule in cover)


def _fitting(policy: Policy, question: Question) -> str:
    """Give the first basis that the rule about bases accepts."""
    for basis in policy.catalogue.bases:
        decision = decide(policy, replace(question, legal_basis=basis))
        if any(each.rule == "basis" and each.allows for each in decision.reasons):
            return basis
    return ""


def _explained(policy: Policy, question: Question) -> tuple[Decision, Explanation]:
    decision = decide(policy, question)
    return decision, explain(policy, question, decision)
