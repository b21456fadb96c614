"""What a caller is told: one outcome type from the PDS to the web page (design, contract 5.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from joinedup.people.checked import Quality


class Status(StrEnum):
    """Match outcome. A number is given out for ``MATCH`` alone."""

    MATCH = "Match"
    POTENTIAL_MATCH = "PotentialMatch"
    LOW_CONFIDENCE_MATCH = "LowConfidenceMatch"
    MANY_MATCH = "ManyMatch"
    NO_MATCH = "NoMatch"
    INVALID = "Invalid"
    UNAVAILABLE = "Unavailable"


@dataclass(frozen=True, slots=True)
class Step:
    """One question put to the source and what came of it; holds no personal data."""

    name: str
    answer: str  # found, not-found, too-many, invalidated, refused, unavailable
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to "what is this child's number?", with its reasons.

    ``nhs_number`` is present exactly when ``status`` is ``MATCH``.
    ``score`` is the confidence in the best candidate, 0 to 1, or None without one.
    ``reasons`` are sentences a practitioner reads; ``advice`` is what to do next.
    ``data_quality`` maps field name to (quality, reason).
    """

    status: Status
    nhs_number: str | None = None
    score: float | None = None
    reasons: tuple[str, ...] = ()
    advice: str = ""
    data_quality: Mapping[str, tuple[Quality, str]] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if (self.nhs_number is not None) != (self.status is Status.MATCH):
            raise ValueError("a number is given out for Match, and only for Match")

    @property
    def calls(self) -> int:
        """PDS requests that this outcome took (a retry is not counted again)."""
        return len(self.steps)
