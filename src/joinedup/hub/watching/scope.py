"""Which entries of the ledger an information governance lead reads, and who is named in them.

A lead answers for their own organisation's people, and for looks at its own records (reference
1b, "Read audit"). Those of the organisation that runs the hub answer for everybody.

A child whose number was replaced is looked at under either. That a shielded child has another
number is told to nobody, so what others did under it is left out; an organisation's own acts never.
"""

from dataclasses import dataclass

from joinedup.hub.ledger.looked import Looked
from joinedup.hub.ledger.opening import Opened
from joinedup.hub.organisations.models import Membership
from joinedup.hub.register.supersession import numbers_of
from joinedup.hub.shields.levels import level_of
from joinedup.policy.question import Level


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may gather about one child, and by which of the child's numbers.

    ``others`` are the numbers beside the one asked about. ``everybody``: they answer for all
    organisations. ``shielded``: that there are others is not said.
    """

    code: str
    everybody: bool
    others: tuple[str, ...]
    shielded: bool

    @property
    def own_alone(self) -> bool:
        """Whether by the other numbers only the organisation's own acts are gathered."""
        return self.shielded and not self.everybody

    def covers(self, look: Looked) -> bool:
        """Whether they answer for a look."""
        if self.everybody or _own(look.entry, self.code):
            return True
        return self.code in look.entry.facts["holders"] and not (self.shielded and look.other_name)


def reach(membership: Membership, sui: str) -> Reach:
    """Give what a member of an organisation may gather about the child with this number."""
    organisation = membership.organisation
    return Reach(
        organisation.ods_code,
        organisation.runs_hub,
        numbers_of(sui)[1:],
        level_of(sui) is not Level.OPEN,
    )


def names_person(membership: Membership, entry: Opened) -> bool:
    """Whether a lead is told who it was: of their own organisation's people alone.

    Of another's they learn the organisation and the role, and ask there.
    """
    return membership.organisation.runs_hub or _own(entry, membership.organisation.ods_code)


def _own(entry: Opened, code: str) -> bool:
    return bool(entry.facts["organisation"] == code)
