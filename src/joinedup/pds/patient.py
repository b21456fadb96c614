"""The few fields of a PDS Patient that matching reads; everything but the number may be absent."""

from dataclasses import dataclass
from enum import StrEnum


class Security(StrEnum):
    """``meta.security``: who may see where a person lives, or that they exist at all."""

    UNRESTRICTED = "U"
    RESTRICTED = "R"  # no address, telecom, contact or GP is returned
    VERY_RESTRICTED = "V"  # no name or birth date either


@dataclass(frozen=True, slots=True)
class PdsName:
    use: str  # usual, temp, nickname, old, maiden (searches return no old or maiden)
    given: tuple[str, ...]
    family: str | None
    start: str | None = None  # FHIR date, may be partial
    end: str | None = None


@dataclass(frozen=True, slots=True)
class PdsAddress:
    use: str  # home, temp, billing, work
    lines: tuple[str, ...]
    postcode: str | None
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class PdsPatient:
    """One person as the Personal Demographics Service shows them."""

    nhs_number: str
    security: Security
    names: tuple[PdsName, ...] = ()
    birth_date: str | None = None  # yyyy, yyyy-mm or yyyy-mm-dd
    gender: str | None = None  # male, female, other, unknown
    addresses: tuple[PdsAddress, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    gp_ods: str | None = None
    multiple_birth: int | None = None  # 1-7 birth order, 8 not applicable, 9 unknown
    deceased: str | None = None
    version: str | None = None
