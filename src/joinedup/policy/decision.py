"""What ``decide`` gives back."""

from dataclasses import dataclass
from enum import StrEnum


class Duty(StrEnum):
    """What must be done together with an allowed act."""

    MASK_LOCATION = "mask-location"  # leave out what says where the child is
    NOTIFY = "notify"  # tell the organisations named in the decision, before anything is shown
    SECOND_PERSON = "second-person"  # another person must agree first
    EXPIRE = "expire"  # what is given ends after ``minutes``
    COMPLETE_LATER = "complete-later"  # an emergency's missing facts, within a day


@dataclass(frozen=True, slots=True)
class Obligation:
    """A duty with its limit in minutes, where it has one."""

    duty: Duty
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the way to the decision.

    ``rule`` names it in the policy; ``words`` a practitioner understands; ``source`` is the law,
    standard or agreement it comes from; ``allows`` whether it speaks for or against.
    """

    rule: str
    words: str
    source: str
    allows: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Allow or deny, with what comes with it and why; ``policy_version`` replays it."""

    allowed: bool
    reasons: tuple[Reason, ...]
    obligations: tuple[Obligation, ...]
    policy_version: str

    def has(self, duty: Duty) -> bool:
        """Whether the duty comes with the decision."""
        return any(one.duty is duty for one in self.obligations)

    def words(self) -> str:
        """Why, in sentences."""
        return " ".join(reason.words for reason in self.reasons)
