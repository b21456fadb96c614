"""Making a question for the policy of what the hub knows."""

from datetime import date

from django.utils import timezone

from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.policy.catalogue import national
from joinedup.policy.footing import footing
from joinedup.policy.question import Action, Child, Party, Question, Relationship


def question(
    *,
    action: Action,
    organisation: Organisation,
    purpose: str,
    legal_basis: str,
    child: Child,
    membership: Membership | None = None,
    role: str = "",
    holder: Organisation | None = None,
    record_type: str = "",
    relationship: Relationship | None = None,
    reason: str = "",
    emergency: bool = False,
    stepped_up: bool = False,
    on: date | None = None,
) -> Question:
    """Put a question together.

    ``role`` is that of the person for whom a machine says that it acts; a signed-in person's own
    comes from ``membership``. A reason given without a relationship is the asker's own claim to
    one. For break-glass a reason counts from the catalogue's length on. ``on`` is today.
    """
    shortest = 1
    if action is Action.BREAK_GLASS:
        shortest = national().limits.shortest_break_glass_reason
    reason_given = len(reason.strip()) >= shortest
    if relationship is None and reason_given:
        relationship = Relationship.SELF_CLAIMED
    return Question(
        action=action,
        on=on or timezone.localdate(),
        organisation=party(organisation),
        role=membership.role if membership else role,
        purpose=purpose,
        legal_basis=legal_basis,
        child=child,
        holder=party(holder) if holder else None,
        record_type=record_type,
        relationship=relationship,
        reason_given=reason_given,
        emergency=emergency,
        stepped_up=stepped_up,
    )


def basis_of(purpose: str, organisation: Organisation) -> str:
    """The legal basis on which an organisation asks for a purpose; empty when there is none.

    Nobody is asked to choose an article of a law: the first in the catalogue that is open to the
    organisation and waits for no day is taken, and shown.
    """
    offered = national().purposes.get(purpose)
    stands = footing(party(organisation), timezone.localdate())
    if offered is None or stands is None:
        return ""
    for code, known in national().bases.items():
        if code in offered.bases and stands.legal_class in known.legal_classes:
            return "" if known.duty else code
    return ""


def party(organisation: Organisation) -> Party:
    """Give an organisation as a policy sees it; read ``principal`` with it where there are many."""
    principal = organisation.principal
    return Party(
        code=organisation.ods_code,
        kind=organisation.kind,
        legal_class=organisation.legal_class,
        valid_from=organisation.valid_from,
        valid_to=organisation.valid_to,
        principal=party(principal) if principal else None,
    )
