"""Asking for a shield: it is in force when this returns, for what is known and what will come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from joinedup.hub.identifiers.models import IssuedIdentifier
from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import MachineClient, Membership, Organisation
from joinedup.hub.reconciliation import links
from joinedup.hub.reconciliation.models import ReviewCase
from joinedup.hub.register.supersession import numbers_of
from joinedup.hub.rights.acting import across_organisations
from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.models import HiddenCase, Shield, ShieldMark
from joinedup.hub.shields.state import append, mark, on_django
from joinedup.identities.store import WRITERS
from joinedup.linkage.constraints import Ref
from joinedup.linkage.record import LinkRecord
from joinedup.policy.question import Level
from joinedup.policy.shield import Kind, working_days_later


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a shield is for: numbers, records, details; whatever is known."""

    numbers: tuple[str, ...] = ()
    refs: tuple[Ref, ...] = ()
    child: LinkRecord | None = None

    @property
    def says_nobody(self) -> bool:
        """Whether nothing here could ever be recognised again."""
        return not (self.numbers or self.refs or (self.child and tokens().person(self.child)))

    def tokens(self) -> list[bytes]:
        """Give what the child is recognised by."""
        ours = tokens()
        details = ours.person(self.child) if self.child else ()
        return [*map(ours.number, self.numbers), *map(ours.record, self.refs), *details]


@dataclass(frozen=True, slots=True)
class Asked:
    """What whoever asked is told: the same for a child who is known and one who is not."""

    reference: UUID
    level: Level
    review_by: date


def ask_for_shield(
    subject: Subject,
    level: Level,
    *,
    organisation: Organisation,
    by: Membership | MachineClient,
    criterion: str,
    reason: str,
) -> Asked:
    """Shield a child at once; two others review it within two working days.

    Raises ``ValueError`` when the subject says nobody, and what the databases raise when they do
    not answer: nothing is shielded then, and nothing may be answered.
    """
    if subject.says_nobody or level is Level.OPEN:
        raise ValueError("Say who the child is, and which level.")
    numbers = (*subject.numbers, *_issued(organisation, subject.refs))
    subject = Subject(numbers, subject.refs, subject.child)
    with transaction.atomic():
        shield = put_in_force(subject, level, organisation)
        reference, _ = append(
            on_django,
            shield,
            Kind.ASK,
            by=acting(by),
            level=level,
            organisation_id=organisation.pk,
            criterion=criterion,
            reason=tokens().seal_text(reason, shield.bytes) if reason else b"",
        )
        record(
            action="shield.ask",
            outcome="allowed",
            subject=numbers[0] if numbers else "",
            reason=reason,
        )
    return Asked(reference, level, working_days_later(timezone.localdate()))


def put_in_force(subject: Subject, level: Level, organisation: Organisation | None) -> UUID:
    """Take the child out of what is searched, and attach a shield to all that is known of them.

    Gives the shield: the child's own if there is one. The caller adds the event, in the same
    transaction. Nobody writes a record until that ends, so none slips through in between.
    """
    on_django("SELECT pg_advisory_xact_lock(%s)", [WRITERS])
    every = [number for each in subject.numbers for number in numbers_of(each)]
    subject = replace(subject, numbers=tuple(dict.fromkeys(every)))
    given = subject.tokens()
    found = links.current().identities.shield(
        level, numbers=subject.numbers, refs=subject.refs, child=subject.child, held=True
    )
    own = _own_shield(given, found)
    shield = own or Shield.objects.create(organisation=organisation, opened_at=timezone.now()).pk
    mark(on_django, shield, given, "asked", reviewed=True)
    mark(on_django, shield, _of(found), "found", reviewed=False)
    hide_cases(found)
    return shield


def acting(by: Membership | MachineClient) -> str:
    """Give the reference by which events name who acted."""
    if isinstance(by, Membership):
        return f"person {by.person_id}"
    return f"client {by.client_id}"[:64]


def hide_cases(records: Iterable[LinkRecord]) -> None:
    """Take the review cases that name these records out of every ordinary queue, whosever it is."""
    with across_organisations():
        for each in records:
            named = ReviewCase.objects.filter(records__contains=[[each.source, each.id]])
            for case in named.filter(hidden__isnull=True):
                HiddenCase.objects.get_or_create(case=case)


def hide_cases_of_both() -> None:
    """Take the cases that name two records which are never to be joined out of every queue."""
    identities = links.current().identities
    with across_organisations():
        for case in ReviewCase.objects.filter(hidden=None).exclude(records=[]):
            if identities.never_of_one(Ref(*each) for each in case.records):
                HiddenCase.objects.get_or_create(case=case)


def _own_shield(given: Sequence[bytes], found: Sequence[LinkRecord]) -> UUID | None:
    """Give a shield that is attached to this child already; the earliest where there are several.

    What merely resembles the child (``found``) is asked second.
    """
    for some in (given, _of(found)):
        marks = ShieldMark.objects.filter(token__in=list(some), shield__level__gt=Level.OPEN)
        own = marks.order_by("shield__opened_at").values_list("shield_id", flat=True).first()
        if own is not None:
            return own
    return None


def _of(records: Sequence[LinkRecord]) -> list[bytes]:
    ours = tokens()
    return list(dict.fromkeys(token for each in records for token in ours.of(each)))


def _issued(organisation: Organisation, refs: Sequence[Ref]) -> tuple[str, ...]:
    """Give the numbers that were given out for the asker's own records of these names."""
    held = IssuedIdentifier.objects.filter(organisation=organisation)
    numbers = [
        each.nhs_number
        for source, id in refs
        for each in held.filter(system_id=source, record_id=id)
    ]
    return tuple(dict.fromkeys(numbers))
