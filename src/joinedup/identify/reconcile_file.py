"""Reconciling a whole file: every row compared with the source of truth's record of the child."""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from joinedup.identify.batch import Done, EachAlone
from joinedup.identify.comparison import Comparison
from joinedup.identify.journal import Answer
from joinedup.identify.match_file import HEADINGS as MATCH_HEADINGS
from joinedup.identify.match_file import NOT_ASKED, Run, outcome_answer, write_answers
from joinedup.identify.outcome import Outcome, Status
from joinedup.identify.patience import PatientSource, SourceGone
from joinedup.identify.reconcile import Reconciled, ReconcileStatus, reconcile
from joinedup.identify.tally import Tally
from joinedup.people.demographics import Demographics
from joinedup.standards.tabular import Table

ADDED = (
    "SUI_ReconcileStatus",
    "SUI_Differences",
    "SUI_MissingLocalFields",
    "SUI_MissingNhsFields",
    "SUI_PrimaryAddressSame",
    "SUI_AddressHistoriesIntersect",
)
HEADINGS = (*MATCH_HEADINGS, *ADDED)  # contract 5.1

_SEPARATOR = "; "
_MATCH_CELLS = 4  # of an answer, before ours


@dataclass(slots=True)
class ReconcileTally:
    """Counts over rows: what matching came to, and what comparing did."""

    matched: Tally = field(default_factory=Tally)
    statuses: Counter[str] = field(default_factory=Counter)
    differing: Counter[str] = field(default_factory=Counter)
    missing_local: Counter[str] = field(default_factory=Counter)
    missing_nhs: Counter[str] = field(default_factory=Counter)

    @property
    def unavailable(self) -> int:
        """Rows that the source did not answer for."""
        return self.statuses[ReconcileStatus.UNAVAILABLE]

    def add(self, answer: Answer) -> None:
        """Count one row's answer."""
        status, differing, local, nhs, *_ = answer.cells[_MATCH_CELLS:]
        self.statuses[status] += 1
        for counts, names in (
            (self.differing, differing),
            (self.missing_local, local),
            (self.missing_nhs, nhs),
        ):
            counts.update(names.split(_SEPARATOR) if names else ())


def reconcile_file(table: Table, out: Path, run: Run) -> ReconcileTally:
    """Compare every row of ``table`` and write ``out``: rows out = rows in, in the same order.

    Raises ``Stopped`` when the run is told to stop, leaving no output, only the journal.
    """
    patient = run.patient()
    tally = ReconcileTally()

    def count(done: Done) -> None:
        tally.add(done.answer)
        run.progress(done)

    tally.matched = write_answers(
        table,
        out,
        EachAlone(lambda child: _ask(child, patient, run.strategy)),
        replace(run, progress=count),
        more=ADDED,
        answer=_never_compared,
    )
    return tally


def _ask(question: Demographics, source: PatientSource, strategy: str) -> Answer:
    try:
        return _answer(reconcile(question, source, strategy))
    except SourceGone:
        return _never_compared(NOT_ASKED)


def _answer(done: Reconciled) -> Answer:
    outcome = replace(done.outcome, reasons=done.reasons, advice=done.advice)
    compared = done.comparison
    if compared is None and done.status is not ReconcileStatus.UNAVAILABLE:
        compared = Comparison()
    matched = outcome_answer(outcome)
    return replace(
        matched,
        cells=(*matched.cells, *_cells(done.status, done.missing_local, compared)),
        calls=done.calls,
        finished=done.status is not ReconcileStatus.UNAVAILABLE,
    )


def _never_compared(outcome: Outcome) -> Answer:
    """The answer for a row that was never asked about: unreadable, or the source was given up."""
    if outcome.status is Status.UNAVAILABLE:
        cells = _cells(ReconcileStatus.UNAVAILABLE, (), None)
    else:
        cells = _cells(ReconcileStatus.DID_NOT_MATCH, (), Comparison())
    matched = outcome_answer(outcome)
    return replace(matched, cells=(*matched.cells, *cells))


def _cells(
    status: ReconcileStatus, local: tuple[str, ...], compared: Comparison | None
) -> tuple[str, ...]:
    """Our columns. What is not known, because the source did not answer, is left empty."""
    if compared is None:
        return (status, "", _SEPARATOR.join(local), "", "", "")
    return (
        status,
        _SEPARATOR.join(compared.differing),
        _SEPARATOR.join(local),
        _SEPARATOR.join(compared.missing_nhs),
        compared.primary_address,
        compared.histories,
    )
