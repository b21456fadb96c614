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
    MASK_SERVICE = "mask-service"  # say only "a service; ask the desk", not which
    CARRY_IDENTIFIER = "carry-identifier"  # what is given carries the child's number


@dataclass(frozen=True, slots=True)
class Obligation:
    """A duty with its limit in minutes, where it has one."""

    duty: Duty
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the way to the decision.

    ``rule`` names it in the policy; ``words`` a practitioner understands; ``source`` is the law,
    standard or agreement it comes from; ``allows`` whether it speaks for or against. One that is
    ``secret`` is for the ledger and for governance, never for whoever asked.
    """

    rule: str
    words: str
    source: str
    allows: bool
    secret: bool = False


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

    def allows_with(self, *duties: Duty) -> bool:
        """Whether it is allowed for a caller that carries out these duties, and no others."""
        return self.allowed and all(one.duty in duties for one in self.obligations)

    def words(self) -> str:
        """Why, in sentences, for governance: also what whoever asked is not told."""
        return " ".join(reason.words for reason in self.deciding())

    def told(self) -> str:
        """Why, in sentences, for whoever asked.

        It is the same for a shielded child as for any other. Empty when what stands against it is
        secret alone: then the answer is the one for "nothing held".
        """
        return " ".join(each.words for each in self.deciding() if not each.secret)

    def deciding(self) -> tuple[Reason, ...]:
        """Give the reasons that the decision rests on: those against, if there are any."""
        return tuple(each for each in self.reasons if each.allows is self.allowed)
