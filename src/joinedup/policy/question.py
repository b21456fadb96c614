"""What is put to ``decide``: every fact it may use, so that a decision can be replayed."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum


class Action(StrEnum):
    """What somebody wants to do."""

    LOOK_UP = "look-up"  # give a child's details, be told the identifier
    FIND = "find"  # be told which custodians hold records
    FETCH = "fetch"  # be given a record's content
    PUBLISH = "publish"  # say that one holds records
    BREAK_GLASS = "break-glass"  # see what a shield hides, in an emergency


class Level(IntEnum):
    """How far a child is shielded; the levels are the PDS's own (``meta.security``)."""

    OPEN = 0  # U, unrestricted
    NO_LOCATION = 1  # R: nothing that says where the child is
    NOT_DISCOVERABLE = 2  # V: not found at all

    @property
    def letter(self) -> str:
        """The PDS's code: U, R or V."""
        return "URV"[self]


class Relationship(StrEnum):
    """How whoever asks is known to have to do with the child."""

    CASELOAD = "caseload"  # their organisation's own data allocates the child to them
    OPEN_REQUEST = "open-request"  # they answer a request about the child
    SELF_CLAIMED = "self-claimed"  # they say so, with a reason, and may be asked about it


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation as a policy sees it.

    ``kind`` and ``legal_class`` are the hub's values (``childrens-services``, ``s11``...). For a
    contractor the ``principal`` is the body whose functions it carries out.
    """

    code: str
    kind: str
    legal_class: str
    valid_from: date
    valid_to: date | None = None
    principal: "Party | None" = None


@dataclass(frozen=True, slots=True)
class Child:
    """What of a child matters to a policy; never who they are.

    ``known_until`` is the last day of a live reason to be known beyond 18 (care leaver, education,
    health and care plan), as a custodian asserts it. A child without a known birth date is taken
    for one.
    """

    born: date | None = None
    died: date | None = None
    known_until: date | None = None
    level: Level = Level.OPEN


@dataclass(frozen=True, slots=True)
class Question:
    """Who wants to do what, for whom, why, on which day, about what.

    ``role`` is empty for a machine that acts for nobody in particular. ``holder`` is the custodian
    that is to be asked or whose record it is; None where no custodian is concerned. ``record_type``
    likewise. ``stepped_up`` says that the person has just proved again who they are.
    """

    action: Action
    on: date
    organisation: Party
    role: str
    purpose: str
    legal_basis: str
    child: Child
    holder: Party | None = None
    record_type: str = ""
    relationship: Relationship | None = None
    reason_given: bool = False
    emergency: bool = False
    stepped_up: bool = False
