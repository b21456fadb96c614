"""Which entries of the ledger an information governance lead reads, and who is named in them.

A lead answers for their own organisation's people, and for looks at its own records (reference
1b, "Read audit"). Those of the organisation that runs the hub answer for everybody.
"""

from collections.abc import Callable

from joinedup.hub.ledger.opening import Opened
from joinedup.hub.organisations.models import Membership


def answers_for(membership: Membership) -> Callable[[Opened], bool]:
    """Give what says whether a lead answers for an entry."""
    if membership.organisation.runs_hub:
        return lambda _: True
    code = membership.organisation.ods_code
    return lambda entry: _own(entry, code) or code in entry.facts["holders"]


def names_person(membership: Membership, entry: Opened) -> bool:
    """Whether a lead is told who it was: of their own organisation's people alone.

    Of another's they learn the organisation and the role, and ask there.
    """
    return membership.organisation.runs_hub or _own(entry, membership.organisation.ods_code)


def _own(entry: Opened, code: str) -> bool:
    return bool(entry.facts["organisation"] == code)
