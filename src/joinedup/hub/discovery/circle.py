"""Whom a searcher may ask, and what it may be told: the policy, over all custodians at once.

Every way in and out of discovery asks here, with the policy of that moment: before a search is
sent out, before a custodian is given an item, and again whenever an answer is read.

Whether a custodian is *asked* is decided as if the child were like any other. Were a shielded
child's search sent to nobody, its silence would tell of the shield; so it is sent like any other,
and what the shield hides is left out of what is *read* (design, principle 5).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from django.utils import timezone

from joinedup.hub.agreements.asking import party
from joinedup.hub.agreements.current import current_policy
from joinedup.hub.organisations.models import MachineClient, Membership, Organisation
from joinedup.hub.register.models import Custodianship
from joinedup.hub.register.versions import Kept, version
from joinedup.policy.decide import decide
from joinedup.policy.decision import Decision, Duty
from joinedup.policy.policy import Policy
from joinedup.policy.question import Action, Child, Level, Party, Question, Relationship

CARRIED_OUT = (
    Duty.MASK_LOCATION,
    Duty.MASK_SERVICE,
    Duty.NOTIFY,
    Duty.COMPLETE_LATER,
    Duty.CARRY_IDENTIFIER,
)
"""What discovery sees to. A decision with any other duty counts as a denial.

The identifier is carried whether or not its duty has begun (Children Act 2004 s.16LC): a fetch is
for one number, a node makes no record without it (``custodian.records``), and the searcher opens
none of another number. No exemption from the duty is used, so there is no code for one.
"""


@dataclass(frozen=True, slots=True)
class Searcher:
    """Who asks: a machine client, which may act for somebody, or a signed-in person."""

    organisation: Organisation
    client: MachineClient | None = None
    membership: Membership | None = None
    on_behalf_of: str = ""
    acting_role: str = ""

    @property
    def role(self) -> str:
        """The role in which is asked; empty for a system that acts for nobody in particular."""
        return self.membership.role if self.membership else self.acting_role

    @property
    def worker(self) -> str:
        """As their organisation's caseloads name them; empty for nobody in particular."""
        return self.membership.person.subject if self.membership else self.on_behalf_of


@dataclass(frozen=True, slots=True)
class Why:
    """What a search is for: facts of the policy's decision."""

    purpose: str
    legal_basis: str
    reason: str = ""
    emergency: bool = False
    relationship: Relationship = Relationship.SELF_CLAIMED


class Place(NamedTuple):
    """A custodian and a record type: what can be asked."""

    custodian_id: int
    record_type: str


class Custodian(NamedTuple):
    """A custodian as the directory has it."""

    id: int
    code: str
    name: str
    party: Party
    record_types: tuple[str, ...]


class Directory:
    """All custodians and the record types that they answer for, as of one version."""

    def __init__(self, custodians: Sequence[Custodian]) -> None:
        self.custodians = {one.id: one for one in custodians}


@dataclass(frozen=True, slots=True)
class Circle:
    """What one question comes to at every place: the allowed with their duties, and the denied."""

    policy_version: str
    allowed: Mapping[Place, frozenset[Duty]]
    denied: tuple[Place, ...]


class Refused(Exception):
    """Nobody could be asked, whoever the child is; ``words`` say why."""

    def __init__(self, decision: Decision, words: str) -> None:
        super().__init__("refused by the policy")
        self.decision = decision
        self.words = words


# What depends on the custodian or the child; all other rules are about the question alone.
_OF_A_PLACE = frozenset({"holder", "agreement", "detail", "shield", "shielded-place", "scope"})
_ANY_CHILD = Child()


class View:
    """The policy, the custodians and one searcher's question, at one moment."""

    def __init__(self, searcher: Searcher, why: Why) -> None:
        self.policy = current_policy()
        self.directory = _directory()
        self._question = Question(
            action=Action.FIND,
            on=timezone.localdate(),
            organisation=party(searcher.organisation),
            role=searcher.role,
            purpose=why.purpose,
            legal_basis=why.legal_basis,
            child=_ANY_CHILD,
            relationship=why.relationship,
            reason_given=bool(why.reason.strip()),
            emergency=why.emergency,
        )

    def check(self) -> None:
        """Raise ``Refused`` when no custodian could be asked, whatever the agreements say."""
        decision = decide(self.policy, self._question)
        against = [
            reason
            for reason in decision.reasons
            if not reason.allows and reason.rule not in _OF_A_PLACE
        ]
        if against:
            raise Refused(decision, " ".join(reason.words for reason in against))

    def asked(self, record_types: Sequence[str]) -> Circle:
        """Who may be asked for these record types."""
        return self._circle(Action.FIND, record_types, Level.OPEN)

    def told(self, record_types: Sequence[str], level: Level) -> Circle:
        """Whose answers may be told, for a child at this level of shielding."""
        return self._circle(Action.FIND, record_types, level)

    def given(self, record_types: Sequence[str], level: Level) -> Circle:
        """Whose records may be given, for a child at this level of shielding."""
        return self._circle(Action.FETCH, record_types, level)

    def _circle(self, action: Action, record_types: Sequence[str], level: Level) -> Circle:
        question = replace(self._question, action=action, child=replace(_ANY_CHILD, level=level))
        return _drawn(self.policy, self.directory, question, tuple(sorted(set(record_types))))


@lru_cache(maxsize=256)
def _drawn(
    policy: Policy, directory: Directory, question: Question, record_types: tuple[str, ...]
) -> Circle:
    """A decision is a function of these and nothing else, so it is made once."""
    allowed: dict[Place, frozenset[Duty]] = {}
    denied: list[Place] = []
    for custodian in directory.custodians.values():
        for record_type in custodian.record_types:
            if record_type not in record_types:
                continue
            place = Place(custodian.id, record_type)
            decision = decide(
                policy, replace(question, holder=custodian.party, record_type=record_type)
            )
            if decision.allows_with(*CARRIED_OUT):
                allowed[place] = frozenset(one.duty for one in decision.obligations)
            else:
                denied.append(place)
    return Circle(policy.version, allowed, tuple(denied))


_kept: tuple[int, Directory] | None = None


def _directory() -> Directory:
    """The directory, read again when something in it has changed."""
    global _kept
    now = version(Kept.CUSTODIANS)
    kept = _kept
    if kept is None or kept[0] != now or now == 0:
        kept = _kept = (now, _read())
    return kept[1]


def _read() -> Directory:
    rows = (
        Custodianship.objects.filter(ended_at=None)
        .select_related("custodian__principal")
        .order_by("custodian__name", "record_type")
    )
    found: dict[int, Custodian] = {}
    for row in rows:
        custodian = row.custodian
        known = found.get(custodian.pk)
        types = (*(known.record_types if known else ()), row.record_type)
        found[custodian.pk] = Custodian(
            custodian.pk, custodian.ods_code, custodian.name, party(custodian), types
        )
    return Directory(list(found.values()))
