"""Matching whole files: every row gets an outcome, and a number when it is a match."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from joinedup.identify import identify
from joinedup.identify.batch import Asker, Batch, Done, EachAlone, normalised
from joinedup.identify.journal import Answer, Journal
from joinedup.identify.outcome import Outcome, Status
from joinedup.identify.patience import PatientSource, SourceGone
from joinedup.identify.tally import Tally
from joinedup.identify.together import Groups, Shared, Together
from joinedup.pds.search import Source
from joinedup.people.checked import Quality
from joinedup.people.demographics import FIELDS, Demographics
from joinedup.standards.columns import REQUIRED
from joinedup.standards.output import ResultFile
from joinedup.standards.tabular import Row, Table

HEADINGS = (
    "SUI_Status",
    "SUI_NHSNo",
    "SUI_Score",
    "SUI_Reason",
    "SUI_DataQuality",
    "SUI_Calls",
)  # contract 5.1

PATIENCE = 120.0  # seconds
_SILENT_ROUNDS = 3  # questions without an answer, for each worker, before the source is given up


@dataclass(frozen=True, slots=True)
class Run:
    """What every file of a run is matched with.

    ``progress`` hears of every row written; ``waiting`` that a silent source is waited for, which
    is done for ``patience`` seconds; ``stop``, once set, ends the run. The journal is the caller's
    to remove, once it has told people.
    """

    source: Source
    strategy: str
    journal: Journal
    workers: int
    progress: Callable[[Done], None]
    stop: threading.Event
    patience: float = PATIENCE
    waiting: Callable[[float], None] = lambda seconds: None

    def patient(self) -> PatientSource:
        """The source, waited for when it falls silent."""
        return PatientSource(
            self.source,
            limit=max(20, _SILENT_ROUNDS * self.workers),
            patience=self.patience,
            stop=self.stop,
            waiting=self.waiting,
        )

    def identify(self, question: Demographics, source: Source) -> Outcome:
        """Put one child's question; a source that was given up is not asked."""
        try:
            return identify(question, source, self.strategy)
        except SourceGone:
            return NOT_ASKED


def match_file(table: Table, out: Path, run: Run) -> Tally:
    """Match every row of ``table`` and write ``out``: rows out = rows in, in the same order.

    Raises ``Stopped`` when the run is told to stop, leaving no output, only the journal.
    """
    patient = run.patient()
    return write_answers(
        table, out, EachAlone(lambda child: outcome_answer(run.identify(child, patient))), run
    )


def match_files(
    tables: Sequence[Table], outs: Sequence[Path], groups: Groups, run: Run
) -> list[Tally]:
    """Match several tables, their rows linked first: one child is asked about once.

    As ``match_file`` for each table in turn; ``groups`` come of ``together.gather``.
    """
    together = Together(groups, run.patient(), run.identify)
    answered: set[int] = set()
    return [
        write_answers(table, out, _AskTogether(at, together, run.journal, answered), run)
        for at, (table, out) in enumerate(zip(tables, outs, strict=True))
    ]


class _AskTogether:
    """Asks for a row with its whole group, and keeps the others' answers for their turn."""

    def __init__(self, table: int, together: Together, journal: Journal, now: set[int]) -> None:
        self._table = table
        self._together = together
        self._journal = journal
        self._now = now  # places answered by this run

    def place(self, row: Row) -> int:
        """Give the row's place among all files."""
        return self._together.groups.place(self._table, row.number)

    def key(self, row: Row, question: Demographics) -> bytes:
        """Give the question within its group."""
        return self._key(self.place(row), question)

    def _key(self, place: int, question: Demographics) -> bytes:
        return b"%d\n" % self._together.groups.label[place] + normalised(question)

    def answered_now(self, row: Row) -> bool:
        """Say whether the row was answered with its group in this run."""
        return self.place(row) in self._now

    def ask(self, row: Row, question: Demographics) -> Answer:
        """Ask for the row's group, unless another of its rows has just done so."""
        place = self.place(row)
        with self._together.lock(place):
            if place in self._now:
                kept = self._journal.get(self._journal.question(self._key(place, question)))
                if kept is not None:
                    return kept.answer
            for each, (child, shared) in self._together.answer(place).items():
                answer = self._answer(shared)
                if each == place:
                    own = answer
                if answer.finished:
                    key = self._journal.question(self._key(each, child))
                    self._journal.put(key, each, answer)
                    self._now.add(each)
        return own

    def _answer(self, shared: Shared) -> Answer:
        answer = outcome_answer(shared.outcome)
        if shared.by is None:
            return answer
        status, number, score, _ = answer.cells
        reasons = (
            f"the number of {self._together.groups.where(shared.by)}, which is the same child "
            f"(linked at {min(shared.linked, 0.9999):.2%})",
        )
        score = f"{shared.linked * float(score):.4f}" if score else ""
        return Answer(status, (status, number, score, reasons[0]), reasons, shared.calls)


def write_answers(
    table: Table,
    out: Path,
    asker: Asker,
    run: Run,
    *,
    more: Sequence[str] = (),
    answer: Callable[[Outcome], Answer] | None = None,
) -> Tally:
    """Answer every row of a table and write it with its cells and columns of ours.

    An answer's first four cells are a match's; those that follow stand under the headings ``more``.
    ``answer`` makes one of the outcome of a row that was never asked about.
    """
    make = answer or outcome_answer
    batch = Batch(
        asker,
        unreadable=lambda problem: make(_unreadable(problem)),
        failed=lambda fault: make(_failed(fault)),
        journal=run.journal,
        workers=run.workers,
        stop=run.stop,
    )
    columns = [name for name in FIELDS if name in table.columns.positions or name in REQUIRED]
    tally = Tally()
    headings = (*table.columns.headings, *HEADINGS, *more)
    with ResultFile(out, headings, mark=table.wants_mark) as result:
        for done in batch.run(table):
            matched, others = done.answer.cells[:4], done.answer.cells[4:]
            quality = data_quality(done.question, columns)
            result.write((*done.row.cells, *matched, quality, str(done.calls), *others))
            tally.add(done, columns)
            run.progress(done)
        result.commit()
    return tally


def outcome_answer(outcome: Outcome) -> Answer:
    """An outcome as the cells SUI_Status, SUI_NHSNo, SUI_Score and SUI_Reason."""
    reason = "; ".join(outcome.reasons)
    if outcome.advice:
        reason = f"{reason}. {outcome.advice}" if reason else outcome.advice
    return Answer(
        status=outcome.status,
        cells=(
            outcome.status,
            outcome.nhs_number or "",
            "" if outcome.score is None else f"{outcome.score:.4f}",
            reason,
        ),
        reasons=outcome.reasons,
        calls=outcome.calls,
        finished=outcome.status is not Status.UNAVAILABLE,
    )


def data_quality(question: Demographics | None, columns: list[str]) -> str:
    """The quality of each field, such as ``given=Valid; birth_date=Invalid (two-digit year)``."""
    if question is None:
        return f"row={Quality.INVALID}"
    parts = []
    for name in columns:
        check = getattr(question, name)
        parts.append(
            f"{name}={check.quality} ({check.reason})"
            if check.reason
            else f"{name}={check.quality}"
        )
    return "; ".join(parts)


NOT_ASKED = Outcome(
    Status.UNAVAILABLE,
    reasons=("not asked: the source of truth had stopped answering",),
    advice="This is not an answer about the child. Run the same command again later.",
)


def _unreadable(problem: str) -> Outcome:
    return Outcome(
        Status.INVALID,
        reasons=(problem,),
        advice="Correct the row in the file and run again.",
    )


def _failed(fault: str) -> Outcome:
    return Outcome(
        Status.UNAVAILABLE,
        reasons=(f"Joinedup itself failed on this row ({fault})",),
        advice="This is not an answer about the child. Report it to your supplier.",
    )
