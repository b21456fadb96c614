"""Whether a machine client may look up children at all: the policy, of this moment."""

from joinedup.hub.agreements.asking import question
from joinedup.hub.agreements.current import current_policy
from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import MachineClient
from joinedup.policy.catalogue import national
from joinedup.policy.decide import decide
from joinedup.policy.decision import Decision
from joinedup.policy.question import Action, Child

PURPOSE, LEGAL_BASIS = "identifier", "public-task"
"""Of a client whose registered purpose is in words of its own and not one of the catalogue's."""


class MayNotLookUp(Exception):
    """The policy does not let the client look anybody up, whoever the child is."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.told())
        self.words = decision.told()


def may_look_up(client: MachineClient) -> Decision:
    """Decide, and note it for the request's entry; raises ``MayNotLookUp``.

    It is decided as for any child: what a shield hides is not found in the first place
    (``hub.shields``), so that nothing here depends on it.
    """
    decision = decide(
        current_policy(),
        question(
            action=Action.LOOK_UP,
            organisation=client.organisation,
            purpose=client.purpose if client.purpose in national().purposes else PURPOSE,
            legal_basis=LEGAL_BASIS,
            child=Child(),
        ),
    )
    note(legal_basis=LEGAL_BASIS, policy_version=decision.policy_version)
    if not decision.allows_with():
        raise MayNotLookUp(decision)
    return decision
