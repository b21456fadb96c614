"""Does what an agency holds about a child agree with the source of truth?

The child is identified as for a match, and then compared with the record that was found. What is
wrong with the number held is said before anything else: it is what must be put right first.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from joinedup.identify.comparison import Comparison, compare_held, missing_local
from joinedup.identify.outcome import Outcome, Status
from joinedup.identify.run import ADVICE, identify
from joinedup.identify.seen import Seen
from joinedup.identify.strategy import Strategy
from joinedup.pds.patient import PdsPatient
from joinedup.pds.search import (
    Answer,
    Found,
    Invalidated,
    NotFound,
    Refused,
    Source,
    Unavailable,
)
from joinedup.people.checked import Quality
from joinedup.people.demographics import Demographics

_NOT_A_NUMBER = "INVALID_RESOURCE_ID"  # GET /Patient/{id}: what was sent is no NHS number


class ReconcileStatus(StrEnum):
    """What comparing came to (design, contract 5.2), the words of the national prototype."""

    NO_DIFFERENCES = "NoDifferences"
    DIFFERENCES = "Differences"
    DID_NOT_MATCH = "LocalDemographicsDidNotMatchToAnNhsNumber"
    NUMBER_NOT_VALID = "LocalNhsNumberIsNotValid"
    NUMBER_NOT_FOUND = "LocalNhsNumberIsNotFoundInNhs"
    NUMBER_SUPERSEDED = "LocalNhsNumberIsSuperseded"
    UNAVAILABLE = "Unavailable"


_CORRECT = "Find out which side is right. Correct your record, or ask the family to tell their GP."
_WHOSE = (
    "The details are those of the child with the number in SUI_NHSNo, and the number held is "
    "another person's. Find out whose record this is before you change either."
)
_WITHDRAWN = (
    "Ask the National Back Office which number is right, and look for no other with these details."
)
_USE_FOUND = (
    "The details are those of the child with the number in SUI_NHSNo: put that in its place."
)
_NUMBER_ADVICE = {
    ReconcileStatus.NUMBER_NOT_VALID: "The NHS number held is mistyped. Look it up at its source.",
    ReconcileStatus.NUMBER_NOT_FOUND: "Nobody has the NHS number held. Look it up at its source.",
    ReconcileStatus.NUMBER_SUPERSEDED: "The NHS number held was replaced by another, which is not "
    "given because the details do not surely agree with its record. Look it up at its source.",
}
# Said also where identifying did not look at the number held, as when the row has too little else.
_OF_THE_NUMBER: dict[type, str] = {
    NotFound: "the NHS number held is not known to the source of truth",
    Invalidated: "the NHS number held has been withdrawn and nothing replaced it",
}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One child compared. ``comparison`` is None when there is no record to compare with.

    ``NoDifferences`` and ``Differences`` stand only beside a ``Match``. Beside another outcome the
    comparison, if there is one, is with the record of the NHS number held.
    """

    status: ReconcileStatus
    outcome: Outcome
    missing_local: tuple[str, ...]
    comparison: Comparison | None
    reasons: tuple[str, ...]
    advice: str
    calls: int


def reconcile(
    question: Demographics,
    source: Source,
    strategy: Strategy | str = "adaptive",
    *,
    today: date | None = None,
) -> Reconciled:
    """Identify a child, and compare what is held with the source of truth's record of them.

    Takes what ``identify`` takes; a valid NHS number among the details is read as well, once,
    however much of the rest is missing. A source that does not answer gives ``Unavailable``,
    whatever else is known.
    """
    seen = Seen(source)
    outcome = identify(question, seen, strategy)
    number = question.nhs_number.value
    calls = outcome.calls
    read = seen.read_by.get(number) if number else None
    if number and read is None and outcome.status is not Status.UNAVAILABLE:
        read = seen.read(number)
        calls += 1
    patient = _record(outcome, number, read, seen)
    day = today or datetime.now().astimezone().date()
    compared = compare_held(question, patient, day) if patient else None
    status = _status(question, outcome, read, compared)
    if status is ReconcileStatus.UNAVAILABLE:
        compared = None
    return Reconciled(
        status=status,
        outcome=outcome,
        missing_local=missing_local(question),
        comparison=compared,
        reasons=_reasons(outcome, read, compared),
        advice=_advice(status, outcome, read, compared),
        calls=calls,
    )


def _record(
    outcome: Outcome, number: str | None, read: Answer | None, seen: Seen
) -> PdsPatient | None:
    """The record to compare with: the child's, or else that of the very number held.

    Never that of a number which replaced it, unless it is a match: after an adoption nobody may
    learn of the new identity from the old one.
    """
    if outcome.nhs_number is not None:
        return seen.found.get(outcome.nhs_number)
    if isinstance(read, Found) and read.patient.nhs_number == number:
        return read.patient
    return None


def _status(
    question: Demographics, outcome: Outcome, read: Answer | None, compared: Comparison | None
) -> ReconcileStatus:
    if outcome.status is Status.UNAVAILABLE or _unanswered(question, outcome, read):
        return ReconcileStatus.UNAVAILABLE
    held = question.nhs_number
    if held.quality is Quality.INVALID:
        return ReconcileStatus.NUMBER_NOT_VALID
    if isinstance(read, Refused) and outcome.nhs_number != held.value:
        return ReconcileStatus.NUMBER_NOT_VALID
    if isinstance(read, (NotFound, Invalidated)):
        return ReconcileStatus.NUMBER_NOT_FOUND
    if isinstance(read, Found) and read.patient.nhs_number != held.value:
        return ReconcileStatus.NUMBER_SUPERSEDED
    if outcome.status is not Status.MATCH or compared is None:
        return ReconcileStatus.DID_NOT_MATCH
    if compared.differing:
        return ReconcileStatus.DIFFERENCES
    return ReconcileStatus.NO_DIFFERENCES


def _unanswered(question: Demographics, outcome: Outcome, read: Answer | None) -> bool:
    """Whether it is unknown what became of the number held: a search may still have found it."""
    silent = isinstance(read, Unavailable) or (
        isinstance(read, Refused) and read.code != _NOT_A_NUMBER
    )
    return silent and outcome.nhs_number != question.nhs_number.value


def _reasons(outcome: Outcome, read: Answer | None, compared: Comparison | None) -> tuple[str, ...]:
    known = _OF_THE_NUMBER.get(type(read))
    # Identifying adds what to do to some of these; here the advice says it.
    reasons = [known if known and words.startswith(known) else words for words in outcome.reasons]
    if known:
        reasons.append(known)
    if isinstance(read, Unavailable) and outcome.status is not Status.UNAVAILABLE:
        reasons.append(f"the NHS number held could not be looked up ({read.reason})")
    if isinstance(read, Refused) and read.code != _NOT_A_NUMBER:
        reasons.append(f"the source of truth refused to read the NHS number held ({read.code})")
    if compared is not None:
        if outcome.status is not Status.MATCH:
            reasons.append("compared with the record of the NHS number held")
        reasons += compared.words
    return tuple(dict.fromkeys(reasons))


def _advice(
    status: ReconcileStatus, outcome: Outcome, read: Answer | None, compared: Comparison | None
) -> str:
    if status is ReconcileStatus.UNAVAILABLE:
        return (
            outcome.advice if outcome.status is Status.UNAVAILABLE else ADVICE[Status.UNAVAILABLE]
        )
    if status is ReconcileStatus.DIFFERENCES:
        return _WHOSE if compared and "nhs_number" in compared.differing else _CORRECT
    if status in _NUMBER_ADVICE:
        if outcome.status is Status.MATCH:
            return _USE_FOUND
        if isinstance(read, Invalidated):
            return _WITHDRAWN
        return f"{_NUMBER_ADVICE[status]} {outcome.advice}".strip()
    return outcome.advice
