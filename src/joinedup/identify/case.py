"""One child's question while it is being answered: what to ask with, and what has been learnt."""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import date

from joinedup.identify.evidence import WEIGHTS, Evidence
from joinedup.identify.outcome import Status
from joinedup.identify.strategy import Ask, Verdict
from joinedup.pds.search import Answer, Search
from joinedup.people.demographics import Demographics
from joinedup.people.names import Name

_CHILDHOOD = 17  # years

Asking = Generator[Ask, Answer, Verdict | None]
"""A part of a course: it asks, and ends with a verdict or with none."""


@dataclass
class Case:
    """One child's question and what has been learnt so far."""

    question: Demographics
    family: Name
    born: date
    notes: list[str] = field(default_factory=list)  # reasons that hold whatever is found
    best: Evidence | None = None  # the best person seen who was not accepted
    held_namesake: str | None = None  # the number held is of somebody of this name
    nobody_sounds_alike: bool = False  # of this birth date, wherever they live
    cannot_tell: bool = False  # the child or a brother or sister was found, and which is not known
    crowd: bool = False  # several people at that home are of this birth date and gender
    many: bool = False  # some search found several people and nothing told them apart

    @property
    def given(self) -> Name:
        """The given name; asked for only where there is one."""
        if self.question.given.value is None:
            raise ValueError("no given name")
        return self.question.given.value

    def names_and_date(self, **changes: object) -> Search:
        """The search by names and birth date, changed as asked."""
        base = Search(
            family=self.family.text,
            given=self.question.given.value.to_ask[:1] if self.question.given.value else (),
            birth_from=self.born,
            birth_to=self.born,
        )
        return replace(base, **changes)  # type: ignore[arg-type]

    @property
    def childhood(self) -> dict[str, date]:
        """The birth dates of all who may be children at the same time as this one."""
        return {
            "birth_from": date(self.born.year - _CHILDHOOD, 1, 1),
            "birth_to": date(self.born.year + _CHILDHOOD, 12, 31),
        }

    def keep(self, evidence: Evidence) -> None:
        if self.best is None or evidence.weight > self.best.weight:
            self.best = evidence

    @property
    def likely(self) -> bool:
        """Whether somebody was seen whom a person should look at."""
        return self.best is not None and self.best.weight >= WEIGHTS["accept"]["potential"]

    def conflict(self, evidence: Evidence) -> Verdict:
        """Good evidence for this person, and something that speaks for another."""
        reasons = (*self.notes, *evidence.reasons())
        return Verdict(Status.POTENTIAL_MATCH, score=evidence.confidence, reasons=reasons)

    def match(self, evidence: Evidence) -> Verdict:
        if self.held_namesake not in (None, evidence.patient.nhs_number):
            return self.conflict(evidence)
        reasons = (*self.notes, *evidence.reasons())
        if evidence.patient.deceased:
            reasons += ("the record says that this person has died",)
        return Verdict(Status.MATCH, evidence.patient.nhs_number, evidence.confidence, reasons)

    def doubt(self) -> Verdict:
        """The verdict when every useful call has been made and none settled it."""
        if self.many:
            reasons = (*self.notes, "several people fit these details and nothing tells them apart")
            score = self.best.confidence if self.best else None
            return Verdict(Status.MANY_MATCH, score=score, reasons=reasons)
        if self.best is None:
            reasons = (*self.notes, "nobody fits these details, nor close to them")
            return Verdict(Status.NO_MATCH, reasons=reasons)
        status = Status.POTENTIAL_MATCH if self.likely else Status.LOW_CONFIDENCE_MATCH
        reasons = (*self.notes, *self.best.reasons())
        return Verdict(status, score=self.best.confidence, reasons=reasons)
