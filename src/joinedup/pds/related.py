"""People whom the PDS links to a patient: parents, guardians and others."""

from dataclasses import dataclass

from joinedup.pds.patient import PdsAddress, PdsName


@dataclass(frozen=True, slots=True)
class RelatedPerson:
    """One relation of a patient.

    ``nhs_number`` is the related person's own, when the PDS knows it; their details are then
    often absent here and are found by reading that number.
    """

    nhs_number: str | None
    relationships: tuple[str, ...] = ()  # codes, such as Guardian
    names: tuple[PdsName, ...] = ()
    phones: tuple[str, ...] = ()
    addresses: tuple[PdsAddress, ...] = ()
    active: bool = True
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """The PDS answered: these are the related people. None are shown of a restricted patient."""

    people: tuple[RelatedPerson, ...]
