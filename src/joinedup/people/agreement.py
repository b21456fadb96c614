"""How two values agree, as a level and as words for a practitioner."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How well a value asked about agrees with one that is held, best first within its kind."""

    EXACT = "exact"
    VARIANT = "variant"
    """A known form of the same name: a spelling, a short form, a former or other name."""
    PART = "part"
    """Some of the names agree: a part of a hyphened name, a middle name, another order."""
    INITIAL = "initial"
    CLOSE = "close"
    """What a slip of the finger makes of the value."""
    SWAPPED = "swapped"
    """Given and family name exchanged, or day and month."""
    NEAR = "near"
    """A birth date a few days, or exactly a year, away."""
    SECTOR = "sector"
    """A postcode of the same few streets (LS11 6..)."""
    AREA = "area"
    """A postcode of the same lettered area (LS..)."""
    POSSIBLE = "possible"
    """An address that may be the same: too little is written to be sure."""
    DIFFERENT = "different"
    MISSING = "missing"
    """One side does not say."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One field compared.

    ``words`` is part of a sentence for a practitioner ("day and month of birth are swapped") and
    holds no personal data.
    """

    field: str
    level: Level
    words: str
