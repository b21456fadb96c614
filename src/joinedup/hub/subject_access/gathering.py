"""Everything the hub holds about a child, as items for a data officer to mark.

An organisation gathers what it answers for; those who run the hub gather everything. What the hub
does not hold (the agencies' own records) is added by hand. A child whose number was replaced is
gathered by every number (``watching.scope`` says which, and what of a shielded child).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from joinedup.hub.discovery.models import Search
from joinedup.hub.identifiers.models import IdentifierRequest
from joinedup.hub.ledger.looked import who_looked_for_family
from joinedup.hub.organisations.models import Membership
from joinedup.hub.reconciliation.models import ReviewCase
from joinedup.hub.register.models import Pointer
from joinedup.hub.rights.acting import across_organisations
from joinedup.hub.sealing.columns import found_by
from joinedup.hub.sharing.models import ShareRequest
from joinedup.hub.subject_access.authority import Asker
from joinedup.hub.subject_access.parts import Concern, Part
from joinedup.hub.watching import scope
from joinedup.hub.watching.words import Words
from joinedup.policy.catalogue import national

_PLACES = frozenset({"postcode", "address", "address_history", "phone", "email"})


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is held: where, under which name there, what it says."""

    source: str
    name: str
    parts: list[Part]


SOURCES = {
    "looks": "Who looked",
    "pointers": "Who holds a record",
    "numbers": "Requests for the NHS number",
    "searches": "Searches for records",
    "reviews": "Review cases",
    "shares": "Requests to share",
    "documents": "From your own files",
}


def gather(sui: str, asker: Asker, by: Membership) -> list[Found]:
    """Give everything that is held about the child with this number, for whoever answers."""
    teller = _Teller(sui, asker, by)
    across: AbstractContextManager[None] = (
        across_organisations() if by.organisation.runs_hub else nullcontext()
    )
    with across:
        return [
            *teller.looks(), *teller.pointers(), *teller.numbers(), *teller.searches(),
            *teller.reviews(), *teller.shares(),
        ]  # fmt: skip


class _Teller:
    def __init__(self, sui: str, asker: Asker, by: Membership) -> None:
        self._sui, self._asker, self._by = sui, asker, by
        self._reach = scope.reach(by, sui)
        self._words = Words()
        self._where = Concern.WHEREABOUTS if self._reach.shielded else Concern.CHILD

    def looks(self) -> Iterator[Found]:
        """What a family may know of the ledger; what is held back is counted there alone."""
        words = self._words
        for told in who_looked_for_family(self._sui, *self._reach.others, only=self._reach.covers):
            name = f"{told.at.isoformat()} {told.action}"[:64]
            yield Found("looks", name, [
                Part("When", words.moment(told.at)),
                Part("What was done", words.action(told.action)),
                Part("Organisation", words.organisation(told.organisation), self._where),
                Part("Role", words.role(told.role)),
                Part("Purpose", words.purpose(told.purpose)),
            ])  # fmt: skip

    def pointers(self) -> Iterator[Found]:
        """Which organisations said that they hold a record."""
        by_number = self._by_number(lambda sui: {"sui": sui}, "holding__custodian")
        for each in Pointer.objects.filter(by_number).select_related("holding__custodian"):
            holding = each.holding
            record_type = national().record_types.get(holding.record_type)
            secret = bool(record_type and record_type.sensitive)
            concern = self._where
            if secret and self._asker is not Asker.CHILD:
                concern = Concern.PROTECTED
            yield Found("pointers", str(each.pk), [
                Part("Organisation", holding.custodian.name, concern),
                Part("Kind of record", holding.record_type, concern),
                Part("From", _day(each.first_seen)),
                Part("Until", _day(each.last_seen)),
            ])  # fmt: skip

    def numbers(self) -> Iterator[Found]:
        """Who was given the child's number."""
        by_number = self._by_number(
            lambda sui: found_by(IdentifierRequest, "nhs_number", sui), "organisation"
        )
        found = IdentifierRequest.objects.filter(by_number)
        for each in found.select_related("organisation", "person"):
            yield Found("numbers", str(each.pk), self._asked(
                each.asked_at, each.organisation.name, each.role, each.purpose, each.reason,
                each.person.name if each.person else "",
            ))  # fmt: skip

    def searches(self) -> Iterator[Found]:
        """Who searched for the child's records."""
        by_number = self._by_number(lambda sui: {"sui": sui}, "organisation")
        found = Search.objects.filter(by_number)
        for each in found.select_related("organisation", "membership__person"):
            yield Found("searches", str(each.pk), self._asked(
                each.created_at, each.organisation.name, each.role, each.purpose, each.reason,
                each.membership.person.name if each.membership else each.on_behalf_of,
            ))  # fmt: skip

    def reviews(self) -> Iterator[Found]:
        """Review cases that ended with the child's number, with what was entered."""
        by_number = self._by_number(
            lambda sui: found_by(IdentifierRequest, "nhs_number", sui, through="answered_by__"),
            "organisation",
        )
        for each in ReviewCase.objects.filter(by_number):
            yield Found("reviews", str(each.pk), [
                Part("Opened", self._words.moment(each.opened_at)),
                Part("Decision", each.get_decision_display()),
                Part("Note", each.note, Concern.WORDS),
                *(
                    Part(name, text, self._where if name in _PLACES else Concern.CHILD)
                    for name, text in (each.details or {}).items()
                ),
            ])  # fmt: skip

    def shares(self) -> Iterator[Found]:
        """Requests between organisations to share something about the child."""
        by_number = self._by_number(
            lambda sui: found_by(ShareRequest, "sui", sui), "asker", "holder"
        )
        for each in ShareRequest.objects.filter(by_number).select_related("asker", "holder"):
            yield Found("shares", str(each.pk), [
                Part("When", self._words.moment(each.received_at)),
                Part("Asked by", each.asker.name, self._where),
                Part("Held by", each.holder.name, self._where),
                Part("Purpose", self._words.purpose(each.purpose)),
                # That something was withheld for the child's sake is itself withheld.
                Part("What came of it", each.state, Concern.WORDS),
            ])  # fmt: skip

    def _by_number(self, under: Callable[[str], Mapping[str, object]], *whose: str) -> Q:
        """Rows by the number asked about, and by the child's others as far as they may be.

        ``under`` gives the filter for one number; ``whose`` name the organisations of a row.
        """
        others = Q()
        for sui in self._reach.others:
            others |= Q(**under(sui))
        if not others:
            return Q(**under(self._sui))
        if self._reach.own_alone:
            ours = Q()
            for each in whose:
                ours |= Q(**{each: self._by.organisation})
            others &= ours
        return Q(**under(self._sui)) | others

    def _asked(
        self, at: datetime, organisation: str, role: str, purpose: str, reason: str, person: str
    ) -> list[Part]:
        parts = [
            Part("When", self._words.moment(at)),
            Part("Organisation", organisation, self._where),
            Part("Role", self._words.role(role)),
            Part("Purpose", self._words.purpose(purpose)),
            Part("Reason, in their own words", reason, Concern.WORDS),
            Part("Member of staff", person, Concern.STAFF),
        ]
        return [part for part in parts if part.text]


def _day(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else "not known"
