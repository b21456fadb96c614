"""On what footing an organisation stands on a day.

A contractor carries out another body's functions: it stands where that body stands, under its own
name as well, and both have to be open (Children Act 2004 s.16LA(4)).
"""

from datetime import date
from typing import NamedTuple

from joinedup.policy.catalogue import OTHER
from joinedup.policy.question import Party

CONTRACTOR = "contractor"
UNDER_THE_DUTY = frozenset({"s11", "s16E"})
LEGAL_CLASSES = UNDER_THE_DUTY | {OTHER}


class Footing(NamedTuple):
    """What an organisation counts as: its codes (a contractor's own first), kind, legal class."""

    codes: tuple[str, ...]
    kind: str
    legal_class: str

    @property
    def under_the_duty(self) -> bool:
        """Whether the duty to share information can bind it."""
        return self.legal_class in UNDER_THE_DUTY


def footing(party: Party | None, on: date) -> Footing | None:
    """Give what the organisation counts as on that day; None when it is closed or has no class."""
    if party is None or not _open(party, on):
        return None
    if party.legal_class in LEGAL_CLASSES:
        return Footing((party.code,), party.kind, party.legal_class)
    principal = party.principal
    if party.legal_class != CONTRACTOR or principal is None or not _open(principal, on):
        return None
    if principal.legal_class not in UNDER_THE_DUTY:
        return None
    return Footing((party.code, principal.code), principal.kind, principal.legal_class)


def _open(party: Party, on: date) -> bool:
    return party.valid_from <= on and (party.valid_to is None or on <= party.valid_to)
