"""Whether somebody may look up children at all, a person or a machine: the policy, of this moment.

Every way in which a number is given out asks here, also when the same number is given again.
"""

from joinedup.hub.agreements.asking import basis_of, question
from joinedup.hub.agreements.current import current_policy
from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.policy.catalogue import national
from joinedup.policy.decide import decide
from joinedup.policy.decision import Decision
from joinedup.policy.question import Action, Child

PURPOSE = "identifier"
"""Of a client whose registered purpose is in words of its own and not one of the catalogue's."""


class MayNotLookUp(Exception):
    """The policy does not let whoever asks look anybody up, whoever the child is."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.told())
        self.words = decision.told()


def may_look_up(
    organisation: Organisation, purpose: str, membership: Membership | None = None, reason: str = ""
) -> Decision:
    """Decide, and note it for the request's entry; raises ``MayNotLookUp``.

    Takes the purpose as it was given, and for a person their membership and reason. It is decided
    as for any child: what a shield hides is not found in the first place (``hub.shields``), so
    that nothing here depends on it.
    """
    if membership is None and purpose not in national().purposes:
        purpose = PURPOSE
    legal_basis = basis_of(purpose, organisation)
    decision = decide(
        current_policy(),
        question(
            action=Action.LOOK_UP,
            organisation=organisation,
            purpose=purpose,
            legal_basis=legal_basis,
            child=Child(),
            membership=membership,
            reason=reason,
        ),
    )
    note(legal_basis=legal_basis, policy_version=decision.policy_version)
    if not decision.allows_with():
        note(outcome="refused")
        raise MayNotLookUp(decision)
    return decision
